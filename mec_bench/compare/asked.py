"""What a comparison was asked for, kept beside its cells: the folder says itself what it shows."""

import json
from dataclasses import dataclass
from pathlib import Path

from mec_bench.provenance import write_json

#: Of the file's layout.
VERSION = 1
FILE = "compare.json"


@dataclass(frozen=True)
class Asked:
    """A comparison as its folder keeps it.

    Attributes
    ----------
    scenario : str
        The base scenario's name.
    unit : str
        ``slot`` or ``episode``: what an objective is of.
    fields : list of str
        Those that vary.
    points : list of dict
        ``at`` (a value for each field), ``cells`` (names, by learner a list of them) and
        ``problem`` (a sentence, or None) of each.
    learners : list of str
    worlds, seeds, slots : int
    budget : float or None
    command : str
    """

    scenario: str
    unit: str
    fields: list
    points: list
    learners: list
    worlds: int
    seeds: int
    slots: int
    budget: float | None
    command: str

    def save(self, folder):
        """Write it to a folder, whole or not at all."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        said = {"kind": "comparison", "version": VERSION, **vars(self)}
        write_json(Path(folder) / FILE, said)

    @classmethod
    def load(cls, folder):
        """Read it from a folder.

        Raises
        ------
        ValueError, OSError
            Where there is none.
        """
        path = Path(folder) / FILE
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: is not JSON ({error})") from None
        if not isinstance(said, dict) or said.pop("kind", None) != "comparison":
            raise ValueError(f"{path}: is no comparison: kind must be 'comparison'")
        if (version := said.pop("version", None)) != VERSION:
            raise ValueError(f"{path}: version = {version!r}: must be {VERSION}")
        try:
            return cls(**said)
        except TypeError:
            needed = ", ".join(cls.__dataclass_fields__)
            raise ValueError(f"{path}: a comparison must have {needed}, and no more") from None
