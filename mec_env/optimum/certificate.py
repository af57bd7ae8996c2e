"""Certificates: a slot's lower bound, a near-optimal decision and, if asked for, a proof.

In a slot every device runs locally or on one server. With the best CPU shares and powers, a
decision d (0 local, j server j - 1 of the arrays) costs

    sum_i [local_i if d_i = 0 else link_i,d_i] + sum_j congestion_j (sum of weight_i on j)^2

This module reads an effort and calls the parts: ``dual`` for prices and bound, ``moves`` for the
decision, ``equal_tasks`` and ``exact`` for proofs.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from mec_env import checks
from mec_env.one_line import one_line
from mec_env.optimum import dual, moves
from mec_env.optimum.equal_tasks import all_equal, bound_at_tolls, cancel_cycles
from mec_env.optimum.problem import Problem, problem_of
from mec_env.physics.slot import Slot
from mec_env.threads import available


class Effort(NamedTuple):
    """What is done beside prices, rounding and single moves."""

    swaps: bool
    proof: bool


#: Efforts by name, the only place to touch to add one.
EFFORTS = {
    "fast": Effort(swaps=False, proof=False),
    "tight": Effort(swaps=True, proof=False),
    "exact": Effort(swaps=True, proof=True),
}
#: A certificate with a relative gap up to this is called exact.
EXACT_GAP = 1e-6
# First and last heat of the prices, and the one of the rounding, as shares of the common price.
# Equal tasks tie so often that more heat would only mean more to compute.
HEATS, HEATS_EQUAL = (3e-3, 3e-4, 1e-4), (3e-4, 1e-4, 3e-5)
# Local search ends by itself; this only rules out a stall through rounding.
SWEEPS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """What is known about the optimum of a slot; for a batch every field has a leading axis.

    Attributes
    ----------
    decision : (N,) int64
        0 for local, j for server j - 1 of the arrays.
    objective : float
        Cost of ``decision``.
    lower_bound : float
        No decision costs less.
    gap : float
        (objective - lower_bound) / lower_bound, in [0, inf]; 0 if both are 0.
    exact : bool
        Whether gap <= 1e-6.
    prices : (M,) float64
        Price of each server per unit of weight, >= 0. They serve as ``prices=`` for a similar slot.
    """

    decision: np.ndarray
    objective: float
    lower_bound: float
    gap: float
    exact: bool
    prices: np.ndarray

    __repr__ = one_line


def certify(
    slot: Slot,
    effort: str = "fast",
    prices: ArrayLike | None = None,
    time_limit: float | None = None,
) -> Certificate:
    """Bound a slot's optimum and find a decision near it.

    Parameters
    ----------
    slot : mec_env.Slot
    effort : {"fast", "tight", "exact"}
        ``fast`` moves single devices, ``tight`` also swaps pairs, ``exact``
        searches until the gap is at most 1e-6. Equal tasks are solved exactly
        at any effort.
    prices : (M,) array_like, optional
        Prices of a similar slot, a warm start. The bound holds whatever they are.
    time_limit : float, optional
        Seconds after which ``exact`` returns the best decision it has, with its true gap. Without a
        limit it goes on until the proof is complete.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        For an unknown effort, or prices or a limit that are not allowed.
    """
    return certify_problem(problem_of(slot), effort, prices, time_limit)


def certify_batch(
    slots: Iterable[Slot],
    effort: str = "fast",
    prices: ArrayLike | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
) -> list[Certificate]:
    """Certify many slots of one size side by side.

    Parameters
    ----------
    slots : iterable of mec_env.Slot
    effort, time_limit
        As in :func:`certify`; the limit is per slot.
    prices : (M,) or (E, M) array_like, optional
    threads : int, optional
        How many slots are worked on at a time, all processors by default.
        Results don't depend on it.

    Returns
    -------
    list of Certificate

    Raises
    ------
    ValueError
        As :func:`certify`; for slots of different sizes, or fewer threads than 1.
    """
    parts = [problem_of(slot) for slot in slots]
    if not parts:
        return []
    sizes = {part.link.shape for part in parts}
    if len(sizes) > 1:
        raise ValueError(f"slots: sizes {sorted(sizes)}, all must have one size")
    stacked = Problem(*(np.stack(arrays) for arrays in zip(*parts)))
    c = certify_problems(stacked, effort, prices, time_limit, threads)
    return [
        Certificate(
            c.decision[k], c.objective[k].item(), c.lower_bound[k].item(), c.gap[k].item(),
            c.exact[k].item(), c.prices[k],
        )
        for k in range(len(parts))
    ]  # fmt: skip


def certify_problem(
    problem: Problem,
    effort: str = "fast",
    prices: ArrayLike | None = None,
    time_limit: float | None = None,
) -> Certificate:
    """Bound one slot's optimum and find a decision near it.

    Parameters
    ----------
    problem : Problem
    effort : {"fast", "tight", "exact"}
        "fast" moves single devices, "tight" also swaps pairs, "exact" searches until the gap is
        at most 1e-6. Equal weights are solved exactly at any effort.
    prices : (M,) array_like, optional
        Prices >= 0 of a similar slot, a warm start. The bound holds whatever they are.
    time_limit : float, optional
        Seconds after which "exact" returns the best decision it has. Without a limit it goes on
        until the proof is complete.

    Returns
    -------
    Certificate

    Raises
    ------
    ValueError
        If shapes, signs or values don't fit, or the effort has another name.
    """
    batch = Problem(*(np.asarray(part)[None] for part in problem))
    if prices is not None:
        prices = np.asarray(prices)[None]
    rows = _certify(batch, effort, prices, time_limit, 1)
    return Certificate(
        rows.decision[0],
        rows.objective.item(),
        rows.lower_bound.item(),
        rows.gap.item(),
        rows.exact.item(),
        rows.prices[0],
    )


def certify_problems(
    problems: Problem,
    effort: str = "fast",
    prices: ArrayLike | None = None,
    time_limit: float | None = None,
    threads: int | None = None,
) -> Any:
    """Do as `certify_problem` for each of E slots, in threads; row by row the same to the bit.

    Parameters
    ----------
    problems : Problem
        With a leading axis E: link (E, N, M), local and weight (E, N), congestion (E, M) or (M,).
    effort, time_limit
        As in `certify_problem`; the limit is per slot.
    prices : (M,) or (E, M) array_like, optional
    threads : int, optional
        How many rows are worked on at a time, all CPUs by default. Results don't depend on it.

    Returns
    -------
    Certificate
        With a leading axis E in every field.
    """
    if threads is not None:
        checks.integer("threads", threads, 1)
    return _certify(problems, effort, prices, time_limit, threads)


def _certify(problems, effort, prices, time_limit, threads):
    """:func:`certify_problems` without the check of ``threads``, 1 us less for a single slot."""
    if effort not in tuple(EFFORTS):
        raise ValueError(f"effort must be one of {tuple(EFFORTS)}, not {effort!r}")
    asked = EFFORTS[effort]
    bare = link, local, weight, congestion = _checked(problems)
    slots, devices, servers = link.shape
    warm = prices is not None
    out = decision, objective, lower_bound, gap, found = (
        np.empty((slots, devices), np.int64),
        np.empty(slots),
        np.empty(slots),
        np.empty(slots),
        np.empty((slots, servers)),
    )
    if warm:
        found[:] = _numbers("prices", prices, found.shape)

    def work(first, end):
        certify_rows(first, end, bare, warm, asked.swaps, out)
        if not asked.proof:
            return
        from mec_env.optimum.exact import prove  # brings scipy.optimize, slow to import

        for k in range(first, end):
            if gap[k] > EXACT_GAP:
                row = Problem(link[k], local[k], weight[k], congestion[k])
                decision[k], objective[k], lower_bound[k], found[k] = prove(
                    row, decision[k], objective[k], lower_bound[k], found[k], EXACT_GAP, time_limit
                )
                gap[k] = relative_gap(objective[k], lower_bound[k])

    if time_limit is not None:
        checks.number("time_limit", time_limit, " s", positive=False)
    threads = min(slots, threads or available())
    if threads == 1:
        work(0, slots)
    else:
        # More chunks than threads, for slots differ in effort.
        chunk = max(1, slots // (8 * threads))
        with ThreadPoolExecutor(threads) as pool:
            firsts = range(0, slots, chunk)
            list(pool.map(work, firsts, [min(first + chunk, slots) for first in firsts]))
    return Certificate(decision, objective, lower_bound, gap, gap <= EXACT_GAP, found)


@njit(cache=True, nogil=True, error_model="numpy")
def certify_rows(first, end, problems, warm, tight, out):
    """Certify rows first to end of a batch.

    Parameters
    ----------
    first, end : int
    problems : Problem
        With a leading axis.
    warm : bool
        Whether to start from the prices in ``out``.
    tight : bool
        Whether to swap pairs too.
    out : tuple of arrays
        Decision, objective, lower bound, gap and prices, as in :class:`Certificate`; filled.
    """
    link, local, weight, congestion = problems
    decision, objective, lower_bound, gap, prices = out
    base_load = np.zeros(prices.shape[1])
    for k in range(first, end):
        row = link[k], local[k], weight[k], congestion[k]
        objective[k], lower_bound[k] = certify_row(
            row, base_load, warm, tight, prices[k], decision[k]
        )
        gap[k] = relative_gap(objective[k], lower_bound[k])


@njit(cache=True, nogil=True, error_model="numpy")
def relative_gap(objective, lower_bound):
    """Return (objective - lower_bound) / lower_bound, 0 where both are 0."""
    if objective <= lower_bound:
        return 0.0
    return (objective - lower_bound) / lower_bound


@njit(cache=True, nogil=True, error_model="numpy")
def certify_row(row, base_load, warm, tight, prices, decision):
    """Fill ``prices`` and ``decision`` of one slot; return its objective and lower bound."""
    _, _, weight, _ = row
    nothing, load = (0.0, base_load), np.empty(prices.size)
    equal = all_equal(weight)
    hottest, coldest, rounding = HEATS_EQUAL if equal else HEATS
    common = dual.find_prices(row, prices, warm, hottest, coldest)
    bound = dual.bound_at(row, nothing, prices)
    moves.round_in_turn(row, base_load, prices, rounding * common, decision, load)
    moves.single_moves(row, decision, load, SWEEPS)
    if equal:
        toll = np.empty(prices.size)
        cancel_cycles(row, decision, toll)
        bound = max(bound, bound_at_tolls(row, toll))
        for j in range(prices.size):
            prices[j] = toll[j] / max(weight[0], dual.TINY)
    elif tight:
        cost = moves.cost_of(row, nothing, decision, load)
        moves.swap_and_move(row, prices, cost - bound, decision, load)
    cost = moves.cost_of(row, nothing, decision, load)
    return cost, bound


def _checked(problems):
    """Return the arrays of a batch as float64 in C order, after a check of every entry."""
    link = np.asarray(problems.link)
    if link.ndim != 3 or 0 in link.shape:
        raise ValueError(f"link must have axes (devices, servers), none empty: {link.shape[1:]}")
    slots, devices, servers = link.shape
    return (
        _numbers("link", link, (slots, devices, servers), closed=True),
        _numbers("local", problems.local, (slots, devices)),
        _numbers("weight", problems.weight, (slots, devices)),
        _numbers("congestion", problems.congestion, (slots, servers), positive=True),
    )


def _numbers(name, values, shape, positive=False, closed=False):
    values = np.ascontiguousarray(values, dtype=np.float64)
    if values.shape != shape:
        if values.shape != shape[1:]:
            raise ValueError(f"{name} must have shape {shape}, not {values.shape}")
        values = np.ascontiguousarray(np.broadcast_to(values, shape))
    if not within(values.reshape(-1), positive, closed):
        sign = "positive" if positive else "not negative"
        raise ValueError(f"{name} must be finite and {sign}")
    # Always read-only, as a slot's arrays are: to numba writable ones are another type, and every
    # kernel would be compiled a second time.
    values = values.view()
    values.flags.writeable = False
    return values


@njit(cache=True, nogil=True)
def within(values, positive, closed):
    """Return whether all values are finite and >= 0, or > 0: no temporary array, one pass.

    Where links may be ``closed`` infinity is allowed.
    """
    for value in values:
        if not 0.0 <= value < np.inf and not (closed and value == np.inf):
            return False
        if positive and value == 0.0:
            return False
    return True
