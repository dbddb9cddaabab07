"""`softtlb`: a software-refilled hart TLB behind a large second-level TLB.

After "Disco: Running Commodity Operating Systems on Scalable Multiprocessors" (SOSP 1997), section
"Virtual Physical Memory". The hart has no walker: a miss exits, the second-level TLB (the vCPU's
own modelled TLB, guest-virtual to guest-physical) or the guest's tables translate, and the frame
map gives the machine frame. Written in the words that every engine executes.
"""

from isa import mstatus as ms
from isa.causes import Priv
from isa.exits import ExitReason
from isa.machine import MachinePage, engine_execute, engine_run, tlb_get, tlb_put
from isa.mmu import (
    NOT_RAM,
    Access,
    access_fault,
    fetch,
    is_permitted,
    is_protected,
    ram_offset,
    translate,
)
from isa.pmp import is_split, page_rights
from isa.pte import (
    ASID_MASK,
    PAGE_SHIFT,
    PTE_A,
    PTE_D,
    PTE_PPN_SHIFT,
    PTE_R,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
)
from isa.state import Slot
from isa.tlb import flush, insert
from isa.trap import take
from vmm.counts import CONTEXT_SLOTS, CONTEXT_WORDS, CONTEXTS_AT, Count, count

UNTRANSLATED = 2
BELOW_M = 4  # added to UNTRANSLATED in a context's key: PMP binds S and U otherwise than M
ALL_ACCESS = PTE_R | PTE_W | PTE_X
SATP_PAGED = 8 << 60
LAST_GIVEN = 0  # the hart's only monitor word: the ASID given out last, and its generation
HART_WORDS = 1
ASID_BITS = 16


def view_of(vcpu: MachinePage) -> int:
    """Say whose mappings are in use: 0 user, 1 kernel, 2 none (translation is off)."""
    priv = vcpu[Slot.PRIV]
    if priv == Priv.M or vcpu[Slot.SATP] >> 60 == 0:
        return UNTRANSLATED
    return priv


def select_context(hart: MachinePage, vcpu: MachinePage) -> None:
    """Give the hart the ASID that stands for all that now decides the vCPU's translations."""
    view = view_of(vcpu)
    satp = vcpu[Slot.SATP]
    if view == UNTRANSLATED:
        satp = 0
        if vcpu[Slot.PRIV] != Priv.M:
            view = UNTRANSLATED + BELOW_M
    else:
        view = view | vcpu[Slot.MSTATUS] & (ms.SUM | ms.MXR)
    slot = (satp ^ satp >> 44 ^ view << 1 ^ view >> 17) & CONTEXT_SLOTS - 1
    entry = vcpu[Slot.MONITOR_AT] + CONTEXTS_AT + slot * CONTEXT_WORDS
    given = tlb_get(vcpu, entry + 2)
    if (
        tlb_get(vcpu, entry) != satp
        or tlb_get(vcpu, entry + 1) != view
        or given >> ASID_BITS != tlb_get(hart, hart[Slot.MONITOR_AT] + LAST_GIVEN) >> ASID_BITS
        or given == 0
    ):
        given = give_asid(hart)
        tlb_put(vcpu, entry, satp)
        tlb_put(vcpu, entry + 1, view)
        tlb_put(vcpu, entry + 2, given)
    hart[Slot.SATP] = SATP_PAGED | (given & ASID_MASK) << 44


def give_asid(hart: MachinePage) -> int:
    """Give out a hart ASID, with the number of its generation above it.

    When all ASIDs have been used, what they tagged is dropped and the next generation begins:
    contexts that remember an older one no longer have an ASID.
    """
    at = hart[Slot.MONITOR_AT] + LAST_GIVEN
    given = tlb_get(hart, at) + 1
    if given & ASID_MASK == 0:
        flush(hart, False, given, False, given)
    tlb_put(hart, at, given)
    return given


