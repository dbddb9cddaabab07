"""Operand values to try instructions with: the ends of every range, then random ones."""

import random

from isa.fields import Operand
from isa.insn import Insn


def corners(operand: Operand) -> list[int]:
    """List the values at and next to the ends of an operand's range, and around zero."""
    step = operand.align
    near = {operand.lo, operand.lo + step, -step, 0, step, operand.hi - step, operand.hi}
    return sorted(value for value in near if operand.lo <= value <= operand.hi)


def draw(operand: Operand, rng: random.Random) -> int:
    """Draw a value that the operand can hold."""
    return rng.randrange(operand.lo // operand.align, operand.hi // operand.align + 1) * (
        operand.align
    )


def operand_sets(insn: Insn, rng: random.Random, count: int) -> list[dict[str, int]]:
    """Give operand values for an instruction: each corner of each operand, and random ones."""
    operands = insn.pattern.operands
    sets = []
    for name, operand in operands.items():
        for value in corners(operand):
            drawn = {other: draw(op, rng) for other, op in operands.items()}
            sets.append(drawn | {name: value})
    drawn_sets = [{name: draw(op, rng) for name, op in operands.items()} for _ in range(count)]
    return sets + drawn_sets if operands else [{}]
