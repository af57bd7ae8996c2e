"""What a Stable-Baselines3 learner has learned: its actor's layers, and nothing that runs code."""

import numpy as np

from dirs_solver.shared.actor import Actor
from dirs_solver.shared.fits import same_size


def _scores(last, scenario):
    return 0.5 * (np.tanh(last) + 1.0)


def _decisions(last, scenario):
    choices = scenario.iotds, scenario.mecs + 1
    return last.reshape(*last.shape[:-1], *choices).argmax(axis=-1)


#: What the last layer says, by the action mode that it was trained for.
ACTIONS = {"scores": _scores, "decisions": _decisions}


class SB3Policy(Actor):
    """An actor's layers with the standardisation of its observations, both frozen.

    Parameters
    ----------
    layers, mean, deviation, limit, activation
        As :class:`Actor` takes them.
    actions : str
        ``decisions``: the last layer gives log-probabilities, M + 1 for each device.
        ``scores``: its hyperbolic tangent is taken to [0, 1], server by server.
    scenario : mec_env.Scenario
        What it was trained on.
    """

    information = "global"

    def __init__(self, layers, mean, deviation, limit, actions, activation, scenario):
        super().__init__(layers, mean, deviation, limit, activation)
        self.actions, self.scenario = actions, scenario

    def prepare(self, scenario):
        """Check that a scenario is of the size that the actor was trained on.

        Raises
        ------
        ValueError
        """
        same_size("the policy", self.scenario, scenario)

    def act(self, observation):
        """The most likely decision (N,) of 0 .. M, or scores (M * N,) in [0, 1].

        With rows of observations (E, size), one for each row.
        """
        return ACTIONS[self.actions](self.through(observation), self.scenario)
