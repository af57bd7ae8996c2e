"""PPO of Stable-Baselines3 over the learned rule's numbers, where tasks are coupled in time.

Prices and weights of servers can't say how a device answers to its own state, such as its battery's
level or the server that holds its service. The learned rule's few numbers can, so PPO acts by them
here. An episode is a step, see :mod:`dirs_solver.plugins.sb3.rule_rows`.
"""

import numpy as np
import torch

from dirs_solver.plugins.sb3.learners import OnPPO, _SB3Learner
from dirs_solver.plugins.sb3.rule_rows import RuleRows, numbers_of
from dirs_solver.references.policies import COUPLINGS, Learned, coupled
from dirs_solver.shared.keep_best import Best
from mec_env import checks
from mec_env.laws.coupling import coupling_of
from mec_env.scenario.named import resolve

#: Training episodes that numbers are judged on, others than those learned from, and updates from
#: one judgement to the next: a tenth of the time.
JUDGED, BETWEEN = 16, 6


class RulePolicy(Learned):
    """The learned rule at numbers that were learned for a coupling.

    Parameters
    ----------
    name : str
        The learner's.
    numbers : sequence of float
    scenario : Scenario
        What they were learned on.
    """

    def __init__(self, name, numbers, scenario):
        super().__init__(name, numbers)
        self.scenario = scenario

    def prepare(self, scenario):
        """Look at a world, of any size, by its training slots alone.

        Raises
        ------
        ValueError
            For a scenario whose coupling is another one.
        """
        learned, asked = coupling_of(self.scenario), coupling_of(scenario)
        if asked != learned:
            raise ValueError(f"{self.name}: learned the coupling {learned!r}, not {asked!r}")
        super().prepare(scenario)

    def arrays(self):
        """Everything learned, by name."""
        return {"numbers": np.array(self.numbers)}


class PPORule(OnPPO, _SB3Learner):
    """Proximal policy optimisation (Schulman et al. 2017) of a few numbers, an episode a step."""

    name = "sb3-ppo-rule"
    rewards = ("saved",)
    own = ("pool", "log_std_init", *COUPLINGS)
    networks, critic = "MlpPolicy", "vf"

    def __init__(self, settings=None):
        super().__init__(settings)
        checks.integer("pool", self.settings["pool"], 1)

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Train; see :meth:`_SB3Learner.learn`. Slots are rounded up to episodes of all rows.

        Raises
        ------
        ValueError
            For a scenario that couples nothing in time.
        """
        scenario = resolve(scenario)
        coupled(self.name, scenario)
        return super().learn(scenario, seed, slots, progress)

    def _checked_start(self, scenario, seed, start):
        if not 0.0 <= start <= 1.0:
            raise ValueError(f"start = {start!r}: must lie between 0 and 1")
        return start

    def _first(self, settings, scenario):
        """A new actor's action (K,)."""
        return settings["start"] * np.array(settings[coupling_of(scenario)])

    def _rows(self, count, scenario, settings):
        start = self._first(settings, scenario)
        return RuleRows(self.name, scenario, count, settings["pool"], start)

    def _normalised(self, rows):
        # A zero is seen, and advantages are standardised.
        return rows

    def _best(self, scenario, seed):
        return _BestNumbers(self.name, scenario, seed)

    def _every(self, settings):
        return BETWEEN

    def _act_of(self, policy):
        return policy.numbers

    def _arguments(self, env, settings):
        return {"gae_lambda": 1.0}

    def _network_arguments(self, settings):
        return {"log_std_init": settings["log_std_init"]}

    def _start(self, model, settings, scenario):
        model.policy.action_net.weight.zero_()
        model.policy.action_net.bias.copy_(torch.from_numpy(self._first(settings, scenario)))

    def _policy(self, model, env, activation, scenario):
        action, _ = model.predict(np.zeros((1, 1), dtype=np.float32), deterministic=True)
        return RulePolicy(self.name, numbers_of(self.name, scenario, action[0]), scenario)

    def _policy_of(self, arrays, scenario):
        return RulePolicy(self.name, arrays["numbers"], scenario)


class _BestNumbers(Best):
    """Judges numbers on whole training episodes."""

    def __init__(self, name, scenario, seed):
        self.scenario, self.kept = scenario, None
        self.first = self.objective = float("inf")
        self._rows = RuleRows(name, scenario, JUDGED, JUDGED)
        # A seed of many numbers: none of those learned from is drawn of it.
        self._rows.seed([int(seed), JUDGED])

    def objectives(self, numbers):
        """What the rule comes to on each judged episode, a slot, (judged,)."""
        return self._rows.play(numbers)
