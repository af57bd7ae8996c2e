"""Prices from local information: one small network that all servers of any network share.

Each server sees its own column of gains, the slot's tasks and the static map, and asks a price.
Devices take their cheapest option, and servers keep the best subset of the devices that ask.
``priced`` exchanges nothing but the prices; ``priced-1`` and ``priced-2`` broadcast each server's
load once and twice.
"""

from mec_env.lazily import lazily

__getattr__, __dir__, __all__ = lazily(
    __name__,
    {
        "Priced": "dirs_solver.priced.learner",
        "Priced1": "dirs_solver.priced.learner",
        "Priced2": "dirs_solver.priced.learner",
        "PricedPolicy": "dirs_solver.priced.policy",
    },
)
