"""One slot, frozen: what is known when a decision is due, and what a decision comes to."""

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from mec_env import checks, cost
from mec_env.link import SMALLEST_GAIN, link_table

SMALLEST_POSITIVE = np.nextafter(0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Slot:
    """An immutable snapshot of one slot, SI units, read-only arrays.

    Built by the environments; by hand with the same fields, for instances of
    your own. Arrays are copied.

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

    Raises
    ------
    ValueError
        If shapes don't fit or a number is not positive and finite.
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
    _by_server: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        for name in ("bandwidth", "noise", "max_power", "weight_time"):
            checks.number(name, getattr(self, name))
        for name in ("kappa", "exponent", "weight_energy"):
            checks.number(name, getattr(self, name), positive=False)
        with np.errstate(over="ignore"):
            gain = np.asarray(self.gain, dtype=np.float32)
        if gain.ndim != 2 or not gain.size:
            raise ValueError(f"gain: shape {gain.shape}, must be (devices, servers)")
        n, m = gain.shape
        shapes = dict(distance=(n, m), data_bits=(n,), cycles=(n,), local_speed=(n,))
        shapes.update(gain=(n, m), server_speed=(m,))
        for name, shape in shapes.items():
            array = np.array(gain if name == "gain" else getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise ValueError(f"{name}: shape {array.shape}, must be {shape}")
            lowest = {"distance": 0.0, "gain": SMALLEST_GAIN}.get(name, SMALLEST_POSITIVE)
            # Two passes where all is well, as nearly always; NaN fails both comparisons.
            if not (array.min() >= lowest and array.max() < np.inf):
                bad = ~(np.isfinite(array) & (array >= lowest))
                # numpy's own float32 of an overflowing gain is inf: show what was given.
                value = np.asarray(getattr(self, name), dtype=np.float64)[bad][0]
                allowed = {"distance": "0 or more", "gain": f"at least {SMALLEST_GAIN:.3g}"}
                raise ValueError(
                    f"{name}: holds {value:g}, all must be finite and "
                    f"{allowed.get(name, 'above 0')}"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        by_server = np.array(gain.T, order="C")
        by_server.setflags(write=False)
        object.__setattr__(self, "_by_server", by_server)

    def __reduce__(self):
        # Copies are built anew, so that their arrays are read-only too.
        return Slot, tuple(getattr(self, f.name) for f in fields(self) if f.init)

    @property
    def local_power(self):
        """Power of each device's own CPU, p_i^E (N,) [W]."""
        return self.kappa * self.local_speed**self.exponent

    @property
    def congestion(self):
        """Weighted cost of a server's (sum of root cycles)^2, phi_T / F_j^max (M,)."""
        return self.weight_time / self.server_speed

    @cached_property
    def local_cost(self):
        """Weighted cost of running each task on its own device, (N,)."""
        seconds = self.cycles / self.local_speed
        return _frozen(seconds * (self.weight_time + self.weight_energy * self.local_power))

    @cached_property
    def link_cost(self):
        """Weighted cost of sending each task to each server at the best power, (N, M)."""
        out = np.empty(self.gain.shape)
        cost.link_costs(self.physics, self._by_server, self.data_bits, out)
        return _frozen(out)

    @cached_property
    def physics(self):
        """The parameters as the kernels of ``mec_env.cost`` take them."""
        return physics_of(self)

    @cached_property
    def tasks(self):
        """The tasks as the kernels of ``mec_env.cost`` take them."""
        return cost.Tasks(self.data_bits, self.cycles, np.sqrt(self.cycles))


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a decision comes to.

    Attributes
    ----------
    objective : float
        phi_T time + phi_E energy, equation (11).
    time, energy : float
        Sums over devices [s], [J].
    power : (N,) float64
        Transmission powers [W]; of local devices their CPU's power.
    cpu : (N,) float64
        CPU shares [cycles/s]; of local devices their own speed.
    """

    objective: float
    time: float
    energy: float
    power: np.ndarray
    cpu: np.ndarray


def outcome(slot, decision, power=None, cpu=None):
    """The objective of a decision, with the best powers and shares or with given ones.

    Parameters
    ----------
    slot : Slot
    decision : (N,) integers
        0 (local) or 1 .. M.
    power : (N,) array, optional
        Transmission powers [W], 0 < p <= P_max, equation (7).
    cpu : (N,) array, optional
        CPU shares [cycles/s]; each server's sum at most F_j^max, equation (6).
        In both, entries of local devices don't count.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        For a wrong shape or a value that is not allowed.
    """
    decision = check_decision(decision, *slot.gain.shape)
    best_power, best_cpu = cost.best_resources(
        slot.physics, slot._by_server, slot.tasks,
        slot.local_speed, slot.local_power, slot.server_speed, decision,
    )  # fmt: skip
    offloads = decision > 0
    if power is None and cpu is None:
        time, energy, _ = cost.evaluate(
            slot.physics, slot._by_server, slot.tasks,
            slot.local_speed, slot.local_power, slot.server_speed, decision,
            cost.scratch(*slot.gain.shape),
        )  # fmt: skip
    else:
        if power is not None:
            best_power = _given("power", power, offloads, best_power, slot.max_power)
        if cpu is not None:
            best_cpu = _given("cpu", cpu, offloads, best_cpu, np.inf)
            sums = np.bincount(decision, weights=best_cpu, minlength=slot.server_speed.size + 1)[1:]
            over = np.flatnonzero(sums > slot.server_speed * (1 + 1e-9))
            if over.size:
                j = over[0]
                raise ValueError(
                    f"cpu: shares of server {j + 1} sum to {sums[j]:g} cycles/s, "
                    f"at most {slot.server_speed[j]:g} are allowed"
                )
        time, energy = cost.evaluate_given(
            slot.physics, slot._by_server, slot.tasks, decision, best_power, best_cpu
        )
    objective = slot.weight_time * time + slot.weight_energy * energy
    return Outcome(objective, time, energy, _frozen(best_power), _frozen(best_cpu))


def check_decision(decision, devices, servers):
    """Return a decision as a new (N,) int64 array, or say what is wrong with it."""
    array = np.asarray(decision)
    if array.shape != (devices,):
        raise ValueError(f"decision: shape {array.shape}, must be ({devices},)")
    if array.dtype.kind not in "iu":
        raise ValueError(f"decision: dtype {array.dtype}, must be integers from 0 to {servers}")
    bad = (array < 0) | (array > servers)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"decision[{i}] = {array[i]}: must be from 0 (local) to {servers}")
    return np.array(array, dtype=np.int64, order="C")


def physics_of(parameters):
    """The kernels' Physics of a Scenario or a Slot."""
    p = parameters
    links = link_table(p.noise, p.max_power, p.weight_time, p.weight_energy)
    return cost.Physics(
        links, float(p.bandwidth), float(p.kappa), float(p.exponent),
        float(p.weight_time), float(p.weight_energy),
    )  # fmt: skip


def _given(name, values, offloads, best, limit):
    values = np.asarray(values, dtype=np.float64)
    if values.shape != best.shape:
        raise ValueError(f"{name}: shape {values.shape}, must be {best.shape}")
    # As much room for rounding as the sum of shares has: the best power at the cap is fed back.
    allowed = (values > 0) & (values <= limit * (1 + 1e-9)) & np.isfinite(values)
    bad = offloads & ~allowed
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            f"{name}[{i}] = {values[i]:g}: must be above 0"
            + (f" and at most {limit:g}" if np.isfinite(limit) else "")
        )
    return np.where(offloads, values, best)


def _frozen(array):
    array.setflags(write=False)
    return array
