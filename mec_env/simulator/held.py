"""Tuples of arrays that are handed to compiled code once, by one pointer, and are not counted there.

Each array that a kernel takes costs 0.1 us on the way in, whatever its size; a small step works
for 15 us and would take 40 of them. A Held is taken apart when it is made. Its arrays are the
caller's own: what either side writes, the other sees.

Compiled code counts the users of an array, atomically, at each function's entry and exit. That
takes a fifth of a step, and more where threads count the same arrays. Those of a Held are lent
instead, without a count; the Held keeps their owners for as long as it lives. So a kernel must not
return one of them, only a copy.
"""

from numba import njit, types
from numba.core import cgutils
from numba.experimental import structref
from numba.extending import intrinsic


@structref.register
class _HeldType(types.StructRef):
    pass


class Held(structref.StructRefProxy):
    """``parts``, a tuple of tuples of arrays and numbers that only compiled code can read."""

    def __new__(cls, parts):
        held = _hold(parts)
        held._owners = parts
        return held


structref.define_proxy(Held, _HeldType, ["parts"])


@intrinsic
def _lent(typing, parts):
    """The same tuple with arrays that nobody counts."""

    def build(context, builder, signature, arguments):
        return _without_owners(context, builder, signature.args[0], arguments[0])

    return parts(parts), build


def _without_owners(context, builder, kind, value):
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        for k, inner in enumerate(kind):
            part = _without_owners(context, builder, inner, builder.extract_value(value, k))
            value = builder.insert_value(value, part, k)
    return value


@njit(cache=True)
def _hold(parts):
    return Held(_lent(parts))
