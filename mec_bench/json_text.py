"""Records as JSON that can be read and compared line by line: objects indented, an array a line."""

import json


def json_text(record):
    """A record as JSON: an array without objects stands on one line, whatever its length.

    Parameters
    ----------
    record : dict, list, str, number, bool or None

    Returns
    -------
    str
        Without a newline at its end.
    """
    return _lines(record, 0)


def _lines(value, depth):
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, dict) and value:
        # As json.dumps does it: a key is a string, also where it was a number.
        pairs = ",".join(
            f"{inner}{_key(key)}: {_lines(item, depth + 1)}" for key, item in value.items()
        )
        return "{" + pairs + outer + "}"
    if isinstance(value, (list, tuple)) and _holds_objects(value):
        return "[" + ",".join(inner + _lines(item, depth + 1) for item in value) + outer + "]"
    return json.dumps(value, separators=(",", ":"))


def _key(key):
    return json.dumps(next(iter(json.loads(json.dumps({key: None})))))


def _holds_objects(values):
    return any(
        isinstance(item, dict) or (isinstance(item, (list, tuple)) and _holds_objects(item))
        for item in values
    )
