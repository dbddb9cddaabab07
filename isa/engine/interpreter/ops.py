"""Which micro-ops there are, and what of an instruction goes into one.

A micro-op is made by generated code (`codegen.py`); its shape is in `layout.py`.
"""

from isa.engine.interpreter import layout
from isa.fields import Operand
from isa.insn import Insn, Kind

MEMORY_KINDS = (Kind.LOAD, Kind.STORE)


def immediates(insn: Insn) -> list[Operand]:
    """Give the operands that go into a micro-op's immediate: at most one matters."""
    names = [n for n in insn.pattern.operands if n not in ("rd", "rs1", "rs2", "pred", "succ")]
    assert len(names) <= 1 or insn.kind is Kind.SYSTEM, f"{insn.name} has two immediates"
    return [insn.pattern.operands[name] for name in names]


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
