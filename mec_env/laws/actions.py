"""Action modes by name: spaces, allowed values, and how an action becomes a decision.

A decision is (N,) integers: 0 runs a device locally, j on server j. To add a mode, write a function
that fills a decision, a branch in :func:`decode` and a line in ``MODES``. Prices need the costs of
the slot, which this module doesn't know: :mod:`mec_env.simulator.decode` turns prices into a
decision.

| mode | action | becomes a decision by |
| --- | --- | --- |
| ``decisions`` | ``MultiDiscrete([M + 1] * N)`` | itself |
| ``scores`` | ``Box(0, 1, (M * N,))``, server by server | the paper's maximum vote (section IV-C, item 5) |
| ``prices`` | ``Box(-1, 1, (M,))`` | each device's cheapest option at λ_j = λ0_j exp(span a_j) |
| ``prices``, with a coupling | ``Box(-1, 1, (2M,))``, server by server | the same; the second number is the server's weight of what the coupling adds |
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from numba import njit

from mec_env.laws.coupling import coupling_of

DECISIONS, SCORES, PRICES = 0, 1, 2


class Mode(NamedTuple):
    """A way to say where devices run.

    Attributes
    ----------
    code : int
        Number by which the kernel knows the mode.
    dtype : type
        Of the array that the kernel takes.
    kinds : str
        numpy's kinds of dtype that are taken: ``iu`` integers, ``fiu`` any numbers.
    must_be : str
        What an entry must be, for messages.
    range : callable
        range(scenario) -> lowest and highest value that is not refused.
    space : callable
        space(scenario) -> the Space of one agent that decides for all.
    agents : str
        Whose entries stand together: ``servers`` (M equal parts) or ``devices`` (N of them).
    agent_space : callable
        agent_space(scenario) -> the Space of one of these agents.
    admission : bool
        Default of ``admission``: whether servers keep the best subset of the devices that ask.
    """

    code: int
    dtype: type
    kinds: str
    must_be: Callable
    range: Callable
    space: Callable
    agents: str
    agent_space: Callable
    admission: bool = False


def _box(size, low=0.0):
    return spaces.Box(low, 1.0, (size,), dtype=np.float32)


def asked_of_a_server(scenario):
    """How many numbers a server names in the mode ``prices``: its price, and the weight of what a coupling adds."""
    return 1 if coupling_of(scenario) == "none" else 2


#: Every action mode by name.
MODES = {
    "decisions": Mode(
        code=DECISIONS,
        dtype=np.int64,
        kinds="iu",
        must_be=lambda s: f"from 0 (local) to {s.mecs}",
        range=lambda s: (0, s.mecs),
        space=lambda s: spaces.MultiDiscrete(np.full(s.iotds, s.mecs + 1)),
        agents="devices",
        agent_space=lambda s: spaces.Discrete(s.mecs + 1),
    ),
    "scores": Mode(
        code=SCORES,
        dtype=np.float32,
        kinds="fiu",
        must_be=lambda s: "a number",
        # The vote clips scores beyond [0, 1], so only what is no number is refused.
        range=lambda s: (-np.inf, np.inf),
        space=lambda s: _box(s.mecs * s.iotds),
        agents="servers",
        agent_space=lambda s: _box(s.iotds),
    ),
    "prices": Mode(
        code=PRICES,
        dtype=np.float32,
        kinds="fiu",
        must_be=lambda s: "a number",
        # Clipped to [-1, 1], as scores are.
        range=lambda s: (-np.inf, np.inf),
        space=lambda s: _box(s.mecs * asked_of_a_server(s), -1.0),
        agents="servers",
        agent_space=lambda s: _box(asked_of_a_server(s), -1.0),
        # Equal tasks come all at once or not at all: a price alone can't fill a server in part.
        admission=True,
    ),
}

#: The mode in which agents of a kind act, unless they say otherwise.
MODE_OF_AGENTS = {"servers": "scores", "devices": "decisions"}


def as_action(action, mode, shape, name="action"):
    """An action as the array that the kernel takes; its values are not looked at.

    Raises
    ------
    ValueError
        For a wrong shape or dtype.
    """
    array = np.asarray(action)
    if array.shape != shape:
        raise ValueError(f"{name}: shape {array.shape}, must be {shape}")
    if array.dtype.kind not in mode.kinds:
        wanted = "integers" if mode.kinds == "iu" else "numbers"
        raise ValueError(f"{name}: dtype {array.dtype}, must be {wanted}")
    return np.ascontiguousarray(array, dtype=mode.dtype)


@njit(cache=True, nogil=True)
def first_bad(actions, active, low, high):
    """Row and position of the first action outside low .. high, or (-1, -1)."""
    for e in range(actions.shape[0]):
        if active[e]:
            # Counting without a way out of the loop is vector code, a search is not.
            good = 0
            for k in range(actions.shape[1]):
                # What is not a number fails both comparisons.
                good += (actions[e, k] >= low) & (actions[e, k] <= high)
            if good < actions.shape[1]:
                for k in range(actions.shape[1]):
                    if not (actions[e, k] >= low and actions[e, k] <= high):
                        return e, k
    return -1, -1


@njit(cache=True, nogil=True)
def decode(code, action, gain, decision):
    """Fill ``decision`` (N,) int64 by a row's action.

    Parameters
    ----------
    code : int
        Of the mode, ``decisions`` or ``scores``.
    action : (size,) array
        With values that the mode allows.
    gain : (M, N) float32
        Channel gains.
    """
    if code == DECISIONS:
        for i in range(decision.size):
            decision[i] = np.int64(action[i])
    else:
        vote(action, gain, decision)


@njit(cache=True, nogil=True)
def vote(scores, gain, decision):
    """Fill ``decision`` (N,) by the highest score of each device.

    A device goes to the server with its highest score if that is at least 0.5, and runs locally
    otherwise. Scores outside [0, 1] are clipped. Among equal highest scores the larger gain wins,
    then the lower server. Both rules are ours: scores of trained networks saturate, and by the
    first index all ties would go to server 1.

    Parameters
    ----------
    scores : (M * N,) float
        Server by server.
    gain : (M, N) float32
        Channel gains.
    decision : (N,) int64
        Filled with 0 .. M.

    Returns
    -------
    bool
        False if a score is not a number (the decision is then worthless).
    """
    m, n = gain.shape
    for i in range(n):
        best = 0.5
        where = -1
        for j in range(m):
            s = scores[j * n + i]
            if np.isnan(s):
                return False
            s = min(s, 1.0)
            if s > best or (s == best and (where < 0 or gain[j, i] > gain[where, i])):
                best = s
                where = j
        decision[i] = where + 1
    return True
