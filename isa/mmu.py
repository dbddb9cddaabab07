"""Access to memory through a virtual address: loads, stores and fetches.

A failing access pends its trap, or notes the exit that must help it, and gives 0: callers look at
`Slot.PENDING` and `Slot.EXIT`. Written in the words that every engine executes. Translation is in
`isa/translation.py` and `isa/walk.py`, protection in `isa/pmp.py`.
"""

from isa import mstatus as ms
from isa.exits import ExitReason
from isa.machine import MachinePage, note_page, ram_load, ram_store
from isa.pmp import PMP_R, PMP_W, PMP_X, is_split, may_reach
from isa.points import is_near, is_stopped
from isa.pte import PAGE_SIZE
from isa.state import Slot
from isa.translation import translate
from isa.triggers import has_trigger, is_triggered
from isa.walk import (
    BY_HLVX,
    NOT_RAM,
    Access,
    access_fault,
    effective_priv,
    is_permitted,
    is_virtual,
    misaligned_fault,
    page_fault,
    ram_offset,
)
from isa.window import NO_ANSWER, load_through, store_through

__all__ = [
    "NOT_RAM",
    "Access",
    "access_fault",
    "fetch",
    "fetch_at",
    "is_permitted",
    "is_protected",
    "load",
    "misaligned_fault",
    "page_fault",
    "ram_offset",
    "reach_code",
    "store",
    "translate",
]


def right_of(hart: MachinePage, access: int) -> int:
    """Give the PMP rights that an access needs."""
    if access == Access.FETCH:
        return PMP_X
    if access == Access.STORE:
        return PMP_W
    if hart[Slot.HYPER_ACCESS] == BY_HLVX:
        return PMP_R | PMP_X
    return PMP_R


def is_protected(hart: MachinePage, va: int, pa: int, size: int, access: int) -> bool:
    """Pend the access fault of an access that PMP refuses; say whether it does."""
    if may_reach(hart, pa, size, right_of(hart, access), effective_priv(hart, access)):
        return False
    access_fault(hart, va, access)
    return True


def load(hart: MachinePage, va: int, size: int) -> int:
    """Load from a virtual address, zero-extended; traps and device accesses are pended."""
    hart[Slot.ACCESS_VA] = va
    if is_triggered(hart, va, size, Access.LOAD):
        return 0
    if hart[Slot.ALIGNED_ONLY] != 0 and va & size - 1 != 0:
        return misaligned_fault(hart, va, Access.LOAD)
    if (va & PAGE_SIZE - 1) + size > PAGE_SIZE:
        return load_split(hart, va, size)
    pa = translate(hart, va, Access.LOAD)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    if is_protected(hart, va, pa, size, Access.LOAD):
        return 0
    if hart[Slot.POINTS] != 0 and is_stopped(hart, va, size, Access.LOAD):
        return 0
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        seen = load_through(hart, pa, size)
        if seen != NO_ANSWER:
            return seen
        return device_exit(hart, va, pa, size, Access.LOAD)
    remember(hart, va, pa, offset, Access.LOAD)
    return ram_load(hart, offset, size)


def store(hart: MachinePage, va: int, size: int, value: int) -> None:
    """Store to a virtual address; traps and device accesses are pended and nothing is written."""
    hart[Slot.ACCESS_VA] = va
    if is_triggered(hart, va, size, Access.STORE):
        return
    if hart[Slot.ALIGNED_ONLY] != 0 and va & size - 1 != 0:
        misaligned_fault(hart, va, Access.STORE)
        return
    if (va & PAGE_SIZE - 1) + size > PAGE_SIZE:
        store_split(hart, va, size, value)
        return
    pa = translate(hart, va, Access.STORE)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return
    if is_protected(hart, va, pa, size, Access.STORE):
        return
    if hart[Slot.POINTS] != 0 and is_stopped(hart, va, size, Access.STORE):
        return
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        if not store_through(hart, pa, size, value):
            hart[Slot.EXIT_VALUE] = value
            device_exit(hart, va, pa, size, Access.STORE)
        return
    remember(hart, va, pa, offset, Access.STORE)
    ram_store(hart, offset, size, value)


