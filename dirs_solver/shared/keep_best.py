"""Keep the policy that decides best without exploration; results with exploration say little."""

import numpy as np

from mec_env.laws.coupling import coupling_of
from mec_env.views.vector_env import MECVectorEnv

#: Slots that policies are judged on, always the same ones. Many, for where links are bad one
#: slot in 200 may cost a hundred times the others.
JUDGED = 2048


class Best:
    """Judges policies of one training on slots of the training key space, and remembers the best.

    Parameters
    ----------
    scenario : mec_env.Scenario
    actions : str
        ``decisions``, ``scores`` or ``prices``, what the policies give.
    seed : int
        Of the training, which takes rows' seeds below 2**32, or drawn from all 64 bits:
        the judged ones follow 2**32.
    judged : int
        Slots; whole episodes of about so many together where something passes from slot to slot.
    **options
        Keywords of :class:`mec_env.MECVectorEnv` that say how the policies observe and act.

    Attributes
    ----------
    scenario : mec_env.Scenario
    first, objective : float
        Mean objective of the one judged first and of the best; infinity before any.
    kept : object
        The copy of it.
    """

    def __init__(self, scenario, actions, seed, judged=JUDGED, **options):
        self.scenario = scenario
        self._steps = 1
        if coupling_of(scenario) != "none":
            self._steps, judged = scenario.slots, max(4, judged // scenario.slots)
        self._env = MECVectorEnv(
            judged, scenario, actions, autoreset_mode="Disabled", threads=1, **options
        )
        self._seed = 2**32 + int(np.random.SeedSequence(int(seed)).generate_state(1)[0])
        self.first = self.objective = float("inf")
        self.kept = None

    def objectives(self, act):
        """What a policy comes to on each judged slot, (judged,); ``act`` as in :meth:`judge`."""
        return self._played(act, lambda step: step[4]["objective"])

    def rewards(self, act):
        """The scenario's reward of a policy on each judged slot, (judged,)."""
        return self._played(act, lambda step: step[1])

    def _played(self, act, of_step):
        """Means over each row's slots of what a step says."""
        observed, _ = self._env.reset(seed=self._seed)
        total = 0.0
        for _ in range(self._steps):
            step = self._env.step(act(observed))
            observed, total = step[0], total + of_step(step)
        return total / self._steps

    def judge(self, act, copy):
        """Judge a policy.

        Parameters
        ----------
        act : callable
            Gives actions (judged, ...) for observations (judged, size) float32.
        copy : callable
            Gives what is to be kept of the policy if it is the best so far.

        Returns
        -------
        float
            Its mean objective.
        """
        objective = float(self.objectives(act).mean())
        if self.kept is None:
            self.first = objective
        if objective < self.objective:
            self.objective, self.kept = objective, copy()
        return objective
