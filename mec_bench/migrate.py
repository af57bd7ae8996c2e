"""Make cells of version 1 into cells of today's layout, or smaller, verified before and after."""

import hashlib
from functools import partial

from mec_bench.cell import VERSION, suite_of
from mec_bench.packing import layout_in, packed, smallest, unpack_any
from mec_bench.scores import scored, shape_of
from mec_bench.store import Store
from mec_bench.verify import Refused, agree, each_cell, read, verify

#: What version 1 said and version 2 says otherwise.
_GONE = ("objective", "gap", "time", "energy", "offloaded", "decisions")


def migrate(files, tell=lambda: None, small=False):
    """Write cells of version 1 anew in today's layout, beside themselves; then the old files go.

    A cell is verified as it stands, in its new form before that is written, and once more
    from the disk. One that is refused stays as it is; so does one of today's layout. One that
    is killed on the way is a good cell still, of either version.

    Parameters
    ----------
    files : list of path
        The JSON files; each one's decisions lie beside it.
    tell : callable
        Called after every file.
    small : bool
        Whether decisions of today's layout are packed anew too, where that saves bytes. To read them
        the suite is played, so this is for cells that are kept for good.

    Returns
    -------
    dict
        File -> None, or a sentence that says why the cell was not migrated.
    """
    verdicts = each_cell(files, partial(_migrate, small), tell)
    again = verify([file for file, why in verdicts.items() if why is None])
    return verdicts | again


def _migrate(small, file, record, judge):
    decisions = read(file, record)
    found = judge(decisions)
    agree(record, found)
    suite = suite_of(record)
    if record["version"] == VERSION:
        if not small:
            return f"is of version {VERSION} already"
        new, data = record, smallest(decisions, suite)
        if len(data) >= (file.parent / record["decisions"]["file"]).stat().st_size:
            return None
    else:
        new = migrated(record, found)
        data = (smallest if small else packed)(decisions, suite)
        agree(new, found)
    if (unpack_any(data, suite, layout_in(data)) != decisions).any():
        raise Refused("its decisions don't come back as they were from the new layout")
    if file.suffix != ".json":
        raise Refused("its name must end in .json")
    kept = Store(file.parent).write(file.stem, new, data)
    data = (file.parent / kept["decisions"]["file"]).read_bytes()
    if hashlib.sha256(data).hexdigest() != kept["decisions"]["sha256"]:
        raise Refused(f"{kept['decisions']['file']}: was not kept as it was written")
    return None


def migrated(record, found):
    """A record of version 1 in today's layout, without its decisions.

    The objectives are its author's, which ``found`` agrees with but for rounding; time, energy
    and the share that offloads were kept for the whole suite alone, and are ``found``'s.

    Parameters
    ----------
    record : dict
    found : mec_bench.verify.Found

    Returns
    -------
    dict
    """
    rest = {key: value for key, value in record.items() if key not in _GONE}
    said = scored(
        shape_of(record), record["objective"], found.lower_bound, found.time, found.energy, found.offloaded
    )  # fmt: skip
    return {**rest, "version": VERSION, **said}
