"""Single LLVM instructions that numba does not offer to compiled code.

The bit pattern of a float32 and back: numba's own ``view`` on a scalar does not
always stay inside a vector loop, a bare bitcast does. And an atomic counter.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def bits_of_float(typingctx, x):
    """int32 with the bits of a float32."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@intrinsic
def float_of_bits(typingctx, bits):
    """float32 with the bits of an int32."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@intrinsic
def fetch_add(typingctx, counters, index, amount):
    """Add to ``counters[index]`` (int64) in one step that no thread can split; its old value."""

    def codegen(context, builder, signature, args):
        array = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.atomic_rmw("add", builder.gep(array.data, [args[1]]), args[2], "seq_cst")

    return types.int64(counters, types.int64, types.int64), codegen
