"""The common part of learners that learn to ask prices by another library's algorithm.

The servers share one actor, which sees a server's own features: local information, at any number of
servers and devices. ``learn`` returns the actor that decided best without exploration on some
training slots; the untrained first actor competes too.
"""

import math

import numpy as np

from dirs_solver.shared import files
from dirs_solver.shared.activations import ACTIVATIONS
from dirs_solver.shared.discount import DISCOUNT
from dirs_solver.shared.keep_best import Best
from dirs_solver.shared.price_policy import SharedPrices
from dirs_solver.shared.priced_rows import LIMIT, PricedRows, moments
from dirs_solver.shared.progress import Progress
from dirs_solver.shared.randomness import global_generators_kept
from dirs_solver.shared.tuned import of_size, settings_of
from mec_env import Scenario, checks
from mec_env.draws.streams import seed_key
from mec_env.laws.coupling import coupling_of
from mec_env.scenario.named import resolve
from mec_env.simulator.pricing import NOMINAL

KIND = "price-learner"
#: Slots whose features and rewards set the standardisation.
STANDARDISED = 256
#: Slots that an actor is judged on, and from one judgement to the next.
JUDGED, BETWEEN = 1024, 16384
#: Of generalised advantages, where the discount is not 0.
LAMBDA = 0.95
REWARDS = ("saving", "log", "relative")


class PriceLearner:
    """One algorithm of a library; a subclass gives ``name`` and ``_train(training)``.

    Parameters
    ----------
    settings : dict, optional
        In place of those in ``settings/NAME.toml``, which says what each one means.

    Attributes
    ----------
    policy : SharedPrices or None
        What was learned last.
    first, best : float
        Mean objective on the judged training slots, of the first actor and of ``policy``.
    """

    information = "local"
    #: No schedule hangs on the number of slots.
    anytime = True
    #: How the actor's last numbers get into [-1, 1]: ``clip`` or ``tanh``.
    squashed = "clip"

    def __init__(self, settings=None):
        self.settings = settings_of(self.name, settings)
        checks.known("nominal", self.settings["nominal"], NOMINAL)
        checks.known("reward", self.settings["reward"], REWARDS)
        checks.known("activation", self.settings["activation"], ACTIVATIONS)
        if not -1.0 < self.settings["start"] < 1.0:
            raise ValueError(f"start = {self.settings['start']!r}: must lie between -1 and 1")
        self.policy = None
        self.first = self.best = math.nan

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Train the actor; see :class:`dirs_solver.learner.Learner`.

        ``progress`` is called after every rollout of slots; whole rollouts are trained on.
        """
        scenario = resolve(scenario)
        seed_key(seed)
        settings = of_size(self.settings, scenario)
        total = settings["slots"] if slots is None else checks.integer("slots", slots, 1)
        training = Training(self, scenario, seed, total, settings, progress)
        with global_generators_kept():
            self._train(training)
        self.first, self.best = training.best.first, training.best.objective
        self.policy = training.best.kept
        self._header = {
            "learner": self.name, "seed": int(seed), "settings": self.settings,
            "scenario": scenario.to_toml(),
        }  # fmt: skip
        return self.policy

    def save(self, path):
        """Write the policy to a file: weights, settings and the scenario, and no code."""
        if self.policy is None:
            raise ValueError("save: nothing was learned yet; call learn() first")
        files.save(path, KIND, self._header, self.policy.arrays())

    @classmethod
    def load(cls, path):
        """The learner of a file, its ``policy`` ready to act.

        Raises
        ------
        ValueError
            In one sentence, for a file that is damaged or another learner's.
        """
        header, arrays = files.load(path, KIND)
        files.same(path, "learner", header["learner"], cls.name)
        learner = cls(header["settings"])
        keys = ("learner", "seed", "settings", "scenario")
        learner._header = {key: header[key] for key in keys}
        trained = Scenario.from_toml(header["scenario"])
        learner.policy = SharedPrices.of_arrays(arrays, *learner._said(trained))
        return learner

    def policy_of(self, layers, mean, deviation, scenario):
        """The policy of an actor's layers, (weight, bias) each."""
        return SharedPrices(layers, mean, deviation, *self._said(scenario))

    def _said(self, scenario):
        s = self.settings
        return LIMIT, self.squashed, s["activation"], s["nominal"], scenario


class Training:
    """One training: what is trained on, who is judged, and when it ends.

    Attributes
    ----------
    scenario : mec_env.Scenario
        What is trained on; its reward is the settings'.
    key : int
        Seed of the rows that are trained on.
    total : int
        Slots.
    settings : dict
    discount, gae_lambda : float
        Where nothing passes from slot to slot lambda has no effect.
    begun : float
        What a new actor's last layer says: ``start``, before it is squashed.
    best : Best
    """

    def __init__(self, learner, scenario, seed, total, settings, progress):
        self._learner, self._progress = learner, progress
        self.total, self.settings, self._asked_for = total, settings, scenario
        draws = np.random.default_rng(seed)
        self.key, self.torch_seed = (int(draws.integers(2**32)) for _ in range(2))
        coupling = coupling_of(scenario)
        self.discount = DISCOUNT[coupling]
        self.gae_lambda = LAMBDA if self.discount else 1.0
        # What an episode sums up to is what counts where something passes from slot to slot.
        reward = settings["reward"] if coupling == "none" else "cost"
        self.scenario = scenario.replace(reward=reward)
        start, nominal = settings["start"], settings["nominal"]
        self.begun = math.atanh(start) if learner.squashed == "tanh" else start
        reference = start if settings["compare"] else None
        mean, deviation, scale = moments(
            self.scenario, STANDARDISED, self.key, nominal, reference, start, settings["noise"]
        )
        #: Arguments of :class:`PricedRows` besides the scenario and the number of rows.
        self.options = dict(
            nominal=nominal, reference=reference, mean=mean, deviation=deviation, scale=scale
        )
        self.best = Best(scenario, "prices", seed, JUDGED, observe="features", nominal=nominal)
        self._since = 0

    def rows(self, count):
        """``count`` worlds to train on, not begun."""
        return PricedRows(self.scenario, count, **self.options)

    def judge(self, layers):
        """Judge an actor of these layers, and keep it if it is the best so far."""
        moments = self.options["mean"], self.options["deviation"]
        policy = self._learner.policy_of(layers(), *moments, self._asked_for)
        self.best.judge(policy.act_for_all, lambda: policy)
        self._since = 0

    def goes_on(self, done, count, objective, layers):
        """Whether to train on, after a rollout.

        Parameters
        ----------
        done, count : int
            Slots so far, and of the rollout.
        objective : float
            Mean over the rollout.
        layers : callable
            Gives the actor's layers.
        """
        self._since += count
        stop = False
        if self._progress is not None:
            shown = Progress("online", min(done, self.total), self.total, objective=objective)
            stop = self._progress(shown) is True
        stop = stop or done >= self.total
        if stop or self._since >= BETWEEN:
            self.judge(layers)
        return not stop
