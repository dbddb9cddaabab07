"""Translation contexts of deprivileged guests: whose mappings are in use, and the hart ASID for it.

All of the guest's privilege levels run in the hart's U-mode, so each combination of what decides a
translation has a hart ASID of its own (docs/decisions/0006). Written in the words that every engine
executes.
"""

from isa import mstatus as ms
from isa.causes import Priv
from isa.machine import MachinePage, tlb_get, tlb_put
from isa.mmu import Access, is_permitted
from isa.pte import ASID_MASK, ASID_SHIFT, MODE_SHIFT, PTE_D, PTE_R, PTE_W, PTE_X
from isa.state import Slot
from isa.tlb import NOT_FOUND, RIGHTS_SHIFT, find, flush, guest_space
from isa.triggers import has_trigger
from isa.walk import has_right, is_permitted_guest
from vmm.counts import CONTEXT_SLOTS, CONTEXT_WORDS, CONTEXTS_AT

USER, KERNEL, UNTRANSLATED = 0, 1, 2
BELOW_M = 4  # added to UNTRANSLATED in a context's key: PMP binds S and U otherwise than M
NESTED = 8  # in a context's key: the guest runs a guest of its own
MXR_OF_HOST = 2  # by how much mstatus.MXR is shifted in the key of a nested context
ALL_ACCESS = PTE_R | PTE_W | PTE_X
SATP_PAGED = 8 << MODE_SHIFT
LAST_GIVEN = 0  # of the hart's monitor words: the ASID given out last, and its generation
HART_WORDS = 1
ASID_BITS = 16
SATP_AT, VIEW_AT, HGATP_AT, ASID_AT, ROOT_AT = range(CONTEXT_WORDS)
"""Words of a remembered context. The root is the memory mode's own."""


def view_of(vcpu: MachinePage) -> int:
    """Say whose mappings are in use: the user's, the kernel's, or none (translation is off)."""
    priv = vcpu[Slot.PRIV]
    if vcpu[Slot.V]:
        return priv
    if priv == Priv.M or vcpu[Slot.SATP] >> MODE_SHIFT == 0:
        return UNTRANSLATED
    return priv


def key_of(vcpu: MachinePage) -> int:
    """Give all but tables that decides the vCPU's translations now."""
    view = view_of(vcpu)
    if vcpu[Slot.V]:
        both = vcpu[Slot.VSSTATUS] & (ms.SUM | ms.MXR)
        return view | NESTED | both | (vcpu[Slot.MSTATUS] & ms.MXR) << MXR_OF_HOST
    if view == UNTRANSLATED:
        if vcpu[Slot.PRIV] != Priv.M:
            return UNTRANSLATED + BELOW_M
        return UNTRANSLATED
    return view | vcpu[Slot.MSTATUS] & (ms.SUM | ms.MXR)


def tables_of(vcpu: MachinePage, view: int) -> int:
    """Give the register that names the current first-stage tables, 0 where none are in use."""
    if view & NESTED:
        return vcpu[Slot.VSATP]
    if view & UNTRANSLATED:
        return 0
    return vcpu[Slot.SATP]


def find_context(hart: MachinePage, vcpu: MachinePage) -> int:
    """Give where the current context is among the vCPU's monitor words, remembering it if new."""
    view = key_of(vcpu)
    satp = tables_of(vcpu, view)
    hgatp = 0
    if view & NESTED:
        hgatp = vcpu[Slot.HGATP]
    mixed = satp ^ satp >> 44 ^ view << 1 ^ view >> 17 ^ hgatp
    entry = vcpu[Slot.MONITOR_AT] + CONTEXTS_AT + (mixed & CONTEXT_SLOTS - 1) * CONTEXT_WORDS
    given = tlb_get(vcpu, entry + ASID_AT)
    if (
        tlb_get(vcpu, entry + SATP_AT) != satp
        or tlb_get(vcpu, entry + VIEW_AT) != view
        or tlb_get(vcpu, entry + HGATP_AT) != hgatp
        or given >> ASID_BITS != tlb_get(hart, hart[Slot.MONITOR_AT] + LAST_GIVEN) >> ASID_BITS
        or given == 0
    ):
        tlb_put(vcpu, entry + SATP_AT, satp)
        tlb_put(vcpu, entry + VIEW_AT, view)
        tlb_put(vcpu, entry + HGATP_AT, hgatp)
        tlb_put(vcpu, entry + ASID_AT, give_asid(hart))
        tlb_put(vcpu, entry + ROOT_AT, 0)
    return entry


