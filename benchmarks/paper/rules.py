"""How a claim becomes a verdict: rules over paired numbers of worlds, or over printed ones.

Nothing here is judged by hand. A rule takes values per world (or the one number that
the paper prints) and answers a Verdict; ``claims_of`` in ``paper_tables`` and
``paper_curves`` say which rule belongs to which sentence of the paper.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "can't be told"

#: What "almost the same" and "similar" mean: within this share. Ours.
ALIKE = 0.01


@dataclass(frozen=True)
class Verdict:
    """``holds``, ``does not hold`` or ``can't be told``, and the numbers it rests on."""

    verdict: str
    why: str


def interval(values, confidence=0.95):
    """Mean and Student's interval of values, one per world.

    Not the bootstrap of ``mec_env.judging.evaluation``, whose interval of a single value is that
    value: here it is the whole line, for nothing can be claimed of one world.

    Returns
    -------
    mean, low, high : float
    """
    from scipy.stats import t

    values = np.asarray(values, dtype=np.float64)
    mean = float(values.mean())
    if values.size < 2:
        return mean, -math.inf, math.inf
    half = (
        t.ppf(0.5 + confidence / 2, values.size - 1) * values.std(ddof=1) / math.sqrt(values.size)
    )
    return mean, mean - float(half), mean + float(half)


def _numbers(values):
    """Values per world as an array, or None if some are missing."""
    if values is None:
        return None
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return array if array.size and np.isfinite(array).all() else None


def _missing(*named):
    lacking = [name for name, values in named if _numbers(values) is None]
    return Verdict(UNKNOWN, "no numbers of " + " and ".join(lacking)) if lacking else None


def _bounds(values, printed):
    """Mean, low, high; a printed number stands for itself."""
    if printed:
        return float(values[0]), float(values[0]), float(values[0])
    return interval(values)


def _say(mean, low, high, printed, digits="+.4g"):
    if printed:
        return format(mean, digits)
    if not math.isfinite(low):
        return f"{format(mean, digits)}, one world has no spread"
    return f"{format(mean, digits)} (95 %: {format(low, digits)} to {format(high, digits)})"


def below(a, b, names=("first", "second"), printed=False):
    """Is a below b? The interval of the paired differences a - b decides, 0 in it can't be told.

    Parameters
    ----------
    a, b : values per world, paired; or one printed number each
    names : (str, str)
    printed : bool
        Single numbers that are taken at their word; equal ones can't be told.
    """
    lacking = _missing(*zip(names, (a, b)))
    if lacking:
        return lacking
    mean, low, high = _bounds(_numbers(a) - _numbers(b), printed)
    verdict = HOLDS if high < 0.0 else FAILS if low > 0.0 else UNKNOWN
    return Verdict(verdict, f"{names[0]} less {names[1]}: {_say(mean, low, high, printed)}")


def falling(series, names, printed=False):
    """Does every step of a series fall? See :func:`below`."""
    steps = list(zip(series, names))
    return every([below(b, a, (m, n), printed) for (a, n), (b, m) in pairwise(steps)])


def within(values, low, high, name, printed=False):
    """Does a quantity lie in low .. high? Its whole interval must, or must not."""
    lacking = _missing((name, values))
    if lacking:
        return lacking
    mean, first, last = _bounds(_numbers(values), printed)
    inside, outside = low <= first and last <= high, last < low or first > high
    verdict = HOLDS if inside else FAILS if outside else UNKNOWN
    asked = f"{low:.4g} to {high:.4g}" if math.isfinite(low) else f"at most {high:.4g}"
    why = f"{name}: {_say(mean, first, last, printed, '.4g')}, asked for {asked}"
    return Verdict(verdict, why)


def alike(a, b, names, tolerance=ALIKE, printed=False):
    """Are a and b within a share of each other?"""
    lacking = _missing(*zip(names, (a, b)))
    if lacking:
        return lacking
    ratio = _numbers(a) / _numbers(b)
    return within(ratio, 1 - tolerance, 1 + tolerance, f"{names[0]} over {names[1]}", printed)


def little_gained(a, b, names, most, printed=False):
    """Is b at most ``most`` above a?"""
    lacking = _missing(*zip(names, (a, b)))
    if lacking:
        return lacking
    gain = _numbers(b) - _numbers(a)
    return within(gain, -math.inf, most, f"{names[1]} less {names[0]}", printed)


def every(verdicts):
    """All of them: one that fails decides, then one that can't be told."""
    verdicts = list(verdicts)
    found = {v.verdict for v in verdicts}
    worst = next((word for word in (FAILS, UNKNOWN) if word in found), HOLDS)
    return Verdict(worst, "; ".join(v.why for v in verdicts))


def nothing_printed(what="the figure's numbers are not printed"):
    """The verdict on the paper's own numbers where it gives none."""
    return Verdict(UNKNOWN, what)


def free_link_optimum(devices, servers, cycles, server_speed, local_cost, weight_time=1.0):
    """Optimum of equal tasks and equal servers if sending cost nothing: a bound for any channel.

    k devices on a server take phi_T k^2 F / F_max; local ones ``local_cost`` each. The
    k-th one adds (2k - 1) phi_T F / F_max, so devices join as long as that saves.

    Returns
    -------
    float
    """
    step = weight_time * cycles / server_speed
    loads, total = [0] * servers, devices * local_cost
    for _ in range(devices):
        j = loads.index(min(loads))
        added = (2 * loads[j] + 1) * step
        if added >= local_cost:
            break
        loads[j] += 1
        total += added - local_cost
    return total


def attainable(reference, bound, name, rounding=0.0):
    """Can a reference objective be reached at all, given a bound that nothing beats?

    Parameters
    ----------
    reference : values per world or a printed number
    bound : float
    rounding : float
        How much higher the reference may be before it was rounded.
    """
    lacking = _missing((name, reference))
    if lacking:
        return lacking
    least = float(_numbers(reference).min())
    verdict = HOLDS if least + rounding >= bound else FAILS
    word = "reaches" if verdict == HOLDS else "is below"
    return Verdict(verdict, f"{name} {least:.2f} {word} the free-link optimum {bound:.2f}")


@dataclass(frozen=True)
class Claim:
    """A statement of the paper's text, judged on our numbers and on its own.

    Attributes
    ----------
    place : str
        Where the paper says it.
    says : str
        What it says, in our words.
    ours, paper : Verdict
    """

    place: str
    says: str
    ours: Verdict
    paper: Verdict

    def to_dict(self):
        """As JSON takes it."""
        return asdict(self)
