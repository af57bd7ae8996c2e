"""The references as learners: what they tune on training episodes, and their files."""

import json

import numpy as np

from dirs_solver.references.playing import WORLDS, objective, training_episodes
from dirs_solver.references.policies import (
    COUPLINGS,
    Planner,
    Replay,
    Rule,
    coupled,
)
from dirs_solver.references.policies import (
    Myopic as MyopicPolicy,
)
from dirs_solver.shared.progress import Progress
from mec_env import checks
from mec_env.draws.streams import seed_key
from mec_env.whole_file import write_text


class Reference:
    """A learner that tunes little or nothing; its file is JSON.

    Parameters
    ----------
    settings : dict, optional
        In place of some of ``DEFAULTS``.

    Raises
    ------
    ValueError
        For a setting that is unknown or not allowed.
    """

    information = "global"
    DEFAULTS: dict = {}

    def __init__(self, settings=None):
        for key in settings or {}:
            checks.known(f"setting of {self.name}", key, self.DEFAULTS)
        self.settings = {**self.DEFAULTS, **(settings or {})}
        self._check(self.settings)
        self.policy, self._found = None, {}

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Tune on training episodes, and return the policy; see :class:`dirs_solver.learner.Learner`.

        Raises
        ------
        ValueError
            For a scenario that couples nothing in time, where the reference is of a coupling.
        """
        seed_key(seed)
        self._found = self._tune(scenario, seed, slots, progress or (lambda report: None))
        self.policy = self._policy(self._found)
        return self.policy

    def save(self, path):
        """Write what was found as JSON, whole or not at all."""
        record = {"learner": self.base, "settings": self.settings, "found": self._found}
        write_text(path, json.dumps(record, indent=1))

    @classmethod
    def load(cls, path):
        """The learner of a file.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            In one sentence, for a file that is not this learner's.
        """
        try:
            with open(path, encoding="utf-8") as file:
                read = json.load(file)
            name, settings, found = read["learner"], dict(read["settings"]), dict(read["found"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}: not a file of a reference") from None
        if name != cls.base:
            raise ValueError(f"{path}: holds {name!r}, must be a file of {cls.base!r}")
        learner = cls(settings)
        try:
            learner.policy = learner._policy(found)
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"{path}: not all that {name!r} finds is there ({error})") from None
        learner._found = found
        return learner

    def _check(self, settings):
        if "worlds" in settings:
            checks.integer("worlds", settings["worlds"], 1)

    def _tune(self, scenario, seed, slots, progress):
        return {}


class Myopic(Reference):
    """The certified optimum of every slot by itself; plays every scenario."""

    name = base = "myopic"

    def _policy(self, found):
        return MyopicPolicy()


class Hindsight(Reference):
    """Replays hindsight's decisions of the episode played: no policy, but a measure of policies."""

    name = base = "hindsight"
    information = "future"

    def _policy(self, found):
        return Replay()


class TunedRule(Reference):
    """The best rule of one parameter: ``rule`` names one, else the best of the coupling's is taken.

    Settings
    --------
    rule : str or None
    worlds : int
        On a training episode each, the scenario's own and the following ones.
    """

    name = base = "tuned-rule"
    DEFAULTS = {"rule": None, "worlds": WORLDS}

    def _check(self, settings):
        super()._check(settings)
        if settings["rule"] is not None:
            known = [rule for eyes, _ in COUPLINGS.values() for rule in eyes.rules]
            checks.known("rule", settings["rule"], known)

    def _tune(self, scenario, seed, slots, progress):
        rules = COUPLINGS[coupled(self.name, scenario)][0].rules
        wanted = self.settings["rule"]
        if wanted is not None:
            rules = {wanted: rules[checks.known("rule", wanted, rules)]}
        episodes = training_episodes(scenario, seed, self.settings["worlds"])
        best = (np.inf, None, 0.0)
        for done, (rule, grid) in enumerate(rules.items()):
            cost, parameter = tune(lambda x, rule=rule: Rule(self.name, rule, x), grid, episodes)
            best = min(best, (cost, rule, parameter), key=lambda found: found[0])
            if progress(Progress("rules", done + 1, len(rules), objective=cost)):
                break
        return {"rule": best[1], "parameter": best[2]}

    def _policy(self, found):
        return Rule(self.name, str(found["rule"]), found["parameter"])


class Planning(Reference):
    """An expected program per device over ``horizon`` slots; None tries a few.

    Settings
    --------
    horizon : int or None
    worlds : int
        As of the tuned rule.
    """

    name = base = "planning"
    DEFAULTS = {"horizon": None, "worlds": 2}
    knows = False

    def _check(self, settings):
        super()._check(settings)
        if settings["horizon"] is not None:
            checks.integer("horizon", settings["horizon"], 0)

    def _tune(self, scenario, seed, slots, progress):
        eyes = COUPLINGS[coupled(self.name, scenario)][0]
        horizon = self.settings["horizon"]
        if horizon is None:
            episodes = training_episodes(scenario, seed, self.settings["worlds"])
            costs = []
            for done, tried in enumerate(eyes.horizons):
                costs.append(played(lambda tried=tried: self._policy({"horizon": tried}), episodes))
                if progress(
                    Progress("horizons", done + 1, len(eyes.horizons), objective=costs[-1])
                ):
                    break
            horizon = eyes.horizons[int(np.argmin(costs))]
        return {"horizon": int(horizon)}

    def _policy(self, found):
        return Planner(self.name, found["horizon"], self.knows)


class PlanningKnows(Planning):
    """Planning that is shown all future draws: its remaining gap is no lack of information."""

    name = base = "planning-knows"
    information, knows = "future", True


def played(make, episodes):
    """What a policy costs on episodes, all together."""
    total = 0.0
    for episode in episodes:
        policy = make()
        policy.prepare(episode.scenario)
        total += objective(policy, episode)
    return total


def tune(make, grid, episodes, rounds=2):
    """The best parameter of a rule: of a grid, then halfway to the best one's neighbours.

    Returns
    -------
    cost, parameter : float
    """
    policies = []
    for episode in episodes:
        policy = make(0.0)
        policy.prepare(episode.scenario)
        policies.append(policy)

    def cost(parameter):
        total = 0.0
        for policy, episode in zip(policies, episodes, strict=True):
            policy.parameter = parameter
            total += objective(policy, episode)
        return total

    tried = {x: cost(x) for x in grid}
    for _ in range(rounds):
        best, known = min(tried, key=tried.__getitem__), sorted(tried)
        at = known.index(best)
        for other in (known[max(at - 1, 0)], known[min(at + 1, len(known) - 1)]):
            middle = 0.5 * (best + other)
            if middle not in tried:
                tried[middle] = cost(middle)
    best = min(tried, key=tried.__getitem__)
    return tried[best], float(best)
