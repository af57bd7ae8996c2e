"""DIRS with admission: trained as without, decided by the servers among those who ask."""

import numpy as np
import pytest
import torch

import mec_env
from dirs_solver import DIRS, Settings, find_learner
from dirs_solver.dirs.distributed import save_agent
from dirs_solver.dirs.learner import DIRSCertified
from dirs_solver.shared import files
from mec_bench.cell import Cell, hash_of
from mec_env.judging.suite import Suite

torch.set_num_threads(1)

#: Slow servers, so that votes of agents that are hardly trained are worth correcting.
CROWDED = mec_env.Scenario(name="crowded", mecs=2, iotds=10, server_speed=2e9, slots=20)
SUITE = Suite("own", CROWDED, (0,), (0,))
FEW = Settings(
    hidden=(20, 16), batch=16, pretraining=20, demonstration_count=32, demonstrations="certified"
)


@pytest.fixture(scope="module")
def learners():
    """The same training without and with admission."""
    both = DIRS(FEW), DIRS(FEW.replace(admission=True))
    for learner in both:
        learner.learn(CROWDED, seed=4, slots=10)
    return both


def test_training_knows_nothing_of_admission(learners):
    plain, admitted = (learner.policy.agents.state_dict() for learner in learners)
    assert all(torch.equal(plain[name], admitted[name]) for name in plain)
    assert np.array_equal(learners[0].objectives, learners[1].objectives)


def test_what_is_judged_is_the_vote_after_exact_admission(learners):
    plain, admitted = (list(SUITE.play(learner.policy)) for learner in learners)
    wanted = [mec_env.admit(played.slot, played.decision) for played in plain]
    assert np.array_equal([played.decision for played in admitted], wanted)
    # Somebody is sent back here, and nobody to another server.
    assert any(not np.array_equal(p.decision, w) for p, w in zip(plain, wanted))
    assert all(((w == p.decision) | (w == 0)).all() for p, w in zip(plain, wanted))
    for before, after in zip(plain, admitted):
        assert after.outcome.objective <= before.outcome.objective * (1 + 1e-12)


def test_schedules_admit_and_votes_do_not(learners):
    plain, admitted = (learner.policy for learner in learners)
    env = mec_env.MECEnv.for_evaluation(CROWDED)
    observations, slots = [], []
    observation, _ = env.reset(seed=1)
    for _ in range(8):
        observations.append(observation)
        slots.append(env.slot)
        observation, *_ = env.step(np.zeros(10, np.int64))
    votes = plain.votes(np.stack(observations))
    assert np.array_equal(admitted.votes(np.stack(observations)), votes)
    decisions, power, cpu = admitted.schedules(np.stack(observations), slots)
    assert np.array_equal(decisions, [mec_env.admit(s, v) for s, v in zip(slots, votes)])
    assert not np.array_equal(decisions, votes)
    for k, (seen, slot) in enumerate(zip(observations, slots)):
        decision, outcome = admitted.schedule(seen, slot)
        assert np.array_equal(decision, decisions[k])
        assert np.array_equal(outcome.power, power[k]) and np.array_equal(outcome.cpu, cpu[k])


def test_a_file_keeps_admission_and_one_without_the_field_has_none(learners, tmp_path):
    for learner, wanted in zip(learners, (False, True)):
        path = tmp_path / f"{wanted}.safetensors"
        learner.save(path)
        assert ("admission" in files.load(path, "dirs-policy")[0]["settings"]) == wanted
        again = DIRS.load(path)
        assert again.policy.admission is wanted and again.settings == learner.settings


def test_settings_without_admission_are_named_as_before_there_was_any():
    # Heads of the names of the recorded results of paper-large-v1, which had a budget of 480 s.
    for kind, name in ((DIRS, "ecbb41e9a5a2"), (DIRSCertified, "d8287f7ab3e7")):
        assert hash_of({**kind().settings.to_dict(), "budget": 480.0}) == name
    assert Settings.from_dict(Settings(admission=True).to_dict()).admission is True
    for bad in (1, "yes", None):
        with pytest.raises(ValueError, match=f"admission = {bad!r}: must be True or False"):
            Settings(admission=bad)


def test_a_name_changes_settings_and_nothing_else():
    for name in ("dirs", "dirs-certified"):
        asked, plain = find_learner(f"{name}?admission=true"), find_learner(name)
        assert issubclass(asked, plain) and asked.name == f"{name}?admission=true"
        assert asked().settings == plain().settings.replace(admission=True)
        assert plain().settings.admission is False
        assert asked(FEW).settings == FEW
    two = find_learner("dirs?loss=LD&hidden=[8,4]")().settings
    assert two == Settings(loss="LD", hidden=(8, 4))
    assert find_learner("priced?steps=7")().settings["steps"] == 7


def test_a_cell_of_a_changed_learner_is_a_file_of_its_own():
    cell = Cell("dirs?admission=true", SUITE, budget=480.0)
    assert cell.name.startswith("own--dirs-admission-true--s0--")
    assert cell.settings["admission"] is True and cell.head()["learner"] == "dirs?admission=true"
    assert cell.name.split("--")[-1] != Cell("dirs", SUITE, budget=480.0).name.split("--")[-1]


@pytest.mark.parametrize(
    "name, said",
    [
        ("dirs?admision=true", "setting = 'admision': .*did you mean 'admission'"),
        ("dirs?admission=1", "admission = 1: must be True or False"),
        ("dirs?admission", "must have setting=value once for each"),
        ("dirs?loss=LD&loss=L1", "must have setting=value once for each"),
        ("priced?step=3", "setting = 'step': .*did you mean 'steps'"),
        ("greedy?x=1", "greedy has no settings to change"),
        ("dir?admission=true", "learner = 'dir': .*did you mean 'dirs'"),
    ],
)
def test_a_name_that_changes_what_is_not_there_is_refused(name, said):
    with pytest.raises(ValueError, match=said):
        find_learner(name)


def test_agents_in_files_refuse_admission(learners, tmp_path):
    with pytest.raises(ValueError, match=r"policy\.admission = True: must be False for an agent"):
        save_agent(learners[1].policy, 0, tmp_path / "mec_0.safetensors")
    assert not list(tmp_path.iterdir())
