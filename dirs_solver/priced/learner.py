"""``priced`` as a learner: a shipped network that decides anywhere, and is tuned to a world."""

from collections.abc import Callable
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from dirs_solver.priced.network import Network
from dirs_solver.priced.policy import Choice, PricedPolicy
from dirs_solver.shared import files
from dirs_solver.shared.progress import Progress
from mec_env import checks
from mec_env.draws.streams import seed_key
from mec_env.scenario.named import ScenarioLike, resolve

KIND = "priced-policy"
SHIPPED = Path(__file__).with_name("shipped.safetensors")
#: More slots of one world to learn from bring nothing.
MOST_SLOTS = 10_000
#: What ``learn`` does: slots to learn from, Adam's steps and first rate.
SETTINGS = {"slots": 400, "steps": 400, "rate": 3e-4}


@lru_cache(maxsize=1)
def shipped() -> Network:
    """The network that comes with the package, trained on many worlds and sizes."""
    return Network.of_arrays(files.load(SHIPPED, KIND)[1])


class Priced:
    """Prices from a network that all servers share and that sees a server's own column alone.

    Made without training it decides on any scenario: its policy is calibrated on 100 training
    slots of each world that it meets.

    Parameters
    ----------
    settings : dict, optional
        In place of ``SETTINGS``.

    Attributes
    ----------
    policy : PricedPolicy
    """

    name = "priced"
    information = "local"
    #: How often servers tell their load.
    broadcasts = 0

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        for key in settings or {}:
            checks.known("setting", key, SETTINGS)
        self.settings = {**SETTINGS, **(settings or {})}
        checks.integer("slots", self.settings["slots"], 0)
        checks.integer("steps", self.settings["steps"], 0)
        checks.number("rate", self.settings["rate"])
        self._policy: PricedPolicy | None = None

    @property
    def policy(self) -> PricedPolicy:
        """The policy learned last; before any training, that of the shipped network."""
        return self._policy or PricedPolicy(shipped(), self.broadcasts)

    def learn(
        self,
        scenario: ScenarioLike,
        seed: int = 0,
        slots: int | None = None,
        progress: Callable[[Progress], bool | None] | None = None,
    ) -> PricedPolicy:
        """Tune the shipped network to a world, and keep the better of the two there.

        Parameters
        ----------
        scenario : mec_env.Scenario or name
        seed : int
            0 to 2**64 - 1; fixes the slots learned from and the minibatches.
        slots : int, optional
            Slots to learn from, at most ``MOST_SLOTS``, besides 100 slots of calibration; by
            default the number in the settings. With 0 prices are calibrated and nothing is learned.
        progress : callable, optional
            Called with a :class:`dirs_solver.shared.progress.Progress` before the slots are drawn
            and after every step. If it returns True the training ends there.

        Returns
        -------
        PricedPolicy
        """
        scenario = resolve(scenario)
        seed_key(seed)
        slots = self.settings["slots"] if slots is None else checks.integer("slots", slots, 0)
        self._policy = PricedPolicy(shipped(), self.broadcasts)
        untuned = self._policy.prepare(scenario)
        wanted = min(slots, MOST_SLOTS)
        first = Progress("lessons", 0, wanted)
        if wanted and self.settings["steps"] and not (progress and progress(first) is True):
            tuned = PricedPolicy(self._tuned(scenario, seed, wanted, progress), self.broadcasts)
            if tuned.prepare(scenario) < untuned:
                self._policy = tuned
        return self._policy

    def _tuned(self, scenario, seed, slots, progress):
        # torch is slow to import, and deciding does without.
        from dirs_solver.priced.teacher import lessons
        from dirs_solver.priced.training import fit

        steps = self.settings["steps"]

        def report(step):
            return progress is not None and progress(Progress("tuning", step, steps))

        # Of all 64 bits: calibration has seed 0.
        drawn = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        learned = lessons(scenario, slots, drawn)
        return fit(
            [learned], seed, steps=steps, rate=self.settings["rate"], start=shipped(),
            progress=report,
        )  # fmt: skip

    def save(self, path: "PathLike[str] | str") -> None:
        """Write the policy to a file: weights and what was chosen, and no code."""
        policy = self.policy
        header = {"learner": self.name, "choice": list(policy.choice)}
        files.save(path, KIND, header, policy.network.arrays())

    @classmethod
    def load(cls, path: "PathLike[str] | str", scenario: ScenarioLike = None) -> "Priced":
        """The learner of a file, its ``policy`` ready to act; any scenario will do.

        Raises
        ------
        ValueError
            In one sentence, for a file that is damaged or another learner's.
        """
        header, arrays = files.load(path, KIND)
        files.same(path, "learner", header["learner"], cls.name)
        trust, shift, broadcasts = header["choice"]
        learner = cls()
        choice = Choice(trust, shift, tuple(broadcasts))
        learner._policy = PricedPolicy(Network.of_arrays(arrays), cls.broadcasts, choice)
        return learner


class Priced1(Priced):
    """The same with one broadcast of the servers' loads, after which devices ask again."""

    name, broadcasts = "priced-1", 1


class Priced2(Priced):
    """The same with two broadcasts."""

    name, broadcasts = "priced-2", 2


def load_any(path: "PathLike[str] | str") -> Priced:
    """The learner of a file, whichever of the three wrote it."""
    wrote = files.load(path, KIND)[0]["learner"]
    kinds = {kind.name: kind for kind in (Priced, Priced1, Priced2)}
    return kinds[checks.known("learner", wrote, kinds)].load(path)
