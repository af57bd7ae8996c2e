"""TRPO and recurrent PPO of sb3-contrib, acting by prices."""

import sb3_contrib

from dirs_solver.plugins.sb3.learners import LIMIT, OnPPO, array
from dirs_solver.plugins.sb3.prices import _Gaussian
from dirs_solver.plugins.sb3.recurrent import RecurrentPrices


class TRPOPrices(OnPPO, _Gaussian):
    """Trust region policy optimisation (Schulman et al. 2015); the servers share one network."""

    name = "sb3-trpo-prices"
    algorithm = sb3_contrib.TRPO


class RecurrentPPOPrices(OnPPO, _Gaussian):
    """PPO with a memory: one LSTM reads what all servers see, slot after slot of an episode.

    A memory can pay where something passes from slot to slot. It needs the slots in order, so the
    caller of the policy says when an episode begins. One network asks all prices: its number of
    servers is fixed, and with ``observe = "features"`` that of devices is not.
    """

    name = "sb3-recurrent-ppo-prices"
    information = "global"
    algorithm = sb3_contrib.RecurrentPPO
    networks = "MlpLstmPolicy"
    own = (*_Gaussian.own, "memory")

    def __init__(self, settings=None):
        super().__init__(settings)
        self.information = "global"

    def _network_arguments(self, settings):
        return {**super()._network_arguments(settings), "lstm_hidden_size": settings["memory"]}

    def _arrays(self, model, env, scenario):
        memory = model.policy.lstm_actor
        return {
            **super()._arrays(model, env, scenario),
            "memory input": array(memory.weight_ih_l0),
            "memory state": array(memory.weight_hh_l0),
            "memory bias": array(memory.bias_ih_l0) + array(memory.bias_hh_l0),
        }

    def _policy_of(self, arrays, scenario):
        s = self.settings
        return RecurrentPrices.of_arrays(
            arrays, LIMIT, s["activation"], s["nominal"], scenario, s["observe"]
        )

    def _act_of(self, policy):
        # The judged episodes are nobody else's: they begin with a memory of their own.
        return policy.anew().act
