"""A slot as an optimisation problem: what the bound, the moves and the proofs work on."""

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """One slot's problem, or a batch of E of them with a leading axis.

    Attributes
    ----------
    link : (N, M) float64, C order
        Cost of device i on server j without the server's congestion, >= 0 and finite.
    local : (N,) float64
        Cost of device i on its own CPU, >= 0 and finite.
    weight : (N,) float64
        Square root of the task's cycles, >= 0 and finite.
    congestion : (M,) float64
        Weight of time over the server's speed, > 0 and finite. May be (M,) in a batch too.
    """

    link: np.ndarray
    local: np.ndarray
    weight: np.ndarray
    congestion: np.ndarray


def problem_of(slot):
    """The Problem of a Slot, in its objective's units."""
    return Problem(slot.link_cost, slot.local_cost, slot.tasks.root_cycles, slot.congestion)
