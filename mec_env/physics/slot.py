"""One slot, frozen: what is known when a decision is due, and what a decision comes to."""

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mec_env import limits
from mec_env.one_line import one_line
from mec_env.physics import cost
from mec_env.physics.coupled import Coupled
from mec_env.physics.link import SMALLEST_GAIN, link_table

_NUMBERS = "bandwidth noise max_power kappa exponent weight_time weight_energy".split()
LARGEST_GAIN = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False, repr=False)
class Slot:
    """An immutable snapshot of one slot, SI units, read-only arrays.

    The environments build it. For instances of your own, build it by hand with the same fields.
    Arrays are copied. The limits of all numbers are in ``mec_env.limits.LIMITS``.

    Attributes
    ----------
    gain : (N, M) float64
        Channel gains h_ij; positive, rounded to float32 numbers, at least 1.2e-38
        (the smallest normal one).
    distance : (N, M) float64
        Between device and server [m].
    data_bits : (N,) float64
        D_i [bit].
    cycles : (N,) float64
        F_i [CPU cycles].
    local_speed : (N,) float64
        f_i0 [cycles/s].
    server_speed : (M,) float64
        F_j^max [cycles/s].
    bandwidth, noise, max_power : float
        B [Hz], sigma^2 [W], P_max [W].
    kappa, exponent : float
        Local power is ``kappa * local_speed ** exponent`` [W].
    weight_time, weight_energy : float
        phi_T [1/s], phi_E [1/J].
    coupled : mec_env.physics.coupled.Coupled, optional
        What a coupling adds to the slot, see there; None where slots don't depend on each other.

    Raises
    ------
    ValueError
        If shapes don't fit, a number is outside its limits, the fastest server is
        over 1e12 times as fast as the slowest, or a device's own CPU takes over
        1e9 W.
    """

    gain: np.ndarray
    distance: np.ndarray
    data_bits: np.ndarray
    cycles: np.ndarray
    local_speed: np.ndarray
    server_speed: np.ndarray
    bandwidth: float = 1e6
    noise: float = 1e-12
    max_power: float = 1.5
    kappa: float = 1e-27
    exponent: float = 3.0
    weight_time: float = 1.0
    weight_energy: float = 1.0
    coupled: Coupled | None = None
    _by_server: np.ndarray = field(init=False, repr=False)

    __repr__ = one_line

    def __post_init__(self):
        for name in _NUMBERS:
            object.__setattr__(self, name, limits.number(name, getattr(self, name)))
        gain = _gains(self.gain)
        n, m = gain.shape
        shapes = dict(distance=(n, m), data_bits=(n,), cycles=(n,), local_speed=(n,))
        shapes.update(server_speed=(m,))
        object.__setattr__(self, "gain", frozen(gain.astype(np.float64)))
        for name, shape in shapes.items():
            array = limits.array(name, getattr(self, name), shape)
            object.__setattr__(self, name, frozen(array))
        limits.check_servers(self.server_speed.min(), self.server_speed.max())
        most = limits.LIMITS["max_power"].high
        limits.check_local_power(
            self.kappa, self.exponent, self.local_speed.max(), most, f"{most:g} W"
        )
        if self.coupled is not None:
            self.coupled.check(n, m)
        by_server = np.array(gain.T, order="C")
        by_server.setflags(write=False)
        object.__setattr__(self, "_by_server", by_server)

    def __reduce__(self):
        # Copies are built anew, so that their arrays are read-only too.
        return Slot, tuple(getattr(self, f.name) for f in fields(self) if f.init)

    @property
    def local_power(self) -> NDArray[np.float64]:
        """Power of each device's own CPU, p_i^E (N,) [W]."""
        return self.kappa * self.local_speed**self.exponent

    @property
    def congestion(self) -> NDArray[np.float64]:
        """Weighted cost of a server's (sum of root cycles)^2, phi_T / F_j^max if it shares its CPU, (M,)."""
        if self.coupled is not None:
            return self.weight_time * self.coupled.server_seconds
        return self.weight_time / self.server_speed

    @cached_property
    def local_cost(self) -> NDArray[np.float64]:
        """Weighted cost of each task not sent, (N,): of its local run, or as a coupling has it."""
        if self.coupled is not None:
            c = self.coupled
            return frozen(self.weight_time * c.local_seconds + self.weight_energy * c.local_joules)
        seconds = self.cycles / self.local_speed
        return frozen(seconds * (self.weight_time + self.weight_energy * self.local_power))

    @cached_property
    def link_cost(self) -> NDArray[np.float64]:
        """Weighted cost of sending each task to each server at the best power, (N, M).

        It includes what a coupling adds now, and is infinite where a link is not open.
        """
        return (
            self.sending_cost
            if self.coupled is None
            else frozen(self.sending_cost + self.added_cost)
        )

    @cached_property
    def sending_cost(self) -> NDArray[np.float64]:
        """:attr:`link_cost` without what a coupling adds, (N, M)."""
        out = np.empty(self.gain.shape)
        cost.link_costs(self.physics, self._by_server, self.data_bits, out)
        return frozen(out)

    @cached_property
    def added_cost(self) -> NDArray[np.float64]:
        """Weighted cost that a coupling adds to each link now, (N, M); infinite if closed."""
        if self.coupled is None:
            return frozen(np.zeros(self.gain.shape))
        c = self.coupled
        return frozen(self.weight_time * c.link_seconds + self.weight_energy * c.link_joules)

    @cached_property
    def physics(self) -> cost.Physics:
        """The parameters as the kernels of ``mec_env.physics.cost`` take them."""
        return physics_of(self)

    @cached_property
    def tasks(self) -> cost.Tasks:
        """The tasks as the kernels of ``mec_env.physics.cost`` take them."""
        return cost.Tasks(self.data_bits, self.cycles, np.sqrt(self.cycles))


def _gains(given):
    """Gains as a float32 array (N, M), each a normal number."""
    try:
        with np.errstate(over="ignore"):
            gain = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("gain: must be an array of numbers, shape (devices, servers)") from None
    if gain.ndim != 2 or not gain.size:
        raise ValueError(f"gain: shape {gain.shape}, must be (devices, servers)")
    if not (gain.min() >= SMALLEST_GAIN and gain.max() <= LARGEST_GAIN):
        bad = ~(np.isfinite(gain) & (gain >= SMALLEST_GAIN))
        # numpy's own float32 of an overflowing gain is inf: show what was given.
        value = np.asarray(given, dtype=np.float64)[bad][0]
        raise ValueError(
            f"gain: holds {value:g}, all must be finite and at least {SMALLEST_GAIN:.3g}"
            f" (up to {LARGEST_GAIN:.3g})"
        )
    return gain


def physics_of(parameters):
    """The kernels' Physics of a Scenario or a Slot."""
    p = parameters
    links = link_table(p.noise, p.max_power, p.weight_time, p.weight_energy)
    return cost.Physics(
        links, float(p.bandwidth), float(p.kappa), float(p.exponent),
        float(p.weight_time), float(p.weight_energy),
    )  # fmt: skip


def frozen(array):
    """Make an array read-only and return it."""
    array.setflags(write=False)
    return array
