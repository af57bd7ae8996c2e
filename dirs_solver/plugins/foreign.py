"""Policies that somebody else trained or wrote, made fit for the evaluation.

policy = saved_model("ppo=model.zip", trust=True)
Mine = from_function(my_policy, "mine")

This module can be imported without Stable-Baselines3.
"""

import hashlib
import inspect
import json
import os
import zipfile

from mec_env.laws.actions import MODES
from mec_env.views.spaces import observation_space

ALGORITHMS = ("a2c", "ppo", "ddpg", "td3", "sac")


class SavedModel:
    """A model of Stable-Baselines3 as a policy; made by :func:`saved_model`."""

    information = "global"

    def __init__(self, model):
        self.model = model

    @property
    def parameter_count(self):
        """Number of the model's weights, critics and targets included."""
        return sum(parameter.numel() for parameter in self.model.policy.parameters())

    def prepare(self, scenario):
        """Check that a scenario is of the size that the model was trained on.

        Raises
        ------
        ValueError
        """
        observed, action = self.model.observation_space, self.model.action_space
        wanted = {mode.space(scenario).shape for mode in MODES.values()}
        size = observation_space(scenario).shape
        if observed.shape != size:
            raise ValueError(
                f"the model: trained on observations of shape {observed.shape}, "
                f"scenario {scenario.name!r} has {size}"
            )
        if action.shape not in wanted:
            raise ValueError(
                f"the model: trained for actions of shape {action.shape}, scenario "
                f"{scenario.name!r} takes {' or '.join(map(str, sorted(wanted)))}"
            )

    def act(self, observation):
        """The model's deterministic prediction: a decision (N,) or scores (M * N,)."""
        return self.model.predict(observation, deterministic=True)[0]


def saved_model(path, trust=False):
    """A policy from a model that Stable-Baselines3 saved.

    Parameters
    ----------
    path : path
        The ``.zip`` file, as ``ALGORITHM=file.zip`` (a2c, ppo, ddpg, td3 or sac) where the
        file doesn't tell which algorithm it holds. Its observations are the environment's
        own: statistics of a ``VecNormalize`` are in another file and not applied.
    trust : bool
        Whether you trust whoever made the file: loading it can run any code.

    Returns
    -------
    SavedModel

    Raises
    ------
    ValueError
        In one sentence: without ``trust``, or for a file that holds no such model.
    FileNotFoundError
        If there is none.
    """
    refuse_without(trust, path)
    import stable_baselines3

    from dirs_solver.shared.randomness import global_generators_kept

    algorithm, path = _algorithm_of(os.fspath(path))
    with global_generators_kept():
        # Loading seeds the process's generators with the seed of the training.
        model = getattr(stable_baselines3, algorithm.upper()).load(path, device="cpu")
    return SavedModel(model)


def _algorithm_of(text):
    """Algorithm and path of ``ALGORITHM=file.zip``, or of a file by what its settings are."""
    name, _, path = text.partition("=")
    if path and name.lower() in ALGORITHMS:
        return name.lower(), path
    try:
        with zipfile.ZipFile(text) as archive:
            keys = set(json.loads(archive.read("data")))
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise ValueError(f"{text}: not a model that Stable-Baselines3 saved") from None
    # DDPG is TD3 with other settings, which are in the file.
    for key, algorithm in (
        ("target_entropy", "sac"),
        ("policy_delay", "td3"),
        ("clip_range", "ppo"),
        ("normalize_advantage", "a2c"),
    ):
        if key in keys:
            return algorithm, text
    raise ValueError(
        f"{text}: doesn't say which algorithm it holds; give it as ALGORITHM={text} "
        f"with one of {', '.join(ALGORITHMS)}"
    )


def from_saved_model(path, trust=False):
    """A learner class that learns nothing and answers what a saved model predicts.

    Parameters and errors are those of :func:`saved_model`; the file is opened by ``learn``.
    """
    refuse_without(trust, path)

    class SavedModelLearner:
        information = "global"
        policy = None

        def __init__(self):
            with open(os.fspath(path).rpartition("=")[2], "rb") as file:
                # Another file under the same name is another learner.
                self.settings = {"sha256": hashlib.sha256(file.read()).hexdigest()}

        def learn(self, scenario, seed, slots=None, progress=None):
            self.policy = saved_model(path, trust)
            return self.policy

        def save(self, path):
            raise ValueError(f"{self.name!r} is saved already: there is nothing to save")

        @classmethod
        def load(cls, path):
            return from_saved_model(path, trust)()

    SavedModelLearner.name = os.fspath(path)
    return SavedModelLearner


def refuse_without(trust, path):
    """Raise ValueError in one sentence that says why, unless ``trust`` is True."""
    if trust is not True:
        raise ValueError(
            f"{os.fspath(path)}: an archive of Stable-Baselines3 holds pickles, which run code "
            "when they are loaded; say so (trust=True, --trust) if you trust whoever made it"
        )


def from_function(function, name):
    """A learner class that learns nothing and answers what a function answers.

    Parameters
    ----------
    function : callable
        ``act(agent, observation) -> scores`` (two parameters: local),
        ``act(observation) -> decision or scores``, or ``decide(slot) -> decision``
        (the function or its parameter must bear that name: it gets the whole Slot).
        Parameters with defaults don't count.
    name : str
        The learner's.

    Raises
    ------
    ValueError
        For a function of another number of parameters.
    """
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if len(needed) not in (1, 2):
        raise ValueError(
            f"{name}: takes {len(needed)} parameters, must be act(observation), "
            "act(agent, observation) or decide(slot)"
        )
    made = _policy_of(function, len(needed) == 2, needed)
    return untrained(name, "local" if len(needed) == 2 else "global", lambda: made)


def untrained(name_, information_, make):
    """A learner class that learns nothing: ``make()`` is its policy."""
    nothing = f"{name_!r} learns nothing: there is nothing to"

    class Untrained:
        name, information = name_, information_
        policy = None

        def learn(self, scenario, seed, slots=None, progress=None):
            self.policy = make()
            return self.policy

        def save(self, path):
            raise ValueError(f"{nothing} save")

        @classmethod
        def load(cls, path):
            raise ValueError(f"{nothing} load")

    return Untrained


def _policy_of(function, local, needed):
    """An object whose method the evaluation takes for what the function is."""

    class Local:
        def act(self, agent, observation):
            return function(agent, observation)

    class Whole:
        def act(self, observation):
            return function(observation)

    class Rule:
        def decide(self, slot):
            return function(slot)

    if local:
        return Local()
    decides = getattr(function, "__name__", "") == "decide" or needed == ["slot"]
    return Rule() if decides else Whole()
