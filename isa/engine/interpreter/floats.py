"""The quick road of floating point: host instructions where they are known to give the same.

Lowered and compiled, never run as Python; each function takes the place of the one of
`isa/softfloat/` that it ends with. The host rounds to nearest, to even. Its result is right when it
is finite and not small, as no operand is then a NaN and nothing underflows. Whether it is inexact
matters only while the flag is clear: then the exact residual of the operation tells.
"""

from types import MappingProxyType

from isa.engine.lowering.host_floats import (
    add32,
    add64,
    div32,
    div64,
    fma32,
    fma64,
    mul32,
    mul64,
    narrow64,
    real64,
    sqrt32,
    sqrt64,
    sub32,
    sub64,
    widen32,
)
from isa.softfloat.arithmetic import add, divide, fused, multiply, square_root
from isa.softfloat.convert import from_magnitude, from_signed, to_format
from isa.softfloat.formats import DOUBLE, SINGLE
from isa.softfloat.status import INEXACT, TO_NEAREST_EVEN, raise_flags
from isa.state import Slot
from isa.words import Page

# ruff: noqa: D103

SIGN64, SIGN32 = 1 << 63, 1 << 31
SMALL64, SMALL32 = 64, 32  # biased exponents from which on residuals cannot underflow
LARGE64, LARGE32 = 0x7FD, 0xFD  # the first from which on a residual might overflow
EXACT64, EXACT32 = 1 << 53, 1 << 24  # integers up to here have a value in the format


def exponent64(a: int) -> int:
    return a >> 52 & 0x7FF


def exponent32(a: int) -> int:
    return a >> 23 & 0xFF


def is_middling64(a: int) -> bool:
    """Say whether a value is neither so small nor so large that its residual might be lost."""
    return exponent64(a) - SMALL64 < LARGE64 - SMALL64


def is_middling32(a: int) -> bool:
    return exponent32(a) - SMALL32 < LARGE32 - SMALL32


def is_zero64(a: int) -> bool:
    return a << 1 == 0


def is_zero32(a: int) -> bool:
    return a << 33 == 0


def wants_flag(hart: Page) -> bool:
    """Say whether an inexact result would be news."""
    return hart[Slot.FFLAGS] & INEXACT == 0


def note_residual64(hart: Page, residual: int) -> None:
    if not is_zero64(residual):
        raise_flags(hart, INEXACT)


def note_residual32(hart: Page, residual: int) -> None:
    if not is_zero32(residual):
        raise_flags(hart, INEXACT)


def sum_residual64(a: int, b: int, total: int) -> int:
    """Give what was rounded off a sum, exactly (Knuth's TwoSum)."""
    second = sub64(total, a)
    return add64(sub64(a, sub64(total, second)), sub64(b, second))


def sum_residual32(a: int, b: int, total: int) -> int:
    second = sub32(total, a)
    return add32(sub32(a, sub32(total, second)), sub32(b, second))


def quick_add(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Add; a sum that is small is exact."""
    if rm == TO_NEAREST_EVEN:
        if fmt == DOUBLE:
            total = add64(a, b)
            if exponent64(total) < LARGE64:
                if wants_flag(hart):
                    note_residual64(hart, sum_residual64(a, b, total))
                return total
        elif fmt == SINGLE:
            total = add32(a, b)
            if exponent32(total) < LARGE32:
                if wants_flag(hart):
                    note_residual32(hart, sum_residual32(a, b, total))
                return total
    return add(hart, fmt, a, b, rm)


def quick_multiply(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Multiply."""
    if rm == TO_NEAREST_EVEN:
        if fmt == DOUBLE:
            product = mul64(a, b)
            if is_middling64(product):
                if wants_flag(hart):
                    note_residual64(hart, fma64(a, b, product ^ SIGN64))
                return product
        elif fmt == SINGLE:
            product = mul32(a, b)
            if is_middling32(product):
                if wants_flag(hart):
                    note_residual32(hart, fma32(a, b, product ^ SIGN32))
                return product
    return multiply(hart, fmt, a, b, rm)


def quick_fused(hart: Page, fmt: int, a: int, b: int, c: int, rm: int) -> int:
    """Multiply and add once the inexact flag is set: two words would have to hold the residual."""
    if rm == TO_NEAREST_EVEN and not wants_flag(hart):
        if fmt == DOUBLE:
            result = fma64(a, b, c)
            if is_middling64(result):
                return result
        elif fmt == SINGLE:
            result = fma32(a, b, c)
            if is_middling32(result):
                return result
    return fused(hart, fmt, a, b, c, rm)


def quick_divide(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Divide."""
    if rm == TO_NEAREST_EVEN:
        if fmt == DOUBLE:
            quotient = div64(a, b)
            if is_middling64(quotient) and is_middling64(a):
                if wants_flag(hart):
                    note_residual64(hart, fma64(quotient ^ SIGN64, b, a))
                return quotient
        elif fmt == SINGLE:
            quotient = div32(a, b)
            if is_middling32(quotient) and is_middling32(a):
                if wants_flag(hart):
                    note_residual32(hart, fma32(quotient ^ SIGN32, b, a))
                return quotient
    return divide(hart, fmt, a, b, rm)


def quick_square_root(hart: Page, fmt: int, a: int, rm: int) -> int:
    """Take the square root of a positive number."""
    if rm == TO_NEAREST_EVEN:
        if fmt == DOUBLE and a < SIGN64 and is_middling64(a):
            root = sqrt64(a)
            if wants_flag(hart):
                note_residual64(hart, fma64(root ^ SIGN64, root, a))
            return root
        if fmt == SINGLE and a < SIGN32 and is_middling32(a):
            root = sqrt32(a)
            if wants_flag(hart):
                note_residual32(hart, fma32(root ^ SIGN32, root, a))
            return root
    return square_root(hart, fmt, a, rm)


def quick_format(hart: Page, fmt: int, source: int, a: int, rm: int) -> int:
    """Convert between single and double precision."""
    if fmt == DOUBLE and source == SINGLE and is_middling32(a):
        return widen32(a)
    if fmt == SINGLE and source == DOUBLE and rm == TO_NEAREST_EVEN:
        result = narrow64(a)
        if is_middling32(result):
            if wants_flag(hart) and widen32(result) != a:
                raise_flags(hart, INEXACT)
            return result
    return to_format(hart, fmt, source, a, rm)


def quick_from_signed(hart: Page, fmt: int, value: int, rm: int) -> int:
    """Convert a signed integer that the format holds exactly."""
    if fmt == DOUBLE and value + EXACT64 <= 2 * EXACT64:
        return real64(value)
    if fmt == SINGLE and value + EXACT32 <= 2 * EXACT32:
        return narrow64(real64(value))
    return from_signed(hart, fmt, value, rm)


def quick_from_magnitude(hart: Page, fmt: int, sign: int, magnitude: int, rm: int) -> int:
    """Convert an unsigned integer that the format holds exactly."""
    if sign == 0:
        if fmt == DOUBLE and magnitude <= EXACT64:
            return real64(magnitude)
        if fmt == SINGLE and magnitude <= EXACT32:
            return narrow64(real64(magnitude))
    return from_magnitude(hart, fmt, sign, magnitude, rm)


QUICK = MappingProxyType(
    {
        add: quick_add,
        multiply: quick_multiply,
        fused: quick_fused,
        divide: quick_divide,
        square_root: quick_square_root,
        to_format: quick_format,
        from_signed: quick_from_signed,
        from_magnitude: quick_from_magnitude,
    }
)
"""What takes the place of what."""
