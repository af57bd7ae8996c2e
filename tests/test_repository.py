"""What the repository holds: small files, one version, a face with types."""

import inspect
import re
import subprocess
import tomllib
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


def test_the_tree_stays_below_14_megabytes():
    assert sum(file.stat().st_size for file in tracked() if file.is_file()) < 14e6


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert mec_env.__version__.startswith(cited.group(1).strip("\"'"))


@pytest.mark.parametrize(
    "package, name",
    [(package, name) for package in (mec_env, dirs_solver) for name in package.__all__],
)
def test_public_functions_say_their_types(package, name):
    found = getattr(package, name)
    if not inspect.isfunction(found) or name == "progress_bar":
        return
    signature = inspect.signature(found)
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert untyped == [] and signature.return_annotation is not signature.empty


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
