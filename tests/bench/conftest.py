"""The package as others have it: an environment with our wheel and no checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_clean(*command, cwd):
    """Run a command that sees nothing of this checkout; its output."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean(**more):
    """The process environment without what leads to this checkout."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")} | more


def environment(folder):
    """The interpreter of a fresh environment in ``folder`` that has this one's packages, but not ours."""
    run_clean(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    found = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    # A plain path: .pth files there, an editable install of ours among them, are not read.
    (site_of(found) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def site_of(python):
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run_clean(python, "-c", asked, cwd=python.parent).strip())


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Our wheel."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    unbuilt = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
    for name in ("mec_env", "dirs_solver", "mec_bench"):
        shutil.copytree(ROOT / name, source / name, ignore=unbuilt)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q"]
    run_clean(*build, "-w", folder, cwd=source)
    (found,) = folder.glob("*.whl")
    shutil.rmtree(source)
    return found


@pytest.fixture(scope="session")
def wheel_python(wheel, tmp_path_factory):
    """The interpreter of a fresh environment with our wheel, and this one's other packages."""
    found = environment(tmp_path_factory.mktemp("installed") / "venv")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]
    run_clean(*pip, "--target", site_of(found), wheel, cwd=wheel.parent)
    return found
