"""The tests' compiled kernels belong to one state of all source that may hold a kernel."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import KERNELS_IN, state_of_the_source

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of all packages' source."""
    root = tmp_path_factory.mktemp("source")
    for folder in KERNELS_IN:
        for source in (ROOT / folder).rglob("*.py"):
            copy = root / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return root


def test_every_folder_with_a_kernel_is_looked_at():
    # Hidden folders hold environments of other people's packages and caches, these two what is built.
    folders = [
        path
        for path in ROOT.iterdir()
        if path.is_dir() and path.name[0] != "." and path.name not in ("build", "dist")
    ]
    with_kernels = {
        folder.name
        for folder in folders
        if any("njit" in source.read_text("utf-8") for source in folder.rglob("*.py"))
    }
    assert {"mec_env", "dirs_solver"} <= with_kernels <= set(KERNELS_IN)
    assert all((ROOT / folder).is_dir() for folder in KERNELS_IN)


def test_any_changed_file_changes_the_key(copied):
    key = state_of_the_source(copied)
    assert len(key) == 16 and int(key, 16) >= 0
    assert key == state_of_the_source(ROOT), "a function of the source, wherever it lies"
    seen = {key}
    for folder in KERNELS_IN:
        sources = list((copied / folder).rglob("*.py"))
        assert sources
        for source in sources:
            code = source.read_bytes()
            source.write_bytes(code + b"#")
            seen.add(state_of_the_source(copied))
            source.write_bytes(code)
    assert state_of_the_source(copied) == key
    count = sum(1 for _ in copied.rglob("*.py"))
    assert len(seen) == 1 + count, "each change has a key of its own"


@pytest.mark.parametrize("folder", KERNELS_IN)
def test_a_new_a_lost_and_a_moved_file_change_the_key(copied, folder):
    key = state_of_the_source(copied)
    new = copied / folder / "new" / "deep.py"
    new.parent.mkdir(parents=True)
    new.write_text("")
    with_new = state_of_the_source(copied)
    moved = new.rename(new.with_name("moved.py"))
    with_moved = state_of_the_source(copied)
    shutil.rmtree(moved.parent)
    assert len({key, with_new, with_moved}) == 3
    assert state_of_the_source(copied) == key


def test_code_that_moves_over_a_files_end_changes_the_key(copied):
    key = state_of_the_source(copied)
    first, second = sorted((copied / "mec_env").glob("*.py"))[-2:]
    texts = first.read_bytes(), second.read_bytes()
    first.write_bytes(texts[0] + texts[1][:9])
    second.write_bytes(texts[1][9:])
    changed = state_of_the_source(copied)
    first.write_bytes(texts[0])
    second.write_bytes(texts[1])
    assert changed != key == state_of_the_source(copied)
