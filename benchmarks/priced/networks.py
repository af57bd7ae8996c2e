"""Networks with something taken away: features, worlds, the curvature, or the network itself."""

import numpy as np

from dirs_solver.priced.ship import worlds
from dirs_solver.priced.teacher import lessons
from dirs_solver.priced.training import fit
from mec_env.simulator.features import FEATURES, TRIALS

#: Columns of a server's row by the feature's name.
COLUMNS = {}
for _feature in FEATURES:
    COLUMNS[_feature.name] = list(
        range(sum(map(len, COLUMNS.values())), sum(map(len, COLUMNS.values())) + _feature.entries)
    )


class Constant:
    """No correction: every server asks its calibrated price."""

    parameter_count = 0

    def __call__(self, seen):
        """Deviations (...,), all 0."""
        return np.zeros(seen.shape[:-1], dtype=np.float32)


class Blind:
    """A network that some columns are hidden from."""

    def __init__(self, network, hidden):
        self._network, self._hidden = network, hidden
        self.parameter_count = network.parameter_count

    def __call__(self, seen):
        """Deviations (...,) for features (..., SIZE)."""
        seen = np.array(seen)
        seen[..., self._hidden] = 0.0
        return self._network(seen)


def learned(count):
    """Lessons of the first worlds that the shipped network learned from."""
    return [lessons(scenario) for scenario in worlds(count)]


def blinded(lessons, hidden):
    """The same lessons without some columns."""

    def without(seen):
        seen = seen.copy()
        seen[..., hidden] = 0.0
        return seen

    return [one._replace(seen=without(one.seen)) for one in lessons]


def without(lessons, hidden, steps):
    """A network that never saw some columns."""
    return Blind(fit(blinded(lessons, hidden), steps=steps), hidden)


def trials_but(kept):
    """Columns of both loads at all trial prices but the ``kept`` ones."""
    gone = [k for k, trial in enumerate(TRIALS) if trial not in kept]
    return [
        columns[k] for name in ("expected load", "willing load")
        for columns in (COLUMNS[name],) for k in gone
    ]  # fmt: skip


def ablations(lessons, steps):
    """Name and network of each: what is taken away from training."""
    tasks = [c for name in ("weights", "worth", "local cost", "data") for c in COLUMNS[name]]
    static = COLUMNS["price"] + COLUMNS["congestion"]
    yield "all of it", fit(lessons, steps=steps)
    yield "no expected loads", without(lessons, COLUMNS["expected load"], steps)
    yield "no willing loads", without(lessons, COLUMNS["willing load"], steps)
    both = COLUMNS["expected load"] + COLUMNS["willing load"]
    yield "no loads at all", without(lessons, both, steps)
    yield "one trial price", without(lessons, trials_but((0,)), steps)
    yield "three trial prices", without(lessons, trials_but((-1, 0, 1)), steps)
    yield "no tasks", without(lessons, tasks, steps)
    yield "no static features", without(lessons, static, steps)
    plain = [one._replace(curvature=0.0 * one.curvature + 1e-30) for one in lessons]
    yield "plain mean square", fit(plain, steps=steps, plain=1.0)
    yield "64 x 64 hidden units", fit(lessons, steps=steps, hidden=(64, 64))
    for count in (10, 30, 100):
        if count < len(lessons):
            yield f"{count} worlds", fit(lessons[:count], steps=steps)
