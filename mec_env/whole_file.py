"""A file whole or not at all: written under another name, flushed to the disk, renamed."""

import contextlib
import os


@contextlib.contextmanager
def whole_file(path):
    """Open a binary file that appears under ``path`` only when all of it is on the disk.

    Parameters
    ----------
    path : path
        Its folder must be there. What stood there before stays until the new file is whole,
        and for good if writing fails.

    Yields
    ------
    binary file

    Raises
    ------
    OSError
        Naming ``path``, also where the system names no file, as when the disk is full.
    """
    # The process in the name: two that write the same file don't write into each other's.
    temporary = f"{os.fspath(path)}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            yield file
            # Before the name points to it: a power cut must not leave an empty file.
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        # One without a number is no system error, and would lose its words.
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def write_text(path, text):
    """Write a text in UTF-8, whole or not at all."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))
