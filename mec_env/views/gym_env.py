"""``MEC-v0``: the whole network as one agent, a Gymnasium environment."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mec_env import checks
from mec_env.draws import streams
from mec_env.draws.streams import Space
from mec_env.laws.actions import as_action
from mec_env.laws.coupling import coupling_of
from mec_env.physics.slot import Slot
from mec_env.scenario.named import KEYWORDS, ScenarioLike, resolve
from mec_env.views.options import Options
from mec_env.views.spec import PlainSpec, warn_of_longer_limits
from mec_env.views.trail import Trail

if TYPE_CHECKING:
    from mec_env.simulator.episode import Episode


class MECEnv(PlainSpec, gymnasium.Env):
    """One agent that decides for all devices, slot by slot.

    In each slot every device has a task, unless tasks come and go. The action says where each runs.
    The environment applies the best transmission powers and CPU shares, which have closed forms,
    and returns the reward of the slot. Then it draws the next slot.

    Observation
        ``Box``, float32, flat: see :mod:`mec_env.simulator.observation` for its blocks.
        ``observe="features"``: 16 numbers a server, whatever N; see
        :mod:`mec_env.simulator.features`.
    Action
        ``decisions``: ``MultiDiscrete([M + 1] * N)``, 0 runs locally, j on server j.
        ``scores``: ``Box(0, 1, (M * N,))``, server by server; each device goes to
        the server with its highest score if that is at least 0.5 (the paper's
        vote). Scores outside [0, 1] are clipped, NaN is an error.
        ``prices``: ``Box(-1, 1, (M,))``; server j asks λ0_j exp(span a_j) per root of a cycle,
        and each device takes its cheapest option; see :mod:`mec_env.simulator.pricing`.
        Actions outside [-1, 1] are clipped, NaN is an error. With a coupling ``(2M,)``: the second
        number of a server is its weight of what the coupling adds.
    Reward
        float: 1 / objective (``reward="reciprocal"``, the paper's), 1 - objective / all-local
        objective (``"saving"``) or another of :mod:`mec_env.laws.rewards`.
    Info
        floats about the decision just judged: ``objective`` (phi_T time + phi_E energy), ``time``
        [s] and ``energy`` [J] (sums over devices) and ``offloaded`` (share of devices); 0.0 after
        ``reset``. With prices or admission also ``asked``, the share of devices that asked for a
        server, and ``admitted``, the share that a server kept. With a coupling also ``migrations``,
        ``dropped``, ``battery`` and ``waiting``.
    End
        An episode is truncated after ``slots`` slots; ``spec.max_episode_steps`` has the same
        number. It never terminates. Gymnasium's ``make(max_episode_steps=…)`` and ``TimeLimit`` can
        end an episode earlier, not later: the first reset warns of a longer limit.

    Parameters
    ----------
    scenario : str, path, Scenario or None
        A name of ``mec_env.SCENARIOS``, a TOML file or a Scenario; None is
        ``paper-large``.
    actions : str
        ``decisions``, ``scores`` or ``prices``.
    render_mode : str, optional
        ``rgb_array`` or ``human``.
    observe : str
        ``columns`` or ``features``.
    admission : bool, optional
        Whether each server keeps the subset of its askers that costs least, exactly
        (:func:`mec_env.admit`), and sends the others home. By default with prices alone.
    nominal : str
        How the nominal prices λ0 are found, which scale actions and features: ``pooled``, one price
        for all servers from the map alone, or ``calibrated``, by the optimal prices of training
        slots.
    span : float, optional
        How far an action of 1 goes from λ0, in logs or deviations: above 0, at most 20; by default
        0.7 with ``pooled`` and 3 deviations with ``calibrated``.
    retries : int
        How often, with prices and admission, devices that a server refused ask their next
        cheapest option; no number is exchanged.
    broadcasts : int or sequence of float
        How many broadcasts follow admission, or the reserve of each, see
        :mod:`mec_env.optimum.asking`. In a broadcast each server tells its load, and devices ask
        again. The info then has ``exchanged``, the bytes sent in the slot besides prices and first
        requests.
    **fields
        Scenario fields to replace, such as ``mecs=8, iotds=180`` or ``world_seed=3``.

    Raises
    ------
    ValueError
        For an unknown name or a bad value.
    mec_env.checks.UnexpectedKeyword
        For an unknown keyword; a TypeError and a ValueError.
    """

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 4}

    def __init__(
        self,
        scenario: ScenarioLike = None,
        actions: str = "decisions",
        render_mode: str | None = None,
        observe: str = "columns",
        admission: bool | None = None,
        nominal: str = "pooled",
        span: float | None = None,
        retries: int = 0,
        broadcasts: int | Sequence[float] = 0,
        **fields: Any,
    ) -> None:
        checks.keywords(MECEnv.__init__, fields, KEYWORDS)
        self.scenario = resolve(scenario, **fields)
        self.options = Options.checked(
            actions, observe, admission, nominal, span, retries, broadcasts
        )
        self.actions = actions
        if render_mode is not None:
            checks.known("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.observation_space = self.options.observation_space(self.scenario)
        self.action_space = self.options.mode.space(self.scenario)
        self.simulator = self.options.simulator(self.scenario)
        self._info = self.options.info(self.scenario)
        self._active = np.ones(1, dtype=bool)
        self._row = np.zeros(1, dtype=np.int64)
        self._seeded = False
        self._running = False
        self._last, self._trail = None, Trail()
        self._renderer: Any = None

    @classmethod
    def for_evaluation(
        cls, scenario: ScenarioLike, actions: str = "decisions", **options: Any
    ) -> "MECEnv":
        """The environment of the evaluation suites: its draws have none in common with training."""
        env = cls(scenario, actions, **options)
        env.simulator = env.options.simulator(env.scenario, space=Space.EVALUATION)
        return env

    @property
    def slot(self) -> Slot:
        """The :class:`mec_env.Slot` observed now.

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset.
        """
        if not self._seeded:
            raise gymnasium.error.ResetNeeded(
                "slot: there is none before reset(); call reset() first"
            )
        return self.simulator.slot()

    @property
    def episode(self) -> "Episode":
        """The running :class:`mec_env.Episode` with all its draws, also those still to come.

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset.
        """
        if not self._seeded:
            raise gymnasium.error.ResetNeeded(
                "episode: there is none before reset(); call reset() first"
            )
        from mec_env.simulator.episode import running

        return running(self.simulator)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode.

        Parameters
        ----------
        seed : int, optional
            0 to 2**64 - 1; fixes the fading and the tasks of this episode and
            of those that follow. Without one the next episode of the last seed begins.
        options : dict, optional
            None are known; ignored.

        Returns
        -------
        observation, info
        """
        if seed is not None:
            # Before anything changes, and int for Gymnasium, which refuses numpy's integers.
            streams.seed_key(seed)
            seed = int(seed)
        super().reset(seed=seed)
        if not self._seeded:
            warn_of_longer_limits(self)
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**63))
        if seed is not None:
            self.simulator.seed(0, seed)
        self._seeded = self._running = True
        self._last = None
        observed = np.empty((1, self.simulator.observation_size), dtype=np.float32)
        self.simulator.reset(self._row, observed)
        if self.render_mode == "human":
            self.render()
        return observed[0], dict.fromkeys(self._info, 0.0)

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Judge an action and go on to the next slot.

        Returns
        -------
        observation, reward, terminated, truncated, info

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset or after the end of an episode.
        ValueError
            For an action of a wrong shape or with a value that is not allowed;
            the episode stands where it stood.
        """
        if not self._running:
            raise gymnasium.error.ResetNeeded(
                "step: the episode is over or never began; call reset() first"
            )
        action = self._action(action)[None]
        if self.render_mode is not None:
            judged = self._shown(self.decision(action[0]))
        observed = np.empty((1, self.simulator.observation_size), dtype=np.float32)
        results = self.simulator.step(action, self._active, observed, *self.options.judging)
        info = {key: float(getattr(results, key)[0]) for key in self._info}
        if self.render_mode is not None:
            self._last = judged
        truncated = bool(self.simulator.slot_index[0] >= self.scenario.slots)
        self._running = not truncated
        if self.render_mode == "human":
            self.render()
        return observed[0], float(results.reward[0]), False, truncated, info

    def render(self) -> Any:
        """Draw the slot decided last, with its decision; before the first one, the slot observed.

        Returns
        -------
        (height, width, 3) uint8 array, or None in mode ``human``
        """
        if self.render_mode is None:
            gymnasium.logger.warn(
                "render: no render_mode was given; use gymnasium.make(..., render_mode='rgb_array')"
            )
            return None
        # Drawing is an extra; training never pays for its import.
        from mec_env.views.picture import SlotRenderer, picture_of

        if self._renderer is None:
            self._renderer = SlotRenderer(self.render_mode, fps=self.metadata["render_fps"])
        shown = self._last or self._shown()
        return self._renderer.draw(picture_of(self.scenario, *shown))

    def _shown(self, decision=None):
        """What there is to see of the slot observed now, and of a decision for it."""
        number, slot = int(self.simulator.slot_index[0]) + 1, self.slot
        return self.simulator.world(), number, slot, decision, self._trail.seen(number, slot)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def decision(self, action: ArrayLike) -> NDArray[np.int64]:
        """The decision (N,) int64 that an action comes to in the slot observed now.

        Raises
        ------
        ValueError
            As :meth:`step` does.
        """
        mode, admission, retries, reserves = self.options.judging
        return self.simulator.decision(self._action(action), mode, 0, admission, retries, reserves)

    def prices(self, action: ArrayLike) -> NDArray[np.float64]:
        """Prices that servers ask by an action of the mode ``prices``, (M,) per root of a cycle.

        Raises
        ------
        ValueError
            As :meth:`step` does, and for an environment that does not act by prices.
        """
        return self._asked(action)[0]

    def weights(self, action: ArrayLike) -> NDArray[np.float64]:
        """How much an action of the mode ``prices`` weighs what the coupling adds, (M,).

        A migration and the wait in a queue count that many times. With batteries the weight is the
        cost of a joule [weighted s].

        Raises
        ------
        ValueError
            As :meth:`prices` does, and without a coupling.
        """
        if coupling_of(self.scenario) == "none":
            raise ValueError("weights: there are none, for nothing passes from slot to slot")
        return self._asked(action)[1]

    def _asked(self, action):
        if self.actions != "prices":
            raise ValueError(
                f"actions = {self.actions!r}: only an environment of 'prices' asks any"
            )
        return self.simulator.prices(self._action(action))

    def _action(self, action):
        return as_action(action, self.options.mode, self.action_space.shape)
