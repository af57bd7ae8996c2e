"""What passes from one slot to the next: nothing, moving users, batteries or queues.

A coupling is two files. ``NAME.py`` has its fields of a Scenario, their check and its numbers, in
plain Python. ``NAME_kernel.py`` has what happens in a slot, compiled. Besides these, ``COUPLINGS``
here and the branches in ``kernel.py`` are the only places to touch.
"""

from mec_env.laws.coupling import backlog, battery, moving, none

#: Every coupling by name, as a module with
#:
#: ``CODE``
#:     By which the kernels know it.
#: ``Fields``
#:     A dataclass, the Scenario's fields that are its own.
#: ``is_on(scenario)``
#:     Whether the fields switch it on.
#: ``check(scenario, put)``
#:     Refuses bad fields; ``put(field, value)`` sets one to its checked value.
#: ``size(scenario)``
#:     How many numbers a row carries from slot to slot.
#: ``numbers(scenario)``
#:     The law's parameters as its kernels take them, (P,) float64.
#: ``of_world(scenario, world)``
#:     What a world fixes of it, (K,) float64; K the same for all worlds of a scenario.
COUPLINGS = {"none": none, "moving": moving, "battery": battery, "backlog": backlog}

#: What every coupled slot's info has besides; 0.0 where it is another coupling's.
INFO = ("migrations", "dropped", "battery", "waiting")


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


def law_of(scenario):
    """The module of a scenario's coupling."""
    return COUPLINGS[coupling_of(scenario)]
