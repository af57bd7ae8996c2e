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


class BatchedServers(EnvBase):
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
        self._columns, self._seed = server_columns(scenario), seed
        n, m = scenario.iotds, scenario.mecs
        self.group_map = {GROUP: [f"mec_{j}" for j in range(m)]}
        low, high = (torch.from_numpy(end) for end in observation.bounds(scenario))
        columns = torch.from_numpy(self._columns)
        seen = Bounded(low[columns].expand(rows, m, -1), high[columns].expand(rows, m, -1))
        self.observation_spec = Composite(
            {
                GROUP: Composite(observation=seen, shape=(rows, m)),
                "state": Bounded(low.expand(rows, -1), high.expand(rows, -1)),
                "info": Composite(objective=Unbounded((rows, 1)), shape=(rows,)),
            },
            shape=(rows,),
        )
        scores, reward = Bounded(0.0, 1.0, (rows, m, n)), Unbounded((rows, m, 1))
        self.action_spec = Composite(
            {GROUP: Composite(action=scores, shape=(rows, m))}, shape=(rows,)
        )
        self.reward_spec = Composite(
            {GROUP: Composite(reward=reward, shape=(rows, m))}, shape=(rows,)
        )
        ends = ("done", "terminated", "truncated")
        self.done_spec = Composite(
            {end: Binary(shape=(rows, 1), dtype=torch.bool) for end in ends}, shape=(rows,)
        )

    def _reset(self, tensordict=None, **options):
        mask = None if tensordict is None else tensordict.get("_reset", None)
        mask = np.ones(self._env.num_envs, bool) if mask is None else mask.numpy().reshape(-1)
        observed, _ = self._env.reset(seed=self._seed, options={"reset_mask": mask})
        # A seed is given once; later resets begin the next episode of the same rows.
        self._seed = None
        off = torch.zeros(self.batch_size + (1,), dtype=torch.bool)
        return self._observed(observed, torch.zeros(self.batch_size), off)

    def _step(self, tensordict):
        scores = tensordict[GROUP, "action"].flatten(1).numpy()
        observed, reward, _, truncated, infos = self._env.step(scores)
        ended = torch.from_numpy(truncated)[:, None]
        out = self._observed(observed, torch.from_numpy(infos["objective"]), ended)
        servers = self._columns.shape[0]
        reward = torch.from_numpy(reward).float()[:, None, None].expand(-1, servers, 1)
        out[GROUP, "reward"] = reward.clone()
        return out

    def _observed(self, observed, objective, ended):
        return TensorDict(
            {
                GROUP: TensorDict(
                    {"observation": torch.from_numpy(observed[:, self._columns])},
                    (*self.batch_size, len(self._columns)),
                ),
                "state": torch.from_numpy(observed),
                "info": TensorDict({"objective": objective.float()[:, None]}, self.batch_size),
                "done": ended,
                "terminated": torch.zeros_like(ended),
                "truncated": ended.clone(),
            },
            self.batch_size,
        )

    def _set_seed(self, seed):
        self._seed = seed


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
