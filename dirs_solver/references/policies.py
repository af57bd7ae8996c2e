"""The references as policies, the same classes for every coupling."""

import copy

from dirs_solver.references import backlog, battery, moving
from mec_env.laws.coupling import coupling_of
from mec_env.optimum.certificate import certify
from mec_env.optimum.hindsight.certificate import hindsight

#: What knows a coupling, and what planning reads of an episode, by the coupling's name; the only
#: place to touch to add one.
COUPLINGS = {
    "moving": (moving.Moving, moving.known),
    "battery": (battery.Battery, battery.known),
    "backlog": (backlog.Backlog, backlog.known),
}


def coupled(name, scenario):
    """What knows a scenario's coupling, by its name in ``COUPLINGS``.

    Raises
    ------
    ValueError
        For a scenario without one: nothing passes from slot to slot that ``name`` could go by.
    """
    coupling = coupling_of(scenario)
    if coupling not in COUPLINGS:
        raise ValueError(
            f"learner {name!r}: scenario {scenario.name!r} couples nothing in time, must have "
            f"{', '.join(COUPLINGS)}"
        )
    return coupling


class Myopic:
    """The certified optimum of every slot by itself."""

    information = "global"

    def reset(self, seed):
        """Nothing to remember."""

    def decide(self, slot):
        """Decision (N,) of a slot."""
        return certify(slot).decision


class Coupled:
    """A policy of a coupled scenario: what it knows of its world is made when it is shown one."""

    information = "global"

    def __init__(self, name):
        self.name, self._scenario = name, None

    def prepare(self, scenario):
        """Look at a world, by its training slots alone."""
        if self._scenario != scenario:
            self._coupling = coupled(self.name, scenario)
            self._eyes = COUPLINGS[self._coupling][0](scenario)
            self._scenario = scenario
        self.reset(0)

    def reset(self, seed):
        """An episode begins; nothing is drawn."""
        self._t = 0
        self._eyes.begin()

    def twin(self):
        """Another policy that shares what this one knows of its world, in an episode of its own."""
        twin = copy.copy(self)
        twin._eyes = copy.copy(self._eyes)
        twin.reset(0)
        return twin

    def decide(self, slot):
        """Decision (N,) of the episode's next slot."""
        decision = self._decide(slot)
        self._t += 1
        return decision


class Rule(Coupled):
    """A rule of one parameter."""

    def __init__(self, name, rule, parameter):
        super().__init__(name)
        self.rule, self.parameter = rule, float(parameter)

    @property
    def parameter_count(self):
        """One."""
        return 1

    def _decide(self, slot):
        return self._eyes.rule(slot, self.rule, self.parameter)


class Learned(Coupled):
    """The learned rule at its numbers."""

    def __init__(self, name, numbers):
        super().__init__(name)
        self.numbers = tuple(float(x) for x in numbers)

    @property
    def parameter_count(self):
        """How many numbers it has."""
        return len(self.numbers)

    def _decide(self, slot):
        return self._eyes.learned(slot, self.numbers)


class Planner(Coupled):
    """Looks ``horizon`` slots ahead, by what is expected or by the episode itself if it knows it."""

    def __init__(self, name, horizon, knows=False):
        super().__init__(name)
        self.horizon, self._knows, self._known = int(horizon), knows, None
        if knows:
            self.information = "future"
            self.begin = self._begin

    def _begin(self, episode_of):
        """Be shown the episode that begins."""
        self._known = _Known(COUPLINGS[self._coupling][1](episode_of()))

    def _decide(self, slot):
        return self._eyes.planned(slot, self._t, self.horizon, self._known)


class _Known:
    def __init__(self, problem):
        self.problem = problem


class Replay:
    """Replays what hindsight decides in the episode that is played."""

    information = "future"

    def reset(self, seed):
        """An episode begins."""
        self._t = 0

    def begin(self, episode_of):
        """Be shown the episode that begins."""
        self._decisions = hindsight(episode_of()).decisions

    def decide(self, slot):
        """Decision (N,) of the episode's next slot."""
        self._t += 1
        return self._decisions[self._t - 1]
