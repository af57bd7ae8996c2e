"""No coupling: a slot depends on nothing that was decided before it."""

CODE = 0


def is_on(scenario):
    """Whether a scenario has this coupling; what has no other has none."""
    return True


def size(scenario):
    """How many numbers a row carries from slot to slot."""
    return 0
