"""Page-table walks: from a virtual address to a physical one, in one stage or two.

A failing walk pends its trap and gives 0. Written in the words that every engine executes. Follows
the chapters "Supervisor-Level ISA", section "Virtual Address Translation Process", and "Hypervisor
Extension", section "Two-Stage Address Translation", of the RISC-V Privileged Architecture.
"""

from enum import IntEnum

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Priv
from isa.extensions import BITS
from isa.machine import MachinePage, frame_of, ram_load, ram_store
from isa.pmp import PMP_R, PMP_W, may_reach
from isa.pte import (
    LEVEL_BITS,
    LEVELS_LESS,
    MODE_SHIFT,
    NAPOT_BITS,
    NAPOT_PPN,
    PAGE_SHIFT,
    PAGE_SIZE,
    PPN_BITS,
    PTE_A,
    PTE_D,
    PTE_N,
    PTE_PBMT,
    PTE_PPN,
    PTE_PPN_SHIFT,
    PTE_R,
    PTE_RESERVED,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
)
from isa.state import NO_FRAME, Slot
from isa.trap import pend_address, pend_guest
from isa.words import Page, sext, zext

NOT_RAM = (1 << 64) - 1
INVALID = (1 << 64) - 1
"""In place of a leaf entry: there is none, and the fault is pended."""

SVADE, SVADU, SVNAPOT = BITS["Svade"], BITS["Svadu"], BITS["Svnapot"]
ENVCFG_ADUE, ENVCFG_PBMTE = 1 << 61, 1 << 62
ROOT_EXTRA = 2  # bits more of a guest-physical address that the root of the G-stage takes
READ_OF_TABLE, WRITE_OF_TABLE = 0x3000, 0x3020
"""Pseudo-instructions in htinst: what the hart did itself when it met a guest-page fault."""
BY_HLV, BY_HLVX = 1, 2
"""In `Slot.HYPER_ACCESS`: the access is a hypervisor's in its guest's place."""


class Access(IntEnum):
    """Kinds of access; `cause - 12` of the page fault each can take."""

    FETCH = 0
    LOAD = 1
    STORE = 3


def page_fault(hart: MachinePage, va: int, access: int) -> int:
    """Pend the page fault of an access."""
    return pend_address(hart, 12 + access, va, is_virtual(hart, access))


def misaligned_fault(hart: MachinePage, va: int, access: int) -> int:
    """Pend the misaligned-address exception of a load or store: causes 4 and 6."""
    return pend_address(hart, 3 + access, va, is_virtual(hart, access))


def access_fault(hart: MachinePage, va: int, access: int) -> int:
    """Pend the access fault of an access: causes 1, 5 and 7."""
    if access == Access.FETCH:
        return pend_address(hart, 1, va, is_virtual(hart, access))
    return pend_address(hart, 4 + access, va, is_virtual(hart, access))


def guest_fault(hart: MachinePage, va: int, access: int, gpa: int, pseudo: int) -> int:
    """Pend a guest-page fault: causes 20, 21 and 23."""
    return pend_guest(hart, 20 + access, va, gpa >> 2, pseudo)


def effective_priv(hart: Page, access: int) -> int:
    """Give the privilege of an access: mstatus.MPRV lends MPP, hypervisor accesses have SPVP's."""
    if access == Access.FETCH:
        return hart[Slot.PRIV]
    if hart[Slot.HYPER_ACCESS]:
        if hart[Slot.HSTATUS] & hs.SPVP:
            return Priv.S
        return Priv.U
    status = hart[Slot.MSTATUS]
    if status & ms.MPRV:
        return (status & ms.MPP) >> ms.MPP_SHIFT
    return hart[Slot.PRIV]


