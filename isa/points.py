"""What a debugger wants to hear of: accesses to addresses of its choice, and changes of privilege.

Points are address ranges in words behind a hart's TLB. Pages with one are kept out of the engines'
quick paths (`isa/mmu.py`), so that a hart with no point near runs as fast as ever. A point is found
before the instruction has done anything: the exit DEBUG leaves it to be carried out.
"""

from isa.exits import ExitReason
from isa.machine import MachinePage, tlb_get
from isa.pte import PAGE_SHIFT
from isa.state import Slot
from isa.words import Page

POINT_WORDS = 3  # first address, last address, bit 1 << Access for each kind of access
MOST_POINTS = 64


def is_near(hart: MachinePage, va: int, access: int) -> bool:
    """Say whether the page of an address has a point for a kind of access."""
    at = hart[Slot.POINTS_AT]
    left = hart[Slot.POINTS]
    page = va >> PAGE_SHIFT
    while left > 0:
        is_kind = tlb_get(hart, at + 2) >> access & 1 != 0
        is_before = page < tlb_get(hart, at) >> PAGE_SHIFT
        if is_kind and not is_before and page <= tlb_get(hart, at + 1) >> PAGE_SHIFT:
            return True
        at = at + POINT_WORDS
        left = left - 1
    return False


def is_stopped(hart: MachinePage, va: int, size: int, access: int) -> bool:
    """Say whether an access touches a point; then that is the exit."""
    at = hart[Slot.POINTS_AT]
    left = hart[Slot.POINTS]
    while left > 0:
        first = tlb_get(hart, at)
        if tlb_get(hart, at + 2) >> access & 1 != 0:
            is_inside = va >= first and va <= tlb_get(hart, at + 1)
            if is_inside or (va < first and first - va < size):
                hart[Slot.EXIT] = ExitReason.DEBUG
                hart[Slot.EXIT_ACCESS] = access
                hart[Slot.EXIT_SIZE] = size
                hart[Slot.TVAL] = va
                return True
        at = at + POINT_WORDS
        left = left - 1
    return False


def has_moved(hart: Page) -> bool:
    """Say whether a trap was taken or the privilege changed since the last time; that is an exit.

    Asked only of harts with `Slot.MOVES_WATCHED`.
    """
    state = hart[Slot.TRAPS] << 3 | hart[Slot.V] << 2 | hart[Slot.PRIV]
    if state == hart[Slot.MOVES_SEEN]:
        return False
    hart[Slot.MOVES_SEEN] = state
    hart[Slot.EXIT] = ExitReason.MOVED
    return True
