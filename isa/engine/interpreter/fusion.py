"""Chains: neighbouring micro-ops whose first one's operation does them all.

A chain's first micro-op keeps its operands and gets the chain's operation; the others stay as they
are, for jumps to them. A chain does what its parts would do one after the other, and stops before
one that cannot be done. It saves a jump for each part but one.
"""

from itertools import product

from isa.engine.interpreter import layout
from isa.engine.interpreter.ops import Chain, Op, chain_name
from isa.engine.lowering.subset import Lowering

SECONDS = {
    "addi": "addi bne bgeu bltu blt bge beq add ld lw lbu sb sw sd mul mulw andi sub slli jal jalr"
    " jal.zero",
    "add": "addi add ld lw lbu sw sd bltu jal.zero jal jalr",
    "sub": "add addi bltu bne",
    "addw": "addw addi bne",
    "addiw": "addi bne",
    "mul": "add srli",
    "mulw": "addw",
    "slli": "slli srli add xor",
    "srli": "slli add addi xor or jal.zero",
    "and": "or sd bne",
    "andi": "add bne beq",
    "or": "or addi sd",
    "xor": "slli srli xor addi",
    "lui": "addi addiw",
    "auipc": "addi ld jalr",
    "ld": "ld sd addi add sll addiw beq bne blt bge bgeu jalr",
    "lw": "lw addi add addw mulw slli jal.zero",
    "lbu": "addi add beq bne",
    "sd": "sd addi add ld lw sw",
    "sw": "sw addi",
    "sb": "add addi bne",
    "beq": "addi ld lw",
    "bne": "addi ld lw sd slli srli jal.zero",
    "blt": "addi ld sd",
    "bge": "addi ld",
    "bltu": "add ld sd slli srli",
    "bgeu": "addi ld sd sb srli",
}
"""What follows in a pair, by what begins it: the neighbours counted most in the bundled kernels and
in C compiled by GCC. A branch that is not the last part is one that is not taken."""

LONGER = (
    "sub bltu ld bgeu",
    "ld addi sub bltu",
    "add lbu bne",
    "sd addi bltu",
    "sd addi bne",
    "sd addi jal.zero",
    "bgeu sb add jal.zero",
    "beq addi andi bne",
    "slli add addi jal.zero",
    "ld addi jalr",
    "ld addi blt",
    "ld addi bgeu",
    "add ld bne",
    "add ld add sd",
    "add sd addi bne",
    "slli xor srli xor",
    "srli xor slli xor",
    "addi addi bltu",
    "addi addi jal.zero",
    "mulw addw bne",
    "addi sb bne",
    "lw add jalr",
    "slli add lw add",
    "bgeu ld blt",
    "addi sd sd",
    "sd sd sd sd",
    "ld ld ld ld",
)
"""Longer chains, found in the same way."""


def choose_chains(ops: list[Op]) -> list[Chain]:
    """Give the chains that have a handler, in all sizes; each one's tail is one of them too."""
    by_word: dict[str, list[Op]] = {}
    for op in ops:
        if not op.is_far:
            by_word.setdefault(op.word, []).append(op)
    wanted: list[tuple[str, ...]] = [
        (first, second) for first, seconds in SECONDS.items() for second in seconds.split()
    ]
    for words in map(str.split, LONGER):
        wanted += [tuple(words[i:]) for i in range(len(words) - 1)]
    return [
        chain
        for words in dict.fromkeys(wanted)
        for chain in product(*(by_word.get(word, ()) for word in words))
    ]


def fusion_text(ops: list[Op], chains: list[Chain], numbers: dict[str, int], low: Lowering) -> str:
    """Give `fused_op`, for the operation of a chain (0 for none), and the first ones of chains.

    Two tables of rows and columns, by operation, lead to one of chains.
    """
    k = low.constant
    firsts = dict.fromkeys(chain[0].name for chain in chains)
    rows = {name: i for i, name in enumerate(firsts, 1)}
    tails = dict.fromkeys(chain_name(chain[1:]) for chain in chains)
    columns = {tail: i for i, tail in enumerate(tails, 1)}
    names = [""] * layout.FIRST_CHAIN + [chain_name(chain) for chain in chains]
    names[layout.FIRST_OP : layout.FIRST_OP + len(ops)] = [op.name for op in ops]
    made = [0] * (len(rows) * len(columns))
    for chain in chains:
        at = (rows[chain[0].name] - 1) * len(columns) + columns[chain_name(chain[1:])] - 1
        made[at] = numbers[chain_name(chain)]
    sizes = [0] * layout.FIRST_OP + [op.size for op in ops]
    return f"""
ROWS = {_list([rows.get(name, 0) for name in names], low)}
COLUMNS = {_list([columns.get(name, 0) for name in names], low)}
SIZES = {_list(sizes, low)}
CHAINS = {_list(made, low)}
FIRSTS = {_list([numbers[chain[0].name] for chain in chains], low)}
SHORTER = {_list([_shorter(chain, numbers) for chain in chains], low)}


@compiled
def size_of_op(op):
    return load64(SIZES + (op << {k(3)}))


@compiled
def fused_op(first, second):
    row = load64(ROWS + (first << {k(3)}))
    if row == {k(0)}:
        return {k(0)}
    while second != {k(0)}:
        column = load64(COLUMNS + (second << {k(3)}))
        if column != {k(0)}:
            at = (row - {k(1)}) * {k(len(columns))} + column - {k(1)}
            chain = load64(CHAINS + (at << {k(3)}))
            if chain != {k(0)}:
                return chain
        if second < {k(layout.FIRST_CHAIN)}:
            return {k(0)}
        second = load64(SHORTER + (second - {k(layout.FIRST_CHAIN)} << {k(3)}))
    return {k(0)}
"""


def _shorter(chain: Chain, numbers: dict[str, int]) -> int:
    """Give the operation of the longest beginning of a chain that has one."""
    beginnings = (chain_name(chain[:size]) for size in range(len(chain) - 1, 0, -1))
    return next(numbers[name] for name in beginnings if name in numbers)


def _list(values: list[int], low: Lowering) -> str:
    return f"[{', '.join(low.constant(value) for value in values)}]"
