"""A scenario's fields with their units and meanings, from where they are documented: the docstrings."""

import re
from dataclasses import fields
from textwrap import wrap

from mec_env.laws.coupling import backlog, battery, moving
from mec_env.limits import LIMITS
from mec_env.scenario.scenario import Scenario

_DOCUMENTED = (Scenario, moving.Fields, battery.Fields, backlog.Fields)
_UNIT = re.compile(r"\[([^\]\d][^\]]*)\]")


def meanings():
    """Field -> what its docstring says, one line each; empty where docstrings were left out."""
    found = {}
    for home in _DOCUMENTED:
        _, _, listed = (home.__doc__ or "").partition("Attributes\n")
        names = ()
        for line in listed.splitlines()[1:]:
            text = line.strip()
            if re.match(r" {4}\S", line) and " : " in text:
                names = [name.strip() for name in text.split(" : ")[0].split(",")]
                found.update((name, "") for name in names)
            elif text.startswith(("Raises", "---")):
                names = ()
            else:
                for name in names:
                    found[name] = f"{found[name]} {text}".strip()
    return found


def unit_of(field, meaning):
    """The field's unit, from its limits or from what its meaning has in brackets; or nothing."""
    if field in LIMITS:
        return LIMITS[field].unit
    found = _UNIT.search(meaning)
    return found[1] if found else ""


def rows_of(scenario):
    """(field, value as text, unit, meaning) of all fields that the scenario's file would have."""
    known = meanings()
    rows = []
    for line in scenario.to_toml().splitlines():
        field, _, value = line.partition(" = ")
        short = value if len(value) <= 60 else f"{value[:50]} … ({value.count(',') + 1} numbers)"
        rows.append((field, short, unit_of(field, known.get(field, "")), known.get(field, "")))
    return rows


def commented_toml(scenario):
    """The scenario's file with a comment above each field; what is off stands there commented out."""
    known, lines, there = meanings(), [], set()
    lines.append("# A scenario of mec-offloading: edit, then  mec-env show FILE")
    for line in scenario.to_toml().splitlines():
        field = line.partition(" = ")[0]
        there.add(field)
        lines += ["", *_comment(known.get(field, "")), line]
    lines += ["", "# Off; see the documentation of tasks coupled in time before you switch one on."]
    for field in (f.name for f in fields(Scenario)):
        if field not in there:
            default = getattr(Scenario, field, None)
            shown = f"{default!r}".replace("'", '"') if default is not None else "…"
            lines += ["", *_comment(known.get(field, "")), f"# {field} = {shown}"]
    return "\n".join(lines) + "\n"


def _comment(text):
    plain = re.sub(r":\w+:`([^`]*)`", r"\1", text).replace("``", "")
    return [f"# {line}" for line in wrap(plain, 96)]
