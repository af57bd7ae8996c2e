"""A baseline's settings: one TOML file each, with what was chosen and what else was tried."""

import tomllib
from pathlib import Path

from mec_env import checks

#: A setting with a table ``small`` and ``large`` is ``small`` up to this many devices.
SMALL = 100
PLUGINS = Path(__file__).parents[1] / "plugins"


def settings_of(name, changed=None, optional=()):
    """The settings of a baseline.

    The file ``settings/NAME.toml`` of its plug-in has a table ``[settings]``, the choice, and tables
    ``[[candidates]]``, each a few settings that were tried in place of the chosen ones
    (``python -m mec_bench.choose NAME`` tries them again, on worlds of no suite).

    Parameters
    ----------
    name : str
        The learner's.
    changed : dict, optional
        Settings of one's own in place of the chosen ones.
    optional : collection of str
        Settings that the learner knows and the file need not have.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        For a setting that neither knows.
    """
    settings = _read(name)["settings"]
    for key in changed or {}:
        checks.known("setting", key, {*settings, *optional})
    return {**settings, **(changed or {})}


def of_size(settings, scenario):
    """Settings with one value each: of those for small and large networks the scenario's."""
    size = "small" if scenario.iotds <= SMALL else "large"
    return {k: v[size] if isinstance(v, dict) else v for k, v in settings.items()}


def candidates_of(name):
    """What was tried for a baseline: a list of changes to its settings, the first one none."""
    return [{}, *_read(name).get("candidates", [])]


def _read(name):
    files = {file.stem: file for file in PLUGINS.glob("*/settings/*.toml")}
    # A name may bring changes of its own, "de?population=20".
    file = files[checks.known("learner", name.partition("?")[0], files)]
    return tomllib.loads(file.read_text(encoding="utf-8"))
