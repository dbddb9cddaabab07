"""The interpreter's CSR access: `isa/csr_file.py` as chains of comparisons, from the CSR table.

LLVM makes a jump table of each chain.
"""

from isa.csrs import ALL, CSRS, Csr
from isa.engine.lowering.subset import Lowering
from isa.extensions import needs
from isa.state import Slot


def csr_text(lowering: Lowering) -> str:
    """Give `csr_exists`, `read_csr` and `write_csr`."""
    k = lowering.constant
    reads, writes = [], []
    for family in _families():
        csr = family[0]
        test = f"    if number == {k(csr.number)}:"
        if len(family) > 1:
            test = f"    if {k(csr.number)} <= number and number <= {k(family[-1].number)}:"
        if csr.slot is not None or csr.read is not None or csr.fixed:
            reads.append(f"{test}\n        return {_read(csr, lowering)}")
        if not csr.is_read_only and (csr.slot is not None or csr.write is not None):
            writes.append(f"{test}\n        {_write(csr, lowering)}\n        return")
    return "\n".join((
        "@compiled\ndef csr_exists(hart, number):", *_existence(lowering), "    return False\n",
        "@compiled\ndef read_csr(hart, number):", *reads, f"    return {k(0)}\n",
        "@compiled\ndef write_csr(hart, number, value):", *writes, "    return\n",
    ))  # fmt: skip


def _families() -> list[list[Csr]]:
    """Give the CSRs, those of one family with neighbouring numbers and slots together."""
    families: list[list[Csr]] = []
    for csr in sorted(CSRS.by_number.values(), key=lambda csr: csr.number):
        last = families[-1][-1] if families else None
        if last is not None and _is_next(last, csr):
            families[-1].append(csr)
        else:
            families.append([csr])
    return families


def _is_next(a: Csr, b: Csr) -> bool:
    if a.index is None or b.index is None or a.number + 1 != b.number or a.index + 1 != b.index:
        return False
    slots = (a.slot is None and b.slot is None) or (
        a.slot is not None and b.slot is not None and a.slot + 1 == b.slot
    )
    return slots and (a.read, a.write, a.mask) == (b.read, b.write, b.mask)


def _existence(lowering: Lowering) -> list[str]:
    """Give tests of the runs of neighbouring numbers that come with the same extension."""
    k = lowering.constant
    runs: list[list[Csr]] = []
    for csr in sorted(CSRS.by_number.values(), key=lambda csr: csr.number):
        last = runs[-1][-1] if runs else None
        if last is not None and last.number + 1 == csr.number and last.ext == csr.ext:
            runs[-1].append(csr)
        else:
            runs.append([csr])
    lines = []
    for run in runs:
        ext = run[0].ext
        tests = [f"get(hart, {k(Slot.ISA)}) & {k(need)} != {k(0)}" for need in needs(ext)]
        has = " and ".join(tests) if ext else "True"
        lines.append(f"    if {k(run[0].number)} <= number and number <= {k(run[-1].number)}:")
        lines.append(f"        return {has}")
    return lines


def _distance(csr: Csr, base: int, lowering: Lowering) -> str:
    """Give what is `base` for the first of a family, and one more for each that follows."""
    k = lowering.constant
    return f"(number - {k(csr.number - base)})"


def _read(csr: Csr, lowering: Lowering) -> str:
    if csr.read is not None:
        name = lowering.add(csr.read)
        if csr.index is not None:
            return f"{name}(hart, {_distance(csr, csr.index, lowering)})"
        return f"{name}(hart)"
    k = lowering.constant
    if csr.index is not None and csr.slot is not None:
        return f"get(hart, {_distance(csr, csr.slot, lowering)})"
    return k(csr.fixed) if csr.slot is None else f"get(hart, {k(csr.slot)})"


def _write(csr: Csr, lowering: Lowering) -> str:
    if csr.write is not None:
        name = lowering.add(csr.write)
        if csr.index is not None:
            return f"{name}(hart, {_distance(csr, csr.index, lowering)}, value)"
        return f"{name}(hart, value)"
    assert csr.slot is not None, csr.name
    k = lowering.constant
    slot = k(csr.slot) if csr.index is None else _distance(csr, csr.slot, lowering)
    if csr.mask == ALL:
        return f"put(hart, {slot}, value)"
    kept = f"get(hart, {slot}) & {k(ALL & ~csr.mask)}"
    return f"put(hart, {slot}, {kept} | value & {k(csr.mask)})"
