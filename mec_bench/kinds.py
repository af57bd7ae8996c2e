"""What kind of method a cell's learner is, by what it does rather than by what it is called."""

import mec_env

#: Rules that solve each slot by its certificate.
SOLVERS = ("certified", "slot-price")
#: Whose kind their training doesn't tell: one tunes a number of a rule on training episodes, as
#: ``low-price`` does; one solves the slots ahead and trains nothing.
OTHERWISE = {"tuned-rule": "rule", "planning": "search"}


def kind_of(learner, cells):
    """The kind of the method that some cells of one suite are of.

    Parameters
    ----------
    learner : str
    cells : list of dict

    Returns
    -------
    str
        ``oracle`` (is shown what will be drawn), ``solver`` (certifies what its suite scores: a
        slot), ``rule`` (looks for no optimum), ``search`` (does, untrained) or ``learner``.
    """
    if any(cell["information"] == "future" for cell in cells):
        return "oracle"
    if learner in SOLVERS:
        # Of a whole episode a slot's certificate says nothing.
        return "solver" if _unit(cells[0]["suite"]) == "slot" else "search"
    if learner in mec_env.RULES:
        return "rule"
    if learner in OTHERWISE:
        return OTHERWISE[learner]
    done = [cell for cell in cells if cell["status"] == "done"]
    # One that came trained has weights, and perhaps no slots of its own.
    trained = any(
        cell.get("parameter_count")
        or any(world.get("slots") for world in cell.get("training") or [])
        for cell in done
    )
    return "learner" if trained or not done else "search"


def _unit(suite):
    whole = mec_env.SUITES.get(suite)
    return "slot" if whole is None else whole.unit
