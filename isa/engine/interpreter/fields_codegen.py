"""The expression that extracts an operand from an instruction, for generated text.

Used for 32-bit words and 16-bit parcels alike.
"""

from collections.abc import Callable

from isa.fields import Operand


def field_text(operand: Operand, source: str, k: Callable[[int], str]) -> str:
    """Give the expression for an operand of the bits in `source`; `k` names constants."""
    parts = []
    for part in operand.slices:
        bits = f"({source} >> {k(part.at)} & {k((1 << part.width) - 1)})"
        parts.append(f"({bits} << {k(part.low)})" if part.low else bits)
    text = " | ".join(parts)
    if operand.lo < 0:
        width = (operand.hi + operand.align).bit_length()
        return f"sext({text}, {k(width)})"
    return f"({text}) + {k(operand.bias)}" if operand.bias else text
