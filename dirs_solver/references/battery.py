"""Devices that live on harvested energy: the value of the charge that is left."""

import math

import numpy as np
from numba import njit

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
_SAMPLES = 8
# Nodes and weights of the mean over a normal variable.
_NODES, _WEIGHTS = np.array([-math.sqrt(3.0), 0.0, math.sqrt(3.0)]), np.array([1.0, 4.0, 1.0]) / 6.0


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
            link, home, weight, link_use, home_use = self._samples
            harvest = self._forecast(slot, t, horizon + 1)
            samples, step = len(link), 0
        else:
            at = slice(t + 1, t + 1 + horizon)
            link, home, weight, link_use, home_use = (a[at] for a in _parts(episode.problem))
            harvest = episode.problem.harvest[t : t + 1 + horizon].astype(float)
            samples, step = 1, 1
        worth = np.zeros((n, s.battery_levels + 1))
        if horizon >= 0:
            _look_back(link, home, weight, link_use, home_use, price, harvest, samples, step, horizon, worth)  # fmt: skip
        return self._with(slot, -worth)

    def _forecast(self, slot, t, count):
        """Mean harvest (count, N) [levels] of this slot and the next ones."""
        s, facts = self._scenario, slot.coupled.facts
        sky, day = facts["sky"], float(facts["hour"]) * s.day_slots
        out = np.empty((count, sky.size))
        for h in range(count):
            if s.harvest == "on-off":
                often = s.harvest_on / (s.harvest_on + s.harvest_off)
                kept = (1.0 - 1.0 / s.harvest_on - 1.0 / s.harvest_off) ** (h + 1)
                nodes, weights = (often + kept * (sky - often))[None], np.ones(1)
            else:
                kept = s.sky_memory ** (h + 1)
                nodes = kept * sky + math.sqrt(1.0 - kept * kept) * _NODES[:, None]
                weights = _WEIGHTS
            # A file goes by the slot, the sun by the hour.
            at = (day, h) if s.harvest != "file" else (0.0, t + h)
            joules = [
                [battery_kernel.harvest(self._law, self._series, float(z), *at) for z in row]
                for row in nodes
            ]
            out[h] = weights @ np.array(joules)
        return out[:, facts["cluster"]] * facts["panel"] / self._unit

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
    link, home, weight, link_use, home_use, price, harvest, samples, step, horizon, out
):  # fmt: skip
    """Fill the expected cost to come (N, L + 1) by level, before this slot's harvest.

    Slot h from now takes samples ``h * step`` and the ``samples - 1`` behind it; fractions of
    ``harvest`` are a coin's.
    """
    n, m, top = link.shape[1], link.shape[2], out.shape[1] - 1
    later, gained = np.empty(top + 1), np.empty(top + 1)
    used, costs = np.empty(m, np.int64), np.empty(m)
    room = 1 if step else samples
    kept_use = np.empty((room, m), np.int64)
    kept_cost, kept = np.empty((room, m)), np.empty(room, np.int64)
    for i in range(n):
        later[:] = 0.0
        for h in range(horizon, -1, -1):
            # A harvest that is drawn whole, or its mean.
            whole = math.floor(harvest[h, i])
            coin = harvest[h, i] - whole
            for b in range(top + 1):
                low, high = min(top, b + int(whole)), min(top, b + int(whole) + 1)
                gained[b] = (1.0 - coin) * later[low] + coin * later[high]
            if h == 0:
                for b in range(top + 1):
                    out[i, b] = gained[b]
                break
            later[:] = 0.0
            for s in range(samples):
                at = (h - 1) * step + s
                if step or h == horizon:
                    # Only links that are cheaper than all that take as little.
                    for j in range(m):
                        used[j] = link_use[at, i, j]
                        costs[j] = link[at, i, j] + price[j] * weight[at, i]
                    kept[s] = 0
                    least = np.inf
                    for j in np.argsort(used + 1e-6 * costs / (1.0 + costs)):
                        if costs[j] < least and used[j] <= top:
                            least = costs[j]
                            kept_use[s, kept[s]], kept_cost[s, kept[s]] = used[j], costs[j]
                            kept[s] += 1
                full, half = home_use[at, i, 0], home_use[at, i, 1]
                for b in range(top + 1):
                    if full <= b:
                        best = home[at, i, 0] + gained[b - full]
                    elif half <= b:
                        best = home[at, i, 1] + gained[b - half]
                    else:
                        best = home[at, i, 2] + gained[b]
                    for k in range(kept[s]):
                        if kept_use[s, k] > b:
                            break
                        best = min(best, kept_cost[s, k] + gained[b - kept_use[s, k]])
                    later[b] += best / samples
