"""The policy: prices of the shared network, lowered by a shift, no worse than a constant price."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dirs_solver.priced.network import Network
from mec_env.laws.coupling import coupling_of
from mec_env.physics.outcome import outcome
from mec_env.scenario.scenario import Scenario
from mec_env.simulator.features import SIZE
from mec_env.simulator.pricing import CALIBRATION, Pricing, calibrated
from mec_env.simulator.simulator import Simulator
from mec_env.simulator.weighing import with_weights
from mec_env.simulator.world import World

#: An action of 1 is so many deviations of the log price.
SPAN = 6.0
#: Shares of the network's correction that are tried; 0 is the constant price.
TRUST = (0.0, 0.5, 1.0)
#: Deviations that prices are asked too cheap.
SHIFTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.5)
#: How often devices that were refused ask on; no number is exchanged.
RETRIES = 3
#: Reserves of the first broadcast; each later one has half, see :mod:`mec_env.optimum.asking`.
RESERVES = (0.02, 0.04, 0.08, 0.16)


class Choice(NamedTuple):
    """What is chosen for a world on its training slots.

    Attributes
    ----------
    trust : float
        Share of the network's correction, of ``TRUST``.
    shift : float
        Deviations below, of ``SHIFTS``.
    broadcasts : tuple of float
        Reserves, one a broadcast.
    """

    trust: float
    shift: float
    broadcasts: tuple[float, ...]


class PricedPolicy:
    """A server's price from its features; local information, for any number of servers and devices.

    Parameters
    ----------
    network : Network
    broadcasts : int
        How often servers tell their load after devices first asked.
    choice : Choice, optional
        What :meth:`prepare` chose before.
    admission : bool
        Whether servers keep the best of their askers.
    retries : int
        How often devices that were refused ask on.
    trust, shifts : sequence of float
        What is tried; one alone is taken as it is.
    """

    information = "local"
    agents = "servers"
    actions, observe, nominal, span = "prices", "features", "calibrated", SPAN

    def __init__(
        self,
        network: Network,
        broadcasts: int = 0,
        choice: Choice | None = None,
        admission: bool = True,
        retries: int = RETRIES,
        trust: Sequence[float] = TRUST,
        shifts: Sequence[float] = SHIFTS,
    ) -> None:
        self.network, self._rounds = network, broadcasts
        self.admission, self.retries = admission, retries
        self._trust, self._shifts = trust, shifts
        self.choice = choice or Choice(trust[-1], shifts[0], _reserves(RESERVES[0], broadcasts))

    @property
    def broadcasts(self) -> tuple[float, ...]:
        """Reserves, one a broadcast."""
        return self.choice.broadcasts

    @property
    def parameter_count(self) -> int:
        """Number of the network's weights and biases."""
        return self.network.parameter_count

    def prepare(self, scenario: Scenario) -> float:
        """Choose trust, shift and reserve on a world's training slots; return their mean objective.

        The guard: where links hardly differ, loads jump with the price, and a correction can be
        worse than none; then none is what is chosen.
        """
        tried = [
            Choice(trust, shift, _reserves(RESERVES[1], self._rounds))
            for trust, shift in product(self._trust, self._shifts)
        ]
        objectives = self._objectives(scenario, tried)
        smooth = _smoothed(objectives.reshape(len(self._trust), len(self._shifts)))
        best = int(np.argmin(smooth))
        if self._rounds:
            kept = tried[best]
            tried = [kept._replace(broadcasts=_reserves(r, self._rounds)) for r in RESERVES]
            objectives = self._objectives(scenario, tried)
            best = int(np.argmin(objectives))
        self.choice = tried[best]
        return float(objectives[best])

    def act(self, agent: str, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """A server's action (1,) for its features (SIZE,); of a coupled row (2,), the weight nominal."""
        asked = _action(self.network(observation[:SIZE]), self.choice)[None]
        return asked if observation.size == SIZE else np.append(asked, np.float32(0.0))

    def _objectives(self, scenario, tried):
        """Mean objectives (tried,) over a world's training slots."""
        pricing = None

        def price_of(scenario: Scenario, world: World) -> Pricing:
            nonlocal pricing
            pricing = pricing or with_weights(calibrated)(scenario, world, SPAN)
            return pricing

        if coupling_of(scenario) != "none":
            return self._played(scenario, tried, price_of)
        simulator = Simulator(
            scenario.replace(slots=CALIBRATION), observe="features", price_of=price_of
        )
        observed = np.empty((1, simulator.observation_size), dtype=np.float32)
        still, all_rows = np.zeros((1, scenario.iotds), dtype=np.int64), np.ones(1, dtype=bool)
        simulator.seed(0, 0)
        simulator.reset(np.zeros(1, dtype=np.int64), observed)
        sums = np.zeros(len(tried))
        for _ in range(CALIBRATION):
            correction = self.network(observed.reshape(scenario.mecs, -1))
            for k, choice in enumerate(tried):
                action = _action(correction, choice)
                decision = simulator.decision(
                    action, "prices", 0, self.admission, self.retries, choice.broadcasts
                )
                sums[k] += outcome(simulator.slot(), decision).objective
            simulator.step(still, all_rows, observed)
        return sums / CALIBRATION

    def _played(self, scenario, tried, price_of):
        """The same where a slot hangs on what was chosen before: each choice plays its own episode."""
        simulator = Simulator(scenario, observe="features", price_of=price_of)
        observed = np.empty((1, simulator.observation_size), dtype=np.float32)
        actions = np.zeros((1, scenario.mecs, 2), dtype=np.float32)
        objectives = np.zeros(len(tried))
        for k, choice in enumerate(tried):
            simulator.seed(0, 0)
            simulator.reset(np.zeros(1, dtype=np.int64), observed)
            for _ in range(scenario.slots):
                rows = observed.reshape(scenario.mecs, -1)[:, :SIZE]
                actions[0, :, 0] = _action(self.network(rows), choice)
                results = simulator.step(
                    actions.reshape(1, -1), np.ones(1, dtype=bool), observed, "prices",
                    self.admission, self.retries, choice.broadcasts,
                )  # fmt: skip
                objectives[k] += results.objective[0]
        return objectives / scenario.slots


def _smoothed(objectives):
    """A weighted mean of each shift's and its neighbours', against the noise of a hundred slots."""
    padded = np.pad(objectives, ((0, 0), (1, 1)), mode="edge")
    return 0.25 * padded[:, :-2] + 0.5 * padded[:, 1:-1] + 0.25 * padded[:, 2:]


def _reserves(first, rounds):
    return tuple(first * 0.5**k for k in range(rounds))


def _action(correction, choice):
    deviations = choice.trust * correction - choice.shift
    return np.clip(deviations / SPAN, -1.0, 1.0).astype(np.float32)
