"""The bounds and decisions that ship with the frozen suites."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np


class ShippedBounds(NamedTuple):
    """What is known about a suite's slots, in their order.

    Attributes
    ----------
    lower_bound : (S,) float64
        Certified: no decision for the slot costs less.
    objective : (S,) float64
        Of ``decision``.
    decision : (S, N) int64
        The best decision known.
    content_hash : str
        Of the slots that these belong to.
    """

    lower_bound: np.ndarray
    objective: np.ndarray
    decision: np.ndarray
    content_hash: str


def bounds_path(name):
    """File of a suite's bounds."""
    return Path(__file__).parent / "bounds" / f"{name}.npz"


@lru_cache(maxsize=4)
def load_bounds(name):
    """The ShippedBounds of a frozen suite.

    Raises
    ------
    FileNotFoundError
        If the suite ships none.
    """
    with np.load(bounds_path(name), allow_pickle=False) as file:
        return ShippedBounds(
            file["lower_bound"],
            file["objective"],
            file["decision"].astype(np.int64),
            str(file["content_hash"]),
        )
