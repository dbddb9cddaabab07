"""Pairs: two neighbouring micro-ops whose first one's operation does both.

A pair's first micro-op keeps its operands and gets the pair's operation; the second stays as it is,
for jumps to it. A pair does what its halves would do one after the other, and stops between them
when the second cannot be done; with fuel for one only, the first is done alone. It saves a jump.
"""

from isa.engine.interpreter import layout
from isa.engine.interpreter.ops import Op, pair_name
from isa.engine.lowering.subset import Lowering

SECONDS = {
    "addi": "addi bne bgeu bltu blt bge beq add ld lw lbu sb sw sd mul mulw andi sub slli jal jalr",
    "add": "addi add ld lw lbu sw sd bltu jal jalr",
    "sub": "add addi bltu bne",
    "addw": "addw addi bne",
    "addiw": "addi bne",
    "mul": "add srli",
    "mulw": "addw",
    "slli": "slli srli add xor",
    "srli": "slli add addi xor or jal",
    "and": "or sd bne",
    "andi": "add bne beq",
    "or": "or addi sd",
    "xor": "slli srli xor addi",
    "lui": "addi addiw",
    "auipc": "addi ld jalr",
    "ld": "ld sd addi add sll addiw beq bne blt bge bgeu jalr",
    "lw": "lw addi add addw mulw slli jal",
    "lbu": "addi add beq bne",
    "sd": "sd addi add ld lw sw",
    "sw": "sw addi",
    "sb": "add addi bne",
    "beq": "addi ld lw",
    "bne": "addi ld lw sd slli srli jal",
    "blt": "addi ld sd",
    "bge": "addi ld",
    "bltu": "add ld sd slli srli",
    "bgeu": "addi ld sd sb srli",
}
"""Second halves by first half: the neighbours counted most in the bundled kernels and in C compiled
by GCC. A first half may be a branch that is not taken."""


def choose_pairs(ops: list[Op]) -> list[tuple[Op, Op]]:
    """Give the pairs that have a handler, in all sizes."""
    by_name: dict[str, list[Op]] = {}
    for op in ops:
        if not op.is_far:
            by_name.setdefault(op.insn.name, []).append(op)
    return [
        (first, second)
        for name, seconds in SECONDS.items()
        for first in by_name.get(name, ())
        for second_name in seconds.split()
        for second in by_name.get(second_name, ())
    ]


def fusion_text(
    ops: list[Op], pairs: list[tuple[Op, Op]], numbers: dict[str, int], low: Lowering
) -> str:
    """Give `fused_op`, for the operation of a pair (0 for none), and `single_op`, for its first.

    Two tables of rows and columns, by operation, lead to one of pairs.
    """
    k = low.constant
    firsts = list({first.name: first for first, _ in pairs}.values())
    seconds = list({second.name: second for _, second in pairs}.values())
    rows = {op.name: i + 1 for i, op in enumerate(firsts)}
    columns = {op.name: i + 1 for i, op in enumerate(seconds)}
    found = {(first.name, second.name): pair_name(first, second) for first, second in pairs}
    table = [
        numbers.get(found.get((first.name, second.name), ""), 0)
        for first in firsts
        for second in seconds
    ]
    width = len(seconds)
    names = [""] * layout.FIRST_OP + [op.name for op in ops]
    sizes = [0] * layout.FIRST_OP + [op.size for op in ops]
    return f"""
ROWS = {_list([rows.get(name, 0) for name in names], low)}
COLUMNS = {_list([columns.get(name, 0) for name in names], low)}
SIZES = {_list(sizes, low)}
PAIRS = {_list(table, low)}
SINGLES = {_list([numbers[first.name] for first, _ in pairs], low)}


@compiled
def single_op(op):
    if op < {k(layout.FIRST_PAIR)}:
        return op
    return load64(SINGLES + (op - {k(layout.FIRST_PAIR)} << {k(3)}))


@compiled
def fused_op(first, second, size):
    if load64(SIZES + (first << {k(3)})) != size:
        return {k(0)}
    row = load64(ROWS + (first << {k(3)}))
    column = load64(COLUMNS + (second << {k(3)}))
    if row == {k(0)} or column == {k(0)}:
        return {k(0)}
    return load64(PAIRS + ((row - {k(1)}) * {k(width)} + column - {k(1)} << {k(3)}))
"""


def _list(values: list[int], low: Lowering) -> str:
    return f"[{', '.join(low.constant(value) for value in values)}]"
