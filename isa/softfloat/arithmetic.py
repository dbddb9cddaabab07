"""Addition, multiplication, division, square root and fused multiply-add.

Sums and products are fused multiply-adds with a one or a zero: there is one adder. Follows IEEE
754-2019, section 5.4.1; a NaN result is always the canonical one.
"""

from isa.softfloat.bits import jam, leading_zeros, shift_high, shift_low_jam
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
    one,
    sign_of,
    signed,
    significand_of,
)
from isa.softfloat.rounding import round_pack
from isa.softfloat.status import DIVIDE_BY_ZERO, DOWN, invalid, raise_flags
from isa.words import Page, asr, mulhu, s, word


def negate(fmt: int, a: int) -> int:
    """Give the value with the other sign."""
    return a ^ signed(fmt, 1, 0)


def nan_of(hart: Page, fmt: int, a: int, b: int) -> int:
    """Give the result of an operation with a NaN among its operands."""
    if is_signalling(fmt, a) or is_signalling(fmt, b):
        return invalid(hart, canonical_nan(fmt))
    return canonical_nan(fmt)


def add(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Give a + b."""
    return fused(hart, fmt, a, one(fmt), b, rm)


def multiply(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Give a * b: adding a zero of the product's sign changes nothing."""
    zero = signed(fmt, sign_of(fmt, a) ^ sign_of(fmt, b), 0)
    return fused(hart, fmt, a, b, zero, rm)


def fused(hart: Page, fmt: int, a: int, b: int, c: int, rm: int) -> int:
    """Give a * b + c, rounded once."""
    sign = sign_of(fmt, a) ^ sign_of(fmt, b)
    is_product_infinite = is_infinite(fmt, a) or is_infinite(fmt, b)
    if is_product_infinite and (is_zero(fmt, a) or is_zero(fmt, b)):
        return invalid(hart, canonical_nan(fmt))  # even when c is a quiet NaN
    if is_nan(fmt, a) or is_nan(fmt, b) or is_nan(fmt, c):
        if is_signalling(fmt, c):
            return invalid(hart, canonical_nan(fmt))
        return nan_of(hart, fmt, a, b)
    if is_product_infinite:
        if is_infinite(fmt, c) and sign_of(fmt, c) != sign:
            return invalid(hart, canonical_nan(fmt))
        return signed(fmt, sign, infinity(fmt))
    if is_infinite(fmt, c):
        return c
    if is_zero(fmt, a) or is_zero(fmt, b):
        return add_to_zero(fmt, sign, c, rm)
    return fused_finite(hart, fmt, a, b, c, rm)


def add_to_zero(fmt: int, sign: int, c: int, rm: int) -> int:
    """Give the sum of a zero of a sign and c."""
    if is_zero(fmt, c) and sign_of(fmt, c) != sign:
        return zero_of_cancellation(fmt, rm)
    return c


def zero_of_cancellation(fmt: int, rm: int) -> int:
    """Give the zero that x - x is."""
    if rm == DOWN:
        return signed(fmt, 1, 0)
    return word(0)


def fused_finite(hart: Page, fmt: int, a: int, b: int, c: int, rm: int) -> int:
    """Give a * b + c for finite operands of which a and b are not zero."""
    sign = sign_of(fmt, a) ^ sign_of(fmt, b)
    left = significand_of(fmt, a)
    right = significand_of(fmt, b)
    high: int = mulhu(left, right)
    low = left * right
    exponent = exponent_of(fmt, a) + exponent_of(fmt, b)
    if high >> TOP != 0:  # the leading one goes to bit 126 of 128; what goes below is zero
        low = low >> 1 | high << TOP
        high = high >> 1
        exponent = exponent + 1
    if is_zero(fmt, c):
        return normalize_pack(hart, fmt, sign, exponent, high, low, rm)
    other_high = significand_of(fmt, c) >> 1
    other_low: int = word(0)
    other_exponent = exponent_of(fmt, c)
    if s(other_exponent) > s(exponent):
        low = shift_low_jam(high, low, other_exponent - exponent)
        high = shift_high(high, other_exponent - exponent)
        exponent = other_exponent
    else:
        other_low = shift_low_jam(other_high, other_low, exponent - other_exponent)
        other_high = shift_high(other_high, exponent - other_exponent)
    is_difference = sign != sign_of(fmt, c)
    if is_difference:
        other_low = ~other_low + 1
        other_high = negative_high(other_high, other_low)
    total = low + other_low
    high = high + other_high
    if total < low:
        high = high + 1
    if is_difference and high >> TOP != 0:
        total = ~total + 1
        high = negative_high(high, total)
        sign = sign ^ 1
    if high == 0 and total == 0:
        return zero_of_cancellation(fmt, rm)
    return normalize_pack(hart, fmt, sign, exponent, high, total, rm)


def negative_high(high: int, negative_low: int) -> int:
    """Give the high word of a negated 128-bit number whose low word has been negated."""
    if negative_low == 0:
        return ~high + 1
    return ~high


def normalize_pack(
    hart: Page, fmt: int, sign: int, exponent: int, high: int, low: int, rm: int
) -> int:
    """Round a 128-bit number whose bit 126 has the weight 2 to the exponent; it is not zero."""
    if high == 0:
        high = low
        low = word(0)
        exponent = exponent - 64
    shift = leading_zeros(high)
    if shift != 0:
        high = high << shift | low >> 64 - shift
        low = low << shift
    return round_pack(hart, fmt, sign, exponent + 1 - shift, jam(high, low), rm)


def divide(hart: Page, fmt: int, a: int, b: int, rm: int) -> int:
    """Give a / b."""
    sign = sign_of(fmt, a) ^ sign_of(fmt, b)
    if is_nan(fmt, a) or is_nan(fmt, b):
        return nan_of(hart, fmt, a, b)
    if is_infinite(fmt, a):
        if is_infinite(fmt, b):
            return invalid(hart, canonical_nan(fmt))
        return signed(fmt, sign, infinity(fmt))
    if is_zero(fmt, b):
        if is_zero(fmt, a):
            return invalid(hart, canonical_nan(fmt))
        raise_flags(hart, DIVIDE_BY_ZERO)
        return signed(fmt, sign, infinity(fmt))
    if is_infinite(fmt, b) or is_zero(fmt, a):
        return signed(fmt, sign, 0)
    return divide_finite(hart, fmt, sign, a, b, rm)


def divide_finite(hart: Page, fmt: int, sign: int, a: int, b: int, rm: int) -> int:
    """Divide finite numbers other than zero, bit by bit to two more bits than are kept."""
    rest = significand_of(fmt, a) >> 1
    divisor = significand_of(fmt, b) >> 1
    exponent = exponent_of(fmt, a) - exponent_of(fmt, b)
    if rest < divisor:
        rest = rest << 1
        exponent = exponent - 1
    quotient = word(0)
    todo = fraction_bits(fmt) + 3
    shift = 64 - todo
    while todo > 0:
        quotient = quotient << 1
        if rest >= divisor:
            rest = rest - divisor
            quotient = quotient | 1
        rest = rest << 1
        todo = todo - 1
    return round_pack(hart, fmt, sign, exponent, jam(quotient << shift, rest), rm)


def square_root(hart: Page, fmt: int, a: int, rm: int) -> int:
    """Give the square root of a."""
    if is_nan(fmt, a):
        return nan_of(hart, fmt, a, a)
    if is_zero(fmt, a):
        return a
    if sign_of(fmt, a) != 0:
        return invalid(hart, canonical_nan(fmt))
    if is_infinite(fmt, a):
        return a
    exponent = exponent_of(fmt, a)
    radicand = significand_of(fmt, a)  # two bits before the point: of an odd exponent
    if exponent & 1 == 0:
        radicand = radicand >> 1
    root = word(0)
    rest = word(0)
    todo = fraction_bits(fmt) + 3
    shift = 64 - todo
    while todo > 0:
        rest = rest << 2 | radicand >> 62
        radicand = radicand << 2
        trial = root << 2 | 1
        root = root << 1
        if rest >= trial:
            rest = rest - trial
            root = root | 1
        todo = todo - 1
    return round_pack(hart, fmt, 0, asr(exponent, 1), jam(root << shift, rest), rm)
