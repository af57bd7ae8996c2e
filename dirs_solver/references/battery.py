"""Devices that live on harvested energy: the value of the charge that is left."""

import math

import numpy as np
from numba import njit

from dirs_solver.references.skies import Skies
from dirs_solver.references.solving import RunningPrices, solve
from mec_env.laws.coupling import battery, battery_kernel
from mec_env.optimum.hindsight.certificate import battery_problem
from mec_env.simulator.coupled import law_for
from mec_env.simulator.episode import record

#: Rules of one parameter, with the values to try first.
RULES = {
    "const": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0),
    "rising": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0),
    "scarce": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0),
    "log": (0.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0),
}
#: The learned rule's numbers: start, deviation of the search.
NUMBERS = {
    "worth": (2.5, 0.5),
    "sine": (0.0, 0.3),
    "cosine": (0.0, 0.3),
    "sky": (-0.1, 0.2),
    "panel": (-0.5, 0.4),
    "speed": (0.0, 0.4),
    "end": (-2.0, 0.7),
    "bend": (0.0, 0.7),
    "bend_sine": (0.0, 0.3),
    "bend_cosine": (0.0, 0.3),
}
HORIZONS = (8, 16, 24, 36)
# A device's tasks and channels are this many drawn slots: eight let planning plan for those eight,
# which costs a third of a point on harvest; 96 gain a tenth of a point more than 24.
_SAMPLES = 24


class Battery:
    """What policies for batteries know of a world, and of an episode so far.

    Parameters
    ----------
    scenario : Scenario
    """

    rules, numbers, horizons = RULES, NUMBERS, HORIZONS

    def __init__(self, scenario):
        self._scenario, self._law = scenario, battery.numbers(scenario)
        self._unit = scenario.battery_capacity / scenario.battery_levels
        self._series = law_for(scenario, 0, 1).series
        self._skies = Skies(scenario)
        drawn = battery_problem(record(scenario))
        at = np.linspace(0, len(drawn.link) - 1, min(_SAMPLES, len(drawn.link))).astype(int)
        self._samples = [np.ascontiguousarray(a[at]) for a in _parts(drawn)]
        self.begin()

    def begin(self):
        """An episode begins."""
        self._prices, self._t = RunningPrices(), 0

    def myopic(self, slot):
        """Nothing added."""
        return self._settle(slot, 0.0, 0.0)

    def rule(self, slot, name, parameter):
        """Decision (N,) by a rule at its parameter."""
        level = slot.coupled.facts["level"]
        full = level / self._scenario.battery_levels
        if name == "log":
            worth = self._table(lambda joules: parameter * np.log1p(joules))
            return self._with(slot, np.broadcast_to(worth, (level.size, worth.size)))
        price = {
            "const": np.ones(level.size),
            "rising": 2.0 * (1.0 - full),
            "scarce": 0.65 / (0.15 + full),
        }[name]
        joules = self._table(lambda joules: joules)
        return self._with(slot, parameter * price[:, None] * joules)

    def learned(self, slot, numbers):
        """Decision (N,) by the learned rule."""
        a0, a_sine, a_cosine, a_sky, a_panel, a_speed, end, b0, b_sine, b_cosine = numbers
        facts = slot.coupled.facts
        angle = 2.0 * math.pi * float(facts["hour"])
        sine, cosine = math.sin(angle), math.cos(angle)
        a = a0 + a_sine * sine + a_cosine * cosine + a_sky * facts["sky"][facts["cluster"]]
        speed = slot.local_speed
        a = a + a_panel * (facts["panel"] - 1.0) + a_speed * (speed / speed.mean() - 1.0)
        left = self._scenario.slots - 1 - self._t
        a = np.exp(np.clip(a, -20.0, 20.0)) * -math.expm1(-left * math.exp(min(end, 20.0)))
        b = math.exp(min(max(b0 + b_sine * sine + b_cosine * cosine, -20.0), 20.0))
        return self._with(slot, a[:, None] * self._table(lambda joules: np.log1p(joules / b)))

    def planned(self, slot, t, horizon, episode=None):
        """Decision (N,) by an expected program over ``horizon`` slots, or the episode's own."""
        s = self._scenario
        horizon, n = min(horizon, s.slots - t - 1), s.iotds
        price = self._prices.of(slot)
        if episode is None:
            options, step = self._samples, 0
            harvest = self._harvests(slot, t, horizon + 1)
        else:
            at = slice(t + 1, t + 1 + horizon)
            options, step = [a[at] for a in _parts(episode.problem)], 1
            known = episode.problem.harvest[t : t + 1 + horizon].astype(float)
            # One state of the sky, and each device a group of its own.
            harvest = known[:, :, None], np.arange(n), np.ones((n, 1)), np.ones((1, 1))
        worth = np.zeros((n, s.battery_levels + 1))
        if horizon >= 0:
            _look_back(*options, price, *harvest, step, horizon, worth)
        return self._with(slot, -worth)

    def _harvests(self, slot, t, count):
        """What :func:`_look_back` takes of ``count`` slots' harvests: ``harvest`` to ``turns``."""
        facts, s = slot.coupled.facts, self._scenario
        day = float(facts["hour"]) * s.day_slots
        # A file goes by the slot, the sun by the hour.
        at = (0.0, t) if s.harvest == "file" else (day, 0)
        joules = [
            [
                battery_kernel.harvest(self._law, self._series, sky, at[0], at[1] + h)
                for sky in self._skies.states.tolist()
            ]
            for h in range(count)
        ]
        levels = np.array(joules)[:, None] * (facts["panel"] / self._unit)[:, None]
        cluster = facts["cluster"].astype(np.int64)
        return levels, cluster, self._skies.ahead(facts["sky"]), self._skies.turns

    def _table(self, worth):
        return worth(self._unit * np.arange(self._scenario.battery_levels + 1))

    def _with(self, slot, worth):
        """Decide with the worth (N, L + 1) of every level after the slot is paid."""
        facts, rows = slot.coupled.facts, np.arange(len(worth))
        level, link_use, home_use = facts["level"], facts["link_use"], facts["home_use"]
        full, half = home_use.T
        used = np.where(full <= level, full, np.where(half <= level, half, 0))
        home = worth[rows, level] - worth[rows, level - used]
        after = np.maximum(level[:, None] - link_use, 0)
        return self._settle(slot, worth[rows, level][:, None] - worth[rows[:, None], after], home)

    def _settle(self, slot, link, home):
        found = solve(slot, slot.link_cost + link, slot.local_cost + home)
        self._prices.take(found.prices)
        self._t += 1
        return found.decision


