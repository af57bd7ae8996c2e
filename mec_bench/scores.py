"""What a cell's decisions come to: means over each episode, and the gap of every slot.

Written by a run, worked out again by ``verify``, read by the standings. Cells of version 1
hold lists of a number a slot instead; they are read as if they held the same.
"""

from dataclasses import dataclass

import numpy as np

from mec_bench.packing import pack_gaps, unpack_gaps

#: What is kept as means, in the order of the record: objective, certified bound, gap and
#: NRR of a slot, time [s] and energy [J] summed over devices, the share that offloads.
MEANS = ("objective", "lower_bound", "gap", "nrr", "time", "energy", "offloaded")


@dataclass(frozen=True, eq=False)
class Scores:
    """What a cell's decisions come to.

    Attributes
    ----------
    gap : (S,) float64
        Of every slot, in the suite's order; single precision in a cell of version 2.
    means : dict
        By the names in ``MEANS``: (W, E) float64 over the slots of each episode of each
        world. Of a cell of version 1 time, energy and offloaded are the whole suite's,
        shape (1, 1), and missing where the cell doesn't say.
    """

    gap: np.ndarray
    means: dict

    def mean(self, name):
        """Over all slots, for every episode has as many; None where the cell doesn't say."""
        return float(self.means[name].mean()) if name in self.means else None


def scored(shape, objective, bound, time, energy, offloaded):
    """The part of a record that says what its decisions come to.

    Parameters
    ----------
    shape : (int, int, int)
        Worlds, episodes of each, scores of each, as :func:`shape_of` has them.
    objective, bound, time, energy, offloaded : (S,) float

    Returns
    -------
    dict
        ``means`` and ``gaps``, for JSON.
    """
    objective, bound = np.asarray(objective, dtype=np.float64), np.asarray(bound)
    gap = objective / bound - 1.0
    found = (objective, bound, gap, bound / objective, time, energy, offloaded)
    means = {
        name: np.reshape(values, shape).mean(axis=2).tolist() for name, values in zip(MEANS, found)
    }
    return {"means": means, "gaps": pack_gaps(gap)}


def shape_of(record):
    """Worlds, episodes of each, and scores of each episode, that a record speaks of.

    A score is a slot's, or the whole episode's where its suite says so.
    """
    of_episodes = record.get("unit", "slot") == "episode"
    return record["worlds"], record["episodes"], 1 if of_episodes else record["slots"]


def scores_of(record):
    """The Scores of a finished cell's record, of either version.

    Raises
    ------
    ValueError
        Where it lacks a finite number for each slot or episode; in one sentence.
    """
    return _from_lists(record) if record["version"] == 1 else _from_means(record)


def _from_means(record):
    worlds, episodes, slots = shape_of(record)
    if not isinstance(record.get("means"), dict):
        raise ValueError("means must be there, by name")
    means = {
        name: _numbers(name, record["means"].get(name), (worlds, episodes), "means")
        for name in MEANS
    }
    gap = unpack_gaps(record.get("gaps"), worlds * episodes * slots)
    return Scores(_finite("gaps", gap, "slots"), means)


def _from_lists(record):
    shape = shape_of(record)
    size = (shape[0] * shape[1] * shape[2],)
    objective, gap = (_numbers(k, record.get(k), size, "slots") for k in ("objective", "gap"))
    slots = (objective, objective / (1.0 + gap), gap, 1.0 / (1.0 + gap))
    means = {name: values.reshape(shape).mean(axis=2) for name, values in zip(MEANS, slots)}
    for name in ("time", "energy", "offloaded"):
        if record.get(name) is not None:
            means[name] = np.full((1, 1), float(record[name]))
    return Scores(gap, means)


def _numbers(name, values, shape, unit):
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a list of numbers") from None
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, must have {_count(shape)} {unit}")
    return _finite(name, values, unit)


def _count(shape):
    return " x ".join(map(str, shape))


def _finite(name, values, unit):
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has {(~np.isfinite(values)).sum()} {unit} that are not finite")
    return values
