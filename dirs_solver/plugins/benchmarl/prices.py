"""MAPPO and MADDPG of BenchMARL that act by prices: one number a server, whatever the devices.

The servers share one actor, which sees a server's own features: local information, at any number of
servers and devices. The critic sees all servers' features as a set; it is not kept after the
training. The environment admits, so a server that asks too little refuses the devices that it can't
serve. A server that asks too much gets no devices, and nothing corrects that. A new actor therefore
asks less than the nominal price. The discount is 0 where slots don't depend on each other; with a
coupling ``DISCOUNT`` has it.
"""

import math

import torch
from benchmarl.algorithms import MaddpgConfig
from benchmarl.models import DeepsetsConfig

from dirs_solver.plugins.benchmarl.learners import MADDPG, MAPPO, MARLLearner
from dirs_solver.plugins.benchmarl.price_env import LIMIT, PricesTask, first_slots
from dirs_solver.plugins.benchmarl.run import Watch, layers_of, network
from dirs_solver.shared import files
from dirs_solver.shared.activations import ACTIVATIONS
from dirs_solver.shared.discount import DISCOUNT
from dirs_solver.shared.keep_best import Best
from dirs_solver.shared.price_policy import SharedPrices
from dirs_solver.shared.tuned import of_size
from mec_env import Scenario, checks
from mec_env.draws.streams import seed_key
from mec_env.laws.actions import asked_of_a_server
from mec_env.laws.coupling import coupling_of
from mec_env.scenario.named import resolve
from mec_env.simulator.pricing import NOMINAL

KIND = "marl-prices"
#: Of generalised advantages, where the discount is not 0.
LAMBDA = 0.95
#: Slots whose features and rewards set the standardisation.
STANDARDISED = 256
#: Slots that an actor is judged on, and from one judgement to the next: about a tenth of the time.
JUDGED, BETWEEN = 1024, 16384
MODULES = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
REWARDS = ("saving", "log", "relative")


class PricesLearner(MARLLearner):
    """What both learners by prices share; see :class:`MARLLearner` for what it is given and keeps.

    Its ``policy`` is a :class:`dirs_solver.shared.price_policy.SharedPrices`.
    """

    def __init__(self, settings=None):
        super().__init__(settings)
        checks.known("nominal", self.settings["nominal"], NOMINAL)
        checks.known("reward", self.settings["reward"], REWARDS)
        checks.known("activation", self.settings["activation"], ACTIVATIONS)

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Train the actor; see :class:`dirs_solver.learner.Learner`.

        ``progress`` is called after every batch of slots; whole batches are trained on.
        """
        scenario = resolve(scenario)
        seed_key(seed)
        s = self._sized = of_size(self.settings, scenario)
        total = s["slots"] if slots is None else checks.integer("slots", slots, 1)
        start, nominal = s["start"], s["nominal"]
        if not -1.0 < start < 1.0:
            raise ValueError(f"start = {start!r}: must lie between -1 and 1")
        coupled = coupling_of(scenario) != "none"
        self._discount = DISCOUNT[coupling_of(scenario)]
        # What an episode sums up to is what counts where something passes from slot to slot.
        trained_on = scenario.replace(reward="cost")
        if not coupled:
            # An episode is a row's part of a batch: where it ends makes no difference to the slots.
            part = max(1, s["batch"] // s["rows"])
            trained_on = scenario.replace(reward=s["reward"], slots=part)
        reference = start if s["compare"] else None
        mean, deviation, scale = first_slots(
            trained_on, STANDARDISED, seed, nominal, reference, start, self._noise()
        )
        config = {
            "scenario": trained_on,
            "nominal": nominal,
            "reference": reference,
            "mean": mean,
            "deviation": deviation,
            "scale": scale,
        }
        best = Best(scenario, "prices", seed, JUDGED, observe="features", nominal=nominal)

        def judge(experiment):
            layers = [(w.numpy().copy(), b.numpy().copy()) for w, b in layers_of(experiment)]
            # An actor of MAPPO gives the mean first, then the deviation.
            asked = asked_of_a_server(scenario)
            layers[-1] = layers[-1][0][:asked], layers[-1][1][:asked]
            policy = self._policy_of(layers, mean, deviation, scenario)
            return best.judge(policy.act_for_all, lambda: policy)

        def prepare(experiment):
            self._prepare(experiment)
            self.first = judge(experiment)

        watch = Watch(total, progress, judge, max(1, BETWEEN // s["batch"]))
        networks = network(s["hidden"], MODULES[s["activation"]]), _critic(s)
        task = PricesTask(scenario.name, config)
        self._run(task, networks, seed, total, watch, prepare, judge)
        self.best, self.policy = best.objective, best.kept
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
        learner._header = {name: header[name] for name in keys}
        count = sum(name.startswith("weight ") for name in arrays)
        layers = [(arrays[f"weight {k}"], arrays[f"bias {k}"]) for k in range(count)]
        trained = Scenario.from_toml(header["scenario"])
        mean, deviation = arrays["mean"], arrays["deviation"]
        learner.policy = learner._policy_of(layers, mean, deviation, trained)
        return learner

    def _policy_of(self, layers, mean, deviation, scenario):
        activation, nominal = self.settings["activation"], self.settings["nominal"]
        return SharedPrices(
            layers, mean, deviation, LIMIT, self._squashed, activation, nominal, scenario
        )

    def _experiment(self, total, folder):
        config = super()._experiment(total, folder)
        config.share_policy_params = True
        config.gamma = self._discount
        return config

    def _begin(self, experiment, value):
        """Let the actor ask about the same of every server, and explore as the settings say."""
        weight, bias = layers_of(experiment)[-1]
        weight.uniform_(-3e-3, 3e-3)
        bias.zero_()
        bias[0] = value


class MAPPOPrices(PricesLearner, MAPPO):
    """Multi-agent PPO (Yu et al., 2022) of BenchMARL, by prices.

    An action is normal, its mean and deviation the actor's; the policy takes the mean, clipped.
    """

    name = "mappo-prices"
    _squashed = "clip"

    def _algorithm(self):
        config = super()._algorithm()
        config.use_tanh_normal = False
        if self._discount:
            config.lmbda = LAMBDA
        return config

    def _noise(self):
        return self._sized["deviation"]

    def _prepare(self, experiment):
        self._begin(experiment, self._sized["start"])
        self._standardise_advantages(experiment)


class MADDPGPrices(PricesLearner, MADDPG):
    """Multi-agent DDPG (Lowe et al., 2017) of BenchMARL, by prices, with one critic for the reward."""

    name = "maddpg-prices"
    _squashed = "tanh"

    def _algorithm(self):
        return MaddpgConfig(
            share_param_critic=True, loss_function="l2", delay_value=True, use_tanh_mapping=True
        )

    def _noise(self):
        return self._sized["noise_first"]

    def _prepare(self, experiment):
        self._begin(experiment, math.atanh(self._sized["start"]))


def _critic(settings):
    """A critic that sees the servers as a set: the mean of one vector a server, then a layer.

    Both have no activation after them, so the whole is a mean of one number a server.
    """
    activation, hidden = MODULES[settings["activation"]], settings["critic_hidden"]
    return DeepsetsConfig(
        aggr="mean",
        local_nn_num_cells=hidden,
        local_nn_activation_class=activation,
        out_features_local_nn=hidden[-1],
        global_nn_num_cells=[],
        global_nn_activation_class=activation,
    )
