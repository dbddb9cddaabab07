"""The modelled TLB: sets, ways and first-in-first-out replacement, so that hits change nothing.

Entries are of 4 KiB; a larger page is cached in pieces, each with the span of its leaf entry so
that a fence by address finds all of them. A tag names the address space: ASID, VMID, and whose
stages translate; so nothing is dropped when worlds are switched. With no ways there is no modelled
TLB. Written in the words that every engine executes; fences follow the chapters "Supervisor-Level
ISA" and "Hypervisor Extension" of the RISC-V Privileged Architecture.
"""

from isa.machine import MachinePage, drop_all_inline, drop_inline, tlb_get, tlb_put
from isa.pte import ASID_MASK, ASID_SHIFT, MODE_SHIFT, PTE_G, VMID_MASK
from isa.state import Slot
from isa.words import Page

ENTRY = 4  # words: vpn and valid bit, space, page-table entry of the 4 KiB piece, span and rights
NOT_FOUND = (1 << 64) - 1
NO_PAGE = (1 << 64) - 1  # in place of the first page of a range: there is none
VMID_AT = 16  # in a space, above the ASID
GUEST_SPACE, BARE_FIRST, BARE_SECOND = 1 << 32, 1 << 33, 1 << 34
EVERY_HOST = (1 << 64) - 1 - ASID_MASK
EVERY_GUEST = GUEST_SPACE
EVERY_IN_VMID = GUEST_SPACE | VMID_MASK << VMID_AT
RIGHTS_SHIFT = 8  # of what the G-stage permits, above the span
SPAN_MASK = (1 << RIGHTS_SHIFT) - 1


def words_needed(sets: int, ways: int) -> int:
    """Give the size in words of a TLB's memory: entries, and each set's next victim."""
    return sets * ways * ENTRY + sets


def host_space(hart: MachinePage) -> int:
    """Give the tag of what satp translates."""
    return hart[Slot.SATP] >> ASID_SHIFT & ASID_MASK


def guest_space(hart: MachinePage) -> int:
    """Give the tag of what vsatp and hgatp translate; a Bare stage has a space of its own."""
    vsatp = hart[Slot.VSATP]
    space = current_guest(hart) | vsatp >> ASID_SHIFT & ASID_MASK
    if vsatp >> MODE_SHIFT == 0:
        space = space | BARE_FIRST
    if hart[Slot.HGATP] >> MODE_SHIFT == 0:
        space = space | BARE_SECOND
    return space


def current_guest(hart: MachinePage) -> int:
    """Give the tag of the current guest without its ASID."""
    return GUEST_SPACE | (hart[Slot.HGATP] >> ASID_SHIFT & VMID_MASK) << VMID_AT


def find(hart: MachinePage, vpn: int, space: int) -> int:
    """Give the index of the entry that translates a page in a space, or NOT_FOUND."""
    span = hart[Slot.TLB_WAYS] * ENTRY
    index = (vpn & hart[Slot.TLB_SETS] - 1) * span
    end = index + span
    tag = vpn << 1 | 1
    while index != end:
        if tlb_get(hart, index) == tag:
            apart = tlb_get(hart, index + 1) ^ space
            if apart == 0 or (apart & ~ASID_MASK == 0 and tlb_get(hart, index + 2) & PTE_G != 0):
                return index
        index = index + ENTRY
    return NOT_FOUND


def insert(hart: MachinePage, vpn: int, space: int, pte: int, span: int) -> None:
    """Cache a translation, in place of the page's old one or of the oldest of its set."""
    index = find(hart, vpn, space)
    if index == NOT_FOUND:
        index = choose_victim(hart, vpn)
    note_span(hart, vpn, span & SPAN_MASK)
    old = tlb_get(hart, index)
    if old != 0:
        drop_inline(hart, old >> 1)
    tlb_put(hart, index, vpn << 1 | 1)
    tlb_put(hart, index + 1, space)
    tlb_put(hart, index + 2, pte)
    tlb_put(hart, index + 3, span)


def choose_victim(hart: MachinePage, vpn: int) -> int:
    """Give the index of the oldest entry of a page's set, and advance the set."""
    sets = hart[Slot.TLB_SETS]
    ways = hart[Slot.TLB_WAYS]
    chosen = vpn & sets - 1
    turn = sets * ways * ENTRY + chosen
    way = tlb_get(hart, turn)
    after = way + 1
    if after == ways:
        after = after - ways
    tlb_put(hart, turn, after)
    return (chosen * ways + way) * ENTRY


def flush(hart: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int) -> None:
    """Drop what satp has translated: of an address or all, of an ASID (not global ones) or all."""
    if by_asid:
        drop_space(hart, by_va, va, asid & ASID_MASK, EVERY_HOST | ASID_MASK)
    else:
        drop_space(hart, by_va, va, 0, EVERY_HOST)


def flush_guest(hart: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int) -> None:
    """Drop what vsatp has translated for the current guest: likewise."""
    space = current_guest(hart)
    if by_asid:
        drop_space(hart, by_va, va, space | asid & ASID_MASK, EVERY_IN_VMID | ASID_MASK)
    else:
        drop_space(hart, by_va, va, space, EVERY_IN_VMID)


def flush_guests(hart: MachinePage, by_vmid: bool, vmid: int) -> None:
    """Drop all translations of one guest or of every guest: no entry tells its guest address."""
    if by_vmid:
        space = GUEST_SPACE | (vmid & VMID_MASK) << VMID_AT
        drop_space(hart, False, 0, space, EVERY_IN_VMID)
    else:
        drop_space(hart, False, 0, EVERY_GUEST, EVERY_GUEST)


def note_span(hart: Page, vpn: int, span: int) -> None:
    """Note that a piece of a larger page is known: a fence by address must find all of them."""
    if span != 0:
        first = vpn >> span << span
        if first < hart[Slot.SUPER_FIRST]:
            hart[Slot.SUPER_FIRST] = first
        if first + ((1 << span) - 1) > hart[Slot.SUPER_LAST]:
            hart[Slot.SUPER_LAST] = first + ((1 << span) - 1)


def drop_space(hart: MachinePage, by_va: bool, va: int, space: int, matched: int) -> None:
    """Drop entries whose space has the `matched` bits of `space`; with an ASID, not global ones.

    By an address where no larger page is known, there is one set to look at.
    """
    vpn = va >> 12
    is_narrow = by_va and (vpn < hart[Slot.SUPER_FIRST] or vpn > hart[Slot.SUPER_LAST])
    count = hart[Slot.TLB_SETS] * hart[Slot.TLB_WAYS]
    index = 0
    if is_narrow:
        count = hart[Slot.TLB_WAYS]
        index = (vpn & hart[Slot.TLB_SETS] - 1) * count * ENTRY
    while count > 0:
        tag = tlb_get(hart, index)
        if tag != 0:
            apart = (tag >> 1 ^ vpn) >> (tlb_get(hart, index + 3) & SPAN_MASK)
            is_there = (tlb_get(hart, index + 1) ^ space) & matched == 0
            is_kept = matched & ASID_MASK != 0 and tlb_get(hart, index + 2) & PTE_G != 0
            if is_there and not is_kept and (not by_va or apart == 0):
                tlb_put(hart, index, 0)
        index = index + ENTRY
        count = count - 1
    if is_narrow:
        drop_inline(hart, vpn)
    else:
        drop_all_inline(hart)
