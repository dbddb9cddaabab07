"""Address translation and physical memory.

A failing access pends its trap, or notes the exit that must help it, and gives 0: callers look at
`Slot.PENDING` and `Slot.EXIT`. Written in the words that every engine executes. Follows the chapter
"Supervisor-Level ISA", section "Virtual Address Translation Process", of the RISC-V Privileged
Architecture.
"""

from enum import IntEnum

from isa import mstatus as ms
from isa.causes import Priv
from isa.exits import ExitReason
from isa.machine import MachinePage, frame_of, note_page, ram_load, ram_store, tlb_get
from isa.pmp import PMP_R, PMP_W, PMP_X, is_split, may_reach
from isa.pte import (
    LEVEL_BITS,
    PAGE_SHIFT,
    PAGE_SIZE,
    PTE_A,
    PTE_D,
    PTE_FLAGS,
    PTE_PPN,
    PTE_PPN_SHIFT,
    PTE_R,
    PTE_RESERVED,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
    SV39_LEVELS,
    SV39_VA_BITS,
)
from isa.state import NO_FRAME, Slot
from isa.tlb import ASID_MASK, NOT_FOUND, find, insert
from isa.trap import pend
from isa.words import sext, zext

NOT_RAM = (1 << 64) - 1


class Access(IntEnum):
    """Kinds of access; `cause - 12` of the page fault each can take."""

    FETCH = 0
    LOAD = 1
    STORE = 3


def page_fault(hart: MachinePage, va: int, access: int) -> int:
    """Pend the page fault of an access."""
    return pend(hart, 12 + access, va)


def access_fault(hart: MachinePage, va: int, access: int) -> int:
    """Pend the access fault of an access: causes 1, 5 and 7."""
    if access == Access.FETCH:
        return pend(hart, 1, va)
    return pend(hart, 4 + access, va)


def effective_priv(hart: MachinePage, access: int) -> int:
    """Give the privilege an access is made with: mstatus.MPRV lends MPP to loads and stores."""
    status = hart[Slot.MSTATUS]
    if status & ms.MPRV != 0 and access != Access.FETCH:
        return (status & ms.MPP) >> ms.MPP_SHIFT
    return hart[Slot.PRIV]


def translate(hart: MachinePage, va: int, access: int) -> int:
    """Give the physical address of a virtual one; a failure is pended."""
    priv = effective_priv(hart, access)
    if priv == Priv.M or hart[Slot.SATP] >> 60 == 0:
        hart[Slot.WALK_LEVEL] = 0
        return va
    if hart[Slot.TLB_WAYS] == 0:
        return walk(hart, va, access, priv)
    return look_up(hart, va, access, priv)


