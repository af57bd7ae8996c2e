"""The agents' networks: shapes, one agent alone, losses (14), (16), (17) by hand, permutations."""

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import Settings
from dirs_solver.dirs.agents import Agents, cross_entropy, losses, shares, squared_norms, targets
from dirs_solver.dirs.policy import DIRSPolicy
from dirs_solver.dirs.training import Trainer
from mec_env.laws.actions import vote
from mec_env.simulator import observation
from tests.helpers import UNEQUAL

torch.set_num_threads(1)

SMALL = mec_env.Scenario(mecs=3, iotds=5)


def slots_of(scenario, count=4):
    env = mec_env.MECEnv(scenario, slots=1000)
    seen = [env.reset(seed=1)[0]]
    for _ in range(count - 1):
        seen.append(env.step(np.zeros(scenario.iotds, dtype=np.int64))[0])
    return np.array(seen)


@pytest.mark.parametrize("inputs", ["gains", "gains+tasks"])
@pytest.mark.parametrize("scenario", [SMALL, mec_env.Scenario(**UNEQUAL)], ids=["equal", "unequal"])
def test_the_batched_agents_are_a_loop_over_agents_alone(scenario, inputs):
    agents = Agents(scenario, (7, 6), inputs, seed=3)
    seen = slots_of(scenario, 20)
    agents.fit_inputs(seen)
    batched = agents(torch.from_numpy(seen)).detach().numpy()
    for j in range(3):
        own = np.array([observation.of_server(o, scenario, j) for o in seen])
        alone = agents.alone(j)(torch.from_numpy(own)).numpy()
        np.testing.assert_allclose(alone, batched[j], atol=1e-6)


def test_one_agent_is_the_plain_formula():
    agents = Agents(SMALL, (7, 6), seed=3)
    seen = slots_of(SMALL, 20)
    agents.fit_inputs(seen)
    x = (seen[:, 5:10] - seen[:, 5:10].mean(axis=0)) / seen[:, 5:10].std(axis=0)
    for layer in range(3):
        x = x @ agents.weights[layer][1].detach().numpy()
        x = np.maximum(x, 0) if layer < 2 else 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(agents(torch.from_numpy(seen))[1].detach().numpy(), x, atol=1e-5)


def test_inputs_are_standardised_and_constant_ones_become_zero():
    scenario = mec_env.Scenario(**{**UNEQUAL, "tasks": "world"})
    agents = Agents(scenario, (7, 6), "gains+tasks")
    seen = torch.from_numpy(slots_of(scenario, 50))
    agents.fit_inputs(seen.numpy())
    x = (agents.columns(seen) - agents.mean) / agents.deviation
    np.testing.assert_allclose(x[:, :, :5].mean(dim=1), 0, atol=1e-5)
    np.testing.assert_allclose(x[:, :, :5].std(dim=1, correction=0), 1, atol=1e-4)
    np.testing.assert_allclose(x[:, :, 5:], 0, atol=1e-4)


def test_the_papers_example_of_a_vote():
    decision = np.empty(1, dtype=np.int64)
    gain = np.ones((3, 1), dtype=np.float32)
    assert vote(np.array([0.7, 0.8, 0.2], dtype=np.float32), gain, decision)
    assert decision[0] == 2
    assert vote(np.array([0.4, 0.49, 0.2], dtype=np.float32), gain, decision)
    assert decision[0] == 0


