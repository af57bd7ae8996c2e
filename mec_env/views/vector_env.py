"""``MEC-v0`` in batches: E worlds stepped together, a Gymnasium vector environment."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mec_env import checks
from mec_env.draws import streams
from mec_env.laws.actions import as_action
from mec_env.physics.slot import Slot
from mec_env.scenario.named import KEYWORDS, ScenarioLike, resolve
from mec_env.views.gym_env import MECEnv
from mec_env.views.options import Options
from mec_env.views.spec import PlainSpec
from mec_env.views.trail import Trail


class MECVectorEnv(PlainSpec, VectorEnv):
    """A batch of ``MEC-v0``; row k equals a single environment with seed ``seed + k``.

    Observations are (E, size) float32, rewards (E,) float64, ends (E,) bool;
    ``infos`` holds arrays (E,) under the single environment's keys, each with its
    mask ``_key`` as Gymnasium has it.

    Parameters
    ----------
    num_envs : int
        E, 1 or more.
    scenario, actions, observe, admission, nominal, span, retries, broadcasts, **fields
        As in :class:`mec_env.views.gym_env.MECEnv`.
    autoreset_mode : gymnasium.vector.AutoresetMode or str
        ``NextStep`` (the step after an episode's end resets the row and gives
        reward 0), ``SameStep`` (the ending step returns the next episode's
        first observation, and ``infos["final_obs"]``, ``infos["final_info"]`` the
        ended one's), or ``Disabled`` (you reset rows with
        ``reset(options={"reset_mask": mask})``). As a string by name or value, in
        any case.
    render_mode : str, optional
        ``rgb_array``.
    threads : int, optional
        Threads that share a step; all that this process may use by default,
        where the batch is large enough. Results don't depend on it.
    """

    metadata = {
        "render_modes": ["rgb_array"],
        "render_fps": MECEnv.metadata["render_fps"],
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        scenario: ScenarioLike = None,
        actions: str = "decisions",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
        render_mode: str | None = None,
        observe: str = "columns",
        admission: bool | None = None,
        nominal: str = "pooled",
        span: float | None = None,
        retries: int = 0,
        broadcasts: int | Sequence[float] = 0,
        **fields: Any,
    ) -> None:
        checks.keywords(MECVectorEnv.__init__, fields, KEYWORDS)
        if render_mode is not None:
            checks.known("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.num_envs = checks.integer("num_envs", num_envs, 1)
        self.scenario = resolve(scenario, **fields)
        self.options = Options.checked(
            actions, observe, admission, nominal, span, retries, broadcasts
        )
        self.actions = actions
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        if threads is not None:
            threads = checks.integer("threads", threads, 1)
        self.single_observation_space = self.options.observation_space(self.scenario)
        self.single_action_space = self.options.mode.space(self.scenario)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.simulator = self.options.simulator(self.scenario, rows=self.num_envs, threads=threads)
        self._info = self.options.info(self.scenario)
        self._seeded = False
        self._ended = np.zeros(self.num_envs, dtype=bool)
        self._observed: Any = None
        self._last = [None] * self.num_envs
        self._trails = [Trail() for _ in range(self.num_envs)]
        self._renderer: Any = None

    def slot(self, row: int) -> Slot:
        """The :class:`mec_env.Slot` that a row observes now."""
        if not self._seeded:
            raise gymnasium.error.ResetNeeded(
                "slot: there is none before reset(); call reset() first"
            )
        return self.simulator.slot(row)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode in every row, or in those of ``options["reset_mask"]``.

        Parameters
        ----------
        seed : int or sequence of E (int or None), optional
            An integer s gives row k the seed s + k.
        options : dict, optional
            ``reset_mask``: (E,) bool.

        Returns
        -------
        observations, infos
        """
        mask = self._mask(options)
        seeds = self._seeds(seed)
        for known in seeds:
            # All before any, so that a bad one leaves every row where it stood.
            if known is not None:
                streams.seed_key(known)
        for row in np.flatnonzero(mask):
            if seeds[row] is not None:
                self.simulator.seed(int(row), seeds[row])
        self._seeded = True
        if self._observed is None:
            self._observed = self._empty()
        observed = self._observed if mask.all() else self._observed.copy()
        if mask.all():
            observed = self._empty()
        self.simulator.reset(np.flatnonzero(mask), observed)
        self._ended[mask] = False
        self._nothing_decided(np.flatnonzero(mask))
        self._observed = observed
        infos = {}
        for key in self._info:
            infos[key] = np.zeros(self.num_envs)
            infos[f"_{key}"] = mask.copy()
        return observed.copy(), infos

    def step(
        self, actions: Any
    ) -> tuple[
        NDArray[np.float32],
        NDArray[np.float64],
        NDArray[np.bool_],
        NDArray[np.bool_],
        dict[str, Any],
    ]:
        """Judge one action per row and go on.

        Returns
        -------
        observations, rewards, terminations, truncations, infos
            Arrays of this call alone; later calls don't change them.

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset, or (``Disabled``) with ended rows not reset.
        ValueError
            For an action that is not allowed; no row has moved on then.
        """
        if not self._seeded:
            raise gymnasium.error.ResetNeeded("step: no episode has begun; call reset() first")
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise gymnasium.error.ResetNeeded(
                f"step: row {int(np.argmax(self._ended))} has ended; call "
                "reset(options={'reset_mask': ended rows}) first"
            )
        actions = as_action(actions, self.options.mode, self.action_space.shape)
        active = ~self._ended
        observed = self._empty()
        mode, admission, retries, reserves = self.options.judging
        if self.render_mode is not None:
            judged = [
                self._shown(
                    row,
                    self.simulator.decision(actions[row], mode, row, admission, retries, reserves),
                )
                if active[row]
                else None
                for row in range(self.num_envs)
            ]
        results = self.simulator.step(actions, active, observed, mode, admission, retries, reserves)
        truncated = active & (self.simulator.slot_index >= self.scenario.slots)
        if self.render_mode is not None:
            self._last = judged
        infos, all_rows = {}, np.ones(self.num_envs, dtype=bool)
        for key in self._info:
            infos[key], infos[f"_{key}"] = getattr(results, key), all_rows
        if self._ended.any():
            self.simulator.reset(np.flatnonzero(self._ended), observed)
            self._nothing_decided(np.flatnonzero(self._ended))
        self._ended = truncated.copy()
        if self.autoreset_mode == AutoresetMode.SAME_STEP and truncated.any():
            infos = self._start_next(truncated, observed, infos)
        self._observed = observed
        return observed, results.reward, np.zeros(self.num_envs, dtype=bool), truncated, infos

    def render(self) -> Any:
        """The rows' pictures, each of the slot that was decided last; after a reset, of the one observed.

        Returns
        -------
        mec_env.views.frames.Frames or None
            A sequence of E (height, width, 3) uint8 arrays, as Gymnasium has it. A row is drawn
            when it is asked for; ``.tiled(rows=4)`` is one picture of the first rows.

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset.
        """
        if self.render_mode is None:
            gymnasium.logger.warn(
                "render: no render_mode was given; use gymnasium.make_vec(..., render_mode='rgb_array')"
            )
            return None
        # Drawing is an extra; training never pays for its import.
        from mec_env.views.frames import Frames
        from mec_env.views.picture import SlotRenderer, picture_of

        if self._renderer is None:
            self._renderer = SlotRenderer(self.render_mode)
        draw = self._renderer.draw
        shown = [last or self._shown(row) for row, last in enumerate(self._last)]
        return Frames(shown, lambda what: draw(picture_of(self.scenario, *what)))

    def _shown(self, row, decision=None):
        """What there is to see of the slot that a row observes now, and of a decision for it."""
        number, slot = int(self.simulator.slot_index[row]) + 1, self.slot(row)
        trail = self._trails[row].seen(number, slot)
        return self.simulator.world(row), number, slot, decision, trail

    def _nothing_decided(self, rows):
        if self.render_mode is not None:
            for row in rows:
                self._last[row] = None

    def _start_next(self, ended, observed, infos):
        """Reset ended rows within the step; their last observation and info become final."""
        rows = np.flatnonzero(ended)
        final_obs = np.full(self.num_envs, None, dtype=object)
        for row in rows:
            final_obs[row] = observed[row].copy()
        final_info = {}
        for key in self._info:
            final_info[key] = np.where(ended, infos[key], 0.0)
            final_info[f"_{key}"] = ended.copy()
            infos[key] = np.where(ended, 0.0, infos[key])
        self.simulator.reset(rows, observed)
        self._nothing_decided(rows)
        self._ended[:] = False
        return {
            "final_obs": final_obs, "_final_obs": ended.copy(),
            "final_info": final_info, "_final_info": ended.copy(), **infos,
        }  # fmt: skip

    def _empty(self):
        return np.empty((self.num_envs, self.simulator.observation_size), dtype=np.float32)

    def _mask(self, options):
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return np.ones(self.num_envs, dtype=bool)
        mask = np.asarray(mask)
        if mask.shape != (self.num_envs,) or mask.dtype != bool or not mask.any():
            raise ValueError(
                f"options['reset_mask']: {mask.dtype} of shape {mask.shape}, must be bool of shape "
                f"({self.num_envs},) with at least one True"
            )
        if not self._seeded and not mask.all():
            raise gymnasium.error.ResetNeeded("reset: the first reset must be of all rows")
        return mask

    def _seeds(self, seed):
        if seed is None:
            if self._seeded:
                return [None] * self.num_envs
            # No seed was ever given: take one from the operating system.
            seed = int(self.np_random.integers(2**62))
        if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
            return [int(seed) + row for row in range(self.num_envs)]
        seeds = list(seed) if checks.is_list(seed) else None
        if seeds is None or len(seeds) != self.num_envs:
            got = repr(seed) if seeds is None else f"{len(seeds)} seeds"
            raise ValueError(f"seed: {got}, must be one integer or {self.num_envs}")
        if not self._seeded:
            return [int(self.np_random.integers(2**62)) if s is None else s for s in seeds]
        return seeds


def _autoreset_mode(mode):
    """The mode of a name or a value in any case: ``SAME_STEP``, ``SameStep``, ``same_step``."""
    if isinstance(mode, AutoresetMode):
        return mode
    modes = {known.value.lower(): known for known in AutoresetMode}
    word = mode.replace("_", "").lower() if isinstance(mode, str) else None
    if word not in modes:
        checks.known("autoreset_mode", mode, [known.value for known in AutoresetMode])
    return modes[word]
