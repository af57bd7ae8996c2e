"""Stable-Baselines3's algorithms that act by prices: one number a server, whatever the devices.

The environment admits, so a server that asks too little refuses the devices that it can't serve. A
server that asks too much gets no devices, and nothing corrects that. A new actor therefore asks
less than the nominal price, and learns from there. With ``observe = "features"`` one network is
shared by all servers and sees a server's own features, which is local information; with ``columns``
one network sees the whole observation and asks all prices.
"""

import math

import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.noise import NormalActionNoise

from dirs_solver.plugins.sb3.compared import ComparedRows
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.learners import (
    LIMIT,
    OnA2C,
    OnPPO,
    _SB3Learner,
    array,
    begin,
    discount,
)
from dirs_solver.plugins.sb3.shared import SharedActorCritic, SharedMeanStd, SharedSAC, SharedTD3
from dirs_solver.shared.keep_best import Best
from dirs_solver.shared.price_policy import POLICIES
from mec_env import checks
from mec_env.laws.coupling import coupling_of
from mec_env.simulator.features import row_size
from mec_env.simulator.pricing import NOMINAL

#: Slots that an actor is judged on, and from one judgement to the next: about a tenth of the time.
JUDGED, BETWEEN = 1024, 16384
#: Of generalised advantages, where the discount is not 0.
LAMBDA = 0.95


class _Prices(_SB3Learner):
    """One algorithm that acts by prices; see :class:`_SB3Learner` for what it is given and keeps.

    Attributes
    ----------
    information : str
        ``local`` with ``observe = "features"``, ``global`` with ``columns``.
    """

    actions = "prices"
    rewards = ("saving", "log", "relative")
    own: tuple[str, ...] = ("observe", "nominal", "compare")
    #: With the chosen settings; an instance says what it is with its own.
    information = "local"

    def __init__(self, settings=None):
        super().__init__(settings)
        checks.known("observe", self.settings["observe"], POLICIES)
        checks.known("nominal", self.settings["nominal"], NOMINAL)
        self.information = POLICIES[self.settings["observe"]].information

    @property
    def networks(self):
        """The library's networks."""
        return self.shared if self.settings["observe"] == "features" else "MlpPolicy"

    def _options(self):
        return {key: self.settings[key] for key in ("observe", "nominal")}

    def _checked_start(self, scenario, seed, start):
        if not -1.0 < start < 1.0:
            raise ValueError(f"start = {start!r}: must lie between -1 and 1")
        return start

    def _rows(self, count, scenario, settings):
        # What an episode sums up to is what counts where something passes from slot to slot.
        coupled = coupling_of(scenario) != "none"
        options = dict(self._options(), reward="cost" if coupled else settings["reward"])
        if settings["compare"]:
            return ComparedRows(count, scenario, settings["start"], **options)
        return RowsVecEnv(count, scenario, "prices", **options)

    def _best(self, scenario, seed):
        return Best(scenario, "prices", seed, JUDGED, **self._options())

    def _every(self, settings):
        return max(1, BETWEEN // (settings["rows"] * settings.get("n_steps", 1)))

    def _act_of(self, policy):
        return policy.act_for_all

    def _normalised(self, rows):
        env = super()._normalised(rows)
        if self.settings["observe"] == "features":
            scenario = rows.scenario
            env.obs_rms = SharedMeanStd(row_size(scenario), scenario.mecs)
        return env

    def _policy(self, model, env, activation, scenario):
        return self._policy_of(self._arrays(model, env, scenario), scenario)

    def _arrays(self, model, env, scenario):
        """Everything learned, by name."""
        seen = row_size(scenario) if self.settings["observe"] == "features" else None
        arrays = {
            "mean": env.obs_rms.mean[:seen].astype(np.float32),
            "deviation": np.sqrt(env.obs_rms.var[:seen] + env.epsilon).astype(np.float32),
        }
        for k, layer in enumerate(self._actor(model)):
            arrays[f"weight {k}"], arrays[f"bias {k}"] = array(layer.weight), array(layer.bias)
        return arrays

    def _policy_of(self, arrays, scenario):
        policy, settings = POLICIES[self.settings["observe"]], self.settings
        return policy.of_arrays(
            arrays, LIMIT, self.squashed, settings["activation"], settings["nominal"], scenario
        )


class _Gaussian(_Prices):
    """An actor of normal actions, their deviation its own parameter, clipped to [-1, 1]."""

    shared, critic, squashed = SharedActorCritic, "vf", "clip"
    own: tuple[str, ...] = (*_Prices.own, "log_std_init")

    def _arguments(self, env, settings):
        # Without a discount lambda has no effect.
        return {"gae_lambda": 1.0 if discount(env) == 0.0 else LAMBDA}

    def _network_arguments(self, settings):
        return {"log_std_init": settings["log_std_init"]}

    def _start(self, model, settings, scenario):
        begin_prices(self._actor(model)[-1], settings["start"])

    def _actor(self, model):
        return linear(model.policy.mlp_extractor.policy_net, model.policy.action_net)


class _Deterministic(_Prices):
    """An actor of actions within [-1, 1], with noise on them."""

    shared, critic, squashed = SharedTD3, "qf", "tanh"

    def _arguments(self, env, settings):
        sigma = np.full(env.action_space.shape, settings["noise"], dtype=np.float32)
        return {"action_noise": NormalActionNoise(np.zeros_like(sigma), sigma, dtype=np.float32)}

    def _start(self, model, settings, scenario):
        begin_prices(self._actor(model)[-1], math.atanh(settings["start"]))
        model.policy.actor_target.load_state_dict(model.policy.actor.state_dict())

    def _actor(self, model):
        return linear(model.policy.actor.mu)


class A2CPrices(OnA2C, _Gaussian):
    """Advantage actor critic (Mnih et al. 2016): one gradient step for each rollout."""

    name = "sb3-a2c-prices"
    information = "global"


class PPOPrices(OnPPO, _Gaussian):
    """Proximal policy optimisation (Schulman et al. 2017)."""

    name = "sb3-ppo-prices"


class DDPGPrices(_Deterministic):
    """Deep deterministic policy gradient (Lillicrap et al. 2016)."""

    name = "sb3-ddpg-prices"
    algorithm = stable_baselines3.DDPG


class TD3Prices(_Deterministic):
    """Twin delayed DDPG (Fujimoto et al. 2018)."""

    name = "sb3-td3-prices"
    algorithm = stable_baselines3.TD3


class SACPrices(_Prices):
    """Soft actor critic (Haarnoja et al. 2018)."""

    name = "sb3-sac-prices"
    algorithm = stable_baselines3.SAC
    shared, critic, squashed = SharedSAC, "qf", "tanh"
    own: tuple[str, ...] = (*_Prices.own, "log_std_init")

    def _arguments(self, env, settings):
        return {}

    def _start(self, model, settings, scenario):
        begin_prices(self._actor(model)[-1], math.atanh(settings["start"]))
        (deviation,) = linear(model.policy.actor.log_std)
        begin(deviation, settings["log_std_init"])

    def _actor(self, model):
        return linear(model.policy.actor.latent_pi, model.policy.actor.mu)


def begin_prices(layer, value):
    """Let a last layer ask the same price everywhere, and nominal weights where it asks them too."""
    begin(layer, value)
    layer.bias[1:] = 0.0


def linear(*modules):
    """The linear layers of modules, in order."""
    every = (part for module in modules for part in module.modules())
    return [part for part in every if isinstance(part, torch.nn.Linear)]
