"""A log of every instruction that retires, in the form of Spike's `--log-commits`.

A line has the hart, its privilege, pc and instruction, then what was written: registers, CSRs,
memory, and which addresses were read. It is made by looking before and after each step, so it is
for short runs. What traps has no line.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isa.csrs import CSRS
from isa.hart import Hart
from isa.insn import Insn, Kind
from isa.mmu import fetch
from isa.probe import Probe
from isa.spec import FORMS, TABLE
from isa.state import Slot
from isa.words import Word
from vmm.gdb.memory import Sight
from vmm.gdb.registers import CSR_FIRST
from vmm.gdb.registers import read as read_register
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.machine import Machine

MASK = (1 << 64) - 1
BEHIND = {
    "sstatus": ("mstatus",),
    "sie": ("sie", "mie"),
    "sip": ("mip",),
    "fcsr": ("fflags", "frm"),
}
"""CSRs that are parts of others, and what Spike says is written."""
RETURNS = ("mret", "sret")
INTEGER, FLOAT, CSR = 0, 1, 4  # in the order of a line: by number first, then by kind


class CommitLog:
    """Steps a machine and writes a line for each instruction."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def drive(self, machine: "Machine", bound: int | None) -> Stop:
        """Run the machine step by step to its end or bound."""
        sight = Sight(machine)
        end = None if bound is None else machine.progress + bound
        while end is None or machine.progress < end:
            index = machine.next_hart()
            if index is None:
                stop = machine.run(1)
            else:
                stop = self._step(machine, machine.harts[index], sight)
            if stop.reason is not StopReason.BOUND:
                return stop
        return machine.run(0)

    def _step(self, machine: "Machine", hart: Hart, sight: Sight) -> Stop:
        slots = hart.slots
        before = slots[: int(Slot.ARCH_END)].tolist()
        raw = _fetch(hart)
        found = None if raw is None else _decode(raw)
        is_float = found is not None and found[0].is_float and found[0].kind is Kind.FLOAT
        if is_float:
            slots[Slot.FFLAGS] = 0
        stop = machine.run(1)
        raised = slots[Slot.FFLAGS]
        if is_float:
            slots[Slot.FFLAGS] |= before[Slot.FFLAGS]
        if slots[Slot.INSTRET] == before[Slot.INSTRET]:
            return stop
        if raw is not None and found is not None:
            line = _Line(hart, before, found, sight)
            if is_float and raised:
                line.csr("fflags")
            digits = 8 if raw & 3 == 3 else 4
            priv, pc = before[Slot.PRIV], before[Slot.PC]
            head = f"core {hart.id:3}: {priv} {pc:#018x} (0x{raw:0{digits}x})"
            self._write(f"{head}{line.text()}\n")
        return stop


Decoded = tuple[Insn, dict[str, int], int]


def _fetch(hart: Hart) -> int | None:
    """Give the bits of the next instruction; None when they cannot be had."""
    probe: Any = Probe(hart)
    raw = fetch(probe, Word(hart.pc))
    return None if probe.slots[Slot.PENDING] or probe.slots[Slot.EXIT] else int(raw)


def _decode(raw: int) -> Decoded | None:
    insn_word = raw
    if raw & 3 != 3:
        expanded = FORMS.expand(raw)
        if expanded is None:
            return None
        insn_word = expanded[1]
    insn = TABLE.decode(insn_word)
    return None if insn is None else (insn, insn.extract(insn_word), insn_word)


class _Line:
    """What an instruction has read and written."""

    def __init__(self, hart: Hart, before: list[int], found: Decoded, sight: Sight) -> None:
        self._hart = hart
        self._before = before
        self._insn, self._values, self._word = found
        self._written: dict[tuple[int, int], str] = {}
        self._memory = ""
        self._sight = sight
        self._registers()
        self._csrs()
        self._accesses()

    def text(self) -> str:
        """Give the line's end."""
        written = "".join(text for _key, text in sorted(self._written.items()))
        return written + self._memory

    def csr(self, name: str) -> None:
        """Note a CSR that was written."""
        number = CSRS.by_name[name].number
        value = read_register(self._hart, CSR_FIRST + number)
        self._written[number, CSR] = f" c{number}_{name} 0x{value or 0:016x}"

    def _registers(self) -> None:
        slots = self._hart.slots
        rd, fd = self._values.get("rd", 0), self._values.get("fd")
        if rd:
            self._written[rd, INTEGER] = f" x{rd:<2} 0x{slots[rd]:016x}"
        if fd is not None:
            self._written[fd, FLOAT] = f" f{fd:<2} 0x{slots[Slot.F0 + fd]:016x}"

    def _csrs(self) -> None:
        number = self._values.get("csr")
        if number is not None:
            source = self._values.get("rs1", self._values.get("uimm", 0))
            if self._insn.name in ("csrrw", "csrrwi") or source:
                name = CSRS.by_number[number].name
                for real in BEHIND.get(name, (name,)):
                    self.csr(real)
        is_changed = self._hart.slots[Slot.MSTATUS] != self._before[Slot.MSTATUS]
        if is_changed or self._insn.name in RETURNS:
            self.csr("mstatus")

    def _accesses(self) -> None:
        insn, values = self._insn, self._values
        if insn.kind in (Kind.LOAD, Kind.STORE):
            at = self._before[values["rs1"]] + values["imm"] & MASK
            if insn.kind is Kind.LOAD:
                self._load(at)
            else:
                bank = self._before[values["rs2"]] if "rs2" in values else 0
                if "fs2" in values:
                    bank = self._before[Slot.F0 + values["fs2"]]
                self._store(at, bank, insn.size)
        elif insn.ext.startswith(("A", "Zaamo", "Zalrsc", "Zabha", "Zacas")):
            self._atomic(self._before[values["rs1"]])

    def _atomic(self, at: int) -> None:
        size = self._insn.size
        is_conditional = self._insn.name.startswith("sc.")
        if not is_conditional:
            self._load(at)
        has_stored = not self._insn.name.startswith("lr.")
        if is_conditional:
            has_stored = self._values["rd"] == 0 or self._hart.slots[self._values["rd"]] == 0
        if has_stored:
            stored = self._sight.read(self._hart, at, size)
            self._store(at, int.from_bytes(stored, "little"), size)

    def _load(self, at: int) -> None:
        self._memory += f" mem 0x{at:016x}"

    def _store(self, at: int, value: int, size: int) -> None:
        self._memory += f" mem 0x{at:016x} 0x{value & (1 << 8 * size) - 1:0{2 * size}x}"
