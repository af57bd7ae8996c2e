"""Mantegna's formula, whose ratio of two normal numbers has the tails of a Levy law."""

import math


def mantegna_sigma(beta: float) -> float:
    """Standard deviation of the numerator in Mantegna's u / abs(v) ** (1 / beta).

    With u ~ N(0, sigma^2) and v ~ N(0, 1) the ratio has the tails of a Levy-stable law of index
    ``beta`` (Mantegna, Phys. Rev. E 49, 1994).

    Parameters
    ----------
    beta : float
        Tail index, above 0 and below 2.

    Returns
    -------
    float
    """
    return (
        math.gamma(1 + beta)
        * math.sin(math.pi * beta / 2)
        / (math.gamma((1 + beta) / 2) * beta * 2 ** ((beta - 1) / 2))
    ) ** (1 / beta)
