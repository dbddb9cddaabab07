"""Atomic memory operations: what the meanings of the A extension share.

Written in the words that every engine executes. A reservation is on an address of machine RAM; the
scheduler takes it away when another hart has run.
"""

from isa.machine import MachinePage, ram_load, ram_store
from isa.mmu import (
    NOT_RAM,
    Access,
    access_fault,
    is_protected,
    misaligned_fault,
    ram_offset,
    translate,
)
from isa.points import is_stopped
from isa.state import Slot
from isa.triggers import is_triggered
from isa.words import sext


def is_held_up(hart: MachinePage) -> bool:
    """Say whether the current instruction cannot complete."""
    return hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0


def reach(hart: MachinePage, va: int, size: int, access: int) -> int:
    """Give the machine RAM offset of an aligned address, or pend what forbids it."""
    hart[Slot.ACCESS_VA] = va
    if va & size - 1 != 0:
        return misaligned_fault(hart, va, access)
    pa = translate(hart, va, access)
    if is_held_up(hart):
        return 0
    if is_protected(hart, va, pa, size, access):
        return 0
    if hart[Slot.POINTS] != 0 and is_stopped(hart, va, size, access):
        return 0
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        return access_fault(hart, va, access)
    return offset


def reach_both(hart: MachinePage, va: int, size: int) -> int:
    """Give the same of an address that is loaded from and stored to."""
    if is_triggered(hart, va, size, Access.LOAD) or is_triggered(hart, va, size, Access.STORE):
        return 0
    return reach(hart, va, size, Access.STORE)


def amo_load(hart: MachinePage, va: int, size: int) -> int:
    """Give the old value, zero-extended, of memory that may be stored to."""
    offset = reach_both(hart, va, size)
    if is_held_up(hart):
        return 0
    if hart[Slot.POINTS] != 0 and is_stopped(hart, va, size, Access.LOAD):
        return 0
    hart[Slot.ATOMIC_AT] = offset
    return ram_load(hart, offset, size)


def amo_store(hart: MachinePage, size: int, old: int, new: int) -> int:
    """Store the new value where `amo_load` loaded from; gives the old one, sign-extended."""
    if is_held_up(hart):
        return 0
    ram_store(hart, hart[Slot.ATOMIC_AT], size, new)
    return sext(old, size * 8)


def load_reserved(hart: MachinePage, va: int, size: int) -> int:
    """Load and reserve."""
    if is_triggered(hart, va, size, Access.LOAD):
        return 0
    offset = reach(hart, va, size, Access.LOAD)
    if is_held_up(hart):
        return 0
    hart[Slot.RESERVED] = offset + 1
    return ram_load(hart, offset, size)


def store_conditional(hart: MachinePage, va: int, size: int, value: int) -> int:
    """Store if the address is reserved; gives 0 when it was. The reservation is used up."""
    offset = reach(hart, va, size, Access.STORE)
    if is_held_up(hart):
        return 0
    is_reserved = hart[Slot.RESERVED] == offset + 1
    if is_reserved and is_triggered(hart, va, size, Access.STORE):
        return 0
    hart[Slot.RESERVED] = 0
    if not is_reserved:
        return 1
    ram_store(hart, offset, size, value)
    return 0