def remember(hart: MachinePage, va: int, pa: int, offset: int, access: int) -> None:
    """Let an engine reach a page directly from now on, unless accesses to it must be looked at.

    That is so where PMP decides by the byte, where the access was made in a guest's place, and near
    triggers and a debugger's points.
    """
    if hart[Slot.POINTS] != 0 and is_near(hart, va, access):
        return
    lent = hart[Slot.MSTATUS] & (ms.MPRV | ms.MPV)
    if hart[Slot.HYPER_ACCESS] != 0 or lent == ms.MPRV | ms.MPV:
        return
    if not is_split(hart, pa) and not has_trigger(hart, va, access):
        note_page(hart, va, offset, access)


def load_split(hart: MachinePage, va: int, size: int) -> int:
    """Load across a page boundary."""
    first = PAGE_SIZE - (va & PAGE_SIZE - 1)
    low_at = part_offset(hart, va, first, Access.LOAD)
    high_at = part_offset(hart, va + first, size - first, Access.LOAD)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    low = ram_load(hart, low_at, first)
    return low | ram_load(hart, high_at, size - first) << first * 8


def store_split(hart: MachinePage, va: int, size: int, value: int) -> None:
    """Store across a page boundary; both pages are checked first."""
    first = PAGE_SIZE - (va & PAGE_SIZE - 1)
    low_at = part_offset(hart, va, first, Access.STORE)
    high_at = part_offset(hart, va + first, size - first, Access.STORE)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return
    ram_store(hart, low_at, first, value)
    ram_store(hart, high_at, size - first, value >> first * 8)


def part_offset(hart: MachinePage, va: int, size: int, access: int) -> int:
    """Give the machine RAM offset of one page's part of an access; devices take no parts."""
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    pa = translate(hart, va, access)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    if is_protected(hart, va, pa, size, access):
        return 0
    if hart[Slot.POINTS] != 0 and is_stopped(hart, va, size, access):
        return 0
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        return access_fault(hart, va, access)
    return offset


def fetch(hart: MachinePage, pc: int) -> int:
    """Fetch the instruction word at `pc`; traps are pended. Only RAM holds instructions."""
    if is_triggered(hart, pc, 2, Access.FETCH):
        return 0
    offset = reach_code(hart, pc)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    return fetch_at(hart, pc, offset)


def reach_code(hart: MachinePage, pc: int) -> int:
    """Give the machine RAM offset of the two bytes at `pc`; a trap is pended.

    `Slot.CODE_SPLIT` then says whether their page must be looked at again for every instruction.
    """
    pa = translate(hart, pc, Access.FETCH)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    if is_protected(hart, pc, pa, 2, Access.FETCH):
        return 0
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        return access_fault(hart, pc, Access.FETCH)
    hart[Slot.CODE_SPLIT] = 0
    is_looked_at = hart[Slot.POINTS] != 0 and is_near(hart, pc, Access.FETCH)
    if is_looked_at or is_split(hart, pa) or has_trigger(hart, pc, Access.FETCH):
        hart[Slot.CODE_SPLIT] = 1
    return offset


def fetch_at(hart: MachinePage, pc: int, offset: int) -> int:
    """Fetch the instruction at `pc`, which stands at an offset of machine RAM.

    Gives 16 bits of a compressed one. The second half of one that crosses into another page has a
    translation of its own, and a fault in it reports its own address.
    """
    if offset & PAGE_SIZE - 1 != PAGE_SIZE - 2 and hart[Slot.CODE_SPLIT] == 0:
        whole = ram_load(hart, offset, 4)
        if whole & 3 != 3:
            return whole & 0xFFFF
        return whole
    low = ram_load(hart, offset, 2)
    if low & 3 != 3:
        return low
    if is_triggered(hart, pc + 2, 2, Access.FETCH):
        return 0
    offset = reach_code(hart, pc + 2)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    return low | ram_load(hart, offset, 2) << 16


def device_exit(hart: MachinePage, va: int, pa: int, size: int, access: int) -> int:
    """Note the device access that the environment must perform; a misaligned one faults."""
    if pa & size - 1 != 0:
        return access_fault(hart, va, access)
    hart[Slot.EXIT] = ExitReason.MMIO
    hart[Slot.EXIT_PA] = pa
    hart[Slot.EXIT_SIZE] = size
    hart[Slot.EXIT_ACCESS] = access
    hart[Slot.TVAL] = va
    hart[Slot.TVAL_IN_GUEST] = 0
    if is_virtual(hart, access):
        hart[Slot.TVAL_IN_GUEST] = 1
    return 0
