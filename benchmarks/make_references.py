"""Make the reference bounds and decisions that ship with the suites.

    python -m benchmarks.make_references square-km-v1

Equal tasks are solved exactly; unequal ones as far as ``--seconds`` a slot allow.
Interrupted, it goes on where it stood.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import mec_env
from mec_env.judging.shipped_bounds import reference_path
from mec_env.whole_file import whole_file


def make(suite, effort, seconds, progress):
    """Certify every slot of a suite and write its reference file; partial work is kept beside it."""
    path = reference_path(suite.name)
    path.parent.mkdir(exist_ok=True)
    kind = np.uint8 if suite.scenario.mecs < 256 else np.uint16
    bounds, objectives = np.zeros(suite.size), np.zeros(suite.size)
    decisions = np.zeros((suite.size, suite.scenario.iotds), dtype=kind)
    partial = Path(f"{path}.partial.npz")
    done = 0
    if partial.exists():
        with np.load(partial, allow_pickle=False) as saved:
            done = int(saved["done"])
            bounds, objectives, decisions = (
                saved[k] for k in ("lower_bound", "objective", "decision")
            )
    prices = None
    for k, slot in enumerate(suite.slots()):
        progress(1)
        if k < done:
            continue
        certificate = mec_env.certify(slot, effort=effort, prices=prices, time_limit=seconds)
        prices = certificate.prices
        bounds[k], decisions[k] = certificate.lower_bound, certificate.decision
        # The environment's own sum of the same decision, to its last bit.
        objectives[k] = mec_env.outcome(slot, certificate.decision).objective
        if k % 100 == 99:
            _write(
                partial, done=k + 1, lower_bound=bounds, objective=objectives, decision=decisions
            )
    _write(
        path, lower_bound=bounds, objective=objectives, decision=decisions,
        content_hash=np.array(suite.content_hash()),
    )  # fmt: skip
    partial.unlink(missing_ok=True)
    return bounds, objectives


def _write(path, **arrays):
    with whole_file(path) as file:
        np.savez_compressed(file, **arrays)


def main():
    """Make the references of the suites named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", default=list(mec_env.SUITES))
    parser.add_argument("--effort", default="exact")
    parser.add_argument("--seconds", type=float, default=10.0, help="a slot's limit (default 10)")
    options = parser.parse_args()
    from tqdm import tqdm

    for name in options.suites:
        suite = mec_env.SUITES[name]
        with tqdm(total=suite.size, desc=name, unit="slot", file=sys.stderr) as bar:
            bounds, objectives = make(suite, options.effort, options.seconds, bar.update)
        gap = objectives / bounds - 1
        print(
            f"{name}: gap mean {gap.mean():.2e}, largest {gap.max():.2e}, proved {np.mean(gap <= 1e-6):.1%}"
        )


if __name__ == "__main__":
    main()
