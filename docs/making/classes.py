"""What a class says of itself, read from its source without importing it."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


def first_line(text):
    """The first line of a docstring as Markdown."""
    line = (text or "").strip().splitlines()[0]
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", line.replace("``", "`"))


def said_by(place):
    """Docstring and ``information`` of a class, its own or the next base's; place is ``module:Class``."""
    module, _, name = place.partition(":")
    doc = information = None
    for node in lineage(module, name):
        doc = doc or ast.get_docstring(node)
        information = information or assigned(node, "information")
    if not (doc and information):
        raise ValueError(f"{place}: must have a docstring and say its information")
    return doc, information


def lineage(module, name):
    """The class's node and those of its bases, as far as they are ours, nearest first."""
    tree, homes = parsed(module)
    node = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if node is None:
        if name in homes:
            yield from lineage(homes[name], name)
        return
    yield node
    for base in node.bases:
        if isinstance(base, ast.Name):
            yield from lineage(module, base.id)


@cache
def parsed(module):
    """A module's tree, and where the names of ours that it imports are from."""
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py")
    tree = ast.parse((file if file.is_file() else path / "__init__.py").read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dirs_solver")
        for alias in node.names
    }
    return tree, homes


def assigned(node, name):
    """The text that a class gives a name, also as one of several: ``a, b = "x", "y"``."""
    for line in node.body:
        if not isinstance(line, ast.Assign):
            continue
        target, value = line.targets[0], line.value
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(target, ast.Tuple) else [value]
        for one, text in zip(names, values):
            if isinstance(one, ast.Name) and one.id == name and isinstance(text, ast.Constant):
                return text.value
    return None
