"""Tasks that come and go, servers that carry them over: the cost of leaving a queue behind."""

import numpy as np
from numba import njit

from dirs_solver.references.arrivals import Arrivals
from dirs_solver.references.solving import FRESH
from dirs_solver.references.whole_tasks import place
from mec_env.optimum.certificate import certify
from mec_env.optimum.hindsight.certificate import backlog_problem
from mec_env.simulator.episode import record

_GRID = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)
#: Rules of one parameter, with the values to try first.
RULES = {
    "price": _GRID,
    "quadratic": _GRID,
    "toll": (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 2.0),
}
#: The learned rule's numbers: start, deviation of the search.
NUMBERS = {
    "linear": (24.0, 6.0),
    "quadratic": (0.0, 1.0),
    "toll": (0.0, 0.1),
    "now": (0.0, 0.3),
    "soon": (0.0, 0.3),
    "lately": (0.0, 0.3),
}
HORIZONS = (5, 10, 15, 25)
#: Slots from which the learned rule's forecast is.
AHEAD = 10
_SAMPLES = 8


class Backlog:
    """What policies for queues know of a world, and of an episode so far.

    Parameters
    ----------
    scenario : Scenario
    """

    rules, numbers, horizons = RULES, NUMBERS, HORIZONS

    def __init__(self, scenario):
        self._scenario, self._arrivals = scenario, Arrivals(scenario)
        drawn = backlog_problem(record(scenario))
        at = np.linspace(0, len(drawn.link) - 1, min(_SAMPLES, len(drawn.link))).astype(int)
        self._link = np.ascontiguousarray(drawn.link[at])
        self._home = np.ascontiguousarray(drawn.local[at])
        nearest = np.argmin(drawn.link + drawn.wait, axis=2)
        # How often a server is the first choice of a device (N, M).
        self._share = (nearest[:, :, None] == np.arange(scenario.mecs)).mean(axis=0)
        self.begin()

    def begin(self):
        """An episode begins."""
        self._arrivals.begin()
        self._price, self._lately = None, None

    def myopic(self, slot):
        """Nothing added."""
        return certify(slot).decision

    def rule(self, slot, name, parameter):
        """Decision (N,) by a rule at its parameter."""
        turn, served = self._turns(slot)
        if name == "toll":
            return self._with(slot, 0.0, parameter)
        if name == "price":
            return self._with(slot, lambda left: parameter * turn * served * left)
        return self._with(slot, lambda left: parameter * turn * 0.5 * left * left)

    def learned(self, slot, numbers):
        """Decision (N,) by the learned rule."""
        linear, quadratic, toll, r_now, r_soon, r_lately = numbers
        facts = slot.coupled.facts
        turn, served = self._turns(slot)
        capacity = served[:, 0]
        self._arrivals.see(facts)
        now = facts["present"] @ self._share
        soon = self._arrivals.forecast(AHEAD)[facts["cluster"]] @ self._share
        lately = now if self._lately is None else self._lately
        power = r_now * (now / capacity - 1.0) + r_soon * (soon / capacity - 1.0)
        power = power + r_lately * (lately / capacity - 1.0)
        scale = turn * np.exp(np.clip(power, -10.0, 10.0))[:, None]
        decision = self._with(
            slot,
            lambda left: scale * (linear * served * left + quadratic * 0.5 * left * left),
            toll,
        )
        count = np.bincount(decision[decision > 0] - 1, minlength=capacity.size)
        self._lately = (1.0 - FRESH) * lately + FRESH * count
        return decision

    def planned(self, slot, t, horizon, episode=None):
        """Decision (N,) by a program of each server over ``horizon`` slots, tasks in fractions."""
        facts = slot.coupled.facts
        horizon = min(horizon, self._scenario.slots - t - 1)
        turn, served = self._turns(slot)
        self._arrivals.see(facts)
        if episode is None:
            link, home, step = self._link, self._home, 0
            rates = np.array([self._arrivals.forecast(h + 1) for h in range(horizon)])
            rates = rates.reshape(horizon, self._scenario.clusters)[:, facts["cluster"]] / len(link)
        else:
            problem, at = episode.problem, slice(t + 1, t + 1 + horizon)
            link, home, step = problem.link[at], problem.local[at], 1
            rates = problem.present[at].astype(float)
        waiting = facts["waiting"].astype(np.int64)
        most = int(waiting.max()) + int(facts["present"].sum())
        worth = np.zeros((served.size, most + 1))
        if self._price is None:
            self._price = turn[:, 0] * (facts["waiting"] + 1.0)
        if horizon > 0:
            _look_back(link, home, step, rates, self._price, turn[:, 0], served[:, 0].astype(np.int64), worth)  # fmt: skip
        rows = np.arange(served.size)[:, None]
        return self._with(slot, lambda left: worth[rows, left.astype(np.int64)])

    def _turns(self, slot):
        facts = slot.coupled.facts
        turn = self._scenario.weight_time * facts["turn_seconds"]
        return turn[:, None], facts["served"].astype(float)[:, None]

    def _with(self, slot, worth, toll=0.0):
        """Decide with the cost to come (M, n + 1) of what is left after so many joined."""
        facts = slot.coupled.facts
        devices = np.flatnonzero(facts["present"])
        joined = np.arange(devices.size + 1.0)
        left = np.maximum(facts["waiting"][:, None] + joined - facts["served"][:, None], 0.0)
        costs = slot.congestion[:, None] * slot.cycles[0] * joined * joined + toll * joined
        if callable(worth):
            costs = costs + worth(left)
        # A server's next task never costs it less than the one before.
        steps = np.maximum.accumulate(np.diff(costs, axis=1), axis=1)
        own = np.column_stack([slot.local_cost, slot.link_cost])[devices]
        chosen, count = place(own, steps)
        decision = np.zeros(slot.local_cost.size, dtype=np.int64)
        decision[devices] = chosen
        if devices.size:
            wait = slot.added_cost[devices[0]]
            at = np.minimum(count, devices.size - 1)
            price = wait + steps[np.arange(len(steps)), at]
            before = price if self._price is None else self._price
            self._price = (1.0 - FRESH) * before + FRESH * price
        return decision


