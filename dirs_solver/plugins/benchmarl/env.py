"""A batch of worlds as one TorchRL environment of servers.

TorchRL's wrapper of a PettingZoo environment copies every agent's every entry by itself
and reaches about a hundred slots a second at eight servers. Here a step is one call of the
batched simulator and a few tensors, for all worlds and servers together.
"""

from dataclasses import dataclass

import numpy as np
import torch
from tensordict import TensorDict
from torchrl.data import Binary, Bounded, Composite, Unbounded
from torchrl.envs import EnvBase, ObservationNorm, Transform

from dirs_solver.plugins.benchmarl.task import MECTask
from mec_env.simulator import observation
from mec_env.views.vector_env import MECVectorEnv

GROUP = "mec"


class Batched(EnvBase):
    """What every batch of worlds has in common: its ends, its resets and what is said of a slot.

    A subclass sets ``_env``, a :class:`mec_env.MECVectorEnv`, calls ``_specify``, and gives
    ``_entries``, what agents and critics see, and ``_judged``, a step's results for their actions.
    """

    def _specify(self, seen, action, seed, **more):
        """Say what is seen and acted, (E, M, ...) each, and what else there is to see."""
        rows, servers = seen.shape[:2]
        self._seed = seed
        self.group_map = {GROUP: [f"mec_{j}" for j in range(servers)]}
        self.observation_spec = Composite(
            {
                GROUP: Composite(observation=seen, shape=(rows, servers)),
                "info": Composite(objective=Unbounded((rows, 1)), shape=(rows,)),
                **more,
            },
            shape=(rows,),
        )
        self.action_spec = Composite(
            {GROUP: Composite(action=action, shape=(rows, servers))}, shape=(rows,)
        )
        reward = Unbounded((rows, servers, 1))
        self.reward_spec = Composite(
            {GROUP: Composite(reward=reward, shape=(rows, servers))}, shape=(rows,)
        )
        ends = ("done", "terminated", "truncated")
        self.done_spec = Composite(
            {end: Binary(shape=(rows, 1), dtype=torch.bool) for end in ends}, shape=(rows,)
        )

    def _reset(self, tensordict=None, **options):
        mask = None if tensordict is None else tensordict.get("_reset", None)
        mask = np.ones(self.batch_size[0], bool) if mask is None else mask.numpy().reshape(-1)
        observed = self._begin(self._seed, mask)
        # A seed is given once; later resets begin the next episode of the same rows.
        self._seed = None
        off = torch.zeros(self.batch_size + (1,), dtype=torch.bool)
        return self._observed(observed, torch.zeros(self.batch_size), off)

    def _begin(self, seed, mask):
        """Observations (E, size) after a reset of the rows in ``mask``."""
        return self._env.reset(seed=seed, options={"reset_mask": mask})[0]

    def _step(self, tensordict):
        actions = tensordict[GROUP, "action"].flatten(1).numpy()
        observed, reward, _, truncated, infos = self._judged(actions)
        ended = torch.from_numpy(truncated)[:, None]
        out = self._observed(observed, torch.from_numpy(infos["objective"]), ended)
        reward = torch.from_numpy(reward).float()[:, None, None]
        out[GROUP, "reward"] = reward.expand(-1, len(self.group_map[GROUP]), 1).clone()
        return out

    def _judged(self, actions):
        """What the environment answers to actions (E, M * entries)."""
        return self._env.step(actions)

    def _observed(self, observed, objective, ended):
        seen, more = self._entries(observed)
        return TensorDict(
            {
                GROUP: TensorDict({"observation": seen}, seen.shape[:2]),
                "info": TensorDict({"objective": objective.float()[:, None]}, self.batch_size),
                "done": ended,
                "terminated": torch.zeros_like(ended),
                "truncated": ended.clone(),
                **more,
            },
            self.batch_size,
        )

    def _set_seed(self, seed):
        self._seed = seed


class BatchedServers(Batched):
    """E worlds whose servers score the devices; row k equals the parallel environment of seed + k.

    ==================================  ================  =========================================
    key                                 shape             meaning
    ==================================  ================  =========================================
    ("mec", "observation")              (E, M, observed)  what each server sees, float32
    "state"                             (E, size)         the whole observation, float32
    ("mec", "action")                   (E, M, N)         scores in [0, 1], float32
    ("mec", "reward")                   (E, M, 1)         the global reward, for each server the same
    ("info", "objective")               (E, 1)            of the slot just judged, 0 after a reset
    "done", "terminated", "truncated"   (E, 1)            all rows end together, by truncation
    ==================================  ================  =========================================

    Parameters
    ----------
    scenario : mec_env.Scenario
    rows : int
        E.
    seed : int
        Row k has the seed ``seed + k``.
    """

    def __init__(self, scenario, rows, seed, device="cpu"):
        super().__init__(device=device, batch_size=[rows])
        self._env = MECVectorEnv(rows, scenario, "scores", autoreset_mode="Disabled", threads=1)
        self._columns = server_columns(scenario)
        n, m = scenario.iotds, scenario.mecs
        low, high = (torch.from_numpy(end) for end in observation.bounds(scenario))
        columns = torch.from_numpy(self._columns)
        self._specify(
            Bounded(low[columns].expand(rows, m, -1), high[columns].expand(rows, m, -1)),
            Bounded(0.0, 1.0, (rows, m, n)),
            seed,
            state=Bounded(low.expand(rows, -1), high.expand(rows, -1)),
        )

    def _entries(self, observed):
        return torch.from_numpy(observed[:, self._columns]), {"state": torch.from_numpy(observed)}


@dataclass
class RewardStandard:
    """By what a reward is standardised; may be set once the first actors are known."""

    mean: float = 0.0
    deviation: float = 1.0


class StandardisedReward(Transform):
    """The environment's reward, standardised by a :class:`RewardStandard`."""

    def __init__(self, standard):
        super().__init__(in_keys=[(GROUP, "reward")], out_keys=[(GROUP, "reward")])
        self._standard = standard

    def _apply_transform(self, reward):
        return (reward - self._standard.mean) / self._standard.deviation


class BatchedTask(MECTask):
    """The same task for BenchMARL, its environments one batch, its numbers fit for networks.

    ``config`` holds the ``scenario`` (a Scenario), the ``mean`` and ``deviation`` (size,) by
    which observations are standardised, the ``critic_scale`` that the critic's are then multiplied
    by, and the ``reward_standard`` of the rewards.
    """

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        return lambda: BatchedServers(self.config["scenario"], num_envs, seed, device)

    def max_steps(self, env):
        return self.config["scenario"].slots

    def get_env_transforms(self, env):
        mean, deviation = self.config["mean"], self.config["deviation"]
        columns = server_columns(self.config["scenario"])

        def standardised(key, places, scale):
            loc, deviations = (torch.from_numpy(array[places]) for array in (mean, deviation))
            return ObservationNorm(loc, deviations / scale, [key], standard_normal=True)

        return [
            standardised("state", slice(None), self.config["critic_scale"]),
            standardised((GROUP, "observation"), columns, 1.0),
            StandardisedReward(self.config["reward_standard"]),
        ]


def server_columns(scenario):
    """Where each server's observation stands in the whole one: (M, observed) int64."""
    places = np.arange(observation.size(scenario))
    servers = range(scenario.mecs)
    return np.stack([observation.of_server(places, scenario, j) for j in servers])
