"""The rooms of the house: arrows between them point one way, and each says what it holds."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("mec_env", "dirs_solver", "mec_bench", "benchmarks")
#: Rooms of mec_env from the ground up; a room imports from its own floor's room and from below.
FLOORS = (
    {"checks", "whole_file", "threads", "lazily", "one_line", "version"},
    {"limits", "uncached"},
    {"draws"},
    # Below the laws: what a battery pays for a link is the link's energy.
    {"physics"},
    {"laws"},
    {"scenario"},
    {"optimum"},
    # Above the optimum: servers admit within a step, and nominal prices are optimal ones.
    {"simulator"},
    {"views"},
    {"judging"},
    {"", "gym_env", "vector_env", "pettingzoo_env"},
)


def files(package):
    return sorted((ROOT / package).rglob("*.py"))


def name_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for package in PACKAGES for file in files(package)}


def imported(file, everywhere=True):
    """Modules of ours that a file imports, when it is loaded or (``everywhere``) at any time."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # What only type checkers read is no arrow.
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    nodes = ast.walk(tree) if everywhere else tree.body
    for node in nodes:
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found = whole if whole in MODULES else node.module
                if found in MODULES:
                    yield found


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def floor_of(module):
    for height, rooms in enumerate(FLOORS):
        if room_of(module) in rooms:
            return height
    raise AssertionError(f"{module}: its room stands on no floor")


def test_packages_import_downwards_alone():
    climbing = [
        (name, other)
        for name, file in MODULES.items()
        for other in imported(file)
        if PACKAGES.index(other.split(".")[0]) > PACKAGES.index(name.split(".")[0])
    ]
    assert climbing == []


def test_rooms_of_the_environment_import_downwards_alone():
    climbing = [
        (name, other)
        for name, file in MODULES.items()
        if name.startswith("mec_env")
        for other in imported(file)
        if other != "mec_env"
        and room_of(other) != room_of(name)
        and floor_of(other) >= floor_of(name)
    ]
    assert climbing == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(imported(file, everywhere=False)) - {name} for name, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_says_what_it_holds_and_holds_one_idea(module):
    text = MODULES[module].read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text))
    assert said and len(said) > 15 and "TODO" not in said
    assert text.count("\n") <= 400
