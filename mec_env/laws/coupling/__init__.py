"""What passes from one slot to the next besides the slot's number: nothing, so far.

A coupling is a module with ``CODE``, ``is_on(scenario)`` and ``size(scenario)``, the count of
numbers that a row carries (``mec_env.simulator.state.Carry.numbers``), and with a branch in each
kernel here that has something to do: :func:`begin` when an episode begins, :func:`advance`
when a decision has been judged. ``COUPLINGS`` is the only place to touch besides these.
"""

from numba import njit

from mec_env.laws.coupling import none

#: Every coupling by name.
COUPLINGS = {"none": none}


def coupling_of(scenario):
    """Name of the coupling that a scenario's fields switch on.

    Raises
    ------
    ValueError
        If they switch on several at once.
    """
    on = [name for name, law in COUPLINGS.items() if name != "none" and law.is_on(scenario)]
    if len(on) > 1:
        raise ValueError(f"couplings {' and '.join(on)}: one at a time is allowed")
    return on[0] if on else "none"


@njit(cache=True, nogil=True)
def begin(code, numbers, e):
    """Set what row e carries to what an episode begins with."""
    for k in range(numbers.shape[1]):
        numbers[e, k] = 0.0


@njit(cache=True, nogil=True)
def advance(code, numbers, e, decision):
    """Change what row e carries by the decision that was just judged."""
