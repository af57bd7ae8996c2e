"""Make the reference bounds and decisions that ship with the suites.

    python -m benchmarks.make_references square-km-v1

Equal tasks are solved exactly; unequal ones as far as ``--seconds`` a slot allow.
Interrupted, it goes on where it stood.
"""

import argparse
import hashlib
import sys
import time

import numpy as np

import mec_env
from mec_env.judging.shipped_bounds import bounds_path
from mec_env.judging.suite import resolve_suite
from mec_env.whole_file import whole_file

#: Least time between two savings of partial work [s].
PAUSE = 60.0


def make(suite, effort, seconds, progress):
    """Certify every slot of a suite and write its reference file.

    Partial work is kept beside it about once a minute, under a name of its own for these slots,
    this effort and this limit. A later call with the same goes on after the last slot kept and
    ends as one that was never interrupted; what other slots or efforts left is not touched.

    Parameters
    ----------
    suite : Suite
    effort, seconds
        As ``effort`` and ``time_limit`` of :func:`mec_env.certify`.
    progress : callable
        Called with 1 before each slot.

    Returns
    -------
    lower_bound, objective : (S,) float64
    """
    path = bounds_path(suite.name)
    path.parent.mkdir(exist_ok=True)
    if suite.unit == "episode":
        return _of_episodes(suite, path, progress)
    content = suite.content_hash()
    partial = partial_path(path, content, effort, seconds)
    kind = np.uint8 if suite.scenario.mecs < 256 else np.uint16
    found = dict(
        lower_bound=np.zeros(suite.size),
        objective=np.zeros(suite.size),
        decision=np.zeros((suite.size, suite.scenario.iotds), dtype=kind),
    )
    done, prices = 0, None
    if partial.exists():
        with np.load(partial, allow_pickle=False) as saved:
            done, prices = int(saved["done"]), saved["prices"]
            found = {key: saved[key] for key in found}
    kept = time.monotonic()
    for k, slot in enumerate(suite.slots()):
        progress(1)
        if k < done:
            continue
        certificate = mec_env.certify(slot, effort=effort, prices=prices, time_limit=seconds)
        prices = certificate.prices
        found["lower_bound"][k] = certificate.lower_bound
        found["decision"][k] = certificate.decision
        # The environment's own sum of the same decision, to its last bit.
        found["objective"][k] = mec_env.outcome(slot, certificate.decision).objective
        if time.monotonic() - kept >= PAUSE:
            _write(partial, done=k + 1, prices=prices, **found)
            kept = time.monotonic()
    _write(path, **found, content_hash=np.array(content))
    partial.unlink(missing_ok=True)
    return found["lower_bound"], found["objective"]


def _of_episodes(suite, path, progress):
    """Bounds of whole episodes, in hindsight; seconds each, so that nothing is kept in between."""
    found = []
    for episode in suite.episodes():
        certificate = mec_env.hindsight(episode)
        # The environment's own sum of the same decisions, to its last bit.
        objective = suite.per_unit(episode.replay(certificate.decisions))[0]
        found.append((certificate.lower_bound, objective, certificate.decisions))
        progress(episode.slots)
    bounds, objectives, decisions = (np.array(values) for values in zip(*found))
    kind = np.uint8 if suite.scenario.mecs < 256 else np.uint16
    decisions = decisions.reshape(suite.size, -1).astype(kind)
    content = np.array(suite.content_hash())
    _write(path, lower_bound=bounds, objective=objectives, decision=decisions, content_hash=content)
    return bounds, objectives


def partial_path(path, content, effort, seconds):
    """Where the partial work of these slots, this effort and this limit is kept."""
    task = hashlib.sha256(repr((content, effort, seconds)).encode()).hexdigest()[:12]
    return path.with_name(f"{path.name}.{task}.partial")


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
        suite = resolve_suite(name)
        with tqdm(total=suite.size, desc=name, unit="slot", file=sys.stderr) as bar:
            bounds, objectives = make(suite, options.effort, options.seconds, bar.update)
        gap = objectives / bounds - 1
        print(
            f"{name}: gap mean {gap.mean():.2e}, largest {gap.max():.2e}, proved {np.mean(gap <= 1e-6):.1%}"
        )


if __name__ == "__main__":
    main()
