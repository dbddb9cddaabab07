"""Shifts and counts of words that rounding needs.

Numbers of 128 bits are two words, high and low.
"""


def leading_zeros(value: int) -> int:
    """Count the zeros above the highest one; `value` is not zero."""
    count = 0
    step = 32
    while step != 0:
        if value >> 64 - step == 0:
            value = value << step
            count = count + step
        step = step >> 1
    return count


def jam(value: int, rest: int) -> int:
    """Give `value` with bit 0 set when something is left below it."""
    if rest != 0:
        return value | 1
    return value


def shift_jam(value: int, amount: int) -> int:
    """Shift right by any amount; bit 0 tells whether ones were lost."""
    if amount == 0:
        return value
    if amount > 63:
        return jam(0, value)
    return jam(value >> amount, value << 64 - amount)


def shift_high(high: int, amount: int) -> int:
    """Give the high word of 128 bits shifted right."""
    if amount > 63:
        return 0
    return high >> amount


def shift_low_jam(high: int, low: int, amount: int) -> int:
    """Give the low word of 128 bits shifted right; bit 0 tells whether ones were lost."""
    if amount == 0:
        return low
    if amount < 64:
        return jam(low >> amount | high << 64 - amount, low << 64 - amount)
    return jam(shift_jam(high, amount - 64), low)
