"""Words for the host's floating-point instructions, in round-to-nearest on bits.

LLVM may assume the default environment: nothing here reads or sets the host's flags or rounding
mode. A word's name ends in the width it works on; what a word cannot hold its caller must exclude.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from isa.engine.lowering.words import U64, CompiledWord

_REAL = {64: ir.DoubleType(), 32: ir.FloatType()}


def _to_real(builder: Any, bits: Any, width: int) -> Any:
    low = bits if width == 64 else builder.trunc(bits, ir.IntType(32))
    return builder.bitcast(low, _REAL[width])


def _to_bits(builder: Any, value: Any, width: int) -> Any:
    bits = builder.bitcast(value, ir.IntType(width))
    return bits if width == 64 else builder.zext(bits, U64)


def _of(width: int, arity: int, operate: Callable[..., Any]) -> CompiledWord:
    def emit(builder: Any, *operands: Any) -> Any:
        values = [_to_real(builder, bits, width) for bits in operands]
        return _to_bits(builder, operate(builder, *values), width)

    return CompiledWord(emit, arity)


def _intrinsic(name: str) -> Callable[..., Any]:
    def call(builder: Any, *values: Any) -> Any:
        function = builder.module.declare_intrinsic(name, [values[0].type])
        return builder.call(function, values)

    return call


def _fused(builder: Any, *values: Any) -> Any:
    kind = values[0].type
    function = builder.module.declare_intrinsic(
        "llvm.fma", [kind], ir.FunctionType(kind, [kind, kind, kind])
    )
    return builder.call(function, values)


add64, add32 = (_of(w, 2, lambda b, x, y: b.fadd(x, y)) for w in (64, 32))
sub64, sub32 = (_of(w, 2, lambda b, x, y: b.fsub(x, y)) for w in (64, 32))
mul64, mul32 = (_of(w, 2, lambda b, x, y: b.fmul(x, y)) for w in (64, 32))
div64, div32 = (_of(w, 2, lambda b, x, y: b.fdiv(x, y)) for w in (64, 32))
sqrt64, sqrt32 = (_of(w, 1, _intrinsic("llvm.sqrt")) for w in (64, 32))
fma64, fma32 = (_of(w, 3, _fused) for w in (64, 32))

narrow64 = CompiledWord(
    lambda b, bits: _to_bits(b, b.fptrunc(_to_real(b, bits, 64), _REAL[32]), 32), 1
)
widen32 = CompiledWord(
    lambda b, bits: _to_bits(b, b.fpext(_to_real(b, bits, 32), _REAL[64]), 64), 1
)
real64 = CompiledWord(lambda b, value: _to_bits(b, b.sitofp(value, _REAL[64]), 64), 1)
"""The double nearest to a signed word."""


def float_words() -> dict[str, CompiledWord]:
    """Give every word of the host's floating point by its name."""
    return {name: value for name, value in globals().items() if isinstance(value, CompiledWord)}
