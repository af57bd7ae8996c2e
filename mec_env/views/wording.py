"""How a picture writes lengths and figures."""

import numpy as np


def round_length(metres):
    """The largest of 1, 2 or 5 times a power of ten that is at most a length."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(power * max(m for m in (1, 2, 5) if m * power <= metres * (1 + 1e-9)))


def length(metres):
    """A length in metres or kilometres."""
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def number(value, digits=4):
    """A figure of that many digits without an exponent where one can be avoided."""
    if value == 0 or 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


def fit(string, most):
    """A text cut to so many letters."""
    return string if len(string) <= most else string[: most - 1] + "…"
