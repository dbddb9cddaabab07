"""What to tell of a run that its guest did not end: the reason, the place, registers, last exits.

For a domain that the monitor stopped and for a run that reached its bound. Reads the machine only.
"""

from collections.abc import Iterator
from itertools import groupby

from isa.causes import Priv, describe_cause
from isa.hart import Hart
from isa.registers import X_NAMES
from isa.state import Slot
from vmm.elf import Symbols
from vmm.machine import Machine
from vmm.stop import Stop, StopReason

COLUMNS = 4
WORDS = {
    StopReason.STUCK: "domain stopped",
    StopReason.EXTENSION: "domain stopped",
    StopReason.BOUND: "run ended",
    StopReason.IDLE: "run ended",
}
"""How each kind of stop that is not the guest's own is announced."""

S_CSRS = ("sepc", "scause", "stval", "stvec", "satp", "sstatus")
M_CSRS = ("mepc", "mcause", "mtval", "mtvec", "mstatus")
ADDRESSES = ("sepc", "stvec", "mepc", "mtvec")
CAUSES = ("scause", "mcause")


def diagnose(machine: Machine, stop: Stop, symbols: Symbols) -> list[str]:
    """Give the lines, the first with reason and place; none when the guest ended the run itself."""
    if stop.reason not in WORDS:
        return []
    hart = machine.harts[machine.current]
    lines = [f"{WORDS[stop.reason]}: {stop.detail}, at {_place(hart.pc, symbols)}"]
    for each in machine.harts:
        lines += hart_lines(each, symbols)
    lines.append("  the last exits, the latest at the end:")
    lines += [f"    {line}" for line in _exit_lines(machine, symbols)] or ["    none"]
    return lines


def _exit_lines(machine: Machine, symbols: Symbols) -> Iterator[str]:
    """Give each vCPU's exits to the monitor; on the bare board, what went to the environment."""
    logged = [
        f"hart {hart.id} at {_place(one.pc, symbols)}: {one}"
        for hart in machine.harts
        for one in machine.cpu.last_exits(hart.id)
    ]
    for line, same in groupby(logged or machine.last_exits):
        count = len(list(same))
        yield line if count == 1 else f"{line} ({count} times)"


def _place(address: int, symbols: Symbols) -> str:
    name = symbols.name(address)
    return f"{address:#x} <{name}>" if name else f"{address:#x}"


def hart_lines(hart: Hart, symbols: Symbols) -> Iterator[str]:
    """Give a hart's place, registers and the CSRs that matter."""
    yield f"  hart {hart.id} in {hart.priv.name}-mode at {_place(hart.pc, symbols)}"
    cells = [f"{name:>4} {hart.x[n]:016x}" for n, name in enumerate(X_NAMES) if n]
    for start in range(0, len(cells), COLUMNS):
        yield "  " + "  ".join(cells[start : start + COLUMNS])
    for name in S_CSRS + (M_CSRS if hart.priv is Priv.M else ()):
        yield f"  {name:>7} {_csr(hart, name, symbols)}"


def _csr(hart: Hart, name: str, symbols: Symbols) -> str:
    value = hart.csr[name]
    text = f"{value:016x}"
    if name in CAUSES:
        return f"{text}  {describe_cause(value)}" if hart.slots[Slot.TRAPS] else text
    place = symbols.name(value) if name in ADDRESSES else None
    return f"{text}  <{place}>" if place else text
