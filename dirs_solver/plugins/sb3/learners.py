"""A2C, PPO, DDPG, TD3 and SAC of Stable-Baselines3 as learners: the whole network is one agent.

Where a slot does not depend on what was decided before it, looking ahead gains nothing. The
discount is then 0 (``DISCOUNT`` has those of couplings), a state's value is its slot's expected
reward, and an advantage is the reward less that value. The reward is the environment's ``saving``,
or its logarithmic form, over its running standard deviation. ``learn`` returns the actor that
decided best without exploration on some training slots; the untrained first actor competes too.
"""

import math

import numpy as np
import stable_baselines3
import torch
from scipy.special import ndtri
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.vec_env import VecNormalize

from dirs_solver.plugins.sb3.decisions import DecisionsPolicy
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.policy import SB3Policy
from dirs_solver.plugins.sb3.watch import Watch
from dirs_solver.shared import files
from dirs_solver.shared.activations import ACTIVATIONS
from dirs_solver.shared.discount import DISCOUNT
from dirs_solver.shared.first_actor import bearable
from dirs_solver.shared.fits import same_size
from dirs_solver.shared.keep_best import Best
from dirs_solver.shared.randomness import global_generators_kept
from dirs_solver.shared.tuned import of_size, settings_of
from mec_env import Scenario, checks
from mec_env.draws.streams import seed_key
from mec_env.laws.coupling import coupling_of
from mec_env.scenario.named import resolve

KIND = "sb3-policy"
#: Standardised observations are clipped here, as is usual.
LIMIT = 10.0
#: Rollouts from one judgement of the actor to the next: a few per cent of the training's time.
EVERY = 25
MODULES = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
#: Settings of ours; all others are the algorithm's arguments, under its names.
OURS = ("slots", "rows", "hidden", "critic_hidden", "activation", "start", "reward", "noise")


