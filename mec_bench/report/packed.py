"""The page's numbers in less room; ``template/packed.js`` takes them apart again."""

#: Servers as letters and digits, 0 for the device itself: as JavaScript's ``parseInt(text, 36)``.
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def packed(found):
    """What :func:`mec_bench.report.page.data` gives, in less room.

    Rows are columns: each key once, with the values of all rows. Settings stand once for all boards.
    Of notes, most of which are empty, those that are not: place and text.
    A profile begins with zeros and ends in ones, which are left out: ``{"from", "shares"}``, to be
    filled up with its last share. A decision of fewer than 36 servers is a text, a letter a device.
    """
    settings = []
    boards = [_board(board, settings) for board in found["boards"]]
    return {**found, "boards": boards, "settings": settings}


def _board(board, settings):
    rows = [
        {
            **row,
            "notes": [[k, note] for k, note in enumerate(row["notes"]) if note],
            "profile": _profile(row["profile"]),
            "settings": _place(row["settings"], settings),
        }
        for row in board["rows"]
    ]
    columns = {key: [row[key] for row in rows] for key in rows[0]} if rows else {}
    return {**board, "rows": columns, "map": _map(board["map"])}


def _place(value, found):
    """Where a value stands in a list to which it is added if it doesn't."""
    if value not in found:
        found.append(value)
    return found.index(value)


def _profile(shares):
    if shares is None:
        return None
    start, end = 0, len(shares)
    while start < end - 1 and shares[start] == 0.0:
        start += 1
    while end > start + 1 and shares[end - 1] == shares[end - 2]:
        end -= 1
    return {"from": start, "shares": shares[start:end]}


def _map(shown):
    if shown is None:
        return None
    methods = [_entry(entry) for entry in shown["methods"]]
    return {**shown, "certified": _entry(shown["certified"]), "methods": methods}


def _entry(entry):
    if not entry["decision"] or max(entry["decision"]) >= len(LETTERS):
        return entry
    return {**entry, "decision": "".join(LETTERS[j] for j in entry["decision"])}
