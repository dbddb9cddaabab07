"""The 32 constants of FLI, and how assembly text names them.

Follows the chapter '"Zfa" Extension', section "Load-Immediate Instructions", of the RISC-V
Unprivileged ISA.
"""

from isa.softfloat.formats import (
    SINGLE,
    TOP,
    bias,
    canonical_nan,
    exponent_of,
    fraction_bits,
    infinity,
    least_exponent,
    signed,
    significand_of,
)
from isa.words import s, word

LEAST, INFINITE, NAN = 1, 30, 31

# The numbers' upper 16 bits as single-precision values, four to a word, the first one lowest.
# Every number has them only: a sign, 8 bits of exponent and 7 of fraction.
TABLE = (
    0x3800_3780_0080_BF80,
    0x3E00_3D80_3C00_3B80,
    0x3EE0_3EC0_3EA0_3E80,
    0x3F60_3F40_3F20_3F00,
    0x3FE0_3FC0_3FA0_3F80,
    0x4080_4040_4020_4000,
    0x4380_4300_4180_4100,
    0x7FC0_7F80_4780_4700,
)
ROW_0, ROW_1, ROW_2, ROW_3, ROW_4, ROW_5, ROW_6, ROW_7 = TABLE


def row(number: int) -> int:
    """Give a word of the table."""
    if number < 4:
        if number < 2:
            return pick(number, ROW_0, ROW_1)
        return pick(number, ROW_2, ROW_3)
    if number < 6:
        return pick(number, ROW_4, ROW_5)
    return pick(number, ROW_6, ROW_7)


def pick(number: int, even: int, odd: int) -> int:
    """Give one of two words by the lowest bit of a number."""
    if number & 1 == 0:
        return word(even)
    return word(odd)


def constant(fmt: int, index: int) -> int:
    """Give a constant by its number (0 to 31)."""
    if index == LEAST:
        return word(1) << fraction_bits(fmt)
    if index == NAN:
        return canonical_nan(fmt)
    value = (row(index >> 2) >> (index & 3) * 16 & 0xFFFF) << 16
    exponent = exponent_of(SINGLE, value)
    if index == INFINITE or s(exponent) > s(bias(fmt)):
        return infinity(fmt)  # 2 to the 16 has no other place in half precision
    significand = significand_of(SINGLE, value)
    if s(exponent) < s(least_exponent(fmt)):
        return significand >> TOP - fraction_bits(fmt) + (least_exponent(fmt) - exponent)
    return numeral(fmt, value >> 31, exponent, significand)


def numeral(fmt: int, sign: int, exponent: int, significand: int) -> int:
    """Give a normal number that the format holds exactly."""
    below = exponent + bias(fmt) - 1 << fraction_bits(fmt)
    return signed(fmt, sign, below + (significand >> TOP - fraction_bits(fmt)))


def _text(index: int) -> str:
    """Give a constant as GNU objdump prints it."""
    if index in (LEAST, INFINITE, NAN):
        return {LEAST: "min", INFINITE: "inf", NAN: "nan"}[index]
    half = TABLE[index // 4] >> 16 * (index % 4) & 0xFFFF
    number = (1 + (half & 0x7F) / 128) * 2.0 ** ((half >> 7 & 0xFF) - 127)
    digits, _, exponent = (-number if half >> 15 else number).hex().partition("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent}"


CONSTANT_TEXTS = tuple(_text(index) for index in range(32))
