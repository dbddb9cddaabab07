"""The words meanings are written in, as the reference engine executes them.

Register values are `Word`s: unsigned 64-bit integers that wrap. Signedness is said with a word:
`s(a) < s(b)`, `asr`, `mulhs`. The compiled engines have their own version of each word
(`isa/engine/lowering/words.py`); a test compares the two.
"""

from typing import Protocol

MASK = (1 << 64) - 1


class Word(int):
    """An unsigned 64-bit integer; `+ - * << ~` wrap, a shift amount is below 64."""

    __slots__ = ()

    def __add__(self, other: int) -> "Word":
        return Word(int.__add__(self, other) & MASK)

    def __sub__(self, other: int) -> "Word":
        return Word(int.__sub__(self, other) & MASK)

    def __mul__(self, other: int) -> "Word":
        return Word(int.__mul__(self, other) & MASK)

    def __lshift__(self, other: int) -> "Word":
        return Word(int.__lshift__(self, other) & MASK)

    def __rshift__(self, other: int) -> "Word":
        return Word(int.__rshift__(self, other))

    def __and__(self, other: int) -> "Word":
        return Word(int.__and__(self, other))

    def __or__(self, other: int) -> "Word":
        return Word(int.__or__(self, other) & MASK)

    def __xor__(self, other: int) -> "Word":
        return Word(int.__xor__(self, other) & MASK)

    def __invert__(self) -> "Word":
        return Word(int.__invert__(self) & MASK)

    def __rsub__(self, other: int) -> "Word":
        return Word(int.__sub__(other, self) & MASK)

    __radd__, __rmul__, __rand__, __ror__, __rxor__ = __add__, __mul__, __and__, __or__, __xor__


class Page(Protocol):
    """A hart page, as meanings see it: slots hold words (see `isa/state.py`)."""

    def __getitem__(self, slot: int) -> int: ...

    def __setitem__(self, slot: int, value: int) -> None: ...


def word(value: int) -> Word:
    """Wrap any integer, or a truth value, to a word."""
    return Word(int(value) & MASK)


def s(value: int) -> int:
    """Read a word as a signed number; for comparisons only."""
    return int(value) - ((int(value) >> 63) << 64)


def sext(value: int, bits: int) -> Word:
    """Sign-extend the low `bits` bits (1 to 64)."""
    low = int(value) & ((1 << bits) - 1)
    return word(low - ((low >> (bits - 1)) << bits))


def zext(value: int, bits: int) -> Word:
    """Keep the low `bits` bits (1 to 64)."""
    return Word(int(value) & ((1 << bits) - 1))


def asr(value: int, amount: int) -> Word:
    """Shift right arithmetically by `amount`, below 64."""
    return word(s(value) >> int(amount))


def mulhu(a: int, b: int) -> Word:
    """High 64 bits of the unsigned product."""
    return Word(int(a) * int(b) >> 64)


def mulhs(a: int, b: int) -> Word:
    """High 64 bits of the signed product."""
    return word(s(a) * s(b) >> 64)


def mulhsu(a: int, b: int) -> Word:
    """High 64 bits of the product of signed `a` and unsigned `b`."""
    return word(s(a) * int(b) >> 64)


def clz(value: int) -> Word:
    """Count the zeros above the highest one; 64 for 0."""
    return Word(64 - int(value).bit_length())


def ctz(value: int) -> Word:
    """Count the zeros below the lowest one; 64 for 0."""
    return Word((int(value) & -int(value)).bit_length() - 1 if value else 64)


def cpop(value: int) -> Word:
    """Count the ones."""
    return Word(int(value).bit_count())


def divu(a: int, b: int) -> Word:
    """Unsigned quotient; `b` is not zero."""
    return Word(int(a) // int(b))


def remu(a: int, b: int) -> Word:
    """Unsigned remainder; `b` is not zero."""
    return Word(int(a) % int(b))


def divs(a: int, b: int) -> Word:
    """Signed quotient, rounded towards zero; `b` is not zero and the quotient fits."""
    quotient = abs(s(a)) // abs(s(b))
    return word(-quotient if (s(a) < 0) != (s(b) < 0) else quotient)


def rems(a: int, b: int) -> Word:
    """Signed remainder with the sign of `a`; `b` is not zero and the quotient fits."""
    remainder = abs(s(a)) % abs(s(b))
    return word(-remainder if s(a) < 0 else remainder)