def give_asid(hart: MachinePage) -> int:
    """Give out a hart ASID, with the number of its generation above it.

    When all ASIDs have been used, what they tagged is dropped and the next generation begins:
    contexts that remember an older one no longer have an ASID.
    """
    at = hart[Slot.MONITOR_AT] + LAST_GIVEN
    given = tlb_get(hart, at) + 1
    if given & ASID_MASK == 0:
        flush(hart, False, given, False, given)
        given = given + 1
    tlb_put(hart, at, given)
    return given


def fence_contexts(
    hart: MachinePage, vcpu: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int
) -> None:
    """Drop from the hart's TLB what a guest's SFENCE.VMA names."""
    if not by_asid:
        flush(hart, by_va, va, False, asid)
        return
    entry = vcpu[Slot.MONITOR_AT] + CONTEXTS_AT
    left = CONTEXT_SLOTS
    while left > 0:
        known = tlb_get(vcpu, entry + ASID_AT)
        same = tlb_get(vcpu, entry + SATP_AT) >> ASID_SHIFT & ASID_MASK == asid & ASID_MASK
        if known != 0 and same:
            flush(hart, by_va, va, True, known & ASID_MASK)
        entry = entry + CONTEXT_WORDS
        left = left - 1


def is_looked_at(vcpu: MachinePage, va: int, access: int) -> bool:
    """Say whether a trigger looks at accesses to a page; an AMO both loads and stores."""
    if access == Access.FETCH:
        return has_trigger(vcpu, va, Access.FETCH)
    return has_trigger(vcpu, va, Access.LOAD) or has_trigger(vcpu, va, Access.STORE)


def rights(vcpu: MachinePage, va: int) -> int:
    """Give the R, W, X and D bits for a page just translated: what the vCPU may do unseen."""
    bits = rights_by_tables(vcpu, va)
    if is_looked_at(vcpu, va, Access.LOAD):
        bits = bits & ~(PTE_R | PTE_W)
    if is_looked_at(vcpu, va, Access.FETCH):
        bits = bits & ~PTE_X
    return bits


def rights_by_tables(vcpu: MachinePage, va: int) -> int:
    """Give what of them the guest's tables allow.

    A clean page gets no W, so that its first store comes back to set the guest's D bit.
    """
    view = view_of(vcpu)
    if vcpu[Slot.V]:
        return nested_rights(vcpu, va, view)
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


def nested_rights(vcpu: MachinePage, va: int, priv: int) -> int:
    """Give the same for a guest's guest: what both of its stages permit."""
    pte = vcpu[Slot.WALK_PTE]
    allowed = vcpu[Slot.GUEST_RIGHTS]
    if vcpu[Slot.TLB_WAYS]:
        index = find(vcpu, va >> 12, guest_space(vcpu))
        if index != NOT_FOUND:
            pte = tlb_get(vcpu, index + 2)
            allowed = tlb_get(vcpu, index + 3) >> RIGHTS_SHIFT
    bits = pte & PTE_D
    if may_nested(vcpu, pte, allowed, Access.LOAD, priv):
        bits = bits | PTE_R
    if may_nested(vcpu, pte, allowed, Access.FETCH, priv):
        bits = bits | PTE_X
    if pte & PTE_D != 0 and may_nested(vcpu, pte, allowed, Access.STORE, priv):
        bits = bits | PTE_W
    return bits


def may_nested(vcpu: MachinePage, pte: int, allowed: int, access: int, priv: int) -> bool:
    """Say whether both stages of a guest's guest permit an access."""
    if not has_right(allowed, access, vcpu[Slot.MSTATUS] & ms.MXR != 0):
        return False
    return vcpu[Slot.VSATP] >> MODE_SHIFT == 0 or is_permitted_guest(vcpu, pte, access, priv)
