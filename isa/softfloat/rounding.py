"""Rounding an exact result to a format: the one place where results become inexact.

Tininess is detected after rounding, as RISC-V asks. Follows IEEE 754-2019, sections 4.3 and 7.
"""

from isa.softfloat.bits import shift_jam
from isa.softfloat.formats import (
    TOP,
    bias,
    fraction_bits,
    infinity,
    least_exponent,
    signed,
)
from isa.softfloat.status import (
    DOWN,
    INEXACT,
    OVERFLOW,
    TO_NEAREST_AWAY,
    TO_NEAREST_EVEN,
    TO_ZERO,
    UNDERFLOW,
    UP,
    raise_flags,
)
from isa.words import Page, s


def rounds_up(is_odd: int, rest: int, half: int, sign: int, rm: int) -> bool:
    """Say whether a magnitude grows when `rest` (of which `half` is one half) is rounded off."""
    if rm == TO_NEAREST_EVEN:
        return rest > half or (rest == half and is_odd != 0)
    if rm == TO_NEAREST_AWAY:
        return rest >= half
    if rm == UP:
        return rest != 0 and sign == 0
    if rm == DOWN:
        return rest != 0 and sign != 0
    return False


def round_off(value: int, drop: int, sign: int, rm: int) -> int:
    """Round off the low `drop` bits (1 to 63) of a significand."""
    kept = value >> drop
    if rounds_up(kept & 1, value & (1 << drop) - 1, 1 << drop - 1, sign, rm):
        return kept + 1
    return kept


def round_pack(hart: Page, fmt: int, sign: int, exponent: int, significand: int, rm: int) -> int:
    """Round a number to a format and raise its flags.

    The significand's leading one stands at bit TOP and has the weight 2 to the exponent, a signed
    word; its bit 0 may stand for anything smaller that is left of the exact result.
    """
    drop = TOP - fraction_bits(fmt)
    least = least_exponent(fmt)
    is_tiny = False
    if s(exponent) < s(least):
        rounded = round_off(significand, drop, sign, rm)
        is_tiny = exponent + 1 != least or rounded >> fraction_bits(fmt) + 1 == 0
        significand = shift_jam(significand, least - exponent)
        exponent = least
    if s(exponent) > s(bias(fmt)):
        return overflow(hart, fmt, sign, rm)
    # The leading one, where there is one, adds 1 to the exponent field; so does a carry.
    below = exponent + bias(fmt) - 1 << fraction_bits(fmt)
    magnitude = below + round_off(significand, drop, sign, rm)
    if magnitude >= infinity(fmt):
        return overflow(hart, fmt, sign, rm)
    if significand & (1 << drop) - 1 != 0:
        if is_tiny:
            raise_flags(hart, UNDERFLOW | INEXACT)
        else:
            raise_flags(hart, INEXACT)
    return signed(fmt, sign, magnitude)


def overflow(hart: Page, fmt: int, sign: int, rm: int) -> int:
    """Give what a number too large becomes: infinity or the largest finite number."""
    raise_flags(hart, OVERFLOW | INEXACT)
    if rm == TO_ZERO or (rm == DOWN and sign == 0) or (rm == UP and sign != 0):
        return signed(fmt, sign, infinity(fmt) - 1)
    return signed(fmt, sign, infinity(fmt))
