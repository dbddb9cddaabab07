"""The modelled TLB: sets, ways and first-in-first-out replacement, so that hits change nothing.

Entries are of 4 KiB; a superpage is cached in pieces, each with the level of its leaf entry so that
a fence by address finds all of them. With no ways there is no modelled TLB. Written in the words
that every engine executes; SFENCE.VMA follows the chapter "Supervisor-Level ISA" of the RISC-V
Privileged Architecture.
"""

from isa.machine import MachinePage, drop_all_inline, drop_inline, tlb_get, tlb_put
from isa.pte import PTE_G
from isa.state import Slot

ENTRY = 4  # words: vpn and valid bit, ASID, page-table entry of the 4 KiB piece, level
NOT_FOUND = (1 << 64) - 1
ASID_MASK = 0xFFFF


def words_needed(sets: int, ways: int) -> int:
    """Give the size in words of a TLB's memory: entries, and each set's next victim."""
    return sets * ways * ENTRY + sets


def find(hart: MachinePage, vpn: int, asid: int) -> int:
    """Give the index of the entry that translates a page, or NOT_FOUND."""
    span = hart[Slot.TLB_WAYS] * ENTRY
    index = (vpn & hart[Slot.TLB_SETS] - 1) * span
    end = index + span
    tag = vpn << 1 | 1
    while index != end:
        if tlb_get(hart, index) == tag and (
            tlb_get(hart, index + 1) == asid or tlb_get(hart, index + 2) & PTE_G != 0
        ):
            return index
        index = index + ENTRY
    return NOT_FOUND


def insert(hart: MachinePage, vpn: int, asid: int, pte: int, level: int) -> None:
    """Cache a translation, in place of the page's old one or of the oldest of its set."""
    index = find(hart, vpn, asid)
    if index == NOT_FOUND:
        index = choose_victim(hart, vpn)
    old = tlb_get(hart, index)
    if old != 0:
        drop_inline(hart, old >> 1)
    tlb_put(hart, index, vpn << 1 | 1)
    tlb_put(hart, index + 1, asid)
    tlb_put(hart, index + 2, pte)
    tlb_put(hart, index + 3, level)


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
    """Drop cached translations: of one address or all, of one ASID (not global ones) or all."""
    vpn = va >> 12
    asid = asid & ASID_MASK
    count = hart[Slot.TLB_SETS] * hart[Slot.TLB_WAYS]
    index = 0
    while count > 0:
        tag = tlb_get(hart, index)
        if tag != 0:
            apart = (tag >> 1 ^ vpn) >> (9 * tlb_get(hart, index + 3))
            is_global = tlb_get(hart, index + 2) & PTE_G != 0
            if (not by_va or apart == 0) and (
                not by_asid or (tlb_get(hart, index + 1) == asid and not is_global)
            ):
                tlb_put(hart, index, 0)
        index = index + ENTRY
        count = count - 1
    if by_va and hart[Slot.INLINE_SUPER] == 0:
        drop_inline(hart, vpn)
    else:
        drop_all_inline(hart)
