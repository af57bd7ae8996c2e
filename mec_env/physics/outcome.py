"""What a decision comes to: time, energy, powers and CPU shares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mec_env.one_line import one_line
from mec_env.physics import cost
from mec_env.physics.slot import Slot, frozen


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """What a decision comes to.

    Attributes
    ----------
    objective : float
        phi_T time + phi_E energy, equation (11).
    time, energy : float
        Sums over devices [s], [J].
    power : (N,) float64
        Transmission powers [W]; for local devices the power of their CPU.
    cpu : (N,) float64
        CPU shares [cycles/s]; for local devices their own speed.
    """

    objective: float
    time: float
    energy: float
    power: np.ndarray
    cpu: np.ndarray

    __repr__ = one_line


def outcome(
    slot: Slot, decision: ArrayLike, power: ArrayLike | None = None, cpu: ArrayLike | None = None
) -> Outcome:
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
    chosen = check_decision(decision, *slot.gain.shape)
    if slot.coupled is not None:
        chosen = slot.coupled.open_to(chosen)
    best_power, best_cpu = cost.best_resources(
        slot.physics, slot._by_server, slot.tasks,
        slot.local_speed, slot.local_power, slot.server_speed, chosen,
    )  # fmt: skip
    offloads = chosen > 0
    if power is None and cpu is None:
        time, energy = _at_best(slot, chosen)
    elif slot.coupled is not None:
        raise ValueError("power, cpu: of a coupled slot the best ones alone count, must be None")
    else:
        if power is not None:
            best_power = _given("power", power, offloads, best_power, slot.max_power)
        if cpu is not None:
            best_cpu = _given("cpu", cpu, offloads, best_cpu, np.inf)
            sums = np.bincount(chosen, weights=best_cpu, minlength=slot.server_speed.size + 1)[1:]
            over = np.flatnonzero(sums > slot.server_speed * (1 + 1e-9))
            if over.size:
                j = over[0]
                raise ValueError(
                    f"cpu: shares of server {j + 1} sum to {sums[j]:g} cycles/s, "
                    f"at most {slot.server_speed[j]:g} are allowed"
                )
        time, energy = cost.evaluate_given(
            slot.physics, slot._by_server, slot.tasks, chosen, best_power, best_cpu
        )
    objective = slot.weight_time * time + slot.weight_energy * energy
    return Outcome(objective, time, energy, frozen(best_power), frozen(best_cpu))


def _at_best(slot, chosen):
    """Time [s] and energy [J] of a decision with the best powers and shares."""
    parts = slot.physics, slot._by_server, slot.tasks, slot.local_speed, slot.local_power
    scratch = cost.scratch(*slot.gain.shape)
    if slot.coupled is None:
        time, energy, _ = cost.evaluate(*parts, slot.server_speed, chosen, scratch)
        return time, energy
    c, home = slot.coupled, chosen == 0
    sent, to = np.flatnonzero(~home), chosen[~home] - 1
    time, energy, _ = cost.evaluate_devices(*parts, np.where(home, -1, chosen), scratch)
    time += c.local_seconds[home].sum() + c.link_seconds[sent, to].sum()
    time += (c.server_seconds * scratch.load**2).sum()
    energy += c.local_joules[home].sum() + c.link_joules[sent, to].sum()
    return float(time), float(energy)


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
