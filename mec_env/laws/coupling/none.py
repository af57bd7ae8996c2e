"""No coupling: a slot depends on nothing that was decided before it."""

from dataclasses import dataclass

import numpy as np

CODE = 0


@dataclass(frozen=True, kw_only=True)
class Fields:
    """None of its own."""


def is_on(scenario):
    """Whether a scenario has this coupling; what has no other has none."""
    return True


def check(scenario, put):
    """Nothing to refuse."""


def size(scenario):
    """How many numbers a row carries from slot to slot."""
    return 0


def numbers(scenario):
    """The law's parameters: none."""
    return np.empty(0)


def of_world(scenario, world):
    """What a world fixes of it: nothing."""
    return np.empty(0)
