"""What every engine offers, and what they share around running.

`run` is shaped like Linux's KVM_RUN: guest code runs until something needs the environment, which
handles the exit and calls `run` again.
"""

import functools
from collections.abc import Callable
from typing import Protocol

from isa.exits import Exit, ExitReason
from isa.hart import Hart
from isa.insn import Kind
from isa.mmu import Access, access_fault
from isa.softfloat.status import note_write
from isa.spec import TABLE
from isa.state import Slot
from isa.trap import take
from isa.words import Word, sext, word


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
_SILENT = (_FUEL, ExitReason.WFI, ExitReason.MOVED)
_PC, _NEXT_PC, _INSTRET = int(Slot.PC), int(Slot.NEXT_PC), int(Slot.INSTRET)
_EXIT, _EXIT_INSN = int(Slot.EXIT), int(Slot.EXIT_INSN)
_F0 = int(Slot.F0)
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
    meaning, rd, mask = _decode_access(slots[_EXIT_INSN])
    if rd is not None:
        slots[rd] = word(meaning(Word(value & mask)))
        if rd >= _F0:
            note_write(hart)
    slots[_PC] = slots[_NEXT_PC]
    slots[_INSTRET] += 1
    slots[_EXIT] = _FUEL


@functools.lru_cache(256)
def _decode_access(insn_word: int) -> tuple[Callable[[Word], int], int | None, int]:
    """Give what a load's result is of what was read, and its slot and mask; stores have none."""
    insn = TABLE.decode(insn_word)
    assert insn is not None, "no device access to finish"
    values = insn.extract(insn_word)
    if insn.kind is Kind.STORE or ("rd" not in values and "fd" not in values):
        return word, None, 0
    bits = 8 * insn.size
    rd = _F0 + values["fd"] if insn.is_float else values["rd"] or int(Slot.SINK)
    if insn.kind is Kind.LOAD:
        return insn.meaning, rd, (1 << bits) - 1
    assert insn.ext == "H", f"{insn.name} does not access a device"
    is_signed = insn.name in ("hlv.b", "hlv.h", "hlv.w")
    return (lambda read: sext(read, bits)) if is_signed else word, rd, (1 << bits) - 1


def refuse_access(hart: Hart) -> Exit:
    """End the instruction of an MMIO exit with an access fault; gives the exit that results."""
    hart[Slot.EXIT] = ExitReason.FUEL
    in_guest = hart[Slot.TVAL_IN_GUEST]
    access_fault(hart, hart[Slot.TVAL], Access(hart.slots[Slot.EXIT_ACCESS]))
    hart[Slot.TVAL_IN_GUEST] = in_guest
    take(hart)
    return read_exit(hart)
