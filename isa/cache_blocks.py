"""Cache-block operations: what the meanings of Zicbom and Zicboz share.

There is no cache, so that nothing is left of managing one but its permissions. Written in the words
that every engine executes. Follows the chapter '"CMO" Extensions for Base Cache Management
Operation ISA' of the RISC-V Unprivileged ISA.
"""

from isa.atomics import is_held_up, reach
from isa.causes import Cause, Priv
from isa.csr_access import CBZE
from isa.machine import MachinePage, ram_store
from isa.mmu import Access
from isa.state import Slot
from isa.trap import Detail, pend_illegal, pend_virtual
from isa.triggers import is_triggered
from isa.words import Page

BLOCK = 64  # bytes


def may_operate(hart: Page, word: int, bits: int) -> bool:
    """Say whether the field `bits` of each xenvcfg lets the current mode go on; pend the trap."""
    priv = hart[Slot.PRIV]
    if priv == Priv.M:
        return True
    is_refused = priv == Priv.U and hart[Slot.SENVCFG] & bits == 0
    if hart[Slot.MENVCFG] & bits == 0 or (is_refused and hart[Slot.V] == 0):
        pend_illegal(hart, word)
        return False
    if hart[Slot.V] != 0 and (is_refused or hart[Slot.HENVCFG] & bits == 0):
        pend_virtual(hart, word)
        return False
    return True


def manage_block(hart: MachinePage, word: int, va: int, bits: int) -> None:
    """Check whether a block may be cleaned, flushed or invalidated: whoever may load it may."""
    if not may_operate(hart, word, bits):
        return
    block = va & ~(BLOCK - 1)
    if is_triggered(hart, block, BLOCK, Access.STORE):
        return
    reach(hart, block, BLOCK, Access.LOAD)
    if hart[Slot.PENDING] != 0:  # what keeps from loading is reported as if it kept from storing
        hart[Slot.CAUSE] += Access.STORE - Access.LOAD
        hart[Slot.TVAL] = va
        is_told = hart[Slot.TRAP_DETAIL] != Detail.MINIMAL and hart[Slot.TINST] == 0
        if hart[Slot.CAUSE] == Cause.STORE_GUEST_PAGE and is_told:
            hart[Slot.TVAL2] |= (va & BLOCK - 1) >> 2  # the same byte's guest-physical address


def zero_block(hart: MachinePage, word: int, va: int) -> None:
    """Store zeros to a block."""
    if not may_operate(hart, word, CBZE):
        return
    block = va & ~(BLOCK - 1)
    if is_triggered(hart, block, BLOCK, Access.STORE):
        return
    offset = reach(hart, block, BLOCK, Access.STORE)
    if is_held_up(hart):
        return
    end = offset + BLOCK
    while offset != end:
        ram_store(hart, offset, 8, 0)
        offset = offset + 8
