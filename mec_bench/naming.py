"""What a method is called: its learner, and what sets it apart where several settings of it were run."""

import json

#: Settings that a name spells out at most; more of them are the head of their hash.
SPELLED = 2


def names_of(settings):
    """Names of a board's methods.

    Parameters
    ----------
    settings : dict
        By (learner, settings_hash): a dict, or None where a cell doesn't say.

    Returns
    -------
    dict
        By the same keys: ``sb3-a2c``, or where several are of one learner
        ``sb3-a2c (budget 1440)``, or ``sb3-a2c #1a2b3c`` where they differ in much.
    """
    by_learner = {}
    for learner, settings_hash in settings:
        by_learner.setdefault(learner, []).append(settings_hash)
    names = {}
    for learner, hashes in by_learner.items():
        if len(hashes) == 1:
            names[learner, hashes[0]] = learner
            continue
        apart = _apart([settings[learner, h] for h in hashes])
        for settings_hash, words in zip(hashes, apart or hashes):
            names[learner, settings_hash] = (
                f"{learner} ({words})" if apart else f"{learner} #{words[:6]}"
            )
    return names


def _apart(several):
    """What sets each of several settings apart, in words; None if that is too much to say."""
    if not all(isinstance(one, dict) for one in several):
        return None
    keys = [
        key
        for key in dict.fromkeys(key for one in several for key in one)
        if len({json.dumps(one.get(key), sort_keys=True) for one in several}) > 1
    ]
    plain = all(isinstance(one.get(key), str | int | float | None) for one in several for key in keys)  # fmt: skip
    if not keys or len(keys) > SPELLED or not plain:
        return None
    words = [", ".join(_words(key, one.get(key)) for key in keys) for one in several]
    return words if len(set(words)) == len(words) else None


def _words(key, value):
    if value is None:
        return f"no {key}"
    return f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
