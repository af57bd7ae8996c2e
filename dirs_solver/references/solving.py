"""One slot's decision, with the expected cost of later slots added."""

import numpy as np

from mec_env.optimum.certificate import certify_problem
from mec_env.optimum.problem import Problem

#: Share of the last slot's prices in the running mean.
FRESH = 0.2


def solve(slot, link, home):
    """The certificate of a slot whose links cost ``link`` (N, M) and local runs ``home`` (N,).

    Costs may be negative: every device's own least cost is taken off, which changes no decision.
    """
    least = np.minimum(home, link.min(axis=1))
    shifted = Problem(
        np.ascontiguousarray(link - least[:, None]), home - least, slot.tasks.root_cycles,
        slot.congestion,
    )  # fmt: skip
    return certify_problem(shifted, "fast")


class RunningPrices:
    """Prices of an episode's slots so far, smoothed."""

    def __init__(self):
        self.mean = None

    def take(self, prices):
        """Count a slot's prices (M,) in."""
        before = prices if self.mean is None else self.mean
        self.mean = (1.0 - FRESH) * before + FRESH * prices

    def of(self, slot):
        """The mean (M,); before the first slot is decided, its own myopic prices."""
        if self.mean is None:
            return solve(slot, slot.link_cost, slot.local_cost).prices
        return self.mean
