"""The border's error messages: one sentence with the field, the value and what is allowed."""

import difflib
import inspect
import math
from numbers import Integral, Real


class UnexpectedKeyword(TypeError, ValueError):
    """A keyword that a function doesn't take.

    A TypeError worded as Python's, since libraries that try a keyword look for that, and a
    ValueError as every other bad argument is. It takes one string and no more, because
    ``gymnasium.make`` raises it anew with a longer one.
    """


def keywords(function, given, allowed):
    """Raise for a keyword that a function with ``**fields`` doesn't take.

    Parameters
    ----------
    function : callable
        Its own parameters are among the names that a message may point to.
    given : iterable of str
        The keywords that its ``**fields`` caught.
    allowed : container of str
        Those that may be among them.

    Raises
    ------
    UnexpectedKeyword
        With the nearest right name.
    """
    for name in given:
        if name not in allowed:
            named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
            own = inspect.signature(function).parameters.values()
            names = [p.name for p in own if p.kind in named and p.name != "self"]
            raise UnexpectedKeyword(
                f"{function.__qualname__}() got an unexpected keyword argument {name!r}"
                f"{_nearest(name, [*names, *allowed], 0.5)}"
            )


def _nearest(name, names, alike=0.4):
    """The end of a message: the nearest of the names, if any is at least this much alike."""
    close = difflib.get_close_matches(str(name), list(names), n=1, cutoff=alike)
    return f"; did you mean {close[0]!r}?" if close else ""


def known(kind, name, names):
    """Return ``name`` if it is among ``names``; otherwise raise with the nearest right one."""
    if name in names:
        return name
    listed = sorted(names)
    if len(listed) > 40:
        listed = [*listed[:3], f"… {listed[-1]} ({len(listed)} names)"]
    raise ValueError(
        f"{kind} = {name!r}: must be one of {', '.join(listed)}{_nearest(name, names)}"
    )


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
