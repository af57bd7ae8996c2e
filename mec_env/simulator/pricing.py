"""Nominal prices of a world: actions of the mode ``prices`` and features are relative to them.

``NOMINAL`` names two ways to find them. ``pooled`` uses the map alone. It takes all servers as one,
links of average gain and tasks of average size, and finds the one price that balances what is asked
for. ``calibrated`` uses training slots: the mean and deviation of the log of each slot's optimal
prices.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mec_env.laws.coupling import backlog, coupling_of
from mec_env.optimum.certificate import certify
from mec_env.optimum.dual import common_price
from mec_env.optimum.problem import problem_of
from mec_env.physics.coupled import Coupled
from mec_env.physics.slot import Slot
from mec_env.scenario.scenario import Range, Scenario
from mec_env.simulator.simulator import Simulator
from mec_env.simulator.world import World

#: Training slots of a calibration.
CALIBRATION = 100
#: Span of pooled prices [log], and step between their trial prices: 0.8, 0.9, 1, 1.12, 1.25.
SPAN, STEP = 0.7, 0.1116
#: Span of calibrated prices in deviations, and the least deviation [log].
DEVIATIONS, LEAST = 3.0, 1e-4
#: Calibrations that are kept, some kB each.
KNOWN = 256
_known: "dict[tuple[object, ...], Pricing]" = {}


class Pricing(NamedTuple):
    """What a world's prices are relative to.

    Attributes
    ----------
    nominal : (M,) float64
        λ0_j > 0 [objective per sqrt(cycle)].
    span : (M,) float64
        An action a asks λ0_j exp(span_j a).
    step : (M,) float64
        Log between neighbouring trial prices, see :mod:`mec_env.simulator.features`.
    typical : (4,) float64
        Of tasks of average size: Σ sqrt(F), mean of local / sqrt(F), Σ local, Σ D.
    weight : (M,) float64
        With a coupling the weight of what it adds that an action of 0 means, see
        :mod:`mec_env.simulator.weighing`; otherwise not a number.
    """

    nominal: NDArray[np.float64]
    span: NDArray[np.float64]
    step: NDArray[np.float64]
    typical: NDArray[np.float64]
    weight: NDArray[np.float64]


def pooled(scenario: Scenario, world: World, span: float | None = None) -> Pricing:
    """One price for all servers, from the map alone.

    The price at which devices on their best link, at mean gain and mean task, ask for what all
    servers carry at it: λ Σ_j F_j / 2φ_T = Σ_i w_i [local_i - min_j c_ij > λ w_i].
    """
    slot = typical_slot(scenario, world)
    price = max(common_price(tuple(problem_of(slot))), _least_price(slot))
    m = scenario.mecs
    return Pricing(
        np.full(m, price), np.full(m, span or SPAN), np.full(m, STEP), _typical(slot), _unweighed(m)
    )


def calibrated(scenario: Scenario, world: World, span: float | None = None) -> Pricing:
    """Mean and deviation of the log of each server's optimal price over training slots.

    Found once for a world, whatever asks for it.
    """
    key = scenario, span, _digest(world)
    if key not in _known:
        if len(_known) >= KNOWN:
            _known.clear()
        slots = training_slots(scenario, world=world)
        _known[key] = calibrate(slots, typical_slot(scenario, world), span)
    return _known[key]


def _digest(world):
    # The digest alone is kept: a large world's links take gigabytes.
    digest = blake2b()
    for array in vars(world).values():
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def calibrate(
    slots: Iterable[Slot], typical: Slot | None = None, span: float | None = None
) -> Pricing:
    """The Pricing that slots of one world come to.

    Parameters
    ----------
    slots : iterable of Slot
    typical : Slot, optional
        With tasks of average size; the first slot by default.
    span : float, optional
        In deviations; ``DEVIATIONS`` by default.
    """
    # Slots are let go one by one: a hundred large ones would take gigabytes.
    rest = iter(slots)
    first = next(rest)
    typical = first if typical is None else typical
    return pricing_of(optimal_prices(chain([first], rest)), typical, span)


def pricing_of(prices: NDArray[np.float64], typical: Slot, span: float | None = None) -> Pricing:
    """The Pricing of optimal prices (S, M) of slots of one world; see :func:`calibrate`."""
    # Where nobody wants a server its price is 0, and has no log.
    logs = np.log(np.maximum(prices, _least_price(typical)))
    step = np.maximum(logs.std(axis=0), LEAST)
    return Pricing(
        np.exp(logs.mean(axis=0)),
        (span or DEVIATIONS) * step,
        step,
        _typical(typical),
        _unweighed(step.size),
    )


#: Ways to find nominal prices, by name.
NOMINAL: dict[str, Callable[[Scenario, World, float | None], Pricing]] = {
    "pooled": pooled,
    "calibrated": calibrated,
}


def training_slots(
    scenario: Scenario, count: int = CALIBRATION, world: World | None = None, seed: int = 0
) -> Iterator[Slot]:
    """The first slots of a world's training episode.

    Parameters
    ----------
    scenario : Scenario
    count : int
    world : World, optional
        In place of the scenario's own.
    seed : int
        Of the episode; calibrations take that of seed 0.
    """
    simulator = Simulator(scenario.replace(slots=count), world=world)
    observed = np.empty((1, simulator.observation_size), dtype=np.float32)
    simulator.seed(0, seed)
    simulator.reset(np.zeros(1, dtype=np.int64), observed)
    # Where something passes on, slots are those that their own optima lead to.
    coupled, active = coupling_of(scenario) != "none", np.ones(1, dtype=bool)
    chosen = np.zeros((1, scenario.iotds), dtype=np.int64)
    for _ in range(count):
        slot = simulator.slot()
        yield slot
        if coupled:
            chosen[0] = certify(slot).decision
        simulator.step(chosen, active, observed)


def optimal_prices(slots: Iterable[Slot]) -> NDArray[np.float64]:
    """The optimal prices (S, M) of slots of one world, each a warm start for the next."""
    prices: list[NDArray[np.float64]] = []
    for slot in slots:
        prices.append(certify(slot, prices=prices[-1] if prices else None).prices)
    return np.array(prices)


def typical_slot(scenario: Scenario, world: World) -> Slot:
    """A world's slot without fading, its tasks of mean size."""

    def mean(field, drawn):
        value = getattr(scenario, field)
        redrawn = scenario.tasks == "slot" and isinstance(value, Range)
        return np.full(drawn.size, 0.5 * (value.low + value.high)) if redrawn else drawn

    s = scenario
    return Slot(
        world.path_gain.T, world.distance, mean("data_bits", world.data_bits),
        mean("cycles", world.cycles), world.local_speed, world.server_speed, s.bandwidth, s.noise,
        s.max_power, s.kappa, s.exponent, s.weight_time, s.weight_energy, _typical_queue(s, world),
    )  # fmt: skip


def _typical_queue(scenario, world):
    """What servers that carry tasks over ask of a slot with nobody waiting; None of others."""
    if not backlog.is_on(scenario):
        return None
    n, m = world.distance.shape
    turns = scenario.slot_seconds / backlog.served(scenario, world)
    seconds = world.cycles / world.local_speed
    return Coupled(
        np.zeros((n, m)), np.zeros((n, m)), seconds, seconds * world.local_power,
        0.5 * turns / scenario.cycles,
    )  # fmt: skip


def _unweighed(servers):
    return np.full(servers, np.nan)


def _least_price(slot):
    """A price far below any that matters: nobody's choice hangs on it."""
    return 1e-6 * float(np.mean(slot.local_cost / slot.tasks.root_cycles))


def _typical(slot):
    weight, local = slot.tasks.root_cycles, slot.local_cost
    return np.array([weight.sum(), np.mean(local / weight), local.sum(), slot.data_bits.sum()])
