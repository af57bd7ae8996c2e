"""Cells of the leaderboard: one learner on one suite with one seed, and its results.

A cell is two files: ``NAME.json`` with the numbers and where they come from, and
``NAME.decisions-v2.xz`` with every decision (``-v3.bin`` where a score is an episode's), from which
anybody can work the numbers out again (:mod:`mec_bench.verify`). The name holds a hash of the settings, so other
settings are another cell.

Version 2 of the layout keeps means over each episode and the gaps of the slots, packed
(:mod:`mec_bench.scores`); version 1 kept lists of a number a slot, and is read and verified
all the same. ``python -m mec_bench migrate FILE…`` makes the one of the other.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

from dirs_solver.learner import find_learner
from mec_env.judging.rules import RULES
from mec_env.judging.suite import SUITES, Suite
from mec_env.scenario.scenario import Scenario

#: Of the cells' layout: what is written.
VERSION = 2
#: What is read.
VERSIONS = (1, 2)


@dataclass(frozen=True)
class Cell:
    """What is to be run.

    Attributes
    ----------
    learner : str
        As :func:`dirs_solver.find_learner` takes it.
    suite : Suite
        A frozen one, or a part of one (``Suite.only``).
    seed : int
        Of the training and of policies that draw random numbers.
    training_slots : int, optional
        Slots that the learner trains on in each world, by default its own number.
    budget : float, optional
        Time of one core for the training of all worlds together [s].
    time_limit : float, optional
        Wall time after which the cell has failed [s].
    trust : bool
        Whether a file that the learner is loaded from may run code.
    """

    learner: str
    suite: Suite
    seed: int = 0
    training_slots: int | None = None
    budget: float | None = None
    time_limit: float | None = None
    trust: bool = False

    @property
    def kind(self):
        """The learner's class."""
        return find_learner(self.learner, self.trust)

    @cached_property
    def settings(self):
        """All but the code that its numbers depend on, as a dict for JSON.

        Read once, since the name depends on them and is needed often.
        """
        found = getattr(self.kind(), "settings", {})
        found = found.to_dict() if hasattr(found, "to_dict") else dict(found)
        given = {"training_slots": self.training_slots, "budget": self.budget}
        return {**found, **{k: v for k, v in given.items() if v is not None and not self.rule}}

    @property
    def rule(self):
        """Whether it learns nothing."""
        return self.learner in RULES

    @property
    def deterministic(self):
        """Whether every seed gives the same: a rule that draws no random numbers."""
        return self.rule and not getattr(RULES[self.learner], "draws", False)

    @property
    def name(self):
        """Name of its files, without ending."""
        learner = "".join(c if c.isalnum() or c in "-_." else "-" for c in self.learner)
        return f"{self.suite_name}--{learner}--s{self.seed}--{hash_of(self.settings)}"

    @property
    def suite_name(self):
        """The suite's, with what is left of a cut one."""
        suite = self.suite
        if not suite.name.endswith("(part)"):
            return suite.name
        left = len(suite.world_seeds), len(suite.episode_seeds), suite.scenario.slots
        return f"{suite.frozen}-part-{'x'.join(map(str, left))}"

    def head(self):
        """What every file of this cell says, whether it went well or not."""
        suite, settings = self.suite, self.settings
        return {
            "kind": "cell",
            "version": VERSION,
            "learner": self.learner,
            "information": getattr(self.kind, "information", "global"),
            "deterministic": self.deterministic,
            "suite": suite.frozen or suite.name,
            "suite_hash": suite_hash(suite),
            "worlds": len(suite.world_seeds),
            "episodes": len(suite.episode_seeds),
            "slots": suite.scenario.slots,
            **({"unit": suite.unit} if suite.unit != "slot" else {}),
            "seed": self.seed,
            "settings": settings,
            "settings_hash": hash_of(settings),
            "budget": None if self.rule else self.budget,
            **({} if suite.frozen else _own(suite)),
        }


def hash_of(settings):
    """Twelve hexadecimal digits of a dict."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


@lru_cache(maxsize=64)
def suite_hash(suite):
    """The suite's content hash, worked out once a process."""
    return suite.content_hash()


def suite_of(record):
    """The suite that a cell's record speaks of: a frozen one, a part of one, or its author's own.

    Raises
    ------
    ValueError
        For a name that no frozen suite has and no scenario beside it, or a scenario that can't be.
    """
    from mec_env.judging.suite import resolve_suite

    if "scenario" in record:
        return _of_its_own(record)
    whole = resolve_suite(record["suite"])
    return whole.only(record["worlds"], record["episodes"], record["slots"])


def _own(suite):
    """What is said of a suite that is not frozen, so that anybody can draw its slots."""
    return {
        "scenario": suite.scenario.to_toml(),
        "world_seeds": list(suite.world_seeds),
        "episode_seeds": list(suite.episode_seeds),
    }


def _of_its_own(record):
    if not isinstance(record["scenario"], str):
        raise ValueError(f"scenario = {record['scenario']!r}: must be TOML text")
    if record["suite"] in SUITES:
        raise ValueError(
            f"suite = {record['suite']!r}: is frozen, a scenario must not stand beside it"
        )
    seeds = []
    for field in ("world_seeds", "episode_seeds"):
        values = record.get(field)
        whole = isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)
        if not whole or not values:
            raise ValueError(f"{field} = {values!r}: must be a list of whole numbers of 0 or more")
        seeds.append(tuple(values))
    return Suite(record["suite"], Scenario.from_toml(record["scenario"]), *seeds)
