"""The same world column by column: a PettingZoo environment of servers or of devices.

One ``MEC-v0`` runs underneath; this view only hands out its observation in
parts and puts the agents' actions together.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec

from mec_env import checks
from mec_env.laws.actions import MODE_OF_AGENTS, MODES
from mec_env.physics.slot import Slot
from mec_env.scenario.named import KEYWORDS, ScenarioLike
from mec_env.simulator import features, observation
from mec_env.views.gym_env import MECEnv
from mec_env.views.options import Options

AGENTS = ("servers", "devices")
# By agent: observations, rewards, terminated, truncated, infos.
Step = tuple[
    dict[str, NDArray[np.float32]],
    dict[str, float],
    dict[str, bool],
    dict[str, bool],
    dict[str, dict[str, Any]],
]


class MECParallelEnv(ParallelEnv):
    """Servers that score devices, or devices that choose servers, all at once.

    Agents
        ``agents="servers"`` (the paper's): ``mec_0`` … ``mec_{M-1}``;
        ``agents="devices"``: ``iotd_0`` … ``iotd_{N-1}``.
    Observation
        ``Box``, float32, flat; the same Space for all agents. A server sees its own gains (N) and
        the slot's tasks, a device its own gains (M) and its own task: see
        :mod:`mec_env.simulator.observation`. No agent sees another's column.
    Action
        Servers: ``Box(0, 1, (N,))``, scores; each device goes to the server with
        its highest score if that is at least 0.5 (the paper's vote). With
        ``actions="prices"``: ``Box(-1, 1, (1,))``, the server's price, as in ``MEC-v0``.
        Devices: ``Discrete(M + 1)``, 0 runs locally.
    Reward
        The global reward of ``MEC-v0``, the same for all agents.
    Infos
        Those of ``MEC-v0``, the same for all agents, and ``TimeLimit.truncated``: whether the last
        episode that ended was truncated. It stays from the last step of an episode to the first
        step of the next, so that a trainer that resets within the step and merges both infos still
        sees it.
    End
        All agents are truncated together after ``slots`` slots.

    Parameters
    ----------
    scenario, render_mode, observe, admission, nominal, span, retries, broadcasts, **fields
        As in :class:`mec_env.views.gym_env.MECEnv`; ``max_cycles`` is ``slots``.
    agents : str
        ``servers`` or ``devices``.
    actions : str, optional
        ``scores`` (by default) or ``prices`` of servers; ``decisions`` of devices.
    """

    metadata = {**MECEnv.metadata, "name": "mec_v0", "is_parallelizable": True}

    def __init__(
        self,
        scenario: ScenarioLike = None,
        agents: str = "servers",
        render_mode: str | None = None,
        actions: str | None = None,
        observe: str = "columns",
        admission: bool | None = None,
        nominal: str = "pooled",
        span: float | None = None,
        retries: int = 0,
        broadcasts: int | Sequence[float] = 0,
        **fields: Any,
    ) -> None:
        checks.keywords(MECParallelEnv.__init__, fields, KEYWORDS)
        self._who = checks.known("agents", agents, AGENTS)
        actions = MODE_OF_AGENTS[agents] if actions is None else actions
        if MODES[checks.known("actions", actions, MODES)].agents != agents:
            theirs = [name for name, mode in MODES.items() if mode.agents == agents]
            raise ValueError(f"actions = {actions!r}: {agents} act by {' or '.join(theirs)}")
        if observe == "features" and agents == "devices":
            raise ValueError("observe = 'features': are of servers; devices observe 'columns'")
        self._env = MECEnv(
            scenario,
            actions,
            render_mode,
            observe,
            admission,
            nominal,
            span,
            retries,
            broadcasts,
            **fields,
        )
        self.scenario = self._env.scenario
        self.render_mode = render_mode
        n, m = self.scenario.iotds, self.scenario.mecs
        if agents == "servers":
            self.possible_agents = [f"mec_{j}" for j in range(m)]
            self._part = observation.of_server
        else:
            self.possible_agents = [f"iotd_{i}" for i in range(n)]
            self._part = observation.of_device
        if observe == "features":
            self._part = features.of_server
        # One Space object per agent, so that each has its own random stream.
        options = self._env.options
        seen = options.observation_space(self.scenario, agents)
        self.action_spaces = {
            agent: options.mode.agent_space(self.scenario) for agent in self.possible_agents
        }
        self.observation_spaces = {
            agent: gymnasium.spaces.Box(seen.low, seen.high) for agent in self.possible_agents
        }
        self.state_space = self._env.observation_space
        self.agents: list[str] = []
        self._state: Any = None
        self._was_truncated = False

    @classmethod
    def for_evaluation(
        cls, scenario: ScenarioLike, agents: str = "servers", **options: Any
    ) -> "MECParallelEnv":
        """The environment of the evaluation suites: its draws have none in common with training."""
        env = cls(scenario, agents, **options)
        env._env = MECEnv.for_evaluation(env.scenario, **env._env.options._asdict())
        return env

    @property
    def options(self) -> Options:
        """How its agents act and observe."""
        return self._env.options

    def prices(self, actions: dict[str, Any]) -> NDArray[np.float64]:
        """Prices that the servers' actions ask, (M,) per root of a cycle; see ``MECEnv.prices``."""
        return self._env.prices(self._joint(actions))

    def weights(self, actions: dict[str, Any]) -> NDArray[np.float64]:
        """The servers' weights of what a coupling adds, (M,); see ``MECEnv.weights``."""
        return self._env.weights(self._joint(actions))

    @property
    def slot(self) -> Slot:
        """The :class:`mec_env.Slot` observed now."""
        return self._env.slot

    @property
    def np_random(self) -> np.random.Generator:
        """The generator of ``MEC-v0``, for wrappers that draw; no slot depends on it."""
        return self._env.np_random

    @np_random.setter
    def np_random(self, generator: np.random.Generator) -> None:
        self._env.np_random = generator

    def observation_space(self, agent: str) -> gymnasium.Space[Any]:
        """The agent's observation Space, the same object every time."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        """The agent's action Space, the same object every time."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, dict[str, Any]]]:
        """Begin an episode; see :meth:`mec_env.views.gym_env.MECEnv.reset`.

        Returns
        -------
        observations, infos : dict by agent
        """
        self._state, info = self._env.reset(seed=seed, options=options)
        self.agents = self.possible_agents[:]
        return self._observations(), self._infos(info)

    def step(self, actions: dict[str, Any]) -> Step:
        """Judge the agents' actions and go on to the next slot.

        Parameters
        ----------
        actions : dict by agent

        Returns
        -------
        observations, rewards, terminations, truncations, infos : dict by agent

        Raises
        ------
        gymnasium.error.ResetNeeded
            Before the first reset or after the end.
        ValueError
            If an agent's action is missing or not allowed, or an agent is
            unknown; the episode stands where it stood.
        """
        if not self.agents:
            raise gymnasium.error.ResetNeeded(
                "step: the episode is over or never began; call reset() first"
            )
        joint = self._joint(actions)
        self._state, reward, terminated, truncated, info = self._env.step(joint)
        self._was_truncated = truncated
        results = (
            self._observations(),
            dict.fromkeys(self.agents, reward),
            dict.fromkeys(self.agents, terminated),
            dict.fromkeys(self.agents, truncated),
            self._infos(info),
        )
        if truncated:
            self.agents = []
        return results

    def decision(self, actions: dict[str, Any]) -> NDArray[np.int64]:
        """The decision (N,) int64 that the agents' actions come to in the slot observed now.

        Raises
        ------
        ValueError
            As :meth:`step` does.
        """
        joint = self._joint(actions)
        return self._env.decision(joint)

    def state(self) -> NDArray[np.float32]:
        """The whole observation, as ``MEC-v0`` gives it."""
        if self._state is None:
            raise gymnasium.error.ResetNeeded(
                "state: there is none before reset(); call reset() first"
            )
        return self._state

    def render(self) -> Any:
        """See :meth:`mec_env.views.gym_env.MECEnv.render`."""
        return self._env.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._env.close()

    def _joint(self, actions):
        """The agents' actions in one array: scores server by server, or each device's choice."""
        missing = [agent for agent in self.agents if agent not in actions]
        if missing:
            raise ValueError(f"actions: none for {missing[0]!r}, every agent must act")
        for agent in actions:
            checks.known("agent", agent, self.action_spaces)
        columns = [self._column(agent, actions[agent]) for agent in self.agents]
        return np.concatenate(columns) if self._who == "servers" else np.array(columns)

    def _column(self, agent, action):
        """An agent's action as an array, checked here so that a message can name the agent."""
        column, space = np.asarray(action), self.action_spaces[agent]
        where = f"actions[{agent!r}]"
        if column.shape != space.shape:
            raise ValueError(f"{where}: shape {column.shape}, must be {space.shape}")
        if self._who == "servers":
            if column.dtype.kind not in "fiu" or np.isnan(column).any():
                raise ValueError(f"{where} = {action!r}: must be numbers")
        elif column.dtype.kind not in "iu" or not 0 <= column < space.n:
            raise ValueError(
                f"{where} = {action!r}: must be an integer from 0 (local) to {space.n - 1}"
            )
        return column

    def _observations(self):
        found = (
            None if self._env.options.observe == "features" else observation.parts(self.scenario)
        )
        return {
            agent: self._part(self._state, self.scenario, k, found)
            for k, agent in enumerate(self.possible_agents)
        }

    def _infos(self, info):
        info = {**info, "TimeLimit.truncated": self._was_truncated}
        # A dict each: wrappers write into them.
        return {agent: dict(info) for agent in self.possible_agents}


def parallel_env(
    scenario: ScenarioLike = None,
    agents: str = "servers",
    render_mode: str | None = None,
    **options: Any,
) -> MECParallelEnv:
    """The parallel environment; see :class:`MECParallelEnv`."""
    return MECParallelEnv(scenario, agents, render_mode, **options)


def raw_env(
    scenario: ScenarioLike = None,
    agents: str = "servers",
    render_mode: str | None = None,
    **options: Any,
) -> AECEnv:
    """The same as an AEC environment: agents act in turn, the slot is judged after the last."""
    return parallel_to_aec(MECParallelEnv(scenario, agents, render_mode, **options))


env = raw_env