class _SB3Learner:
    """One algorithm of Stable-Baselines3, trained on many rows of the batched environment.

    Parameters
    ----------
    settings : dict, optional
        In place of those in ``settings/NAME.toml``, which says what each one means. A table
        with ``small`` and ``large`` depends on the size: small is up to ``chosen.SMALL`` devices.

    Attributes
    ----------
    policy : SB3Policy or None
        What was learned last.
    objectives : (steps,) float64
        Mean objective of the rows in each step of the training.
    first, best : float
        Mean objective on the judged training slots, of the first actor and of ``policy``:
        what the training added.
    """

    information = "global"
    #: No schedule hangs on the number of slots.
    anytime = True
    #: Rewards to choose from.
    rewards: tuple[str, ...] = ("saving", "log")
    #: Settings besides ``OURS`` that are no arguments of the algorithm.
    own: tuple[str, ...] = ()

    def __init__(self, settings=None):
        self.settings = settings_of(self.name, settings)
        checks.known("reward", self.settings["reward"], self.rewards)
        checks.known("activation", self.settings["activation"], ACTIVATIONS)
        self.policy = None
        self.objectives = np.empty(0)
        self.first = self.best = math.nan

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Train.

        Parameters
        ----------
        scenario : mec_env.Scenario or name
        seed : int
            0 to 2**64 - 1; fixes weights, slots, exploration and minibatches.
        slots : int, optional
            Slots to train on, rounded up to whole steps of all rows (rollouts with A2C and
            PPO); by default the settings' ``slots``.
        progress : callable, optional
            Called with a :class:`dirs_solver.shared.progress.Progress` after every step of all
            rows. If it returns True the training ends there.

        Returns
        -------
        SB3Policy
        """
        scenario = resolve(scenario)
        seed_key(seed)
        settings = of_size(self.settings, scenario)
        settings["start"] = self._checked_start(scenario, seed, settings["start"])
        slots = settings["slots"] if slots is None else checks.integer("slots", slots, 0)
        # No more than there are slots to train on; a batch of one has no deviation.
        count = min(settings["rows"], max(2, slots // settings.get("n_steps", 1)))
        rows = self._rows(count, scenario, settings)
        env = self._normalised(rows)
        best = self._best(scenario, seed)

        def judge():
            policy = self._policy(model, env, settings["activation"], scenario)
            return best.judge(self._act_of(policy), lambda: policy)

        # The library counts its own steps, which are slots or, of servers as rows, more.
        per_slot = env.num_envs / rows.slots_a_step
        watch = Watch(slots, per_slot, progress, judge, self._every(settings))
        with global_generators_kept():
            model = self._model(env, settings, seed)
            env.seed(seed)
            model.learn(math.ceil(slots * per_slot), callback=watch, log_interval=None)
            judge()
        rows.close()
        self._task = {
            "learner": self.name, "scenario": scenario.to_toml(), "seed": int(seed),
            "settings": settings,
        }  # fmt: skip
        self.objectives = np.array(watch.objectives)
        self.first, self.best = best.first, best.objective
        self.policy = best.kept
        return self.policy

    def save(self, path):
        """Write the policy to a file: weights, settings and the scenario, and no code."""
        if self.policy is None:
            raise ValueError("save: nothing was learned yet; call learn() first")
        files.save(path, KIND, self._task, self.policy.arrays())

    @classmethod
    def load(cls, path, scenario=None):
        """The learner of a file, its ``policy`` ready to act.

        Parameters
        ----------
        path : path
        scenario : mec_env.Scenario or name, optional
            What it is meant for; a file for another number of servers or devices is refused.

        Raises
        ------
        ValueError
            In one sentence, for a file that is damaged or does not fit.
        """
        header, arrays = files.load(path, KIND)
        files.same(path, "learner", header["learner"], cls.name)
        learner = cls(header["settings"])
        learner._task = {key: header[key] for key in ("learner", "scenario", "seed", "settings")}
        trained = Scenario.from_toml(header["scenario"])
        if scenario is not None:
            cls._check_fits(path, trained, resolve(scenario))
        learner.policy = learner._policy_of(arrays, trained)
        return learner

    #: Whether a file fits a scenario.
    _check_fits = staticmethod(same_size)

    def _checked_start(self, scenario, seed, start):
        """The start, raised where exploring from it would cost too much in a scenario."""
        if not 0.0 < start < 1.0:
            raise ValueError(f"start = {start!r}: must lie between 0 and 1")
        return self._bearable(scenario, seed, start)

    def _bearable(self, scenario, seed, start):
        """The start, if it is to depend on what exploring costs in a scenario."""
        return start

    def _rows(self, count, scenario, settings):
        """The environment that is trained on, not standardised."""
        return RowsVecEnv(count, scenario, self.actions, reward=settings["reward"])

    def _normalised(self, rows):
        return VecNormalize(rows, gamma=discount(rows), clip_obs=LIMIT, clip_reward=math.inf)

    def _best(self, scenario, seed):
        return Best(scenario, self.actions, seed)

    def _every(self, settings):
        """Rollouts from one judgement of the actor to the next."""
        return EVERY

    def _act_of(self, policy):
        """What gives actions for rows of whole observations."""
        return policy.act

    def _policy_of(self, arrays, scenario):
        """The policy of a file's arrays."""
        activation = self.settings["activation"]
        return SB3Policy.of_arrays(arrays, LIMIT, self.actions, activation, scenario)

    def _policy(self, model, env, activation, scenario):
        """The actor as it stands."""
        layers = [(array(layer.weight), array(layer.bias)) for layer in self._actor(model)]
        mean = env.obs_rms.mean.astype(np.float32)
        deviation = np.sqrt(env.obs_rms.var + env.epsilon).astype(np.float32)
        return SB3Policy(layers, mean, deviation, LIMIT, self.actions, activation, scenario)

    def _model(self, env, settings, seed):
        """The algorithm with its networks, its actor set to where it starts."""
        hidden, critic = settings["hidden"], settings["critic_hidden"]
        ours = (*OURS, *self.own)
        model = self.algorithm(
            self.networks,
            env,
            gamma=discount(env),
            policy_kwargs={
                "net_arch": {"pi": hidden, self.critic: critic},
                "activation_fn": MODULES[settings["activation"]],
                **self._network_arguments(settings),
            },
            # 32 bits are all that the library takes; the rows get the whole seed.
            seed=int(np.random.SeedSequence(seed).generate_state(1)[0]),
            device="cpu",
            **{
                **{key: value for key, value in settings.items() if key not in ours},
                **self._arguments(env, settings),
            },
        )
        with torch.no_grad():
            self._start(model, settings, env.unwrapped.scenario)
        return model

    def _network_arguments(self, settings):
        """Arguments of the networks besides their layers."""
        return {}


