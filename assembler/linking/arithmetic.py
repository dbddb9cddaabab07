"""Operators of linker scripts on 64-bit words.

All words are unsigned; division and remainder read them as signed numbers, as GNU ld does.
"""

from collections.abc import Callable

from assembler.errors import ScriptError
from assembler.linking.model import MASK64
from isa.errors import Location


def signed(value: int) -> int:
    """Read a 64-bit word as a signed number."""
    return ((value + (1 << 63)) & MASK64) - (1 << 63)


def align_up(value: int, boundary: int) -> int:
    """Round up to a multiple of a boundary; 0 and 1 change nothing."""
    if boundary <= 1:
        return value
    return (value + boundary - 1) // boundary * boundary & MASK64


def apply_prefix(operator: str, value: int) -> int:
    """Apply a unary operator."""
    return {"-": -value, "+": value, "~": ~value, "!": int(not value)}[operator] & MASK64


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: _divide(signed(a), signed(b)),
    "%": lambda a, b: signed(a) - signed(b) * _divide(signed(a), signed(b)),
    "<<": lambda a, b: a << b if b < 64 else 0,
    ">>": lambda a, b: a >> b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "MAX": max,
    "MIN": min,
    "ALIGN": align_up,
}


def apply(operator: str, left: int, right: int, location: Location | None) -> int:
    """Apply a binary operator to two words."""
    if operator in ("/", "%") and not right:
        raise ScriptError(f"{operator} by zero: division by zero", location)
    return _OPERATORS[operator](left, right) & MASK64
