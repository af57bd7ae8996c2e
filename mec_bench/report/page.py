"""The page: the template's parts and the numbers in one file that asks nobody for anything."""

import base64
import hashlib
import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import mec_env
from mec_bench.report.columns import COLUMNS
from mec_bench.report.course import courses
from mec_bench.report.curves import mean_curve
from mec_bench.report.message import sentences, verdict
from mec_bench.report.packed import packed
from mec_bench.report.pick import first_slot
from mec_bench.standings import TAUS

TEMPLATE = Path(__file__).parent / "template"
#: In the order in which they stand on the page: a later one uses the earlier ones.
SCRIPTS = ("dom", "axes", "points", "lines", "map", "table", "notes", "packed", "page")


def page(boards, decisions=None):
    """The HTML of the leaderboard.

    Names, errors and commands come from other people's cells: they are data in
    JSON that cannot end its element, the scripts show them as text only, and the
    page's own policy lets nothing run or load but its one script and style.

    Parameters
    ----------
    boards : list of mec_bench.standings.Board
    decisions : callable, optional
        decisions(cell) -> (S, N) int, for the maps.

    Returns
    -------
    str
    """
    style = _part("style.css")
    script = "(() => {\n'use strict';\n" + "".join(_part(f"{s}.js") for s in SCRIPTS) + "})();\n"
    parts = {
        "policy": "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src {_hash(style)}; script-src {_hash(script)}",
        "style": style,
        "data": _embedded(packed(data(boards, decisions))),
        "script": script,
    }
    # In one pass: a cell that says "{{script}}" is not a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _part("page.html"))


def data(boards, decisions=None):
    """What the page shows, as plain lists and dicts."""
    return {
        "written": datetime.now(UTC).isoformat(timespec="minutes"),
        "verdict": verdict(boards),
        "sentences": sentences(boards),
        "columns": [
            {"key": c.key, "title": c.title, "meaning": c.meaning} for c in COLUMNS
        ],
        "methods": sorted({s.method for board in boards for s in board.standings}),
        "taus": TAUS.tolist(),
        "boards": [_board(board, decisions) for board in boards],
        "provenance": _provenance(boards),
    }  # fmt: skip


def _board(board, decisions):
    suite = mec_env.SUITES.get(board.suite)
    course = courses(board, decisions) if decisions else {}
    return {
        "label": board.label,
        "hash": board.suite_hash,
        "devices": suite.scenario.iotds if suite else None,
        "servers": suite.scenario.mecs if suite else None,
        "worlds": board.worlds,
        "episodes": board.episodes,
        "slots": board.slots,
        "bound": board.bound,
        "rows": [{**_row(s), "course": course.get(s.method)} for s in board.standings],
        "map": first_slot(board, decisions) if decisions else None,
    }


def _rounded(curve):
    """A curve to four digits, as fine as a screen: the page is read over slow lines too."""
    if curve is None:
        return None
    return {name: [float(f"{value:.4g}") for value in values] for name, values in curve.items()}


def _row(s):
    entries = [column.entry(s) for column in COLUMNS]
    return {
        "method": s.method,
        "kind": s.kind,
        "information": s.information,
        "values": [entry.value for entry in entries],
        "texts": [entry.text for entry in entries],
        "notes": [entry.note for entry in entries],
        "gap": s.mean,
        "interval": s.mean_interval,
        "milliseconds": s.milliseconds,
        "profile": None if s.profile is None else [round(float(p), 3) for p in s.profile],
        "curve": _rounded(mean_curve(s.cells)),
        "failed": [
            {key: cell.get(key) for key in ("seed", "error", "traceback")} for cell in s.failed
        ],
        "settings": (s.cells or s.failed)[0].get("settings"),
    }


def _provenance(boards):
    """Where the numbers come from: each different machine, revision, … with the cells it stands for."""
    cells = [
        cell for board in boards for s in board.standings for cell in (*s.cells, *s.failed)
    ]  # fmt: skip
    found = [cell.get("provenance") or {} for cell in cells]
    dates = sorted(str(p["date"]) for p in found if p.get("date"))

    def counted(texts):
        tally = {}
        for text in texts:
            if text:
                tally[text] = tally.get(text, 0) + 1
        return [
            {"text": text, "cells": n} for text, n in sorted(tally.items(), key=lambda t: -t[1])
        ]

    return {
        "cells": len(cells),
        "from": dates[0] if dates else None,
        "to": dates[-1] if dates else None,
        "machines": counted(_machine(p.get("machine")) for p in found),
        "revisions": counted(_revision(p.get("revision")) for p in found),
        "versions": counted(_pairs(p.get("versions")) for p in found),
        "commands": counted(str(p.get("command") or "") for p in found),
    }


def _revision(revision):
    """A revision with its ending in words."""
    return str(revision or "").replace("-dirty", " with changes that were not committed")


def _machine(machine):
    # The load differs from cell to cell and would make every cell a machine.
    if not isinstance(machine, dict):
        return ""
    cores = machine.get("cores")
    return ", ".join(
        str(part)
        for part in (
            machine.get("processor"),
            f"{cores} cores" if cores else None,
            machine.get("vector_instructions"),
        )
        if part
    )


def _pairs(versions):
    return ", ".join(f"{k} {v}" for k, v in versions.items()) if isinstance(versions, dict) else ""


def _part(name):
    return (TEMPLATE / name).read_text(encoding="utf-8")


def _hash(text):
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _embedded(record):
    """JSON for a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(_finite(record), allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value):
    """The same without NaN and infinities, which JSON does not have, and with short floats."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        short = float(f"{value:.5g}")
        return int(short) if short.is_integer() and abs(short) < 1e9 else short
    return value
