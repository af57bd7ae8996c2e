"""Learners that do wrong, or take their time: what a sweep must live through."""

import itertools
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import mec_env
from dirs_solver.shared.keep_best import Best


class AlwaysLocal:
    """A learner of somebody else's: it learns nothing, and says how far it is."""

    name, information = "always-local", "global"

    def learn(self, scenario, seed, slots=None, progress=None):
        progress(SimpleNamespace(stage="online", done=slots, total=slots, objective=1.0))
        return mec_env.RULES["local"]()


class Crash(AlwaysLocal):
    """It has a defect."""

    def learn(self, scenario, seed, slots=None, progress=None):
        raise ZeroDivisionError("no slots\nin the second line")


class Exits(AlwaysLocal):
    """It ends as a script does."""

    def learn(self, scenario, seed, slots=None, progress=None):
        raise SystemExit(3)


class NeverMade(AlwaysLocal):
    """It needs what isn't there."""

    def __init__(self):
        raise RuntimeError("no licence")


class LearnsNot:
    """No learner, though a class."""


class NaN(AlwaysLocal):
    """Its networks came apart."""

    def learn(self, scenario, seed, slots=None, progress=None):
        return SimpleNamespace(act=lambda observation: np.full(60, np.nan, np.float32))


class WrongShape(AlwaysLocal):
    """It decides for one device too many."""

    def learn(self, scenario, seed, slots=None, progress=None):
        return SimpleNamespace(decide=lambda slot: np.zeros(31, dtype=int))


class TooMany(AlwaysLocal):
    """It knows a server that isn't there."""

    def learn(self, scenario, seed, slots=None, progress=None):
        return SimpleNamespace(decide=lambda slot: np.full(30, 3))


class Slow(AlwaysLocal):
    """It waits, and waits."""

    def learn(self, scenario, seed, slots=None, progress=None):
        time.sleep(60)


class Late(AlwaysLocal):
    """It is not done before others are."""

    def learn(self, scenario, seed, slots=None, progress=None):
        time.sleep(3)
        return mec_env.RULES["local"]()


class Stuck(AlwaysLocal):
    """It is in a call into C that hears no signal."""

    def learn(self, scenario, seed, slots=None, progress=None):
        return sum(itertools.repeat(1, 10**15))


class Endless(AlwaysLocal):
    """It trains as long as it is let."""

    anytime = True

    def learn(self, scenario, seed, slots=None, progress=None):
        done, spent = 0, time.process_time()
        while time.process_time() - spent < 30:
            done += 1
            if progress(SimpleNamespace(stage="online", done=done, total=slots, objective=done, gap=0.5)):  # fmt: skip
                break
        return mec_env.RULES["local"]()


class Mortal(AlwaysLocal):
    """Its process is killed, as often as there are lives in the folder that MEC_TEST_LIVES names."""

    def learn(self, scenario, seed, slots=None, progress=None):
        lives = sorted(Path(os.environ["MEC_TEST_LIVES"]).iterdir())
        if lives:
            lives[0].unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        rule = mec_env.RULES["random"]()
        return SimpleNamespace(decide=rule.decide, reset=rule.reset)


class Waits(Mortal):
    """It goes on once the folder is empty."""

    def learn(self, scenario, seed, slots=None, progress=None):
        while any(Path(os.environ["MEC_TEST_LIVES"]).iterdir()):
            time.sleep(0.05)
        return mec_env.RULES["local"]()


def nobody_offloads(observation):
    """An act function, without any class."""
    return np.zeros(30, dtype=int)


class Peeks(AlwaysLocal):
    """It says that its servers see their own columns, and looks at the whole slot."""

    information = "local"

    def learn(self, scenario, seed, slots=None, progress=None):
        return mec_env.RULES["greedy"]()


class Last(Best):
    """Keeps the policy judged last, not the best."""

    def judge(self, act, copy):
        self.objective = float("inf")
        return super().judge(act, copy)
