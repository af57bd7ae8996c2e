"""RLlib, in an environment of its own: it learns, with servers and with devices as agents."""

import numpy as np
import pytest
import torch

pytest.importorskip("ray.rllib")
from dirs_solver import find_learner
from dirs_solver.plugins.rllib.env import PricedServers
from dirs_solver.shared.priced_rows import PricedRows
from tests.others.playing import TINY, said_by, trained

torch.set_num_threads(1)


def test_it_learns_to_ask_better_prices():
    learner = trained("rllib-ppo-prices", 8_000, learning_rate=3e-3)
    assert learner.best < learner.first


def test_rollouts_are_whole_with_more_servers_than_a_batch_has_minibatches():
    # 8 servers: a minibatch of 128 slots is 1,024 agents' steps, of a rollout of 512 slots.
    steps, step = [], PricedServers.step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PricedServers, "step", lambda *a: steps.append(0) or step(*a))
        learner = find_learner("rllib-ppo-prices")()
        learner.learn(TINY.replace(mecs=8), 0, 1024)
    assert len(steps) == 1024
    assert learner.policy is not None


def test_its_servers_are_the_rows_of_one_world():
    reported = []
    env = PricedServers({"rows": lambda: PricedRows(TINY, 1), "report": reported.append})
    rows = PricedRows(TINY, 1)
    seen, _ = env.reset(seed=4)
    assert np.array_equal(np.stack(list(seen.values())), rows.reset(4)[0])
    asked = {agent: np.float32([0.1 * j]) for j, agent in enumerate(env.agents)}
    seen, rewards, terminated, truncated, _ = env.step(asked)
    after, reward, _, objective = rows.step(np.float32([[[0.0], [0.1], [0.2]]]))
    assert np.array_equal(np.stack(list(seen.values())), after[0])
    assert rewards == dict.fromkeys(env.agents, reward[0]) and reported == [objective[0]]
    assert not any(terminated.values()) and not truncated["__all__"]


def test_an_episode_ends_by_truncation_for_all():
    env = PricedServers({"rows": lambda: PricedRows(TINY, 1), "report": [].append})
    env.reset(seed=0)
    same = {agent: np.zeros(1, np.float32) for agent in env.agents}
    ends = [env.step(same)[3]["__all__"] for _ in range(TINY.slots)]
    assert ends == [False] * (TINY.slots - 1) + [True]


@pytest.mark.parametrize("view", ["servers", "devices"])
def test_the_example_runs(view):
    assert "return " in said_by("rllib_ppo.py", "1", view)
