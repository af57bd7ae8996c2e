"""Installations where numba can keep no compiled code."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mec_env.gym_env import MECEnv
from mec_env.uncached import can_be_written

PACKAGE = Path(__file__).parents[2] / "mec_env"
NOBODY = 65534
LOAD = """
import sys, warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    import mec_env
    early = "numba" in sys.modules
    from mec_env.laws.actions import vote
    {more}
ours = [w for w in seen if "NUMBA_CACHE_DIR" in str(w.message)]
print(mec_env.__file__)
print(len(ours), "kept" if vote._cache.cache_path else "uncached", {result})
"""
PLAY = """
    env = mec_env.MECEnv(mecs=1, iotds=2, server_layout="random")
    env.reset(seed=0)
    objective = env.step([0, 1])[4]["objective"]
"""


BY_PERMISSIONS = pytest.mark.skipif(
    sys.platform == "win32", reason="folders have no such permissions there"
)


@pytest.fixture
def read_only():
    """A copy of the package that can be read by everybody and written by nobody but root."""
    # Not pytest's own folder, which other users can't enter.
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(PACKAGE, folder / "mec_env", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    shutil.rmtree(folder)


def run(folder, code, **variables):
    """What code prints in a process that may not write the package or its home."""
    environment = {
        k: v
        for k, v in os.environ.items()
        if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "PYTHONPATH")
    }
    environment.update(HOME=str(folder / "home"), PYTHONPATH=str(folder), **variables)
    # Permissions don't bind root.
    user = dict(user=NOBODY, group=NOBODY, extra_groups=[]) if os.geteuid() == 0 else {}
    probe = [sys.executable, "-c", "import numba, gymnasium"]
    options = dict(cwd="/", env=environment, capture_output=True, text=True, **user)
    try:
        reachable = subprocess.run(probe, **options).returncode == 0
    except PermissionError:
        reachable = False
    if not reachable:
        # The interpreter lies where only root may go: root itself, all rights to write dropped.
        if not shutil.which("setpriv") or os.geteuid() != 0:
            pytest.skip("no other user can run this Python")
        options = {k: v for k, v in options.items() if k not in user}
        drop = "-dac_override,-fowner"
        prefix = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"]
    else:
        prefix = []
    done = subprocess.run([*prefix, sys.executable, "-c", code], **options)
    assert done.returncode == 0, done.stderr
    where, result = done.stdout.splitlines()
    assert Path(where).parent == folder / "mec_env"
    return result.split()


@BY_PERMISSIONS
def test_a_read_only_installation_without_a_home_runs_uncached_with_one_warning(read_only):
    code = LOAD.format(more=PLAY.strip(), result="objective.hex()")
    env = MECEnv(mecs=1, iotds=2, server_layout="random")
    env.reset(seed=0)
    objective = env.step([0, 1])[4]["objective"]
    assert run(read_only, code) == ["1", "uncached", objective.hex()]


@BY_PERMISSIONS
def test_a_read_only_installation_keeps_kernels_where_it_is_told_without_a_warning(read_only):
    code = LOAD.format(more="", result="early")
    with tempfile.TemporaryDirectory() as cache:
        os.chmod(cache, 0o777)
        assert run(read_only, code, NUMBA_CACHE_DIR=cache) == ["0", "kept", "False"]


def test_a_folder_that_can_be_made_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert can_be_written(tmp_path) and can_be_written(tmp_path / "new" / "newer")
    assert not can_be_written(tmp_path / "file") and not can_be_written(tmp_path / "file" / "in")
