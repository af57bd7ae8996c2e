"""Policies without learning: what every learner must beat.

A rule has ``decide(slot) -> decision``. A rule that draws random numbers also has ``reset(seed)``,
which is called before each episode. A calibrated rule has ``prepare(scenario)``, which is called
once per world and looks at training slots.
"""

from dataclasses import replace

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.optimum.admission import admit
from mec_env.optimum.certificate import certify
from mec_env.optimum.pricing import at_prices
from mec_env.physics.outcome import outcome
from mec_env.simulator.pricing import calibrate, training_slots


class Local:
    """Every device runs its own task."""

    name = "local"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return np.zeros(slot.gain.shape[0], dtype=np.int64)


class Nearest:
    """Every device offloads to the nearest server."""

    name = "nearest"

    def decide(self, slot):
        """Decision (N,) int64 of 1 .. M."""
        return np.argmin(slot.distance, axis=1) + 1


class BestLink:
    """Every device offloads over its best link."""

    name = "best-link"

    def decide(self, slot):
        """Decision (N,) int64 of 1 .. M."""
        return np.argmax(slot.gain, axis=1) + 1


class Remote:
    """The paper's *Remote*: the nearest server, local where the capacity rule says so."""

    name = "remote"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return capacity_rule(slot, Nearest().decide(slot))


class Random:
    """The paper's *Random*: local or any server with equal odds, under the capacity rule."""

    name = "random"
    #: Whether ``reset(seed)`` makes a difference.
    draws = True

    def __init__(self):
        self.reset(0)

    def reset(self, seed):
        """Start the decisions that belong to a seed."""
        self._rng = np.random.default_rng([seed, streams.MAX_SEED])

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        n, m = slot.gain.shape
        return capacity_rule(slot, self._rng.integers(0, m + 1, n))


class Greedy:
    """Device after device takes the choice that adds least to the objective so far."""

    name = "greedy"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return _greedy(slot.link_cost, slot.local_cost, slot.tasks.root_cycles, slot.congestion)


class ChannelBlind:
    """The best decision for links of average gain: it knows the map and the tasks, not the fading.

    A link's average is the mean of its log gain over training slots.
    """

    name = "channel-blind"

    def prepare(self, scenario):
        """Average the gains of a world's training slots."""
        logs = [np.log(slot.gain) for slot in training_slots(scenario)]
        self._gain = np.exp(np.mean(logs, axis=0))

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return certify(replace(slot, gain=self._gain)).decision


class ConstantPrice:
    """One price per server and world: the mean of its optimal prices over training slots.

    Each device takes the cheapest of its local cost and link cost + price * sqrt(cycles).
    """

    name = "constant-price"

    def prepare(self, scenario):
        """Average the optimal prices of a world's training slots."""
        prices, last = [], None
        for slot in training_slots(scenario):
            last = certify(slot, prices=last).prices
            prices.append(last)
        self._prices = np.mean(prices, axis=0)

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return at_prices(slot, self._prices)


class LowPrice:
    """A constant price below the mean optimal one, so that each server can choose its devices.

    Prices are calibrated by the mean and deviation of the optimal prices' logs over training slots.
    The number of deviations below the mean is chosen on the same slots. Admission is exact
    (:func:`mec_env.admit`). Nothing is learned, so learning has to beat this rule.
    """

    name = "low-price"
    #: Deviations below the mean that are tried.
    SHIFTS = np.arange(0.0, 3.01, 0.25)

    def prepare(self, scenario):
        """Calibrate prices and shift on a world's training slots."""
        pricing = calibrate(training_slots(scenario))
        tried = [pricing.nominal * np.exp(-shift * pricing.step) for shift in self.SHIFTS]
        costs = np.zeros(len(tried))
        for slot in training_slots(scenario):
            costs += [self._cost(slot, prices) for prices in tried]
        self._prices = tried[int(np.argmin(costs))]

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return admit(slot, at_prices(slot, self._prices))

    def _cost(self, slot, prices):
        return outcome(slot, admit(slot, at_prices(slot, prices))).objective


class SlotPrice:
    """The slot's own optimal prices, unchanged: the gap is the loss by rounding alone."""

    name = "slot-price"

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return at_prices(slot, certify(slot).prices)


class Certified:
    """The certificate's decision, effort ``fast``, started from the last slot's prices."""

    name = "certified"

    def __init__(self):
        self._prices = None

    def reset(self, seed):
        """Forget the last slot."""
        self._prices = None

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        certificate = certify(slot, prices=self._prices)
        self._prices = certificate.prices
        return certificate.decision


class Admitted:
    """Another policy's decision after exact admission at every server.

    Parameters
    ----------
    rule : object
        With ``decide``, and perhaps ``reset`` and ``prepare``.
    """

    def __init__(self, rule):
        self._rule = rule
        self.name = f"{rule.name}+admission"
        for method in ("reset", "prepare"):
            if hasattr(rule, method):
                setattr(self, method, getattr(rule, method))

    def decide(self, slot):
        """Decision (N,) int64 of 0 .. M."""
        return admit(slot, self._rule.decide(slot))


RULES = {
    rule.name: rule
    for rule in (
        Local, Remote, Random, Nearest, BestLink, Greedy, ChannelBlind, ConstantPrice, LowPrice, SlotPrice, Certified,
    )
}  # fmt: skip


def capacity_rule(slot, decision):
    """Send home the devices that a server has no room for.

    The paper's Random and Remote run a task locally "if the computational resource is insufficient"
    and don't say when that is so. Our rule: a server admits devices while each could still get its
    own local speed, sum f_i0 <= F_j^max. Devices with larger F_i are sent home first; among equal
    F_i, devices with smaller gain.

    Parameters
    ----------
    slot : Slot
    decision : (N,) integers
        0 .. M.

    Returns
    -------
    (N,) int64 array
    """
    kept = np.array(decision, dtype=np.int64)
    own_gain = slot.gain[np.arange(kept.size), np.maximum(kept, 1) - 1]
    order = np.lexsort((-own_gain, slot.cycles))
    _fill(order, kept, slot.local_speed, np.zeros(slot.server_speed.size), slot.server_speed)
    return kept


@njit(cache=True, nogil=True)
def _fill(order, kept, speed, taken, capacity):
    for i in order:
        j = kept[i] - 1
        if j >= 0:
            taken[j] += speed[i]
            if taken[j] > capacity[j]:
                kept[i] = 0


@njit(cache=True, nogil=True)
def _greedy(link_cost, local_cost, weight, congestion):
    n, m = link_cost.shape
    load = np.zeros(m)
    decision = np.zeros(n, dtype=np.int64)
    for i in range(n):
        best = local_cost[i]
        for j in range(m):
            # What the server's (sum of weights)^2 grows by when the device joins.
            added = congestion[j] * weight[i] * (2.0 * load[j] + weight[i])
            if link_cost[i, j] + added < best:
                best = link_cost[i, j] + added
                decision[i] = j + 1
        if decision[i] > 0:
            load[decision[i] - 1] += weight[i]
    return decision
