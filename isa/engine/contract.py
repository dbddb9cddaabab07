"""What every engine offers, and what they share around running.

`run` is shaped like Linux's KVM_RUN: guest code runs until something needs the environment, which
handles the exit and calls `run` again.
"""

from typing import Protocol

from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.insn import Kind
from isa.mmu import Access, access_fault
from isa.spec import TABLE
from isa.state import Slot
from isa.trap import take
from isa.words import Word, word


class Engine(Protocol):
    """Executes guest instructions on a hart."""

    name: str

    def attach(self, hart: Hart) -> None:
        """Give a hart the engine's private memory; needed before compiled code runs it."""
        ...

    def run(self, hart: Hart, fuel: int) -> Exit:
        """Run until an exit, or until `fuel` instructions have retired or trapped."""
        ...

    def execute(self, hart: Hart, insn_word: int) -> Exit:
        """Carry out one instruction word as if fetched at pc; FUEL when nothing is asked for."""
        ...


def read_exit(hart: Hart) -> Exit:
    """Make the Exit that a hart page describes."""
    slots = hart.slots
    reason = ExitReason(slots[Slot.EXIT])
    if reason in (ExitReason.FUEL, ExitReason.WFI):
        return Exit(reason, slots[Slot.PC])
    return Exit(
        reason,
        slots[Slot.PC],
        slots[Slot.CAUSE],
        slots[Slot.TVAL],
        slots[Slot.EXIT_PA],
        slots[Slot.EXIT_SIZE],
        slots[Slot.EXIT_ACCESS],
        slots[Slot.EXIT_VALUE],
    )


def complete_access(hart: Hart, value: int = 0) -> None:
    """Finish the instruction of an MMIO exit; `value` is what the device gave to a load."""
    insn = TABLE.decode(hart.slots[Slot.EXIT_INSN])
    assert insn is not None, "no device access to finish"
    assert insn.kind in (Kind.LOAD, Kind.STORE), f"{insn.name} does not access a device"
    if insn.kind is Kind.LOAD:
        rd = insn.extract(hart.slots[Slot.EXIT_INSN])["rd"]
        raw = Word(value & ((1 << 8 * insn.size) - 1))
        hart[rd if rd else Slot.SINK] = word(insn.meaning(raw))
    hart[Slot.PC] = hart[Slot.NEXT_PC]
    hart[Slot.INSTRET] += 1
    hart[Slot.EXIT] = ExitReason.FUEL


def refuse_access(hart: Hart) -> Exit:
    """End the instruction of an MMIO exit with an access fault; gives the exit that results."""
    hart[Slot.EXIT] = ExitReason.FUEL
    access_fault(hart, hart[Slot.TVAL], Access(hart.slots[Slot.EXIT_ACCESS]))
    take(hart)
    return read_exit(hart)