def test_targets_say_who_should_have_asked():
    target = targets(torch.tensor([[0, 1, 3], [2, 2, 1]]), 3)
    np.testing.assert_array_equal(target[:, 0], [[0, 1, 0], [0, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(target[:, 1], [[0, 0, 1], [1, 1, 0], [0, 0, 0]])


def test_cross_entropy_by_hand():
    pi, a = np.array([0.7, 0.2]), np.array([1.0, 0.0])
    logits = torch.tensor(np.log(pi / (1 - pi)))[None, None]
    target = torch.tensor(a)[None, None]
    expected = -np.log(0.7) - np.log(0.8)
    assert float(cross_entropy(logits, target)) == pytest.approx(expected)
    assert float(cross_entropy(logits, target, "mean")) == pytest.approx(expected / 2)
    extreme = cross_entropy(torch.tensor([[[500.0, -500.0]]]), torch.tensor([[[0.0, 0.0]]]))
    assert float(extreme) == pytest.approx(500.0)


def test_the_loss_averages_each_kind_and_weighs_the_agents_own():
    agents = Agents(SMALL, (2, 2), seed=1)
    entropy = torch.tensor([[1.0, 2.0, 6.0], [0.0, 4.0, 8.0], [1.0, 1.0, 1.0]])
    norm = [sum(float((p[j].detach() ** 2).sum()) for p in agents.parameters()) for j in range(3)]
    share = shares(torch.tensor([True, True, False]), 0.5)
    found = losses(agents, entropy, share, 0.1).detach()
    # (1 + 2) / 2 + 0.5 * 6 + 0.1 ||theta||^2 and so on: (16).
    expected = [1.5 + 3 + 0.1 * norm[0], 2 + 4 + 0.1 * norm[1], 1 + 0.5 + 0.1 * norm[2]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # Demonstrations alone: (14). The agents' own alone: lambda_2 (17).
    np.testing.assert_allclose(shares(torch.tensor([True, True]), 0.5), [0.5, 0.5])
    np.testing.assert_allclose(shares(torch.tensor([False, False]), 0.5), [0.25, 0.25])


@pytest.mark.parametrize("settings", [Settings(), Settings(loss="LD", loss_over_devices="mean")])
def test_an_update_is_adams_step_on_the_slope_of_equation_16(settings):
    settings = settings.replace(hidden=(7, 6), batch=8, weight_decay=0.01)
    trainer, other = (Trainer(SMALL, settings, 2) for _ in range(2))
    seen = slots_of(SMALL, 6)
    decisions = np.random.default_rng(0).integers(0, 4, (6, 5))
    for t in (trainer, other):
        t.replay.add_demonstrations(seen[:3], decisions[:3])
        for row in range(3, 6):
            t.replay.add(seen[row], decisions[row])
    places = other.replay.sample(8, 2, 0)
    agents = other.agents
    logits = agents.logits(torch.from_numpy(seen[places]))
    target = targets(torch.from_numpy(decisions[places]), 3)
    entropy = cross_entropy(logits, target, settings.loss_over_devices)
    share = shares(torch.from_numpy(places < 3), settings.agent_weight)
    decay = 0.01 if settings.loss == "L1" else 0.0
    loss = losses(agents, entropy, share, decay)
    plain = torch.optim.Adam(agents.parameters(), lr=1e-3)
    loss.sum().backward()
    plain.step()
    np.testing.assert_allclose(trainer.update(), loss.detach(), rtol=1e-6)
    for a, b in zip(trainer.agents.parameters(), agents.parameters()):
        np.testing.assert_allclose(a.detach(), b.detach(), atol=2e-6)
    np.testing.assert_allclose(trainer.replay.loss[places], entropy.detach().mean(dim=0), rtol=1e-5)


def test_agents_start_unlike_each_other_with_glorots_weights():
    agents = Agents(mec_env.Scenario(mecs=3, iotds=50), (60, 40), seed=5)
    first = agents.weights[0].detach()
    assert not torch.equal(first[0], first[1])
    assert float(first.abs().max()) <= np.sqrt(6 / 110)
    assert float(first.var()) == pytest.approx(2 / 110, rel=0.05)
    np.testing.assert_allclose(
        squared_norms(agents).detach(),
        sum((p.detach() ** 2).sum(dim=(1, 2)) for p in agents.parameters()),
        rtol=1e-5,
    )


def test_permuting_the_servers_permutes_the_agents():
    settings = Settings(hidden=(9, 8), batch=16)
    order = np.array([2, 0, 1])
    seen = slots_of(SMALL, 12)
    decisions = np.random.default_rng(1).integers(0, 4, (12, 5))
    moved_seen = seen.reshape(12, 3, 5)[:, order].reshape(12, 15)
    # What went to server order[k] goes to server k of the permuted world.
    place = np.concatenate([[0], np.argsort(order) + 1])
    plain, moved = (Trainer(SMALL, settings, 4) for _ in range(2))
    with torch.no_grad():
        for parameter in moved.agents.parameters():
            parameter.copy_(parameter[order])
    for trainer, s, d in ((plain, seen, decisions), (moved, moved_seen, place[decisions])):
        trainer.agents.fit_inputs(s)
        trainer.replay.add_demonstrations(s, d)
        for _ in range(30):
            trainer.update()
    votes = [
        DIRSPolicy(plain.agents, SMALL).votes(seen),
        DIRSPolicy(moved.agents, SMALL).votes(moved_seen),
    ]
    np.testing.assert_array_equal(place[votes[0]], votes[1])
    assert len(np.unique(votes[1])) > 1
    np.testing.assert_allclose(
        plain.agents.weights[0].detach()[order], moved.agents.weights[0].detach(), atol=1e-4
    )
