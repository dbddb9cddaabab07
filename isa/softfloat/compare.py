"""Comparisons, minimum and maximum, and classification.

Follows IEEE 754-2019, sections 5.11 (quiet and signalling predicates) and 9.6 (minimumNumber,
maximumNumber; minimum, maximum).
"""

from isa.softfloat.formats import (
    canonical_nan,
    exponent_mask,
    fraction_bits,
    is_infinite,
    is_nan,
    is_signalling,
    is_zero,
    magnitude_of,
    sign_of,
)
from isa.softfloat.status import INVALID, raise_flags
from isa.words import Page, s, word


def order(fmt: int, a: int) -> int:
    """Give a signed word that orders all numbers; both zeros give 0."""
    if sign_of(fmt, a) != 0:
        return ~magnitude_of(fmt, a) + 1
    return magnitude_of(fmt, a)


def is_unordered(hart: Page, fmt: int, a: int, b: int, is_quiet: bool) -> bool:
    """Say whether a or b is a NaN; invalid then, if not quiet or one of them is signalling."""
    if not is_nan(fmt, a) and not is_nan(fmt, b):
        return False
    if not is_quiet or is_signalling(fmt, a) or is_signalling(fmt, b):
        raise_flags(hart, INVALID)
    return True


def equal(hart: Page, fmt: int, a: int, b: int) -> int:
    """Say (1 or 0) whether a is b; quiet."""
    if is_unordered(hart, fmt, a, b, True):
        return word(0)
    return word(order(fmt, a) == order(fmt, b))


def less(hart: Page, fmt: int, a: int, b: int, is_quiet: bool) -> int:
    """Say (1 or 0) whether a is less than b."""
    if is_unordered(hart, fmt, a, b, is_quiet):
        return word(0)
    return word(s(order(fmt, a)) < s(order(fmt, b)))


def less_or_equal(hart: Page, fmt: int, a: int, b: int, is_quiet: bool) -> int:
    """Say (1 or 0) whether a is at most b."""
    if is_unordered(hart, fmt, a, b, is_quiet):
        return word(0)
    return word(s(order(fmt, a)) <= s(order(fmt, b)))


def is_below(fmt: int, a: int, b: int) -> bool:
    """Say whether a is less than b, of numbers with -0 below +0."""
    if is_zero(fmt, a) and is_zero(fmt, b):
        return sign_of(fmt, a) > sign_of(fmt, b)
    return s(order(fmt, a)) < s(order(fmt, b))


def minimum_number(hart: Page, fmt: int, a: int, b: int) -> int:
    """Give the smaller number; a NaN loses against a number."""
    is_unordered(hart, fmt, a, b, True)
    if is_nan(fmt, a) and is_nan(fmt, b):
        return canonical_nan(fmt)
    if is_nan(fmt, b) or (not is_nan(fmt, a) and is_below(fmt, a, b)):
        return a
    return b


def maximum_number(hart: Page, fmt: int, a: int, b: int) -> int:
    """Give the larger number; a NaN loses against a number."""
    is_unordered(hart, fmt, a, b, True)
    if is_nan(fmt, a) and is_nan(fmt, b):
        return canonical_nan(fmt)
    if is_nan(fmt, b) or (not is_nan(fmt, a) and is_below(fmt, b, a)):
        return a
    return b


def minimum(hart: Page, fmt: int, a: int, b: int) -> int:
    """Give the smaller value, a NaN if there is one."""
    if is_unordered(hart, fmt, a, b, True):
        return canonical_nan(fmt)
    if is_below(fmt, a, b):
        return a
    return b


def maximum(hart: Page, fmt: int, a: int, b: int) -> int:
    """Give the larger value, a NaN if there is one."""
    if is_unordered(hart, fmt, a, b, True):
        return canonical_nan(fmt)
    if is_below(fmt, b, a):
        return a
    return b


def classify(fmt: int, a: int) -> int:
    """Give one bit for the class of a value, in FCLASS's order.

    From bit 0: negative infinity, normal, subnormal, zero; then the positive ones from zero on;
    signalling NaN, quiet NaN.
    """
    if is_nan(fmt, a):
        if is_signalling(fmt, a):
            return 1 << 8
        return 1 << 9
    position = 2
    if is_infinite(fmt, a):
        position = 0
    elif is_zero(fmt, a):
        position = 3
    elif a >> fraction_bits(fmt) & exponent_mask(fmt) != 0:
        position = 1
    if sign_of(fmt, a) == 0:
        position = 7 - position
    return word(1) << position
