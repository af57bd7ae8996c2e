"""What a coupling adds to a slot: costs that come of earlier decisions, links that aren't open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np


@dataclass(frozen=True, eq=False)
class Coupled:
    """What tasks coupled in time make of a slot; read-only arrays.

    Attributes
    ----------
    link_seconds, link_joules : (N, M) float64
        What comes on top of sending a task [s], [J], 0 or more; infinite seconds where a link is not
        open to a device, which then stays at home whatever it asks for.
    local_seconds, local_joules : (N,) float64
        What a task that is not sent takes, 0 or more [s], [J]; 0 for a device without one.
    server_seconds : (M,) float64
        Seconds that a unit of squared load, (sum of root cycles)^2, takes on a server together for
        all that are on it; 1 / server_speed where the CPU is shared.
    facts : mapping of str to array
        What else the coupling knows of the slot, by the names of docs/coupled-tasks.md, such as
        ``holder``, ``level`` or ``waiting``.

    Raises
    ------
    ValueError
        For a number that is negative or not a number, and local costs or servers that aren't finite.
    """

    link_seconds: np.ndarray
    link_joules: np.ndarray
    local_seconds: np.ndarray
    local_joules: np.ndarray
    server_seconds: np.ndarray
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self):
        for name in (
            "link_seconds",
            "link_joules",
            "local_seconds",
            "local_joules",
            "server_seconds",
        ):
            array = np.array(getattr(self, name), dtype=np.float64, order="C")
            most = np.inf if name == "link_seconds" else np.finfo(float).max
            if not ((array >= 0.0) & (array <= most)).all():
                raise ValueError(f"{name}: holds {_worst(array, most):g}, all must be 0 or more")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        facts = {name: np.array(value) for name, value in self.facts.items()}
        for value in facts.values():
            value.setflags(write=False)
        object.__setattr__(self, "facts", MappingProxyType(facts))

    def __reduce__(self):
        return Coupled, (
            self.link_seconds, self.link_joules, self.local_seconds, self.local_joules,
            self.server_seconds, dict(self.facts),
        )  # fmt: skip

    def check(self, devices, servers):
        """Refuse shapes that aren't those of so many devices and servers."""
        shapes = dict(
            link_seconds=(devices, servers), link_joules=(devices, servers),
            local_seconds=(devices,), local_joules=(devices,), server_seconds=(servers,),
        )  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: shape {getattr(self, name).shape}, must be {shape}")

    def open_to(self, decision):
        """A decision (N,) with the devices at home whose link isn't open to them."""
        closed = np.zeros(decision.size, dtype=bool)
        sent = np.flatnonzero(decision > 0)
        closed[sent] = np.isinf(self.link_seconds[sent, decision[sent] - 1])
        return np.where(closed, 0, decision)


def _worst(array, most):
    bad = ~((array >= 0.0) & (array <= most))
    return array[bad].ravel()[0]
