"""What the repository holds: small files, one version, a face with types."""

import inspect
import re
import subprocess
import tomllib
from functools import cached_property
from pathlib import Path

import pytest

import dirs_solver
import mec_env

ROOT = Path(__file__).parents[1]
#: Largest file [bytes].
LIMIT = 300_000


def tracked():
    try:
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout")
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_no_file_is_large():
    sizes = {file: file.stat().st_size for file in tracked() if file.is_file()}
    assert {str(file.relative_to(ROOT)) for file, size in sizes.items() if size > LIMIT} == set()


def test_cells_of_the_board_stay_small_and_so_does_everything_else():
    sizes = {file: file.stat().st_size for file in tracked() if file.is_file()}
    board = ROOT / "benchmarks" / "results" / "cells"
    cells = [file for file in sizes if file.parent == board]
    # 261 take 8.6 MB; one that came since has 40 kB.
    new = sum(file.suffix == ".json" for file in cells) - 261
    assert sum(sizes[file] for file in cells) < 8.7e6 + 40e3 * max(new, 0)
    # Code, tests, docs with their pictures and films, shipped bounds, the paper's cells.
    assert sum(size for file, size in sizes.items() if file.parent != board) < 5.4e6


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert mec_env.__version__.startswith(cited.group(1).strip("\"'"))


def functions_of(exported):
    """An exported function itself; of a class, what it defines for others to call or read."""
    if inspect.isfunction(exported):
        yield exported
    elif inspect.isclass(exported):
        for name, member in vars(exported).items():
            if isinstance(member, (classmethod, staticmethod)):
                member = member.__func__
            elif isinstance(member, property):
                member = member.fget
            elif isinstance(member, cached_property):
                member = member.func
            # Those of dataclasses are made from their fields.
            ours = inspect.isfunction(member) and member.__module__ == exported.__module__
            if ours and (not name.startswith("_") or name == "__init__"):
                yield member


@pytest.mark.parametrize(
    "function",
    [
        function
        for package in (mec_env, dirs_solver)
        for name in package.__all__
        for function in functions_of(getattr(package, name))
    ],
    ids=lambda function: f"{function.__module__}.{function.__qualname__}",
)
def test_public_functions_say_their_types(function):
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    assert [p.name for p in own if p.annotation is p.empty] == []
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("package", [mec_env, dirs_solver])
def test_what_type_checkers_see_is_what_is_handed_on(package):
    text = Path(package.__file__).read_text(encoding="utf-8")
    block = re.search(r"if TYPE_CHECKING:\n((?:    .*\n)+)", text).group(1)
    seen = {
        name.strip(): module
        for module, names in re.findall(r"from (\S+) import (.+)", block)
        for name in names.split(",")
    }
    homes = {name: f"{package.__name__}.{home}" for name, home in package._HOMES.items()}
    assert seen == homes