def is_virtual(hart: Page, access: int) -> bool:
    """Say whether an access is made as with V=1."""
    if access != Access.FETCH:
        if hart[Slot.HYPER_ACCESS]:
            return True
        status = hart[Slot.MSTATUS]
        if status & ms.MPRV:
            return status & ms.MPV != 0 and status & ms.MPP != ms.MPP
    return hart[Slot.V] != 0


def walk(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Walk the tables of satp; gives the address, and the leaf entry and its span in the page."""
    pte = find_leaf(hart, va, access, hart[Slot.SATP], False)
    if pte == INVALID:
        return 0
    if not is_permitted(hart, pte, access, priv):
        return page_fault(hart, va, access)
    return finish_leaf(hart, va, access, pte, False)


def walk_guest(hart: MachinePage, va: int, access: int, priv: int) -> int:
    """Walk the tables of vsatp and hgatp; gives the machine's address."""
    gpa = va
    hart[Slot.WALK_SPAN] = 0
    hart[Slot.WALK_PTE] = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
    if hart[Slot.VSATP] >> MODE_SHIFT != 0:
        pte = find_leaf(hart, va, access, hart[Slot.VSATP], True)
        if pte == INVALID:
            return 0
        if not is_permitted_guest(hart, pte, access, priv):
            return page_fault(hart, va, access)
        gpa = finish_leaf(hart, va, access, pte, True)
        if hart[Slot.PENDING]:
            return 0
    return reach_guest(hart, gpa, va, access, access, 0)


def find_leaf(hart: MachinePage, va: int, access: int, root: int, is_guest: bool) -> int:
    """Find the leaf entry of a virtual address, or pend the fault and give INVALID.

    Its address is then in `Slot.WALK_AT`, the page-number bits it leaves open in WALK_SPAN.
    """
    levels = (root >> MODE_SHIFT) - LEVELS_LESS
    if sext(va, PAGE_SHIFT + LEVEL_BITS * levels) != va:
        page_fault(hart, va, access)
        return INVALID
    table: int = zext(root, PPN_BITS) << PAGE_SHIFT
    span = LEVEL_BITS * levels
    while span > 0:
        span = span - LEVEL_BITS
        at = table + (va >> PAGE_SHIFT + span & (1 << LEVEL_BITS) - 1) * 8
        if is_guest:
            hart[Slot.WALK_GUEST_AT] = at
            at = reach_guest(hart, at, va, access, Access.LOAD, READ_OF_TABLE)
            if hart[Slot.PENDING]:
                return INVALID
        pte = load_entry(hart, at, va, access)
        if hart[Slot.PENDING]:
            return INVALID
        if is_bad_entry(hart, pte, span, has_memory_types(hart, is_guest)):
            page_fault(hart, va, access)
            return INVALID
        if pte & (PTE_R | PTE_X) != 0:
            hart[Slot.WALK_AT] = at
            hart[Slot.WALK_SPAN] = span
            if pte & PTE_N:
                hart[Slot.WALK_SPAN] = NAPOT_BITS
            return pte
        table = (pte & PTE_PPN) << 2
    page_fault(hart, va, access)
    return INVALID


def load_entry(hart: MachinePage, at: int, va: int, access: int) -> int:
    """Load the page-table entry at a physical address, or pend the access fault."""
    offset = ram_offset(hart, at)
    hart[Slot.WALK_REFS] += 1
    if offset == NOT_RAM or not may_reach(hart, at, 8, PMP_R, Priv.S):
        return access_fault(hart, va, access)
    return ram_load(hart, offset, 8)


def is_bad_entry(hart: Page, pte: int, span: int, has_types: bool) -> bool:
    """Say whether an entry is invalid or uses an encoding that is reserved."""
    if pte & PTE_V == 0 or pte & (PTE_R | PTE_W) == PTE_W or pte & PTE_RESERVED != 0:
        return True
    if pte & (PTE_R | PTE_X) == 0:
        return pte & (PTE_A | PTE_D | PTE_U | PTE_N | PTE_PBMT) != 0
    if pte & PTE_PBMT == PTE_PBMT or (pte & PTE_PBMT != 0 and not has_types):
        return True
    number = (pte & PTE_PPN) >> PTE_PPN_SHIFT
    if pte & PTE_N:
        is_napot = span == 0 and number & (1 << NAPOT_BITS) - 1 == NAPOT_PPN
        return hart[Slot.ISA] & SVNAPOT == 0 or not is_napot
    return number & (1 << span) - 1 != 0


def has_memory_types(hart: Page, is_guest: bool) -> bool:
    """Say whether entries may have a page-based memory type (which changes nothing here)."""
    allowed = hart[Slot.MENVCFG]
    if is_guest:
        allowed = allowed & hart[Slot.HENVCFG]
    return allowed & ENVCFG_PBMTE != 0


def updates_entries(hart: Page, is_guest: bool) -> bool:
    """Say whether the hart sets accessed and dirty bits itself, and does not fault for them."""
    if hart[Slot.ISA] & SVADU == 0:
        return hart[Slot.ISA] & SVADE == 0
    allowed = hart[Slot.MENVCFG]
    if is_guest:
        allowed = allowed & hart[Slot.HENVCFG]
    return allowed & ENVCFG_ADUE != 0


def finish_leaf(hart: MachinePage, va: int, access: int, pte: int, is_guest: bool) -> int:
    """Set the accessed and dirty bits of a permitted leaf entry; gives the address."""
    used = pte | PTE_A
    if access == Access.STORE:
        used = used | PTE_D
    if used != pte:
        if not updates_entries(hart, is_guest):
            return page_fault(hart, va, access)
        if is_guest:
            gpa = hart[Slot.WALK_GUEST_AT]
            reach_guest(hart, gpa, va, access, Access.STORE, WRITE_OF_TABLE)
            if hart[Slot.PENDING]:
                return 0
        mark_used(hart, va, access, used)
        if hart[Slot.PENDING]:
            return 0
    hart[Slot.WALK_PTE] = used
    inside = (PAGE_SIZE << hart[Slot.WALK_SPAN]) - 1
    return (pte & PTE_PPN) << 2 & ~inside | va & inside


def mark_used(hart: MachinePage, va: int, access: int, used: int) -> None:
    """Store a leaf entry back with its new bits."""
    at = hart[Slot.WALK_AT]
    if not may_reach(hart, at, 8, PMP_W, Priv.S):
        access_fault(hart, va, access)
        return
    ram_store(hart, ram_offset(hart, at), 8, used)
    hart[Slot.WALK_REFS] += 1


def is_permitted(hart: Page, pte: int, access: int, priv: int) -> bool:
    """Say whether an entry's R, W, X and U bits permit an access under SUM and MXR."""
    status = hart[Slot.MSTATUS]
    if pte & PTE_U:
        if priv == Priv.S and (access == Access.FETCH or status & ms.SUM == 0):
            return False
    elif priv == Priv.U:
        return False
    return has_right(pte, access, status & ms.MXR != 0)


def is_permitted_guest(hart: Page, pte: int, access: int, priv: int) -> bool:
    """Say the same of an entry of the VS-stage: vsstatus counts, and MXR of either."""
    status = hart[Slot.VSSTATUS]
    if pte & PTE_U:
        if priv == Priv.S and (access == Access.FETCH or status & ms.SUM == 0):
            return False
    elif priv == Priv.U:
        return False
    if hart[Slot.HYPER_ACCESS] == BY_HLVX and access == Access.LOAD:
        return pte & PTE_X != 0
    return has_right(pte, access, (status | hart[Slot.MSTATUS]) & ms.MXR != 0)


def has_right(pte: int, access: int, executable_is_readable: bool) -> bool:
    """Say whether an entry's R, W and X permit an access."""
    if access == Access.FETCH:
        return pte & PTE_X != 0
    if access == Access.STORE:
        return pte & PTE_W != 0
    return pte & PTE_R != 0 or (executable_is_readable and pte & PTE_X != 0)


# The G-stage


def reach_guest(hart: MachinePage, gpa: int, va: int, access: int, what: int, pseudo: int) -> int:
    """Translate a guest-physical address for `what` is done there on behalf of an access to `va`.

    `pseudo` is 0, or the pseudo-instruction that stands for what the hart does to a table.
    """
    hart[Slot.GUEST_RIGHTS] = PTE_R | PTE_W | PTE_X
    mode = hart[Slot.HGATP] >> MODE_SHIFT
    if mode == 0:
        return gpa
    levels = mode - LEVELS_LESS
    span = LEVEL_BITS * levels
    if gpa >> PAGE_SHIFT + ROOT_EXTRA + span != 0:
        return guest_fault(hart, va, access, gpa, pseudo)
    table: int = zext(hart[Slot.HGATP], PPN_BITS) << PAGE_SHIFT
    bits = LEVEL_BITS + ROOT_EXTRA
    while span > 0:
        span = span - LEVEL_BITS
        at = table + (gpa >> PAGE_SHIFT + span & (1 << bits) - 1) * 8
        bits = LEVEL_BITS
        pte = load_entry(hart, at, va, access)
        if hart[Slot.PENDING]:
            return 0
        if is_bad_entry(hart, pte, span, has_memory_types(hart, False)):
            return guest_fault(hart, va, access, gpa, pseudo)
        if pte & (PTE_R | PTE_X) != 0:
            return finish_guest(hart, gpa, va, access, what, pseudo, pte, at, span)
        table = (pte & PTE_PPN) << 2
    return guest_fault(hart, va, access, gpa, pseudo)


def finish_guest(
    hart: MachinePage,
    gpa: int,
    va: int,
    access: int,
    what: int,
    pseudo: int,
    pte: int,
    at: int,
    span: int,
) -> int:
    """Finish a walk of the G-stage at the leaf entry that stands at `at`."""
    used = pte | PTE_A
    if what == Access.STORE:
        used = used | PTE_D
    if not may_guest_reach(hart, pte, what, pseudo) or (
        used != pte and not updates_entries(hart, False)
    ):
        return guest_fault(hart, va, access, gpa, pseudo)
    if used != pte:
        if not may_reach(hart, at, 8, PMP_W, Priv.S):
            return access_fault(hart, va, access)
        ram_store(hart, ram_offset(hart, at), 8, used)
        hart[Slot.WALK_REFS] += 1
    rights = used & (PTE_R | PTE_X)
    if used & PTE_D:
        rights = rights | used & PTE_W
    hart[Slot.GUEST_RIGHTS] = rights
    if pte & PTE_N:
        span = NAPOT_BITS
    inside = (PAGE_SIZE << span) - 1
    return (pte & PTE_PPN) << 2 & ~inside | gpa & inside


def may_guest_reach(hart: Page, pte: int, what: int, pseudo: int) -> bool:
    """Say whether a G-stage entry permits an access; all of them count as U-mode's."""
    if pte & PTE_U == 0:
        return False
    if hart[Slot.HYPER_ACCESS] == BY_HLVX and what == Access.LOAD and pseudo == 0:
        return pte & PTE_X != 0
    return has_right(pte, what, pseudo == 0 and hart[Slot.MSTATUS] & ms.MXR != 0)


def ram_offset(hart: MachinePage, pa: int) -> int:
    """Give the offset in machine RAM of a physical address, or NOT_RAM."""
    offset = pa - hart[Slot.RAM_BASE]
    if offset >= hart[Slot.RAM_SIZE]:
        return NOT_RAM
    frame = frame_of(hart, offset >> PAGE_SHIFT)
    if frame == NO_FRAME:
        return NOT_RAM
    return frame << PAGE_SHIFT | offset & PAGE_SIZE - 1
