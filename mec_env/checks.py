"""The border's error messages: one sentence with the field, the value and what is allowed."""

import difflib
import math
from numbers import Integral, Real


def known(kind, name, names):
    """Return ``name`` if it is among ``names``; otherwise raise with the nearest right one."""
    if name in names:
        return name
    close = difflib.get_close_matches(str(name), list(names), n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    listed = sorted(names)
    if len(listed) > 40:
        listed = [*listed[:3], f"… {listed[-1]} ({len(listed)} names)"]
    raise ValueError(f"{kind} = {name!r}: must be one of {', '.join(listed)}{hint}")


def integer(field, value, low, high=None):
    """Return ``value`` as an int from ``low`` to ``high``."""
    allowed = (
        f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"
    )
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{field} = {value!r}: must be {allowed}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{field} = {value}: must be {allowed}")
    return int(value)


def number(field, value, unit="", positive=True):
    """Return ``value`` as a finite float, positive or (``positive=False``) 0 or more."""
    allowed = ("a finite number above 0" if positive else "a finite number of 0 or more") + unit
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{field} = {value!r}: must be {allowed}")
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real) or real < 0 or (positive and real == 0):
        raise ValueError(f"{field} = {value!r}: must be {allowed}")
    return real


def is_list(value):
    """Whether a value is a list, a tuple or an array, something with a length and an order."""
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
