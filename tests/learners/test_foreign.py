"""Other people's models and functions: nothing is unpickled without trust, and all are judged alike."""

import base64
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import stable_baselines3
import torch

import mec_env
from dirs_solver import Learner
from dirs_solver.plugins.foreign import from_function, saved_model
from mec_env.judging.suite import Suite

torch.set_num_threads(1)
TINY = mec_env.SCENARIOS["paper-medium"].replace(name="tiny", iotds=4, slots=5)
SUITE = Suite("own", TINY, (0,), (0,))
MODELS = {
    "A2C": ("decisions", {}),
    "PPO": ("decisions", dict(n_steps=8, batch_size=8)),
    "DDPG": ("scores", dict(buffer_size=10)),
    "TD3": ("scores", dict(buffer_size=10)),
    "SAC": ("scores", dict(buffer_size=10)),
}


def model_of(name, **keywords):
    actions, settings = MODELS[name]
    env = mec_env.MECEnv(TINY, actions=actions)
    keywords = {"policy_kwargs": {"net_arch": [4]}, "device": "cpu", **settings, **keywords}
    return getattr(stable_baselines3, name)("MlpPolicy", env, **keywords)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("named", [False, True])
def test_a_saved_model_answers_as_it_did(name, named, tmp_path):
    model, file = model_of(name, seed=3), tmp_path / "model.zip"
    model.save(file)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    policy = saved_model(f"{name.lower()}={file}" if named else file, trust=True)
    assert torch.equal(states[0], torch.get_rng_state())
    np.testing.assert_array_equal(states[1], np.random.get_state()[1])  # noqa: NPY002
    seen, _ = mec_env.MECEnv(TINY).reset(seed=1)
    np.testing.assert_array_equal(policy.act(seen), model.predict(seen, deterministic=True)[0])
    assert np.isfinite(mec_env.evaluate(policy, SUITE).gap).all()
    assert policy.parameter_count > 0
    with pytest.raises(ValueError, match=r"observations of shape \(8,\).*has \(60,\)"):
        mec_env.evaluate(policy, "paper-medium-v1")


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_file_runs_only_with_trust(tmp_path):
    file, mark = tmp_path / "model.zip", tmp_path / "mark"
    pickled = base64.b64encode(pickle.dumps(Evil(mark))).decode()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "data", json.dumps({"clip_range": {":type:": "x", ":serialized:": pickled}})
        )
    for path in (file, f"ppo={file}"):
        for trust in (False, None, 1, "yes"):
            with pytest.raises(ValueError, match=r"pickles, which run code .*trust=True"):
                saved_model(path, trust=trust)
    with pytest.raises(ValueError, match="trust=True"):
        saved_model(tmp_path / "none.zip")
    assert not mark.exists()
    # The file is as bad as it looks: with trust its code does run.
    with pytest.raises(Exception):  # noqa: B017, PT011
        saved_model(file, trust=True)
    assert mark.exists()


def test_what_is_no_model_is_refused(tmp_path):
    file = tmp_path / "model.zip"
    with pytest.raises(FileNotFoundError):
        saved_model(file, trust=True)
    file.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="not a model that Stable-Baselines3 saved"):
        saved_model(file, trust=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", "{}")
    with pytest.raises(ValueError, match="give it as ALGORITHM="):
        saved_model(file, trust=True)


def local_scores(agent, observation):
    return np.full(4, 0.6 if agent == "mec_0" else 0.4)


def whole(observation, server=1):
    return np.full(4, server)


def to_the_first(slot):
    return np.ones(4, dtype=int)


@pytest.mark.parametrize(
    "function, information",
    [(local_scores, "local"), (whole, "global"), (to_the_first, "global")],
)
def test_a_function_is_a_learner_that_learns_nothing(function, information, tmp_path):
    made = from_function(function, "mine")
    learner = made()
    assert isinstance(learner, Learner)
    assert (learner.name, learner.information) == ("mine", information)
    # All three send everything to the first server.
    judged = mec_env.evaluate(learner.learn(TINY, 0), SUITE)
    by_hand = [mec_env.outcome(slot, np.ones(4, dtype=int)).objective for slot in SUITE.slots()]
    np.testing.assert_allclose(judged.objective, by_hand, rtol=1e-12)
    with pytest.raises(ValueError, match="nothing to save"):
        learner.save(tmp_path / "file")
    with pytest.raises(ValueError, match="nothing to load"):
        made.load(tmp_path / "file")


def test_a_function_called_decide_gets_the_slot():
    def decide(snapshot):
        return np.zeros(snapshot.gain.shape[0], dtype=int)

    policy = from_function(decide, "mine")().learn(TINY, 0)
    judged = mec_env.evaluate(policy, SUITE)
    local = mec_env.evaluate(mec_env.RULES["local"](), SUITE)
    np.testing.assert_array_equal(judged.objective, local.objective)


def test_a_function_of_three_parameters_is_refused():
    with pytest.raises(ValueError, match="mine: takes 3 parameters, must be act"):
        from_function(lambda a, b, c: None, "mine")