def known(episode):
    """What planning reads of an episode that it knows."""
    return backlog_problem(episode)


@njit(cache=True, nogil=True, error_model="numpy")
def _look_back(link, home, step, rates, price, turn, served, out):
    """Fill the cost to come (M, U) by what is left waiting at a server.

    A server takes the tasks that gain most by it, at the running prices of the others; ``rates``
    (H, N) is how many tasks a sample of a device stands for.
    """
    samples, n, m = link.shape
    if step:
        samples = 1
    horizon, most = rates.shape[0], out.shape[1] - 1
    gain, worth = np.empty(samples * n), np.empty(most + 2)
    order = np.empty(samples * n, np.int64)
    later = np.empty(most + 1)
    for j in range(m):
        out[j] = 0.0
        for h in range(horizon - 1, -1, -1):
            if step or h == horizon - 1:
                for s in range(samples):
                    at = h * step + s
                    for i in range(n):
                        other = home[at, i]
                        for k in range(m):
                            if k != j:
                                other = min(other, link[at, i, k] + price[k])
                        gain[s * n + i] = other - link[at, i, j]
                order[:] = np.argsort(-gain)
            # What the best c tasks gain, c whole.
            worth[:] = -np.inf
            worth[0] = 0.0
            mass, total, whole = 0.0, 0.0, 0
            for o in order:
                if gain[o] <= 0.0:
                    break
                left = rates[h, o % n]
                while left > 0.0 and whole < most + 1:
                    part = min(left, whole + 1.0 - mass)
                    total += part * gain[o]
                    mass += part
                    left -= part
                    if mass >= whole + 1.0 - 1e-9:
                        whole += 1
                        mass = float(whole)
                        worth[whole] = total
                    if part == 0.0:
                        break
                if whole > most:
                    break
            later[:] = out[j]
            for u in range(most + 1):
                best = np.inf
                for c in range(min(whole, most) + 1):
                    after = max(0, u + c - served[j])
                    if after > most:
                        break
                    cost = turn[j] * (c * u + 0.5 * c * (c + 1.0)) - worth[c] + later[after]
                    best = min(best, cost)
                out[j, u] = best
        # Only differences count.
        out[j] -= out[j, 0]