class _Decisions(_SB3Learner):
    """An actor of probabilities, M + 1 for each device, that reads one sample of them a slot."""

    actions, networks, critic = "decisions", DecisionsPolicy, "vf"
    _bearable = staticmethod(bearable)

    def _arguments(self, env, settings):
        # Without a discount lambda has no effect.
        return {"gae_lambda": 1.0}

    def _start(self, model, settings, scenario):
        """Let every device begin local with a probability, and the servers share the rest."""
        local = settings["start"]
        bias = model.policy.action_net.bias.reshape(scenario.iotds, scenario.mecs + 1)
        bias[:, 0] = math.log(local * scenario.mecs / (1.0 - local))

    def _actor(self, model):
        layers = [*model.policy.mlp_extractor.policy_net, model.policy.action_net]
        return [layer for layer in layers if isinstance(layer, torch.nn.Linear)]


class _Scores(_SB3Learner):
    """An actor of scores with noise on them; a device goes to its highest from 0.5 on."""

    actions, networks, critic = "scores", "MlpPolicy", "qf"

    def _arguments(self, env, settings):
        size = env.action_space.shape
        # The library's actor speaks of [-1, 1], twice as wide as the scores.
        sigma = np.full(size, 2.0 * settings["noise"], dtype=np.float32)
        return {"action_noise": NormalActionNoise(np.zeros_like(sigma), sigma, dtype=np.float32)}

    def _start(self, model, settings, scenario):
        """Let every device begin local with a probability: as far below 0.5 as the noise needs."""
        score = self._first_score(settings, scenario)
        begin(self._actor(model)[-1], math.atanh(2.0 * score - 1.0))
        model.policy.actor_target.load_state_dict(model.policy.actor.state_dict())

    def _first_score(self, settings, scenario):
        score = 0.5 - settings["noise"] * ndtri(settings["start"] ** (1.0 / scenario.mecs))
        # At 0 itself the hyperbolic tangent has no slope to learn by.
        return min(0.95, max(0.05, score))

    def _actor(self, model):
        return [layer for layer in model.policy.actor.mu if isinstance(layer, torch.nn.Linear)]


class OnA2C:
    """A2C's own arguments, whatever the actions."""

    algorithm = stable_baselines3.A2C

    def _arguments(self, env, settings):
        # Adam as in the other three.
        return {**super()._arguments(env, settings), "use_rms_prop": False}


class OnPPO:
    """PPO's own arguments, whatever the actions."""

    algorithm: type = stable_baselines3.PPO

    def _arguments(self, env, settings):
        # A minibatch is a rollout at most, which is shorter where there are few slots.
        whole = env.num_envs * settings["n_steps"]
        return {
            **super()._arguments(env, settings),
            "batch_size": min(settings["batch_size"], whole),
        }


class A2C(OnA2C, _Decisions):
    """Advantage actor critic (Mnih et al. 2016): one gradient step for each rollout."""

    name = "sb3-a2c"


class PPO(OnPPO, _Decisions):
    """Proximal policy optimisation (Schulman et al. 2017)."""

    name = "sb3-ppo"


class DDPG(_Scores):
    """Deep deterministic policy gradient (Lillicrap et al. 2016)."""

    name = "sb3-ddpg"
    algorithm = stable_baselines3.DDPG


class TD3(_Scores):
    """Twin delayed DDPG (Fujimoto et al. 2018)."""

    name = "sb3-td3"
    algorithm = stable_baselines3.TD3


class SAC(_Scores):
    """Soft actor critic (Haarnoja et al. 2018): its actor has its own noise."""

    name = "sb3-sac"
    algorithm = stable_baselines3.SAC

    def _arguments(self, env, settings):
        return {}

    def _start(self, model, settings, scenario):
        score = self._first_score(settings, scenario)
        begin(self._actor(model)[-1], math.atanh(2.0 * score - 1.0))
        # Before the hyperbolic tangent, whose slope at the score is 4 score (1 - score).
        deviation = 2.0 * settings["noise"] / (4.0 * score * (1.0 - score))
        begin(model.policy.actor.log_std, math.log(deviation))

    def _actor(self, model):
        actor = model.policy.actor
        return [*(x for x in actor.latent_pi if isinstance(x, torch.nn.Linear)), actor.mu]


def discount(env):
    """The discount of a batch of rows."""
    return DISCOUNT[coupling_of(env.unwrapped.scenario)]


def begin(layer, value):
    """Let a last layer say about the same for every observation, as DDPG's authors have it."""
    layer.weight.uniform_(-3e-3, 3e-3)
    layer.bias.fill_(value)


def array(parameter):
    """A parameter's values, a copy."""
    return parameter.detach().numpy().copy()
