"""Which micro-ops there are, and what of an instruction goes into one.

A micro-op is made by generated code (`codegen.py`); its shape is in `layout.py`.
"""

from dataclasses import dataclass

from isa.engine.interpreter import layout
from isa.engine.interpreter.layout import LAST_AT
from isa.fields import Operand
from isa.insn import Insn, Kind

MEMORY_KINDS = (Kind.LOAD, Kind.STORE)
REGISTERS = ("rd", "rs1", "rs2", "rs3")


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

    The low two bytes are the quickest to take out: rd (or rs2 where there is none) and rs1.
    """
    operands = insn.pattern.operands
    found = {"rs1": 8, "rd": 0} if "rd" in operands else {"rs1": 8, "rs2": 0}
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


def assign_ops(insns: list[Insn], short: set[str]) -> dict[str, int]:
    """Give numbers to micro-ops without gaps, memory accesses first: one jump table has all.

    A branch has a far twin, and what a compressed instruction expands to has short ones.
    """
    memory, plain = [], []
    for insn in insns:
        names = [insn.name]
        if insn.kind in (Kind.BRANCH, Kind.JUMP) and "offset" in insn.pattern.operands:
            names.append(f"{insn.name} far")
        if insn.name in short:
            names += [f"{name} short" for name in names]
        if insn.kind in MEMORY_KINDS:
            memory += names
        elif insn.kind is not Kind.SYSTEM:
            plain += names
    ops = {name: layout.FIRST_OP + i for i, name in enumerate((*memory, *plain))}
    assert max(ops.values()) <= layout.OP_MASK, "too many micro-ops"
    return ops
