"""The points of a comparison: values of the fields that vary, and the suite of each point."""

import hashlib
import itertools
import math
import re
import tomllib
from dataclasses import dataclass, fields
from decimal import Decimal

from mec_env import MECEnv, checks
from mec_env.judging.suite import Suite
from mec_env.scenario.scenario import Scenario

#: More than these are a mistake in a value's step.
MOST_POINTS = 400
#: Fields that a comparison can't vary, and what says them instead.
FIXED = {
    "name": "it changes nothing",
    "world_seed": "--worlds says how many worlds are judged",
    "slots": "--slots says how long an episode is",
    "layout_per_episode": "a cell's worlds are its own",
    "device_positions": "they belong to one number of devices",
    "server_positions": "they belong to one number of servers",
}
_FIELDS = tuple(field.name for field in fields(Scenario) if field.name not in FIXED)
_DOTS = ("...", "…")


@dataclass(frozen=True)
class Axis:
    """A scenario field and the values that it takes, in the order given."""

    field: str
    values: tuple


@dataclass(frozen=True)
class Point:
    """One place of the grid.

    Attributes
    ----------
    at : tuple of (str, value)
        The fields that vary, and what they are here.
    suite : Suite or None
        None where the scenario can't be.
    problem : str or None
        Why it can't.
    """

    at: tuple
    suite: Suite | None
    problem: str | None = None

    @property
    def label(self):
        """``iotds = 50, mecs = 4``."""
        return ", ".join(f"{field} = {text_of(value)}" for field, value in self.at)


def axis_of(text):
    """The Axis of ``FIELD=VALUE,VALUE,…``; ``50,75,...,200`` goes on in equal steps.

    Values are TOML's; what is not is a text.

    Raises
    ------
    ValueError
        Naming what is wrong.
    """
    field, equals, rest = text.partition("=")
    field = field.strip()
    if not equals or not rest.strip():
        raise ValueError(f"vary = {text!r}: must be FIELD=VALUE,VALUE such as iotds=60,120,180")
    if field in FIXED:
        raise ValueError(f"vary = {text!r}: {field} can't vary, {FIXED[field]}")
    checks.known("vary: scenario field", field, _FIELDS)
    values = _filled_in(field, [part.strip() for part in _split(rest)])
    doubles = {text_of(v) for v in values if [text_of(w) for w in values].count(text_of(v)) > 1}
    if doubles:
        raise ValueError(f"vary = {text!r}: {min(doubles)} stands there twice")
    return Axis(field, tuple(values))


def points_of(base, axes, worlds, slots, first_world=0):
    """The Points of a grid, the last axis fastest.

    Parameters
    ----------
    base : Scenario
    axes : sequence of Axis, at most two
    worlds, slots : int
        Worlds that are judged, and slots of the one episode of each.

    Raises
    ------
    ValueError
        For axes that can't be: too many, the same twice, too many points.
    """
    names = [axis.field for axis in axes]
    if len(axes) > 2:
        raise ValueError(f"vary = {', '.join(names)}: at most two fields vary at once")
    if len(set(names)) < len(names):
        raise ValueError(f"vary = {names[0]}: stands there twice, all its values belong together")
    size = 1
    for axis in axes:
        size *= len(axis.values)
    if size > MOST_POINTS:
        raise ValueError(f"vary: {size} points, at most {MOST_POINTS} are allowed")
    seeds = tuple(range(first_world, first_world + worlds))
    base = base.replace(slots=slots)
    found = []
    for values in itertools.product(*(axis.values for axis in axes)):
        at = tuple(zip(names, values))
        try:
            scenario = base.replace(**dict(at))
            # Files that it names are read here, before hours of the other points.
            MECEnv(scenario)
            found.append(Point(at, _suite(scenario, at, seeds)))
        except (ValueError, OSError) as error:
            found.append(Point(at, None, str(error)))
    return found


def text_of(value):
    """A value as it is shown and as names of files have it."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return "-".join(text_of(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return "x".join(text_of(v) for v in value)
    return str(value)


def _suite(scenario, at, seeds):
    # Another base of the same name is another suite: cells of both may lie in one folder.
    whole = f"{scenario.to_toml()}{seeds}"
    mark = hashlib.sha256(whole.encode()).hexdigest()[:8]
    parts = [scenario.name, *(f"{field}-{text_of(value)}" for field, value in at), mark]
    name = re.sub(r"[^A-Za-z0-9_.+-]+", "_", "-".join(parts))
    return Suite(name, scenario, seeds, (0,))


def _split(text):
    """At the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _filled_in(field, parts):
    """The values of the parts, with what three dots stand for."""
    values = []
    for k, part in enumerate(parts):
        if part not in _DOTS:
            values.append(_value(field, part))
            continue
        try:
            before, last, end = (Decimal(parts[j]) for j in (k - 2, k - 1, k + 1))
        except (IndexError, ArithmeticError):
            before = last = end = Decimal(0)
        step = last - before
        if k < 2 or step == 0 or (end - last) / step <= 0 or (end - last) % step != 0:
            raise ValueError(
                f"vary: {field}={','.join(parts)}: before the dots must stand two numbers, behind "
                "them one that equal steps reach"
            )
        for number in range(1, int((end - last) / step)):
            values.append(_value(field, str(last + number * step)))
            if len(values) > MOST_POINTS:
                raise ValueError(f"vary: {field} has more than {MOST_POINTS} values")
    return values


def _value(field, text):
    if not text:
        raise ValueError(f"vary: {field} has a value that is empty")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    # No field takes nan, inf or a date, and JSON has nothing for them.
    numeric = isinstance(value, float) and math.isfinite(value)
    return value if numeric or isinstance(value, (int, str, list, dict)) else text
