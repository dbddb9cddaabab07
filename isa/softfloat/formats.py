"""Floating-point formats: their parameters, the fields of a value, and NaN boxing.

A format is the number that instructions have in their fmt field. Values are bits in the low end of
a word. Follows the chapters '"F"' and '"D" Extension', sections "NaN Boxing of Narrower Values" and
"NaN Generation and Propagation", of the RISC-V Unprivileged ISA, and IEEE 754-2019.
"""

from isa.softfloat.bits import leading_zeros
from isa.words import word

SINGLE, DOUBLE, HALF = 0, 1, 2
TOP = 63  # where the leading one of a significand stands


def width(fmt: int) -> int:
    """Give the number of bits."""
    if fmt == DOUBLE:
        return 64
    if fmt == SINGLE:
        return 32
    return 16


def fraction_bits(fmt: int) -> int:
    """Give the number of bits after the leading one."""
    if fmt == DOUBLE:
        return 52
    if fmt == SINGLE:
        return 23
    return 10


def exponent_mask(fmt: int) -> int:
    """Give the biased exponent of infinities and NaNs: all ones."""
    if fmt == DOUBLE:
        return 0x7FF
    if fmt == SINGLE:
        return 0xFF
    return 0x1F


def bias(fmt: int) -> int:
    """Give what is added to an exponent: also the largest exponent."""
    return exponent_mask(fmt) >> 1


def least_exponent(fmt: int) -> int:
    """Give the exponent of the smallest normal number, a signed word."""
    return word(1) - bias(fmt)


def infinity(fmt: int) -> int:
    """Give positive infinity."""
    return word(exponent_mask(fmt)) << fraction_bits(fmt)


def canonical_nan(fmt: int) -> int:
    """Give the NaN that operations produce."""
    return infinity(fmt) | 1 << fraction_bits(fmt) - 1


def one(fmt: int) -> int:
    """Give 1.0."""
    return word(bias(fmt)) << fraction_bits(fmt)


def signed(fmt: int, sign: int, magnitude: int) -> int:
    """Give a magnitude a sign (0 or 1)."""
    return magnitude | word(sign) << width(fmt) - 1


def sign_of(fmt: int, a: int) -> int:
    """Give the sign bit."""
    return a >> width(fmt) - 1


def magnitude_of(fmt: int, a: int) -> int:
    """Give a value without its sign."""
    return a & (1 << width(fmt) - 1) - 1


def is_nan(fmt: int, a: int) -> bool:
    """Say whether a value is a NaN."""
    return magnitude_of(fmt, a) > infinity(fmt)


def is_signalling(fmt: int, a: int) -> bool:
    """Say whether a value is a signalling NaN."""
    return is_nan(fmt, a) and a >> fraction_bits(fmt) - 1 & 1 == 0


def is_infinite(fmt: int, a: int) -> bool:
    """Say whether a value is an infinity."""
    return magnitude_of(fmt, a) == infinity(fmt)


def is_zero(fmt: int, a: int) -> bool:
    """Say whether a value is a zero."""
    return magnitude_of(fmt, a) == 0


def exponent_of(fmt: int, a: int) -> int:
    """Give the exponent of the leading one of a finite number other than zero: a signed word."""
    magnitude = magnitude_of(fmt, a)
    biased = magnitude >> fraction_bits(fmt)
    if biased == 0:
        return least_exponent(fmt) - leading_zeros(magnitude) + (TOP - fraction_bits(fmt))
    return biased - bias(fmt)


def significand_of(fmt: int, a: int) -> int:
    """Give the significand of a finite number other than zero, its leading one at bit TOP."""
    magnitude = magnitude_of(fmt, a)
    if magnitude >> fraction_bits(fmt) == 0:
        return magnitude << leading_zeros(magnitude)
    return magnitude << TOP - fraction_bits(fmt) | 1 << TOP


def unbox(fmt: int, register: int) -> int:
    """Give the value in a register: one that is not boxed properly counts as the canonical NaN."""
    if fmt == DOUBLE:
        return register
    bits = width(fmt)
    if asr_ones(register, bits):
        return register & (1 << bits) - 1
    return canonical_nan(fmt)


def asr_ones(register: int, bits: int) -> bool:
    """Say whether all bits from `bits` up are ones."""
    return register | (1 << bits) - 1 == (1 << 64) - 1


def box(fmt: int, value: int) -> int:
    """Give what a register takes for a value: ones above it."""
    if fmt == DOUBLE:
        return value
    return value | ~((word(1) << width(fmt)) - 1)
