"""The wheel and the sdist: all files of the packages, whatever their kind, and no other."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

from tests.bench.conftest import ROOT

PACKAGES = ("mec_env", "dirs_solver", "mec_bench")


def kept(*folders):
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    files = {name for name in held if ".dist-info/" not in name}
    assert files == kept(*PACKAGES)
    # Of each kind that no import would miss.
    for ending in ("py.typed", ".npz", ".toml", ".safetensors", ".css", ".js"):
        assert any(name.endswith(ending) for name in files), ending
    assert any(name.endswith("/licenses/LICENSE") for name in held)


def test_the_sdist_builds_without_the_checkout_and_leaves_out_what_needs_it(tmp_path):
    pytest.importorskip("setuptools")
    made = tmp_path / "made"
    made.mkdir()
    # From a copy: a build leaves folders behind.
    for name in kept(*PACKAGES, "*.toml", "*.md", "LICENSE", "MANIFEST.in", "CITATION.cff", "constraints.txt", "tests/test_*.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    call = f"from setuptools.build_meta import build_sdist; build_sdist({str(made)!r})"
    subprocess.run([sys.executable, "-c", call], cwd=tmp_path, capture_output=True, check=True)
    (file,) = made.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        held = {member.name.partition("/")[2] for member in archive if member.isfile()}
    generated = {name for name in held if ".egg-info/" in name or name in ("PKG-INFO", "setup.cfg")}
    beside = {
        "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "CHANGELOG.md", "CITATION.cff",
        "constraints.txt",
    }  # fmt: skip
    assert held - generated == kept(*PACKAGES) | beside


def test_the_public_ci_runs_every_python_that_is_promised_and_the_whole_of_ours():
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    full = [step.get("run") for step in jobs["full"]["steps"]]
    assert full[-1] == ".ci/run"
    (setup,) = (step["with"] for step in jobs["full"]["steps"] if "setup-python" in step.get("uses", ""))  # fmt: skip
    runs = [setup["python-version"], *jobs["smoke"]["strategy"]["matrix"]["python"]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = [re.search(r":: (3\.\d+)$", line) for line in project["classifiers"]]
    assert runs == [found.group(1) for found in said if found]
    assert project["requires-python"] == f">={runs[0]}"
