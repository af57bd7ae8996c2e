"""Run a cell: train on each world of its suite, judge there, and never fall over.

What a learner does wrong, an error, a decision that is not allowed, too much time, ends in the
cell's record, with the traceback, and not in the sweep's.
"""

import traceback
from functools import lru_cache

import numpy as np

import mec_env
from mec_bench.limits import deadline, one_core, one_sentence
from mec_bench.packing import packed
from mec_bench.provenance import provenance
from mec_bench.scores import scored
from mec_bench.training_log import ENDLESS, TrainingLog
from mec_env.judging.evaluation import hindsight_bounds, join
from mec_env.judging.playing import is_local


def run(cell, command, tell=None, last_words=None):
    """Run a cell.

    Parameters
    ----------
    cell : Cell
    command : str
        For the record.
    tell : callable, optional
        Called now and then with the share that is done, 0 to 1, and a line of text.
    last_words : file, optional
        Where this process, a worker's, leaves the traceback of a cell that is so long in a
        call into C that it can't be interrupted; then it exits.

    Returns
    -------
    record : dict
    decisions : bytes or None
        None if the cell failed.
    """
    one_core()
    record = head(cell, command)
    try:
        with deadline(cell.time_limit, last_words):
            measured, decisions = _measure(cell, tell or (lambda share, text: None))
    except (Exception, SystemExit) as error:
        # A learner that exits, as scripts do, ends its own cell and not the sweep.
        return failure(record, one_sentence(error), traceback.format_exc()), None
    return {**record, "status": "done", "error": None, "traceback": None, **measured}, decisions


def head(cell, command):
    """What every record of a cell says, with where it was run."""
    where = {**provenance("mec_bench.commands"), "command": command}
    return {**cell.head(), "provenance": where}


def failure(record, error, trace=None):
    """The record of a cell that came to nothing."""
    nothing = {"means": None, "gaps": None, "decisions": None}
    return {**record, "status": "failed", "error": error, "traceback": trace, **nothing}


def _measure(cell, tell):
    suite, records, training, counts = cell.suite, [], [], []
    for k, (world, scenario) in enumerate(suite.worlds()):
        learner = cell.kind()
        log = TrainingLog(cell, k, tell)
        slots = slots_for(learner, cell.training_slots, cell.budget)
        policy = learner.learn(scenario, cell.seed, slots, log)
        training.append(log.row(world))
        counts.append(getattr(policy, "parameter_count", None))
        if getattr(learner, "information", "global") == "local" and not is_local(policy):
            raise ValueError(
                "information = 'local': its policy must have act(agent, observation) and no more; "
                "one that sees a whole observation or slot says 'global'"
            )
        part = suite.world(k)
        bounds = bounds_of(part)
        judged = log.judging(part.size)
        records.append(mec_env.evaluate(policy, part, judged, bounds, seed=cell.seed))
    whole = join(suite, records)
    told = float(whole.exchanged.mean()) / suite.slots_per_unit
    # Processor time: on a shared machine wall time says more of the others.
    spent = [0.0 if cell.rule else t["processor_seconds"] for t in training]
    measured = {
        "training": training,
        "training_seconds": float(np.mean(spent)),
        "parameter_count": counts[0],
        "milliseconds": float(1e3 * np.median(whole.seconds)) / suite.slots_per_unit,
        **({"exchanged": told} if told > 0.0 else {}),
        **scored(
            (len(suite.world_seeds), len(suite.episode_seeds), -1),
            whole.objective, whole.lower_bound, whole.time, whole.energy, whole.offloaded,
        ),
    }  # fmt: skip
    return measured, packed(whole.decision, suite)


def slots_for(learner, slots, budget):
    """What ``learn`` is given as slots: one that learns as long as it is let gets no number but time."""
    if slots is None and budget is not None and getattr(learner, "anytime", False):
        return ENDLESS
    return slots


@lru_cache(maxsize=64)
def bounds_of(suite):
    """Bounds and best objectives of a suite that doesn't ship with them: certified once a process."""
    found = suite.reference()
    if found is None and suite.unit == "episode":
        return hindsight_bounds(suite)
    if found is None:
        certificates = mec_env.certify_batch(list(suite.slots()))
        found = [np.array([getattr(c, k) for c in certificates]) for k in ("lower_bound", "objective")]  # fmt: skip
    return found
