"""Files appear whole or not at all, and what went wrong names them."""

import errno
import os

import pytest

from mec_env.whole_file import whole_file, write_text


@pytest.fixture
def full(monkeypatch):
    """A disk without room: the system then says so and names no file."""

    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path):
    file = tmp_path / "a.txt"
    write_text(file, "old")
    with pytest.raises(TypeError), whole_file(file) as out:
        out.write("no bytes")
    assert file.read_text() == "old"
    write_text(file, "né")
    assert file.read_bytes() == "né".encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path, full):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        write_text(file, "new")
    assert file.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_named_by_the_system_itself(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        write_text(tmp_path / "missing" / "a.txt", "x")
