"""How a training goes: what it reports, a bar for the terminal, scalars for TensorBoard."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report of a training.

    Attributes
    ----------
    stage : str
        ``demonstrations``, ``pre-training`` or ``online``.
    done, total : int
        Demonstrations, updates or slots of the stage.
    loss : float
        The agents' mean loss of the last update; NaN where there was none.
    objective : float
        Objective of the vote in the last training slot; NaN before the online stage.
    refined : float
        Objective of that vote after the refinement.
    gap : float
        The vote's distance from the certified bound, (objective - bound) / bound.
    losses : tuple of float
        Each agent's loss of the last update (Fig. 3); empty where there was none.
    """

    stage: str
    done: int
    total: int
    loss: float = float("nan")
    objective: float = float("nan")
    refined: float = float("nan")
    gap: float = float("nan")
    losses: tuple[float, ...] = ()


def progress_bar() -> Callable[[Progress], None]:
    """A callback for ``learn(progress=…)`` that draws a bar per stage.

    Raises
    ------
    ImportError
        Saying what to install, without tqdm.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        raise ImportError(
            'the progress bar needs tqdm: pip install "mec-offloading[bench]"'
        ) from None
    bars = {}

    def show(report):
        if report.stage not in bars:
            unit = {
                "demonstrations": "slot",
                "pre-training": "update",
                "worlds": "world",
                "steps": "step",
            }.get(report.stage, "slot")
            bars[report.stage] = tqdm(total=report.total, desc=report.stage, unit=unit)
        bar = bars[report.stage]
        bar.update(report.done - bar.n)
        words = {
            "objective": f"{report.objective:.2f}",
            "gap": f"{100 * report.gap:.2f} %",
            "loss": f"{report.loss:.3f}",
        }
        bar.set_postfix({key: text for key, text in words.items() if "nan" not in text})
        if report.done >= report.total:
            # Another training with the same callback draws a bar of its own.
            bars.pop(report.stage).close()

    return show


def scalar_writer(directory):
    """A callback that writes every report to TensorBoard's files.

    Raises
    ------
    ImportError
        Saying what to install, without tensorboard.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ImportError(
            'TensorBoard scalars need tensorboard: pip install "mec-offloading[tensorboard]"'
        ) from None
    writer = SummaryWriter(directory)

    def write(report):
        for name in ("loss", "objective", "refined", "gap"):
            value = getattr(report, name)
            if value == value:
                writer.add_scalar(f"{report.stage}/{name}", value, report.done)
        if report.done >= report.total:
            writer.flush()

    return write
