"""What a snapshot or a certificate says of itself at a prompt: a line, with arrays by their shapes."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def one_line(self: Any) -> str:
    """The ``__repr__`` of a dataclass that holds large arrays; the arrays themselves are its attributes."""
    said = ", ".join(f"{field.name}={_said(getattr(self, field.name))}" for field in fields(self))
    return f"{type(self).__name__}({said})"


def _said(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} {value.shape}>"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_said(entry)}" for key, entry in value.items()) + "}"
    if is_dataclass(value) and not isinstance(value, type):
        return f"<{type(value).__name__}>"
    return repr(float(value)) if isinstance(value, np.floating) else repr(value)
