"""The slot on the map: the first of a suite, with what each method decided there."""

import lzma

import numpy as np

import mec_env
from mec_env.views.gym_env import MECEnv

#: More devices than this are a cloud in which no decision can be seen.
DEVICES = 500
#: What reading other people's decisions may raise.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, lzma.LZMAError)


def first_slot(board, decisions):
    """Positions and decisions of the first slot of the first world.

    Parameters
    ----------
    board : mec_bench.standings.Board
    decisions : callable
        decisions(cell) -> (S, N) int.

    Returns
    -------
    dict or None
        ``width``, ``height`` [m], ``devices`` and ``servers`` as lists of (x, y) [m],
        ``certified`` and ``methods``, a list of ``method``, ``decision`` (list of
        0..M), ``objective`` and ``gap`` each. None for a suite of one's own or with
        more than ``DEVICES`` devices.
    """
    suite = mec_env.SUITES.get(board.suite)
    if suite is None or suite.scenario.iotds > DEVICES:
        return None
    _, scenario = next(suite.worlds())
    env = MECEnv.for_evaluation(scenario)
    env.reset(seed=suite.episode_seeds[0])
    world = env.simulator.world()
    shown = []
    for standing in board.standings:
        decided = _decided(standing, decisions, scenario)
        if decided is not None:
            shown.append((standing, _entry(standing.method, decided, env.slot)))
    certified = next((entry for s, entry in shown if s.kind == "solver"), None)
    if certified is None:
        certified = _entry("certified", mec_env.certify(env.slot).decision, env.slot)
    # Of an episode's first slot the shipped bounds say nothing.
    bound = mec_env.certify(env.slot).lower_bound
    if suite.unit == "slot":
        bound = suite.only(1, 1, 1).reference()[0][0]
    for entry in [certified, *(entry for _, entry in shown)]:
        entry["gap"] = float(entry["objective"] / bound - 1.0)
    width, height = np.broadcast_to(scenario.area, 2)
    return {
        "width": float(width),
        "height": float(height),
        "devices": np.round(world.device_xy, 1).tolist(),
        "servers": np.round(world.server_xy, 1).tolist(),
        "certified": certified,
        "methods": [entry for s, entry in shown if s.kind != "solver"],
    }


def _decided(standing, decisions, scenario):
    """A method's decision (N,), or None if it can't be had: a map is not worth a report."""
    if not standing.cells:
        return None
    try:
        decision = np.asarray(decisions(standing.cells[0]))[0]
    except UNREADABLE:
        return None
    fits = decision.shape == (scenario.iotds,) and decision.dtype.kind in "iu"
    return decision if fits and 0 <= decision.min() and decision.max() <= scenario.mecs else None


def _entry(method, decision, slot):
    return {
        "method": method,
        "decision": np.asarray(decision).tolist(),
        "objective": float(mec_env.outcome(slot, decision).objective),
    }
