"""Names that a package hands on and whose modules are imported when first asked for."""

import sys
from importlib import import_module


def lazily(package, homes):
    """``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package : str
        Its name.
    homes : dict
        Public name -> module that holds it.
    """

    def get(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: sorted(homes), [*homes]
