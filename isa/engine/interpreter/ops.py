"""Which micro-ops there are, and what of an instruction goes into one.

A micro-op is made by generated code (`codegen.py`); its shape is in `layout.py`.
"""

from dataclasses import dataclass
from itertools import product

from isa.engine.interpreter import layout
from isa.engine.interpreter.layout import LAST_AT
from isa.fields import Operand
from isa.insn import Insn, Kind

MEMORY_KINDS = (Kind.LOAD, Kind.STORE)
DESTINATIONS = ("rd", "fd")
REGISTERS = (*DESTINATIONS, "rs1", "fs1", "rs2", "fs2", "fs3")
FIRST_AT, LOWEST_AT = 8, 0  # the bytes that are the quickest to take out


@dataclass(frozen=True)
class Place:
    """Where an operand is in a micro-op; the last one there takes all bits from `at` up."""

    at: int
    is_last: bool


def immediates(insn: Insn) -> list[Operand]:
    """Give the operands that go into a micro-op as they are: those that name no register."""
    names = [n for n in insn.pattern.operands if n not in (*REGISTERS, "pred", "succ")]
    return [insn.pattern.operands[name] for name in names]


def places(insn: Insn) -> dict[str, Place]:
    """Give each operand's place: a byte for a register slot, the upper half for an immediate.

    The lowest one is for a destination, or for rs2 where there is none.
    """
    operands = insn.pattern.operands
    lowest = DESTINATIONS if set(DESTINATIONS) & set(operands) else ("rs2", "fs2")
    found = dict.fromkeys(("rs1", "fs1"), FIRST_AT) | dict.fromkeys(lowest, LOWEST_AT)
    at = LAST_AT
    for name in (*REGISTERS, *(operand.name for operand in immediates(insn))):
        if name in operands and name not in found:
            found[name] = at
            at += 8
    last = max(found.values())
    return {
        name: Place(at, is_last=at == last and at >= LAST_AT)
        for name, at in found.items()
        if name in operands
    }


@dataclass(frozen=True)
class Op:
    """An operation of micro-ops: an instruction of a size in bytes, as a far or a near jump.

    A jump that links nothing has an operation of its own, since many do not.
    """

    insn: Insn
    size: int
    is_far: bool = False
    links: bool = True

    @property
    def name(self) -> str:
        """The name under which operations are numbered."""
        return self.word + " far" * self.is_far + " short" * (self.size == 2)

    @property
    def word(self) -> str:
        """The instruction's name, or what it is called without a link."""
        return self.insn.name if self.links else without_link(self.insn)


def without_link(insn: Insn) -> str:
    """Give the word for a jump whose link goes nowhere."""
    return f"{insn.name}.zero"


Chain = tuple[Op, ...]
"""Operations that one handler does, one after the other."""


def all_ops(insns: list[Insn], short: set[str]) -> list[Op]:
    """Give the operations in the order of their numbers, those with memory accesses first.

    A branch has a far twin, a jump one without a link, and what a compressed instruction expands
    to has short ones.
    """
    memory, plain = [], []
    for insn in insns:
        is_relative = insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in insn.pattern.operands
        far = (False, True) if is_relative else (False,)
        links = (True, False) if is_relative and insn.kind is Kind.JUMP else (True,)
        sizes = (4, 2) if insn.name in short else (4,)
        found = [Op(insn, *each) for each in product(sizes, far, links)]
        if insn.kind in MEMORY_KINDS:
            memory += found
        elif insn.kind is not Kind.SYSTEM:
            plain += found
    return [*memory, *plain]


def number_ops(ops: list[Op], chains: list[Chain]) -> dict[str, int]:
    """Give numbers to operations, and from FIRST_CHAIN on to chains of them."""
    assert layout.FIRST_OP + len(ops) <= layout.FIRST_CHAIN, "too many operations"
    assert layout.FIRST_CHAIN + len(chains) <= layout.OP_MASK, "too many chains"
    singles = {op.name: layout.FIRST_OP + i for i, op in enumerate(ops)}
    return singles | {chain_name(c): layout.FIRST_CHAIN + i for i, c in enumerate(chains)}


def chain_name(chain: Chain) -> str:
    """Give the name of several operations in one."""
    return " + ".join(op.name for op in chain)
