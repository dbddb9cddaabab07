"""What every engine offers, and what they share around running.

`run` is shaped like Linux's KVM_RUN: guest code runs until something needs the environment, which
handles the exit and calls `run` again.
"""

import functools
from typing import Protocol

from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.insn import Insn, Kind
from isa.mmu import Access, access_fault
from isa.softfloat.status import note_write
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
        """Run until an exit, or until `fuel` instructions or interrupts have been taken."""
        ...

    def execute(self, hart: Hart, insn_word: int) -> Exit:
        """Carry out one instruction word as if fetched at pc; FUEL when nothing is asked for."""
        ...


# Exits are frequent, and looking up a member of an enum takes longer than reading a slot.
_REASONS = tuple(ExitReason)
_FUEL = ExitReason.FUEL
_SILENT = (_FUEL, ExitReason.WFI)
_PC, _NEXT_PC, _INSTRET = int(Slot.PC), int(Slot.NEXT_PC), int(Slot.INSTRET)
_EXIT, _EXIT_INSN = int(Slot.EXIT), int(Slot.EXIT_INSN)
_FIRST, _END = int(Slot.CAUSE), int(Slot.EXIT_VALUE) + 1


def read_exit(hart: Hart) -> Exit:
    """Make the Exit that a hart page describes."""
    slots = hart.slots
    # The slots from CAUSE to EXIT_VALUE, as `isa/state.py` has them.
    cause, tval, number, pa, size, access, value = slots[_FIRST:_END].tolist()
    reason = _REASONS[number]
    if reason in _SILENT:
        return Exit(reason, slots[_PC])
    return Exit(reason, slots[_PC], cause, tval, pa, size, access, value)


def complete_access(hart: Hart, value: int = 0) -> None:
    """Finish the instruction of an MMIO exit; `value` is what the device gave to a load."""
    slots = hart.slots
    insn, rd, mask = _decode_access(slots[_EXIT_INSN])
    if rd is not None:
        slots[rd] = word(insn.meaning(Word(value & mask)))
        if insn.is_float:
            note_write(hart)
    slots[_PC] = slots[_NEXT_PC]
    slots[_INSTRET] += 1
    slots[_EXIT] = _FUEL


@functools.lru_cache(256)
def _decode_access(insn_word: int) -> tuple[Insn, int | None, int]:
    """Give a load's or store's instruction, the slot and mask of a load's result."""
    insn = TABLE.decode(insn_word)
    assert insn is not None, "no device access to finish"
    assert insn.kind in (Kind.LOAD, Kind.STORE), f"{insn.name} does not access a device"
    if insn.kind is Kind.STORE:
        return insn, None, 0
    values = insn.extract(insn_word)
    rd = int(Slot.F0) + values["fd"] if insn.is_float else values["rd"] or int(Slot.SINK)
    return insn, rd, (1 << 8 * insn.size) - 1


def refuse_access(hart: Hart) -> Exit:
    """End the instruction of an MMIO exit with an access fault; gives the exit that results."""
    hart[Slot.EXIT] = ExitReason.FUEL
    access_fault(hart, hart[Slot.TVAL], Access(hart.slots[Slot.EXIT_ACCESS]))
    take(hart)
    return read_exit(hart)