def look_up(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Translate through the modelled TLB, and walk on a miss or for the first store to a page."""
    asid = hart[Slot.SATP] >> 44 & ASID_MASK
    index = find(hart, va >> PAGE_SHIFT, asid)
    if index != NOT_FOUND:
        pte = tlb_get(hart, index + 2)
        if access != Access.STORE or pte & (PTE_D | PTE_W) != PTE_W:
            hart[Slot.WALK_PTE] = pte
            hart[Slot.WALK_LEVEL] = tlb_get(hart, index + 3)
            if not is_permitted(hart, pte, access, priv):
                return refuse(hart, va, access)
            return (pte & PTE_PPN) << 2 | va & PAGE_SIZE - 1
    if hart[Slot.TLB_SOFT]:
        return miss_exit(hart, va, access)
    hart[Slot.TLB_MISSES] += 1
    if priv != Priv.U:
        hart[Slot.TLB_KERNEL_MISSES] += 1
    pa = walk(hart, va, access, priv)
    if hart[Slot.PENDING] == 0:
        flags = hart[Slot.WALK_PTE] & PTE_FLAGS
        pte = pa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags
        insert(hart, va >> PAGE_SHIFT, asid, pte, hart[Slot.WALK_LEVEL])
    return pa


def refuse(hart: MachinePage, va: int, access: int) -> int:
    """Refuse what a cached entry does not permit: a page fault, or the monitor's business."""
    if hart[Slot.TLB_SOFT]:
        return miss_exit(hart, va, access)
    return page_fault(hart, va, access)


def miss_exit(hart: MachinePage, va: int, access: int) -> int:
    """Note that a hart without a walker needs a translation."""
    hart[Slot.EXIT] = ExitReason.TLB_MISS
    hart[Slot.TVAL] = va
    hart[Slot.EXIT_ACCESS] = access
    return 0


def walk(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Walk the Sv39 tables; gives the address, and the leaf entry and level in the hart page."""
    if sext(va, SV39_VA_BITS) != va:
        return page_fault(hart, va, access)
    table: int = zext(hart[Slot.SATP], 44) << PAGE_SHIFT
    level = SV39_LEVELS
    while level > 0:
        level = level - 1
        shift = PAGE_SHIFT + LEVEL_BITS * level
        at = table + (va >> shift & (1 << LEVEL_BITS) - 1) * 8
        offset = ram_offset(hart, at)
        hart[Slot.WALK_REFS] += 1
        if offset == NOT_RAM or not may_reach(hart, at, 8, PMP_R, Priv.S):
            return access_fault(hart, va, access)
        pte = ram_load(hart, offset, 8)
        if pte & PTE_V == 0 or pte & (PTE_R | PTE_W) == PTE_W or pte & PTE_RESERVED != 0:
            return page_fault(hart, va, access)
        if pte & (PTE_R | PTE_X) != 0:
            return leaf(hart, va, access, priv, pte, level, at)
        if pte & (PTE_A | PTE_D | PTE_U) != 0:
            return page_fault(hart, va, access)
        table = (pte & PTE_PPN) << 2
    return page_fault(hart, va, access)


def leaf(hart: MachinePage, va: int, access: int, priv: int, pte: int, level: int, at: int) -> int:
    """Finish a walk at the leaf entry that stands at the physical address `at`."""
    span = (1 << PAGE_SHIFT + LEVEL_BITS * level) - 1
    base = (pte & PTE_PPN) << 2
    if not is_permitted(hart, pte, access, priv) or base & span != 0:
        return page_fault(hart, va, access)
    used = pte | PTE_A
    if access == Access.STORE:
        used = used | PTE_D
    if used != pte:
        if not may_reach(hart, at, 8, PMP_W, Priv.S):
            return access_fault(hart, va, access)
        ram_store(hart, ram_offset(hart, at), 8, used)
        hart[Slot.WALK_REFS] += 1
    hart[Slot.WALK_PTE] = used
    hart[Slot.WALK_LEVEL] = level
    return base | va & span


def is_permitted(hart: MachinePage, pte: int, access: int, priv: int) -> bool:
    """Say whether an entry's R, W, X and U bits permit an access under SUM and MXR."""
    status = hart[Slot.MSTATUS]
    if pte & PTE_U:
        if priv == Priv.S and (access == Access.FETCH or status & ms.SUM == 0):
            return False
    elif priv == Priv.U:
        return False
    if access == Access.FETCH:
        return pte & PTE_X != 0
    if access == Access.STORE:
        return pte & PTE_W != 0
    return pte & PTE_R != 0 or (status & ms.MXR != 0 and pte & PTE_X != 0)


def right_of(access: int) -> int:
    """Give the PMP right that an access needs."""
    if access == Access.FETCH:
        return PMP_X
    if access == Access.STORE:
        return PMP_W
    return PMP_R


def is_protected(hart: MachinePage, va: int, pa: int, size: int, access: int) -> bool:
    """Pend the access fault of an access that PMP refuses; say whether it does."""
    if may_reach(hart, pa, size, right_of(access), effective_priv(hart, access)):
        return False
    access_fault(hart, va, access)
    return True


def load(hart: MachinePage, va: int, size: int) -> int:
    """Load from a virtual address, zero-extended; traps and device accesses are pended."""
    if (va & PAGE_SIZE - 1) + size > PAGE_SIZE:
        return load_split(hart, va, size)
    pa = translate(hart, va, Access.LOAD)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return 0
    if is_protected(hart, va, pa, size, Access.LOAD):
        return 0
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        return device_exit(hart, va, pa, size, Access.LOAD)
    if not is_split(hart, pa):
        note_page(hart, va, offset, Access.LOAD)
    return ram_load(hart, offset, size)


def store(hart: MachinePage, va: int, size: int, value: int) -> None:
    """Store to a virtual address; traps and device accesses are pended and nothing is written."""
    if (va & PAGE_SIZE - 1) + size > PAGE_SIZE:
        store_split(hart, va, size, value)
        return
    pa = translate(hart, va, Access.STORE)
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        return
    if is_protected(hart, va, pa, size, Access.STORE):
        return
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        hart[Slot.EXIT_VALUE] = value
        device_exit(hart, va, pa, size, Access.STORE)
        return
    if not is_split(hart, pa):
        note_page(hart, va, offset, Access.STORE)
    ram_store(hart, offset, size, value)


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
    offset = ram_offset(hart, pa)
    if offset == NOT_RAM:
        return access_fault(hart, va, access)
    return offset


def fetch(hart: MachinePage, pc: int) -> int:
    """Fetch the instruction word at `pc`; traps are pended. Only RAM holds instructions."""
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
    if is_split(hart, pa):
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
    return 0


def ram_offset(hart: MachinePage, pa: int) -> int:
    """Give the offset in machine RAM of a physical address, or NOT_RAM."""
    offset = pa - hart[Slot.RAM_BASE]
    if offset >= hart[Slot.RAM_SIZE]:
        return NOT_RAM
    frame = frame_of(hart, offset >> PAGE_SHIFT)
    if frame == NO_FRAME:
        return NOT_RAM
    return frame << PAGE_SHIFT | offset & PAGE_SIZE - 1
