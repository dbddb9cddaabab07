"""Conversions: to and from integers, between formats, and to integral values.

Follows IEEE 754-2019, sections 5.4.1, 5.8 and 5.9; what does not fit gives the nearest integer that
does, as the chapter '"F" Extension', section "Single-Precision Floating-Point Conversion and Move
Instructions", of the RISC-V Unprivileged ISA says.
"""

from isa.softfloat.bits import leading_zeros, shift_jam
from isa.softfloat.formats import (
    TOP,
    canonical_nan,
    exponent_of,
    fraction_bits,
    infinity,
    is_infinite,
    is_nan,
    is_signalling,
    is_zero,
    sign_of,
    signed,
    significand_of,
)
from isa.softfloat.rounding import round_pack, rounds_up
from isa.softfloat.status import INEXACT, INVALID, TO_ZERO, invalid, raise_flags
from isa.words import Page, s, sext, word

HALF_UNIT = 1 << TOP


def whole_part(exponent: int, significand: int) -> int:
    """Give the integer part of a magnitude below 2 to the 64."""
    if s(exponent) < 0:
        return word(0)
    return significand >> TOP - exponent


def rest_part(exponent: int, significand: int) -> int:
    """Give what is after the point, in 2 to the -64; its bit 0 may stand for less."""
    if s(exponent) < 0:
        return shift_jam(significand, ~exponent)
    if exponent == TOP:
        return word(0)
    return significand << exponent + 1


def round_whole(exponent: int, significand: int, sign: int, rm: int) -> int:
    """Give a magnitude below 2 to the 64, rounded to an integer."""
    whole = whole_part(exponent, significand)
    rest = rest_part(exponent, significand)
    if rounds_up(whole & 1, rest, HALF_UNIT, sign, rm):
        return whole + 1
    return whole


def to_signed(hart: Page, fmt: int, a: int, bits: int, rm: int) -> int:
    """Give the signed integer of 32 or 64 bits, sign-extended."""
    sign = sign_of(fmt, a)
    most = (word(1) << bits - 1) - 1
    if is_nan(fmt, a):
        return invalid(hart, most)
    if is_zero(fmt, a):
        return word(0)
    most = most + sign
    exponent = exponent_of(fmt, a)
    if is_infinite(fmt, a) or s(exponent) > TOP:
        return invalid(hart, negated_if(sign, most))
    magnitude = round_whole(exponent, significand_of(fmt, a), sign, rm)
    if magnitude > most:
        return invalid(hart, negated_if(sign, most))
    note_rest(hart, exponent, significand_of(fmt, a))
    return negated_if(sign, magnitude)


def to_unsigned(hart: Page, fmt: int, a: int, bits: int, rm: int) -> int:
    """Give the unsigned integer of 32 or 64 bits; that of 32 bits is sign-extended all the same."""
    sign = sign_of(fmt, a)
    most = word(0) - 1 >> 64 - bits
    if is_nan(fmt, a):
        return invalid(hart, sext(most, bits))
    if is_zero(fmt, a):
        return word(0)
    if sign != 0:
        most = word(0)
    exponent = exponent_of(fmt, a)
    if is_infinite(fmt, a) or s(exponent) > TOP:
        return invalid(hart, sext(most, bits))
    magnitude = round_whole(exponent, significand_of(fmt, a), sign, rm)
    if magnitude > most:
        return invalid(hart, sext(most, bits))
    note_rest(hart, exponent, significand_of(fmt, a))
    return sext(magnitude, bits)


def note_rest(hart: Page, exponent: int, significand: int) -> None:
    """Raise the inexact flag when a magnitude below 2 to the 64 is no integer."""
    if rest_part(exponent, significand) != 0:
        raise_flags(hart, INEXACT)


def negated_if(sign: int, magnitude: int) -> int:
    """Give the two's complement of a magnitude whose sign is negative."""
    if sign != 0:
        return ~magnitude + 1
    return magnitude


def to_signed_modulo(hart: Page, fmt: int, a: int) -> int:
    """Give the low 32 bits of the integer before the point, sign-extended: JavaScript's ToInt32."""
    if is_nan(fmt, a) or is_infinite(fmt, a):
        return invalid(hart, 0)
    if is_zero(fmt, a):
        return word(0)
    sign = sign_of(fmt, a)
    exponent = exponent_of(fmt, a)
    significand = significand_of(fmt, a)
    if s(exponent) > TOP:
        if exponent - TOP > 31:
            return invalid(hart, 0)
        return invalid(hart, sext(negated_if(sign, significand << exponent - TOP), 32))
    magnitude = whole_part(exponent, significand)
    if magnitude > (1 << 31) - 1 + sign:
        raise_flags(hart, INVALID)
    else:
        note_rest(hart, exponent, significand)
    return sext(negated_if(sign, magnitude), 32)


def from_signed(hart: Page, fmt: int, value: int, rm: int) -> int:
    """Give the floating-point number of a signed 64-bit integer."""
    sign = value >> 63
    return from_magnitude(hart, fmt, sign, negated_if(sign, value), rm)


def from_magnitude(hart: Page, fmt: int, sign: int, magnitude: int, rm: int) -> int:
    """Give the floating-point number of an integer with a sign; zero is positive."""
    if magnitude == 0:
        return word(0)
    shift = leading_zeros(magnitude)
    return round_pack(hart, fmt, sign, TOP - shift, magnitude << shift, rm)


def to_format(hart: Page, fmt: int, source: int, a: int, rm: int) -> int:
    """Give a value of format `source` in another format."""
    sign = sign_of(source, a)
    if is_nan(source, a):
        if is_signalling(source, a):
            return invalid(hart, canonical_nan(fmt))
        return canonical_nan(fmt)
    if is_infinite(source, a):
        return signed(fmt, sign, infinity(fmt))
    if is_zero(source, a):
        return signed(fmt, sign, 0)
    exponent = exponent_of(source, a)
    return round_pack(hart, fmt, sign, exponent, significand_of(source, a), rm)


def to_integral(hart: Page, fmt: int, a: int, rm: int, flags: int) -> int:
    """Give a rounded to an integral value; `flags` are raised when that is another value."""
    if is_nan(fmt, a):
        if is_signalling(fmt, a):
            return invalid(hart, canonical_nan(fmt))
        return canonical_nan(fmt)
    if is_infinite(fmt, a) or is_zero(fmt, a):
        return a
    sign = sign_of(fmt, a)
    exponent = exponent_of(fmt, a)
    significand = significand_of(fmt, a)
    if s(exponent) >= fraction_bits(fmt) or rest_part(exponent, significand) == 0:
        return a
    if flags != 0:
        raise_flags(hart, flags)
    magnitude = round_whole(exponent, significand, sign, rm)
    if magnitude == 0:
        return signed(fmt, sign, 0)
    return from_magnitude(hart, fmt, sign, magnitude, TO_ZERO)
