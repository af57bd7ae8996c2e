"""Two polynomials of one variable side by side, in the two lanes of a vector register.

numba does not let its compiler pair scalars up, so that they would take one instruction each.
Each lane multiplies and adds as scalars would, in the same order: the last bit is the same.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_DEGREE = 7
_INDEX, _LANE = ir.IntType(64), ir.IntType(32)
_PAIR = ir.VectorType(ir.DoubleType(), 2)


@intrinsic
def two_at(typingctx, table, row, variable):
    """Both polynomials of a row of ``table`` (rows, 16), float64 by rising power in turn."""

    def codegen(context, builder, signature, args):
        array = context.make_array(signature.args[0])(context, builder, args[0])
        entry = builder.mul(args[1], _INDEX(2 * (_DEGREE + 1)))
        pairs = builder.bitcast(builder.gep(array.data, [entry]), _PAIR.as_pointer())
        both = ir.Constant(_PAIR, ir.Undefined)
        for lane in range(2):
            both = builder.insert_element(both, args[2], _LANE(lane))

        def coefficients(power):
            return builder.load(builder.gep(pairs, [_INDEX(power)]), align=8)

        value = coefficients(_DEGREE)
        for power in reversed(range(_DEGREE)):
            value = builder.fadd(builder.fmul(value, both), coefficients(power))
        lanes = [builder.extract_element(value, _LANE(lane)) for lane in range(2)]
        return context.make_tuple(builder, signature.return_type, lanes)

    if not (isinstance(table, types.Array) and table.ndim == 2 and table.layout == "C"):
        return None
    return types.UniTuple(types.float64, 2)(table, types.uint64, types.float64), codegen
