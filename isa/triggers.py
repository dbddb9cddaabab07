"""Sdtrig: triggers that stop a program where it executes, loads or stores.

Four triggers of the types mcontrol and mcontrol6, which compare the address of every byte of an
access and raise a breakpoint exception before it is made. Follows the chapter "Sdtrig (ISA
Extension)" of the RISC-V Debug Specification 1.0. A trigger's page stays out of an engine's inline
TLB (`has_trigger`), so that accesses to other pages cost nothing. Every hart has triggers, as
Spike's and QEMU's have: no ISA string selects them.
A debugger outside the guest has points of its own (`isa/points.py`).
"""

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.machine import MachinePage, drop_all_inline
from isa.pte import PAGE_SHIFT
from isa.state import Slot
from isa.trap import ISA_H, pend_address
from isa.walk import Access, is_virtual
from isa.words import Page

TRIGGERS = 4
TYPE_SHIFT = 60
MCONTROL, MCONTROL6, DISABLED = 2, 6, 15
TRIGGER_INFO = 1 << 24 | 1 << MCONTROL | 1 << MCONTROL6 | 1 << DISABLED

# Fields of mcontrol and mcontrol6
LOAD, STORE, EXECUTE, IN_U, IN_S, IN_M = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 6
MATCH_SHIFT = 7
CHAIN = 1 << 11
HIT = 1 << 20  # of mcontrol
HIT_BEFORE, IN_VU, IN_VS = 1 << 22, 1 << 23, 1 << 24  # of mcontrol6
SHARED = LOAD | STORE | EXECUTE | IN_U | IN_S | IN_M | CHAIN
EQUAL, NAPOT, GREATER_OR_EQUAL, LESS, MASK_LOW, MASK_HIGH = range(6)
HALF = 32


# CSRs


def write_tselect(hart: Page, value: int) -> None:
    """Write tselect, which keeps its value when there is no such trigger."""
    if value < TRIGGERS:
        hart[Slot.TSELECT] = value


def read_tdata1(hart: Page) -> int:
    """Read the type and the control bits of the trigger that tselect selects."""
    control = hart[Slot.TDATA1 + hart[Slot.TSELECT]]
    if control == 0:
        return DISABLED << TYPE_SHIFT
    return control


def write_tdata1(hart: MachinePage, value: int) -> None:
    """Write it; a type that is not there disables the trigger."""
    hart[Slot.TDATA1 + hart[Slot.TSELECT]] = legal_control(hart, value)
    note_armed(hart)


def legal_control(hart: Page, value: int) -> int:
    """Give what a trigger holds after a write: the action is always a breakpoint exception."""
    kind = value >> TYPE_SHIFT
    kept = SHARED
    if kind == MCONTROL:
        kept = kept | HIT
    elif kind == MCONTROL6:
        kept = kept | HIT_BEFORE
        if hart[Slot.ISA] & ISA_H:
            kept = kept | IN_VS | IN_VU
    else:
        return 0
    match = value >> MATCH_SHIFT & 15
    if match > MASK_HIGH or (match == NAPOT and kind == MCONTROL):  # whose maskmax is 0
        match = EQUAL
    return kind << TYPE_SHIFT | value & kept | match << MATCH_SHIFT


def read_tdata2(hart: Page) -> int:
    """Read the address that the selected trigger compares with."""
    return hart[Slot.TDATA2 + hart[Slot.TSELECT]]


def write_tdata2(hart: MachinePage, value: int) -> None:
    """Write it."""
    hart[Slot.TDATA2 + hart[Slot.TSELECT]] = value
    drop_all_inline(hart)


def note_armed(hart: MachinePage) -> None:
    """Note the kinds of access that triggers look at: a bit for each `Access`."""
    armed = 0
    index = 0
    while index < TRIGGERS:
        control = hart[Slot.TDATA1 + index]
        if control & EXECUTE:
            armed = armed | 1 << Access.FETCH
        if control & LOAD:
            armed = armed | 1 << Access.LOAD
        if control & STORE:
            armed = armed | 1 << Access.STORE
        index = index + 1
    hart[Slot.ARMED] = armed
    drop_all_inline(hart)


# Matching


def has_trigger(hart: Page, va: int, access: int) -> bool:
    """Say whether accesses to an address's page must be looked at one by one."""
    if hart[Slot.ARMED] >> access & 1 == 0:
        return False
    page = va >> PAGE_SHIFT
    index = 0
    while index < TRIGGERS:
        control = hart[Slot.TDATA1 + index]
        if looks_at(control, access) and may_match(control, hart[Slot.TDATA2 + index], page):
            return True
        index = index + 1
    return False