def refill(hart: MachinePage, vcpu: MachinePage) -> int:
    """Handle a TLB miss of the hart; gives 1 when the guest's instruction is done with."""
    va = hart[Slot.TVAL]
    access = hart[Slot.EXIT_ACCESS]
    view = view_of(vcpu)
    walked = vcpu[Slot.WALK_REFS]
    missed = vcpu[Slot.TLB_MISSES]
    count(vcpu, Count.HART_MISSES + view, 1)
    gpa = translate(vcpu, va, access)
    count(vcpu, Count.SECOND_MISSES + view, vcpu[Slot.TLB_MISSES] - missed)
    count(vcpu, Count.FILL_REFERENCES + view, vcpu[Slot.WALK_REFS] - walked)
    if vcpu[Slot.PENDING]:
        count(vcpu, Count.PAGE_FAULT, 1)
        take(vcpu)
        return 1
    if is_split(vcpu, gpa):
        return interpret_one(vcpu)
    if is_protected(vcpu, va, gpa, 1, access):
        count(vcpu, Count.EXCEPTION, 1)
        take(vcpu)
        return 1
    offset = ram_offset(vcpu, gpa)
    if offset == NOT_RAM:
        return reach_device(hart, vcpu, va, access)
    count(vcpu, Count.TLB_MISS, 1)
    pte = offset >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V | PTE_U | PTE_A
    pte = pte | rights(vcpu, view) & (page_rights(vcpu, gpa, vcpu[Slot.PRIV]) << 1 | PTE_D)
    asid = hart[Slot.SATP] >> 44 & ASID_MASK
    pte = pte + (hart[Slot.RAM_BASE] >> PAGE_SHIFT << PTE_PPN_SHIFT)
    insert(hart, va >> PAGE_SHIFT, asid, pte, vcpu[Slot.WALK_SPAN])
    return 0


def interpret_one(vcpu: MachinePage) -> int:
    """Carry out one instruction wholly on the vCPU's page: it is a complete hart."""
    before = vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS]
    engine_run(vcpu, 1)
    count(vcpu, Count.EXCEPTION, 1)
    return vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS] - before


def rights(vcpu: MachinePage, view: int) -> int:
    """Give the R, W, X and D bits of a hart TLB entry: what the vCPU may do now, without a fault.

    A clean page gets no W, so that its first store comes back to set the guest's D bit.
    """
    if view == UNTRANSLATED:
        return ALL_ACCESS | PTE_D
    pte = vcpu[Slot.WALK_PTE]
    bits = pte & PTE_D
    if is_permitted(vcpu, pte, Access.LOAD, view):
        bits = bits | PTE_R
    if is_permitted(vcpu, pte, Access.FETCH, view):
        bits = bits | PTE_X
    if pte & PTE_D != 0 and is_permitted(vcpu, pte, Access.STORE, view):
        bits = bits | PTE_W
    return bits


def reach_device(hart: MachinePage, vcpu: MachinePage, va: int, access: int) -> int:
    """Carry out the instruction that reached beyond RAM, up to its device access."""
    if access == Access.FETCH:
        count(vcpu, Count.EXCEPTION, 1)
        access_fault(vcpu, va, access)
        take(vcpu)
        return 1
    count(vcpu, Count.MMIO, 1)
    hart[Slot.EXIT] = ExitReason.FUEL
    engine_execute(vcpu, fetch(hart, hart[Slot.PC]))
    return 1


def fence(
    hart: MachinePage, vcpu: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int
) -> None:
    """Do on the hart's TLB what an SFENCE.VMA of the guest has done on the second-level TLB."""
    if not by_asid:
        flush(hart, by_va, va, False, asid)
        return
    entry = vcpu[Slot.MONITOR_AT] + CONTEXTS_AT
    left = CONTEXT_SLOTS
    while left > 0:
        known = tlb_get(vcpu, entry + 2)
        if known != 0 and tlb_get(vcpu, entry) >> 44 & ASID_MASK == asid & ASID_MASK:
            flush(hart, by_va, va, True, known & ASID_MASK)
        entry = entry + CONTEXT_WORDS
        left = left - 1
