"""Algorithm 2, imitation acceleration: demonstrations, and the pre-training on them."""

import numpy as np

from dirs_solver.dirs import levy
from dirs_solver.dirs.training import DEMONSTRATED, TrainingSlots
from dirs_solver.shared.progress import Progress
from dirs_solver.shared.randomness import POPULATION, uniforms
from mec_env.optimum.certificate import certify_batch

#: Number of the first demonstration's search: those of the refinement count slots from 0.
FIRST_NUMBER = 2**31
# Slots that are certified together, and after which the progress is told.
_CHUNK = 32


def observe(scenario, seed, count):
    """Observations (count, size) float32 and Slots of the episode that is demonstrated."""
    source = TrainingSlots(scenario, seed, DEMONSTRATED)
    still = np.zeros(scenario.iotds, dtype=np.int64)
    observations, slots = [], []
    for _ in range(count):
        observations.append(source.observation)
        slots.append(source.slot)
        source.decide(still)
    return np.array(observations), slots


def demonstrate(slots, settings, seed, report=None):
    """A good decision for each slot (line 1): (K, N) int64.

    Parameters
    ----------
    slots : list of mec_env.Slot
    settings : Settings
        ``demonstrations`` says whether the Lévy search with a small beta finds them
        (the paper's) or ``mec_env.certify``.
    seed : int
    report : callable, optional
        Called with a Progress now and then; if it returns True, those found are all.
    """
    decisions = []
    for first in range(0, len(slots), _CHUNK):
        chunk = slots[first : first + _CHUNK]
        decisions += DEMONSTRATORS[settings.demonstrations](chunk, settings, seed, first)
        if report is not None and report(Progress("demonstrations", len(decisions), len(slots))):
            break
    return np.array(decisions)


def _certified(slots, settings, seed, first):
    return [c.decision for c in certify_batch(slots)]


def _searched(slots, settings, seed, first):
    search = settings.demonstration_search
    return [search_from_nothing(slot, search, seed, first + k) for k, slot in enumerate(slots)]


#: What finds the decisions of a list of slots, of which the first has the number ``first``.
DEMONSTRATORS = {"levy": _searched, "certified": _certified}


def search_from_nothing(slot, search, seed, number):
    """Algorithm 4 without a vote to start from: a population drawn at random (ours)."""
    n, m = slot.gain.shape
    drawn = uniforms(seed, POPULATION, number, search.population, n)
    members = np.minimum((drawn * (m + 1)).astype(np.int64), m)
    return levy.search(slot, members[0], search, seed, FIRST_NUMBER + number, members)[0]


def pretrain(trainer, settings, report, keep):
    """Lines 3 to 6: T_D updates on minibatches of demonstrations alone.

    Parameters
    ----------
    trainer : Trainer
        Its replay buffer holds the demonstrations.
    settings : Settings
    report : callable
        Called with a Progress after every update; if it returns True, that was the last.
    keep : callable
        Called after every update, to save a checkpoint when it is due.
    """
    while trainer.updates < settings.pretraining:
        loss = trainer.update()
        stop = report(
            Progress(
                "pre-training", trainer.updates, settings.pretraining, float(loss.mean()),
                losses=tuple(loss.tolist()),
            )
        )  # fmt: skip
        keep()
        if stop:
            break
