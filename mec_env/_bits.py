"""The bit pattern of a float32 and back, for compiled code.

numba's own ``view`` on a scalar does not always stay inside a vector loop;
a bare LLVM bitcast does.
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
