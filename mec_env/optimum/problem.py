"""A slot as an optimisation problem: what the bound, the moves and the proofs work on.

Kernels take it as one argument and unpack it in their first line, so a bare tuple will do. Python
passes bare tuples: ``tuple(problem)`` reaches compiled code 1 us sooner than a named tuple, and a
kernel that is called with both kinds is compiled twice.
"""

from typing import NamedTuple

import numpy as np

from mec_env.physics.slot import Slot


class Problem(NamedTuple):
    """One slot's problem, or a batch of E of them with a leading axis.

    Attributes
    ----------
    link : (N, M) float64, C order
        Cost of device i on server j without the server's congestion, >= 0; infinite where a link
        is not open to a device.
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


class Base(NamedTuple):
    """What is placed already, before a problem's own devices.

    Attributes
    ----------
    cost : float
        Its cost but for the congestion, >= 0.
    load : (M,) float64
        The sum of its weights on each server, >= 0.
    """

    cost: float
    load: np.ndarray


def problem_of(slot: Slot) -> Problem:
    """The Problem of a Slot, in its objective's units."""
    return Problem(slot.link_cost, slot.local_cost, slot.tasks.root_cycles, slot.congestion)