def looks_at(control: int, access: int) -> bool:
    """Say whether a trigger looks at accesses of a kind."""
    if access == Access.FETCH:
        return control & EXECUTE != 0
    if access == Access.STORE:
        return control & STORE != 0
    return control & LOAD != 0


def may_match(control: int, operand: int, page: int) -> bool:
    """Say whether a trigger may match an address in a page."""
    match = control >> MATCH_SHIFT & 15
    own = operand >> PAGE_SHIFT
    if match == EQUAL:
        return page == own
    if match == NAPOT:
        return (page ^ own) & ~((operand ^ operand + 1) >> PAGE_SHIFT) == 0
    if match == GREATER_OR_EQUAL:
        return page >= own
    if match == LESS:
        return page <= own
    return True


def is_triggered(hart: MachinePage, va: int, size: int, access: int) -> bool:
    """Pend the breakpoint of an access that a trigger stops; say whether one does."""
    if hart[Slot.ARMED] >> access & 1 == 0:
        return False
    if may_fire(hart) and does_fire(hart, va, size, access):
        pend_address(hart, Cause.BREAKPOINT, va, is_virtual(hart, access))
        return True
    return False


def may_fire(hart: Page) -> bool:
    """Say whether a breakpoint may be raised: not where its handler could not return from it.

    That is the manual's rule without tcontrol: a mode that takes its own breakpoints must have its
    interrupts enabled.
    """
    priv = hart[Slot.PRIV]
    if priv == Priv.M:
        return hart[Slot.MSTATUS] & ms.MIE != 0
    if priv == Priv.U or hart[Slot.MEDELEG] >> Cause.BREAKPOINT & 1 == 0:
        return True
    if hart[Slot.V] == 0:
        return hart[Slot.MSTATUS] & ms.SIE != 0
    return hart[Slot.HEDELEG] >> Cause.BREAKPOINT & 1 == 0 or hart[Slot.VSSTATUS] & ms.SIE != 0


def does_fire(hart: Page, va: int, size: int, access: int) -> bool:
    """Say whether a trigger, or the last one of a chain, matches; note hits."""
    index = 0
    is_in_reach = True  # all before it in the chain have matched
    while index < TRIGGERS:
        control = hart[Slot.TDATA1 + index]
        is_hit = False
        if is_in_reach and looks_at(control, access) and is_for_mode(hart, control):
            is_hit = matches(control, hart[Slot.TDATA2 + index], va, size)
        if is_hit:
            hart[Slot.TDATA1 + index] = with_hit(control)
            if control & CHAIN == 0:
                return True
        is_in_reach = is_hit or control & CHAIN == 0
        index = index + 1
    return False


def with_hit(control: int) -> int:
    """Give a trigger's control bits after it has matched."""
    if control >> TYPE_SHIFT == MCONTROL:
        return control | HIT
    return control | HIT_BEFORE


def is_for_mode(hart: Page, control: int) -> bool:
    """Say whether a trigger is enabled in the current mode."""
    priv = hart[Slot.PRIV]
    if priv == Priv.M:
        return control & IN_M != 0
    if hart[Slot.V]:
        if priv == Priv.S:
            return control & IN_VS != 0
        return control & IN_VU != 0
    if priv == Priv.S:
        return control & IN_S != 0
    return control & IN_U != 0


def matches(control: int, operand: int, va: int, size: int) -> bool:
    """Compare the addresses of an access's bytes with a trigger's."""
    match = control >> MATCH_SHIFT & 15
    last = va + (size - 1)
    if match == EQUAL:
        return va <= operand and operand <= last
    if match == NAPOT:
        ones = operand ^ operand + 1
        return va <= operand | ones and operand & ~ones <= last
    if match == GREATER_OR_EQUAL:
        return last >= operand
    if match == LESS:
        return va < operand
    return matches_masked(match, operand, va, size)


def matches_masked(match: int, operand: int, va: int, size: int) -> bool:
    """Compare half of each address, less what the upper half of tdata2 masks, with its lower."""
    mask = operand >> HALF
    wanted = operand & (1 << HALF) - 1
    while size != 0:
        half = va
        if match == MASK_HIGH:
            half = va >> HALF
        if half & mask == wanted:
            return True
        va = va + 1
        size = size - 1
    return False
