"""The tasks of a slot: drawn anew each slot, or fixed by the world."""

import numpy as np
from numba import njit

from mec_env.draws import streams
from mec_env.draws.streams import philox


def spans(scenario):
    """Low end and width of what slots draw of data [bit] and cycles; 0.0, 0.0 where they don't.

    Returns
    -------
    data_low, data_span, cycles_low, cycles_span : float
    """

    def span(value):
        # One number for all, or one each, stays as the world has it; what is left is a Range.
        redrawn = scenario.tasks == "slot" and not isinstance(value, (float, tuple))
        return (value.low, value.high - value.low) if redrawn else (0.0, 0.0)

    return *span(scenario.data_bits), *span(scenario.cycles)


@njit(cache=True, nogil=True, error_model="numpy")
def draw_tasks(draws, counter, board, e, words):
    """Draw the tasks of row e.

    Parameters
    ----------
    draws : mec_env.simulator.state.Draws
    counter : (key0, key1, slot, episode)
        Whose numbers these are.
    board : mec_env.simulator.state.Board
        Filled at row e.
    words : uint32, at least 2 N and a multiple of 4
        Room for random words.
    """
    n = board.cycles.shape[1]
    key0, key1, slot, episode = counter
    philox(key0, key1, slot, episode, streams.TASKS | (draws.space << 8), words)
    if draws.data_span > 0.0:
        scale = draws.data_span * 2.0**-32
        for i in range(n):
            board.data_bits[e, i] = draws.data_low + scale * (float(words[i]) + 0.5)
    if draws.cycles_span > 0.0:
        scale = draws.cycles_span * 2.0**-32
        for i in range(n):
            cycles = draws.cycles_low + scale * (float(words[n + i]) + 0.5)
            board.cycles[e, i] = cycles
            board.root_cycles[e, i] = np.sqrt(cycles)
