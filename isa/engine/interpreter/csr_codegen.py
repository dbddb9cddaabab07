"""The interpreter's CSR access: `isa/csr_file.py` as chains of comparisons, from the CSR table.

LLVM makes a jump table of each chain.
"""

from isa.csrs import ALL, CSRS, Csr
from isa.engine.lowering.subset import Lowering
from isa.extensions import mask
from isa.state import Slot


def csr_text(lowering: Lowering) -> str:
    """Give `csr_exists`, `read_csr` and `write_csr`."""
    k = lowering.constant
    reads, writes = [], []
    for csr in CSRS.by_number.values():
        test = f"    if number == {k(csr.number)}:"
        if csr.slot is not None or csr.read is not None or csr.fixed:
            reads.append(f"{test}\n        return {_read(csr, lowering)}")
        if not csr.is_read_only and (csr.slot is not None or csr.write is not None):
            writes.append(f"{test}\n        {_write(csr, lowering)}\n        return")
    return "\n".join((
        "@compiled\ndef csr_exists(hart, number):", *_existence(lowering), "    return False\n",
        "@compiled\ndef read_csr(hart, number):", *reads, f"    return {k(0)}\n",
        "@compiled\ndef write_csr(hart, number, value):", *writes, "    return\n",
    ))  # fmt: skip


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
        has = f"get(hart, {k(Slot.ISA)}) & {k(mask(ext))} != {k(0)}" if ext else "True"
        lines.append(f"    if {k(run[0].number)} <= number and number <= {k(run[-1].number)}:")
        lines.append(f"        return {has}")
    return lines


def _read(csr: Csr, lowering: Lowering) -> str:
    if csr.read is not None:
        return f"{lowering.add(csr.read)}(hart)"
    k = lowering.constant
    return k(csr.fixed) if csr.slot is None else f"get(hart, {k(csr.slot)})"


def _write(csr: Csr, lowering: Lowering) -> str:
    if csr.write is not None:
        return f"{lowering.add(csr.write)}(hart, value)"
    assert csr.slot is not None, csr.name
    k = lowering.constant
    slot = k(csr.slot)
    if csr.mask == ALL:
        return f"put(hart, {slot}, value)"
    kept = f"get(hart, {slot}) & {k(ALL & ~csr.mask)}"
    return f"put(hart, {slot}, {kept} | value & {k(csr.mask)})"
