"""Floating-point literals of the source as bits, rounded to nearest.

A literal is a decimal number, perhaps behind `0f` or another letter, or `inf` or `nan`. Numbers are
kept exact until they are rounded, once; halves go away from zero, as in GNU as.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from assembler.errors import Complaint

_LITERAL = re.compile(
    r"\s*(?P<sign>[+-]?)(?:0[A-Za-z])?(?P<sign2>[+-]?)"
    r"(?:(?P<whole>\d*)(?:\.(?P<part>\d*))?(?:[eE](?P<power>[+-]?\d+))?"
    r"|(?P<word>inf|infinity|nan))\s*",
    re.IGNORECASE,
)
_BITS = re.compile(r"\s*0?[A-Za-z]?:([0-9A-Fa-f_]+)\s*")  # the bits themselves
MAX_POWER = 6000  # of ten; beyond it every number is zero or too large
MAX_DIGITS = 10_000


@dataclass(frozen=True)
class Format:
    """A binary format: bits of the exponent, bits of the stored fraction, bytes in all."""

    exponent_bits: int
    fraction_bits: int
    size: int
    is_explicit: bool = False  # the leading 1 is stored, as the 80-bit format has it

    @property
    def bias(self) -> int:
        """What is added to exponents."""
        return (1 << self.exponent_bits - 1) - 1

    @property
    def precision(self) -> int:
        """The bits of a normal number's significand."""
        return self.fraction_bits + (not self.is_explicit)

    def pack(self, is_negative: bool, exponent: int, significand: int) -> bytes:
        """Put the fields together."""
        fraction = significand & (1 << self.fraction_bits) - 1
        word = (int(is_negative) << self.exponent_bits | exponent) << self.fraction_bits | fraction
        return word.to_bytes(self.size, "little")


HALF = Format(5, 10, 2)
SINGLE = Format(8, 23, 4)
DOUBLE = Format(11, 52, 8)
EXTENDED = Format(15, 64, 10, is_explicit=True)


def encode(text: str, form: Format) -> bytes:
    """Encode a literal; raise Complaint for what is none, or too large."""
    if bits := _BITS.fullmatch(text):
        digits = bits[1].replace("_", "")
        if len(digits) > 2 * form.size:
            raise Complaint(f"{text.strip()!r} has too many digits")
        return bytes.fromhex(digits.ljust(2 * form.size, "0"))[::-1]
    found = _LITERAL.fullmatch(text)
    if found is None or not (found["word"] or found["whole"] or found["part"]):
        raise Complaint(f"{text.strip()!r} is not a floating-point number")
    is_negative = "-" in (found["sign"], found["sign2"])
    top = (1 << form.exponent_bits) - 1
    if found["word"]:
        is_nan = found["word"].lower() == "nan"
        ones = (1 << form.fraction_bits) - 1
        leading = form.is_explicit << form.fraction_bits - 1
        return form.pack(is_negative, top, ones if is_nan else leading)
    value = _value(found["whole"] or "", found["part"] or "", int(found["power"] or 0))
    exponent, significand = _round(value, form)
    if exponent >= top:
        raise Complaint("cannot create floating-point number: it is too large")
    return form.pack(is_negative, exponent, significand)


def _value(whole: str, part: str, power: int) -> Fraction:
    digits = (whole + part).lstrip("0")
    if len(digits) > MAX_DIGITS:
        raise Complaint(f"a floating-point number of more than {MAX_DIGITS} digits")
    power -= len(part)
    if not digits or power + len(digits) < -MAX_POWER:
        return Fraction(0)
    if power + len(digits) > MAX_POWER:
        raise Complaint("cannot create floating-point number: it is too large")
    return int(digits) * Fraction(10) ** power


def _round(value: Fraction, form: Format) -> tuple[int, int]:
    """Give the biased exponent and the significand, its leading bit included."""
    if not value:
        return 0, 0
    power = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** power > value:
        power -= 1
    power = max(power, 1 - form.bias)
    scaled = value / Fraction(2) ** (power - form.precision + 1)
    significand = int(scaled + Fraction(1, 2))  # to nearest, ties away from zero
    if significand >> form.precision:
        significand >>= 1
        power += 1
    if not significand >> form.precision - 1:
        return 0, significand
    return power + form.bias, significand
