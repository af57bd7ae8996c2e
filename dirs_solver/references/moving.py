"""Users that move: the value of having a service on a server."""

import math

import numpy as np
from numba import njit

from dirs_solver.references.solving import RunningPrices, solve
from mec_env.laws import channels
from mec_env.limits import middle
from mec_env.optimum.hindsight.certificate import moving_problem
from mec_env.physics import cost
from mec_env.physics.slot import physics_of
from mec_env.simulator.episode import begun

#: Rules of one parameter, with the values to try first.
RULES = {
    "theta": (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0),
    "potential": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
}
#: The learned rule's numbers: start, deviation of the search.
NUMBERS = {
    "share": (0.8, 0.2),
    "now": (1.0, 0.5),
    "soon": (1.0, 0.5),
    "later": (1.0, 0.5),
    "price": (1.0, 0.3),
    "cap": (0.8, 0.2),
    "speed": (0.0, 0.2),
    "home": (1.0, 0.2),
}
#: Slots from which the learned rule's forecasts are.
AHEAD = (0, 5, 15)
HORIZONS = (5, 10, 15, 25)
# Eight sampled fades let planning plan for those eight, which costs 0.8 points on follow-me.
_SAMPLES, _QUANTILES = 24, 4


class Moving:
    """What policies for users that move know of a world, and of an episode so far.

    Parameters
    ----------
    scenario : Scenario
    """

    rules, numbers, horizons = RULES, NUMBERS, HORIZONS

    def __init__(self, scenario):
        self._scenario, self._physics = scenario, physics_of(scenario)
        simulator, _ = begun(scenario, 0, 0, False)
        self._servers, slot = simulator.world().server_xy, simulator.slot()
        # Whatever fades: gains over those that the place alone would give.
        fades = np.sort((slot.gain / slot.coupled.facts["slow_gain"]).ravel())
        self._typical = np.exp(np.log(fades).mean())
        self._fades = _quantiles(fades, _QUANTILES)
        self._cycles = float(np.mean(middle(scenario.cycles)))
        self._data = np.full(scenario.iotds, np.mean(middle(scenario.data_bits)))
        self._samples = self._drawn(slot, fades)
        self.begin()

    def _drawn(self, slot, fades):
        """Fades (S, N, M), data (S, N) and cycles (S, N), each device's spread over its range."""
        draws, (n, m) = np.random.default_rng(0), slot.gain.shape

        def spread(values, shape):
            order = draws.permuted(
                np.broadcast_to(np.arange(_SAMPLES), (*shape, _SAMPLES)), axis=-1
            )
            return np.moveaxis(_quantiles(np.sort(values), _SAMPLES)[order], -1, 0)

        return spread(fades, (n, m)), spread(slot.data_bits, (n,)), spread(slot.cycles, (n,))

    def begin(self):
        """An episode begins."""
        self._prices = RunningPrices()

    def myopic(self, slot):
        """Nothing added."""
        return self._settle(slot, slot.link_cost, slot.local_cost)

    def rule(self, slot, name, parameter):
        """Decision (N,) by a rule at its parameter."""
        if name == "theta":
            return self._settle(
                slot, slot.sending_cost + parameter * slot.added_cost, slot.local_cost
            )
        gain = self._typical * slot.coupled.facts["slow_gain"]
        served = self._link(gain, self._data) + self._prices.of(slot) * math.sqrt(self._cycles)
        worth = parameter * np.minimum(served, self._at_home(slot)[:, None])
        return self._with(slot, slot.link_cost, worth)

    def learned(self, slot, numbers):
        """Decision (N,) by the learned rule."""
        share, *weights, of_price, cap, of_speed, of_home = numbers
        facts = slot.coupled.facts
        # Each server's own: where servers differ, a mean draws services to the crowded ones.
        price = of_price * self._prices.of(slot) * math.sqrt(self._cycles)
        home = of_home * self._at_home(slot)[:, None]
        worth = np.zeros(slot.gain.shape)
        for weight, ahead in zip(weights, AHEAD, strict=True):
            slow = self.forecast(slot, ahead)
            # The least of both within the mean: else deep fades, where nobody sends, dominate.
            for fade in self._fades:
                served = self._link(fade * slow, self._data) + price
                worth += weight / _QUANTILES * np.minimum(served, home)
        paces = np.hypot(*facts["velocity"].T) * self._scenario.slot_seconds
        worth *= np.exp(np.clip(of_speed * (paces / 10.0 - 1.0), -5.0, 5.0))[:, None]
        worth -= worth.min(axis=1, keepdims=True)
        worth = np.minimum(worth, cap * slot.added_cost.max(axis=1, keepdims=True))
        return self._with(slot, slot.sending_cost + share * slot.added_cost, worth)

    def planned(self, slot, t, horizon, episode=None):
        """Decision (N,) by an expected program over ``horizon`` slots, or the episode's own."""
        horizon = min(horizon, self._scenario.slots - t - 1)
        worth, price = np.zeros(slot.gain.shape), self._prices.of(slot)
        migration = slot.added_cost.max(axis=1)
        for ahead in range(horizon, 0, -1):
            if episode is None:
                link, home, weight = self._expected(slot, ahead)
            else:
                known = episode.problem
                at = slice(t + ahead, t + ahead + 1)
                link, home, weight = known.link[at], known.local[at], known.weight[at]
            step = np.empty_like(worth)
            _look_back(link, home, weight, price, migration, worth, step)
            worth = step
        return self._with(slot, slot.link_cost, worth)

    def forecast(self, slot, ahead):
        """Gains (N, M) but for fading in so many slots, if everyone keeps going."""
        s, facts = self._scenario, slot.coupled.facts
        if ahead == 0:
            return facts["slow_gain"]
        way = facts["velocity"] * (s.slot_seconds * ahead)
        place = np.clip(facts["position"] + way, 0.0, s.area)
        apart = np.hypot(*(place[:, None] - self._servers[None]).transpose(2, 0, 1))
        now = channels.path_gain(s, np.maximum(slot.distance, 1.0))
        kept = np.exp(-np.hypot(*way.T) / s.decorrelation)[:, None]
        shadow = (facts["slow_gain"] / now) ** kept
        return channels.path_gain(s, np.maximum(apart, 1.0)) * shadow

    def _expected(self, slot, ahead):
        slow = self.forecast(slot, ahead)
        fades, data, cycles = self._samples
        link = np.array([self._link(f * slow, d) for f, d in zip(fades, data, strict=True)])
        return link, slot.local_cost / slot.cycles * cycles, np.sqrt(cycles)

    def _link(self, gain, data_bits):
        out = np.empty(gain.shape)
        by_server = np.ascontiguousarray(gain.T, dtype=np.float32)
        cost.link_costs(self._physics, by_server, np.ascontiguousarray(data_bits), out)
        return out

    def _at_home(self, slot):
        return slot.local_cost / slot.cycles * self._cycles

    def _with(self, slot, link, worth):
        """Decide with ``worth`` (N, M), the cost to come by where a service stands."""
        holder = slot.coupled.facts["holder"] - 1
        stays = worth[np.arange(len(worth)), holder]
        return self._settle(slot, link + worth, slot.local_cost + stays)

    def _settle(self, slot, link, home):
        found = solve(slot, link, home)
        self._prices.take(found.prices)
        return found.decision


def known(episode):
    """What planning reads of an episode that it knows."""
    return moving_problem(episode)


def _quantiles(values, count):
    return np.quantile(values, (np.arange(count) + 0.5) / count)


@njit(cache=True, nogil=True, error_model="numpy")
def _look_back(link, home, weight, price, migration, later, out):
    """One step of the program: expected cost to come (N, M) by server that has the service."""
    samples, n, m = link.shape
    out[:] = 0.0
    for s in range(samples):
        for i in range(n):
            elsewhere = np.inf
            for j in range(m):
                at = link[s, i, j] + price[j] * weight[s, i] + later[i, j]
                elsewhere = min(elsewhere, at)
            elsewhere += migration[i]
            for k in range(m):
                at = link[s, i, k] + price[k] * weight[s, i] + later[i, k]
                stays = home[s, i] + later[i, k]
                out[i, k] += min(stays, at, elsewhere) / samples
