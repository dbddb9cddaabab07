"""From a virtual address to a physical one, through the modelled TLB where there is one.

A failure is pended, or noted as the exit that must help. Written in the words that every engine
executes; the walks themselves are in `isa/walk.py`.
"""

from isa import mstatus as ms
from isa.causes import Priv
from isa.exits import ExitReason
from isa.machine import MachinePage, tlb_get
from isa.pte import (
    MODE_SHIFT,
    PAGE_SHIFT,
    PAGE_SIZE,
    PTE_D,
    PTE_FLAGS,
    PTE_PPN,
    PTE_PPN_SHIFT,
    PTE_W,
)
from isa.state import Slot
from isa.tlb import NOT_FOUND, RIGHTS_SHIFT, find, guest_space, host_space, insert
from isa.walk import (
    Access,
    effective_priv,
    has_right,
    is_permitted,
    is_permitted_guest,
    is_virtual,
    page_fault,
    walk,
    walk_guest,
)


def translate(hart: MachinePage, va: int, access: int) -> int:
    """Give the physical address of a virtual one; a failure is pended."""
    priv = effective_priv(hart, access)
    if is_virtual(hart, access):
        return translate_guest(hart, va, access, priv)
    if priv == Priv.M or hart[Slot.SATP] >> MODE_SHIFT == 0:
        hart[Slot.WALK_SPAN] = 0
        return va
    if hart[Slot.TLB_WAYS] == 0:
        return walk(hart, va, access, priv)
    return look_up(hart, va, access, priv)


def look_up(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Translate through the modelled TLB, and walk on a miss or for the first store to a page."""
    space = host_space(hart)
    index = find(hart, va >> PAGE_SHIFT, space)
    if index != NOT_FOUND:
        pte = tlb_get(hart, index + 2)
        if access != Access.STORE or pte & (PTE_D | PTE_W) != PTE_W:
            hart[Slot.WALK_PTE] = pte
            hart[Slot.WALK_SPAN] = tlb_get(hart, index + 3)
            if not is_permitted(hart, pte, access, priv):
                return refuse(hart, va, access)
            return (pte & PTE_PPN) << 2 | va & PAGE_SIZE - 1
    if hart[Slot.TLB_SOFT]:
        return miss_exit(hart, va, access)
    note_miss(hart, priv)
    pa = walk(hart, va, access, priv)
    if hart[Slot.PENDING] == 0:
        flags = hart[Slot.WALK_PTE] & PTE_FLAGS
        pte = pa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags
        insert(hart, va >> PAGE_SHIFT, space, pte, hart[Slot.WALK_SPAN])
    return pa


def note_miss(hart: MachinePage, priv: int) -> None:
    """Count a miss of the modelled TLB."""
    hart[Slot.TLB_MISSES] += 1
    if priv != Priv.U:
        hart[Slot.TLB_KERNEL_MISSES] += 1


def translate_guest(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Translate a guest's address in two stages; either may be Bare."""
    if hart[Slot.TLB_WAYS] == 0 or (hart[Slot.VSATP] | hart[Slot.HGATP]) >> MODE_SHIFT == 0:
        return walk_guest(hart, va, access, priv)
    space = guest_space(hart)
    index = find(hart, va >> PAGE_SHIFT, space)
    if index != NOT_FOUND:
        pte = tlb_get(hart, index + 2)
        rights = tlb_get(hart, index + 3) >> RIGHTS_SHIFT
        if may_use(hart, pte, rights, access, priv):
            hart[Slot.WALK_SPAN] = tlb_get(hart, index + 3) & (1 << RIGHTS_SHIFT) - 1
            return (pte & PTE_PPN) << 2 | va & PAGE_SIZE - 1
    note_miss(hart, priv)
    pa = walk_guest(hart, va, access, priv)
    if hart[Slot.PENDING] == 0:
        flags = hart[Slot.WALK_PTE] & PTE_FLAGS
        pte = pa >> PAGE_SHIFT << PTE_PPN_SHIFT | flags
        kept = hart[Slot.WALK_SPAN] | hart[Slot.GUEST_RIGHTS] << RIGHTS_SHIFT
        insert(hart, va >> PAGE_SHIFT, space, pte, kept)
    return pa


def may_use(hart: MachinePage, pte: int, rights: int, access: int, priv: int) -> bool:
    """Say whether a cached translation of two stages surely permits an access."""
    if access == Access.STORE and pte & PTE_D == 0:
        return False
    if hart[Slot.HYPER_ACCESS] or not has_right(rights, access, hart[Slot.MSTATUS] & ms.MXR != 0):
        return False
    is_bare = hart[Slot.VSATP] >> MODE_SHIFT == 0
    return is_bare or is_permitted_guest(hart, pte, access, priv)


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
