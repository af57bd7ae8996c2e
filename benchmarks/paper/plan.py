"""What a run is to do: worlds, full or quick, and the learners that are there."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import mec_env
from benchmarks.paper.pieces import spec_of
from dirs_solver import Levy, Settings, find_learner

#: The paper's numbers as printed, with their source.
PAPER = json.loads(Path(__file__).with_name("numbers.json").read_text(encoding="utf-8"))

#: The paper's names of algorithms -> names under which we look for them.
RIVALS = {
    "AC": ("ac", "sb3-a2c"),
    "DDPG": ("ddpg", "sb3-ddpg"),
    "PSO": ("pso",),
    "DE": ("de",),
    "MADDPG": ("maddpg",),
}
#: What the print and the JSON say of the others.
LATER = "its extra is not installed"
#: Time of one core that a learner other than DIRS gets for a world of 200 devices [s]; for
#: fewer in proportion, as DIRS's own training goes.
BUDGET = 96.0


def rival(name):
    """The name by which a learner of the paper is found, or None if it isn't installed."""
    for ours in RIVALS[name]:
        try:
            find_learner(ours)
        except (ValueError, ImportError):
            continue
        return ours
    return None


@dataclass(frozen=True)
class Plan:
    """How much to run.

    Attributes
    ----------
    worlds : int
    quick : bool
        Far fewer slots, demonstrations and updates: shows that all works, proves nothing.
    """

    worlds: int = 5
    quick: bool = False

    @property
    def judged(self):
        """Evaluation episodes of a world."""
        return {"episodes": 1, "slots": 10} if self.quick else {"episodes": 2, "slots": 100}

    def settings(self, **changed):
        """DIRS's settings as a cell keeps them: the paper's, but for what is changed."""
        base = Settings()
        if self.quick:
            few = dict(demonstration_count=32, pretraining=60, batch=64)
            base = base.replace(demonstration_search=Levy(10, 40, 1.1), **few)
        return base.replace(**changed).to_dict()

    def each_world(self, kind, label, scenario, **fields):
        """One cell per world."""
        if isinstance(scenario, str):
            scenario = mec_env.SCENARIOS[scenario]
        return [spec_of(kind, label, scenario, w, **fields) for w in range(self.worlds)]

    def training(self, label, scenario, learner="dirs", **changed):
        """Cells that train a learner; ``changed`` are DIRS's settings and ``keep_losses``."""
        keep = {"keep_losses": True} if changed.pop("keep_losses", False) else {}
        if learner == "dirs":
            settings = self.settings(**changed)
        else:
            settings = find_learner(learner)().settings
            devices = mec_env.resolve(scenario).iotds
            keep["budget"] = BUDGET * devices / 200 / (100 if self.quick else 1)
        slots = 200 if self.quick else None
        return self.each_world(
            "train", f"{learner}-{label}", scenario, learner=learner, settings=settings,
            slots=slots, judged=self.judged, **keep,
        )  # fmt: skip

    def ruled(self, label, scenario, rules):
        """Cells that judge rules."""
        return self.each_world("rules", label, scenario, rules=list(rules), judged=self.judged)


def column(cells, *path):
    """A number of each world's result (W,), or None where there are none."""
    if not cells:
        return None
    values = []
    for cell in cells:
        for name in path:
            cell = cell[name]
        values.append(cell)
    return np.array(values, dtype=np.float64)


def mean(cells, *path):
    """Mean over worlds, NaN where there are none."""
    values = column(cells, *path)
    return float("nan") if values is None else float(values.mean())


def text(number, digits=".2f"):
    """A number as a table's cell; a dash where there is none."""
    return "-" if number is None or number != number else format(number, digits)
