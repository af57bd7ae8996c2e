"""The numbers that a field of a Scenario or a Slot may have: physically generous, and enough
that no cost built from them overflows or vanishes.

Every quantity reaches from the absurdly small to the absurdly large, in other units than SI
too (gigacycles, noise of 1). Within these limits, and with gains that are normal float32
numbers, the objective of up to a million devices lies between 1e-30 and 1e100: its
reciprocal, ratios and squares are finite and positive in float64 too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mec_env import checks


@dataclass(frozen=True)
class Range:
    """Numbers drawn uniformly between two bounds, in the field's unit.

    No tuple: JSON, in which Gymnasium stores an environment's spec, would make
    a list of it, which means one value per device.
    """

    low: float
    high: float


class Limits(NamedTuple):
    """What one field may be: from ``low`` to ``high``, and 0 too where it has a meaning."""

    low: float
    high: float
    unit: str
    zero: bool = False

    def allowed(self):
        """In words, as error messages have it."""
        span = f"from {self.low:g} to {self.high:.9g}{self.unit and ' '}{self.unit}"
        if not self.zero:
            return f"above 0 ({span})"
        return f"of 0 or more ({'0, or ' if self.low else ''}{span})"


LIMITS = {
    "area": Limits(1e-3, 1e15, "m"),
    "cluster_spread": Limits(1e-9, 1e9, ""),
    "reference_gain": Limits(1e-40, 1e40, ""),
    "path_loss_exponent": Limits(0.0, 1e3, "", zero=True),
    "shadowing": Limits(0.0, 1e5, "dB", zero=True),
    "distance": Limits(0.0, 2e15, "m", zero=True),
    "bandwidth": Limits(1e-3, 1e15, "Hz"),
    "noise": Limits(1e-30, 1e6, "W"),
    "max_power": Limits(1e-9, 1e9, "W"),
    "kappa": Limits(1e-100, 1e9, "", zero=True),
    "exponent": Limits(0.0, 1e3, "", zero=True),
    "data_bits": Limits(1e-12, 1e15, "bit"),
    "cycles": Limits(1e-3, 1e15, "cycles"),
    "local_speed": Limits(1e-3, 1e15, "cycles/s"),
    "server_speed": Limits(1e-3, 1e15, "cycles/s"),
    "weight_time": Limits(1e-9, 1e9, "1/s"),
    "weight_energy": Limits(1e-9, 1e9, "1/J", zero=True),
    "slot_seconds": Limits(1e-9, 1e9, "s"),
    "motion_speed": Limits(1e-9, 1e9, "m/s", zero=True),
    "motion_memory": Limits(1e-9, 1.0 - 1e-9, "", zero=True),
    "decorrelation": Limits(1e-6, 1e15, "m"),
    "service_bits": Limits(1e-9, 1e18, "bit", zero=True),
    "backhaul": Limits(1e-3, 1e18, "bit/s"),
    "restart": Limits(1e-9, 1e9, "s", zero=True),
    "idle_power": Limits(1e-9, 1e9, "W", zero=True),
    "battery_capacity": Limits(1e-9, 1e12, "J", zero=True),
    "harvest_mean": Limits(1e-12, 1e12, "J", zero=True),
    "sky_memory": Limits(1e-9, 1.0 - 1e-9, "", zero=True),
    "sky_contrast": Limits(1e-9, 100.0, "", zero=True),
    "harvest_on": Limits(1.0, 1e6, "slots"),
    "harvest_off": Limits(1.0, 1e6, "slots"),
    "panel": Limits(1e-9, 1e6, "", zero=True),
    "drop_seconds": Limits(1e-9, 1e9, "s"),
    "arrival_low": Limits(1e-9, 1.0, "", zero=True),
    "arrival_high": Limits(1e-9, 1.0, "", zero=True),
    "wave_memory": Limits(1e-9, 1.0 - 1e-9, "", zero=True),
    "wave_noise": Limits(1e-9, 10.0, "", zero=True),
    "burst_on": Limits(1.0, 1e6, "slots"),
    "burst_off": Limits(1.0, 1e6, "slots"),
}

# Beyond it the prices of a bound have no digits left: float64 has 16.
MOST_UNEQUAL_SERVERS = 1e12


def number(field, value, label=None):
    """Return ``value`` as a float that ``field`` may have; ``label`` is its name in the error."""
    limits = LIMITS[field]
    # Nearly always; the words are only made where something is wrong.
    if type(value) is float and limits.low <= value <= limits.high:
        return value
    label = label or field
    real = checks.number(label, value, positive=not limits.zero, allowed=limits.allowed())
    if not (limits.low <= real <= limits.high or (limits.zero and real == 0.0)):
        raise ValueError(f"{label} = {value!r}: must be a finite number {limits.allowed()}")
    return real


def array(field, values, shape):
    """Return ``values`` as a new float64 array of ``shape`` whose entries ``field`` may have."""
    limits = LIMITS[field]
    try:
        out = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{field}: must be an array of numbers, shape {shape}") from None
    if out.shape != shape:
        raise ValueError(f"{field}: shape {out.shape}, must be {shape}")
    # Two passes where all is well, as nearly always; NaN fails both comparisons.
    if not (out.min() >= limits.low and out.max() <= limits.high):
        bad = ~((out >= limits.low) & (out <= limits.high))
        if limits.zero:
            bad &= out != 0.0
        if bad.any():
            raise ValueError(
                f"{field}: holds {out[bad][0]:g}, all must be finite and {limits.allowed()}"
            )
    return out


def check_servers(slowest, fastest):
    """Refuse servers so unequal that nothing certain could be said of a slot."""
    if fastest > MOST_UNEQUAL_SERVERS * slowest:
        raise ValueError(
            f"server_speed: from {slowest:g} to {fastest:g} cycles/s, the fastest must be at most "
            f"{MOST_UNEQUAL_SERVERS:g} times the slowest"
        )


def check_local_power(kappa, exponent, fastest, most, bound):
    """Refuse devices whose own CPU would take more than ``most`` [W], in words ``bound``."""
    try:
        power = kappa * float(fastest) ** exponent
    except OverflowError:
        power = float("inf")
    if power > most:
        raise ValueError(
            f"local_speed = {fastest:g}: local power kappa * local_speed ** exponent = "
            f"{power:g} W must not exceed {bound}"
        )


def spread(field, value, count=None):
    """One number, a Range or ``count`` numbers, checked; without a count no list is allowed."""
    if isinstance(value, Mapping):
        if set(value) != {"low", "high"}:
            raise ValueError(f"{field} = {dict(value)!r}: a range has just the keys low and high")
        value = Range(value["low"], value["high"])
    if isinstance(value, Range):
        low, high = (number(field, v, f"{field}.{k}") for k, v in vars(value).items())
        if low > high:
            raise ValueError(f"{field} = {value}: low must not exceed high")
        return Range(low, high)
    if count is not None and checks.is_list(value):
        if len(value) != count:
            raise ValueError(
                f"{field}: {len(value)} values; must be one number, Range(low, high) or {count} values"
            )
        return tuple(number(field, v, f"{field}[{k}]") for k, v in enumerate(value))
    return number(field, value)


def upper(value):
    """Largest number that a field of one number, a Range or values can give."""
    if isinstance(value, Range):
        return value.high
    return max(value) if isinstance(value, tuple) else value


def lower(value):
    """Smallest number that a field of one number, a Range or values can give."""
    if isinstance(value, Range):
        return value.low
    return min(value) if isinstance(value, tuple) else value


def middle(value):
    """Mean number that a field of one number, a Range or values gives."""
    if isinstance(value, Range):
        return 0.5 * (value.low + value.high)
    return sum(value) / len(value) if isinstance(value, tuple) else value
