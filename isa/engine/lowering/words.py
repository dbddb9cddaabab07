"""The compiled words: what lowered meanings call, as LLVM instructions.

Every value is an unsigned 64-bit integer; a hart is the host address of its page. The reference
versions are in `isa/words.py` and `isa/machine.py`; a test compares the two.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

U64 = ir.IntType(64)
Emit = Callable[..., Any]


def _word(emit: Emit, arity: int, result: Any = types.uint64) -> Any:
    """Make an intrinsic of `arity` words from a function that emits its instructions."""

    def typed(*args: Any) -> tuple[Any, Any]:
        for arg in args:
            if arg != types.uint64:
                raise TypingError(f"{emit.__name__}: a word is uint64, not {arg}")

        def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            out = emit(builder, *values)
            return context.get_dummy_value() if result == types.void else out

        return result(*args), codegen

    names = ["typingctx", *(f"a{i}" for i in range(arity))]
    source = f"lambda {', '.join(names)}: typed({', '.join(names[1:])})"
    return intrinsic(eval(source, {"typed": typed}))


def _pointer(builder: Any, address: Any, width: int) -> Any:
    return builder.inttoptr(address, ir.IntType(width).as_pointer())


def _slot(builder: Any, hart: Any, slot: Any) -> Any:
    base = _pointer(builder, hart, 64)
    return builder.gep(base, [slot])


def _load(width: int) -> Emit:
    def load(builder: Any, address: Any) -> Any:
        value = builder.load(_pointer(builder, address, width), align=1)
        return value if width == 64 else builder.zext(value, U64)

    return load


def _store(width: int) -> Emit:
    def store(builder: Any, address: Any, value: Any) -> Any:
        low = value if width == 64 else builder.trunc(value, ir.IntType(width))
        return builder.store(low, _pointer(builder, address, width), align=1)

    return store


def _extend(how: str) -> Emit:
    def extend(builder: Any, value: Any, bits: Any) -> Any:
        amount = builder.sub(ir.Constant(U64, 64), bits)
        return getattr(builder, how)(builder.shl(value, amount), amount)

    return extend


def _high(left: str, right: str) -> Emit:
    wide = ir.IntType(128)

    def high(builder: Any, a: Any, b: Any) -> Any:
        product = builder.mul(getattr(builder, left)(a, wide), getattr(builder, right)(b, wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), U64)

    return high


def _binary(name: str) -> Emit:
    return lambda builder, a, b: getattr(builder, name)(a, b)


def _call2(builder: Any, address: Any, a: Any, b: Any) -> Any:
    function = ir.FunctionType(U64, [U64, U64])
    return builder.call(builder.inttoptr(address, function.as_pointer()), [a, b])


get = _word(lambda b, hart, slot: b.load(_slot(b, hart, slot)), 2)
put = _word(lambda b, hart, slot, value: b.store(value, _slot(b, hart, slot)), 3, types.void)
load8, load16, load32, load64 = (_word(_load(width), 1) for width in (8, 16, 32, 64))
store8, store16, store32, store64 = (
    _word(_store(width), 2, types.void) for width in (8, 16, 32, 64)
)


def _byte_slot(builder: Any, hart: Any, packed: Any, at: Any) -> Any:
    """Give the slot whose number is in the byte of `packed` from bit `at` up."""
    number = builder.and_(builder.lshr(packed, at), ir.Constant(U64, 0xFF))
    return _slot(builder, hart, number)


get_byte = _word(lambda b, hart, packed, at: b.load(_byte_slot(b, hart, packed, at)), 3)
put_byte = _word(
    lambda b, hart, packed, at, value: b.store(value, _byte_slot(b, hart, packed, at)),
    4,
    types.void,
)
call2 = _word(_call2, 3)

asr = _word(_binary("ashr"), 2)
divu = _word(_binary("udiv"), 2)
remu = _word(_binary("urem"), 2)
divs = _word(_binary("sdiv"), 2)
rems = _word(_binary("srem"), 2)
mulhu = _word(_high("zext", "zext"), 2)
mulhs = _word(_high("sext", "sext"), 2)
mulhsu = _word(_high("sext", "zext"), 2)
sext = _word(_extend("ashr"), 2)
zext = _word(_extend("lshr"), 2)


@intrinsic
def s(typingctx: Any, value: Any) -> tuple[Any, Any]:
    """Read a word as a signed number."""
    return types.int64(types.uint64), lambda context, builder, signature, args: args[0]


@intrinsic
def word(typingctx: Any, value: Any) -> tuple[Any, Any]:
    """Make a word of a truth value; a word stays as it is."""
    if value == types.boolean:
        return types.uint64(types.boolean), lambda context, builder, signature, args: builder.zext(
            args[0], U64
        )
    if value != types.uint64:
        raise TypingError(f"word: not a word or a truth value: {value}")
    return types.uint64(types.uint64), lambda context, builder, signature, args: args[0]