def known(episode):
    """What planning reads of an episode that it knows."""
    return battery_problem(episode)


def _parts(problem):
    return problem.link, problem.local, problem.weight, problem.link_use, problem.local_use


@njit(cache=True, nogil=True, error_model="numpy")
def _look_back(
    link, home, weight, link_use, home_use, price, harvest, group, first, turns, step, horizon, out
):  # fmt: skip
    """Fill the expected cost to come (N, L + 1) by level, before this slot's harvest.

    A slot's options are equally probable samples, all of them with ``step`` 0; with 1 slot h from
    now has sample h - 1 alone. ``harvest`` (H + 1, N, K) is by state of the sky, its fractions are
    a coin's; this slot has state k with probability ``first[group[i], k]``, and ``turns`` (K, K)
    leads from state to state.
    """
    n, m, top, states = link.shape[1], link.shape[2], out.shape[1] - 1, len(turns)
    samples = 1 if step else len(link)
    drawn, later = np.empty((top + 1, states)), np.empty((top + 1, states))
    # The same numbers in a row, by level and then by state, so that levels used are a shift.
    rows, gained, best = later.ravel(), np.empty(later.size), np.empty(later.size)
    kept_use = np.empty((samples, m), np.int64)
    kept_cost, kept = np.empty((samples, m)), np.empty(samples, np.int64)
    for i in range(n):
        later[:] = 0.0
        for h in range(horizon, -1, -1):
            for k in range(states):
                # A harvest that is drawn whole, or its mean.
                whole = math.floor(harvest[h, i, k])
                coin = harvest[h, i, k] - whole
                for b in range(top + 1):
                    low, high = min(top, b + int(whole)), min(top, b + int(whole) + 1)
                    drawn[b, k] = (1.0 - coin) * later[low, k] + coin * later[high, k]
            if h == 0:
                for b in range(top + 1):
                    out[i, b] = 0.0
                    for k in range(states):
                        out[i, b] += first[group[i], k] * drawn[b, k]
                break
            for b in range(top + 1):
                for k in range(states):
                    mean = 0.0
                    for q in range(states):
                        mean += turns[k, q] * drawn[b, q]
                    gained[b * states + k] = mean
            later[:] = 0.0
            for s in range(samples):
                at = (h - 1) * step + s
                if step or h == horizon:
                    kept[s] = _worth_a_look(
                        link[at, i], link_use[at, i], price, weight[at, i], top, kept_use[s],
                        kept_cost[s],
                    )  # fmt: skip
                full, half = home_use[at, i, 0] * states, home_use[at, i, 1] * states
                _cost(best[:half], gained, home[at, i, 2])
                _cost(best[half:full], gained, home[at, i, 1])
                _cost(best[full:], gained, home[at, i, 0])
                for k in range(kept[s]):
                    _or_less(best[kept_use[s, k] * states :], gained, kept_cost[s, k])
                _count_in(rows, best, 1.0 / samples)


@njit(cache=True, nogil=True, error_model="numpy")
def _worth_a_look(link, use, price, weight, top, kept_use, kept_cost):
    """Fill the links that are cheaper than all that take as little; how many."""
    costs = link + price * weight
    kept, least = 0, np.inf
    for j in np.argsort(use + 1e-6 * costs / (1.0 + costs)):
        if costs[j] < least and use[j] <= top:
            least = costs[j]
            kept_use[kept], kept_cost[kept] = use[j], costs[j]
            kept += 1
    return kept


# Loops over whole rows, which become vector code.
@njit(cache=True, nogil=True, error_model="numpy")
def _cost(best, gained, cost):
    for x in range(best.size):
        best[x] = cost + gained[x]


@njit(cache=True, nogil=True, error_model="numpy")
def _or_less(best, gained, cost):
    for x in range(best.size):
        other = cost + gained[x]
        # min() minds NaN, and would stay scalar code.
        best[x] = other if other < best[x] else best[x]  # noqa: FURB136


@njit(cache=True, nogil=True, error_model="numpy")
def _count_in(later, best, share):
    for x in range(best.size):
        later[x] += share * best[x]
