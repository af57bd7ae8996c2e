"""The spec that Gymnasium keeps of an environment: fit for JSON, with the episode's length."""

import dataclasses
import os
import sys
from collections.abc import Mapping
from enum import Enum

import gymnasium
import numpy as np


class PlainSpec:
    """An environment whose ``spec`` is plain data; a class to derive from before Gymnasium's own.

    The environment has a ``scenario``.
    """

    _spec = None

    @property
    def spec(self):
        """What ``gymnasium.make`` made the environment from, or None; a ``gymnasium.EnvSpec``.

        Its keywords are of JSON's own types (arrays are lists, a Scenario or a Range a dictionary,
        a path a string). So ``to_json`` writes every spec, and ``make`` of a spec that was read
        back gives the same environment. ``max_episode_steps`` is the scenario's ``slots``: to make
        a spec anew with other ``slots``, say ``max_episode_steps=-1`` too, or Gymnasium ends the
        episodes as before.
        """
        return self._spec

    @spec.setter
    def spec(self, spec):
        if spec is not None:
            # A copy: a spec may be another's, such as the registry's.
            spec = dataclasses.replace(spec, kwargs=plain(spec.kwargs))
            if spec.max_episode_steps is None:
                spec.max_episode_steps = self.scenario.slots
        self._spec = spec


def plain(value):
    """A keyword argument as data that JSON knows and that gives the same environment."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.value if isinstance(value, Enum) else value


def warn_of_longer_limits(env):
    """Warn if a Gymnasium TimeLimit that is resetting ``env`` allows more than its ``slots``.

    ``gymnasium.make`` keeps ``max_episode_steps`` to itself and wraps the environment, which
    can't see its wrappers; only their calls of ``reset`` lead to it.
    """
    slots, frame = env.scenario.slots, sys._getframe(1)
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, gymnasium.wrappers.TimeLimit) and caller.unwrapped is env:
            limit = caller._max_episode_steps
            if limit > slots:
                gymnasium.logger.warn(
                    f"max_episode_steps = {limit}: an episode ends after slots = {slots} all the "
                    f"same; for longer ones use gymnasium.make(..., slots={limit})"
                )
        frame = frame.f_back
