"""The compiled words: what lowered meanings call, as LLVM instructions.

Every value is an unsigned 64-bit integer; a hart is the host address of its page. The reference
versions are in `isa/words.py` and `isa/machine.py`; a test compares the two.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

U64 = ir.IntType(64)
Emit = Callable[..., Any]


class CompiledWord:
    """A word of compiled code: `emit(builder, *values)` adds its instructions.

    `gives` is False for a word without a result. Calling one as Python is a mistake.
    """

    def __init__(self, emit: Emit, arity: int, *, gives: bool = True) -> None:
        self.emit = emit
        self.arity = arity
        self.gives = gives

    def __call__(self, *args: Any) -> Any:
        raise AssertionError("exists only as compiled code")


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


get = CompiledWord(lambda b, hart, slot: b.load(_slot(b, hart, slot)), 2)
put = CompiledWord(
    lambda b, hart, slot, value: b.store(value, _slot(b, hart, slot)), 3, gives=False
)
load8, load16, load32, load64 = (CompiledWord(_load(width), 1) for width in (8, 16, 32, 64))
store8, store16, store32, store64 = (
    CompiledWord(_store(width), 2, gives=False) for width in (8, 16, 32, 64)
)


def _byte_slot(builder: Any, hart: Any, packed: Any, at: Any) -> Any:
    """Give the slot whose number is in the byte of `packed` from bit `at` up."""
    number = builder.and_(builder.lshr(packed, at), ir.Constant(U64, 0xFF))
    return _slot(builder, hart, number)


get_byte = CompiledWord(lambda b, hart, packed, at: b.load(_byte_slot(b, hart, packed, at)), 3)
put_byte = CompiledWord(
    lambda b, hart, packed, at, value: b.store(value, _byte_slot(b, hart, packed, at)),
    4,
    gives=False,
)
call2 = CompiledWord(_call2, 3)

asr = CompiledWord(_binary("ashr"), 2)
divu = CompiledWord(_binary("udiv"), 2)
remu = CompiledWord(_binary("urem"), 2)
divs = CompiledWord(_binary("sdiv"), 2)
rems = CompiledWord(_binary("srem"), 2)
mulhu = CompiledWord(_high("zext", "zext"), 2)
mulhs = CompiledWord(_high("sext", "sext"), 2)
mulhsu = CompiledWord(_high("sext", "zext"), 2)
clz = CompiledWord(lambda b, value: b.ctlz(value, ir.Constant(ir.IntType(1), 0)), 1)
ctz = CompiledWord(lambda b, value: b.cttz(value, ir.Constant(ir.IntType(1), 0)), 1)
cpop = CompiledWord(lambda b, value: b.ctpop(value), 1)
sext = CompiledWord(_extend("ashr"), 2)
zext = CompiledWord(_extend("lshr"), 2)


s = CompiledWord(lambda b, value: value, 1)
"""Reads a word as a signed number; the compiler makes comparisons with it signed ones."""

word = CompiledWord(lambda b, value: value, 1)
"""Makes a word of a truth value, which the compiler does with all of them."""


def all_words() -> dict[str, CompiledWord]:
    """Give every word by its name."""
    return {name: value for name, value in globals().items() if isinstance(value, CompiledWord)}
