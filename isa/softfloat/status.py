"""The floating-point status in the hart page: accrued flags, rounding mode, mstatus.FS.

Follows the chapter '"F" Extension', section "Floating-Point Control and Status Register", of the
RISC-V Unprivileged ISA, and "Extension Context Status in mstatus Register" of the Privileged
Architecture.
"""

from isa import mstatus as ms
from isa.state import Slot
from isa.words import Page

INEXACT, UNDERFLOW, OVERFLOW, DIVIDE_BY_ZERO, INVALID = (1 << bit for bit in range(5))

TO_NEAREST_EVEN, TO_ZERO, DOWN, UP, TO_NEAREST_AWAY = range(5)
LAST_MODE = TO_NEAREST_AWAY
DYNAMIC = 7


def is_off(hart: Page) -> bool:
    """Say whether floating-point state is off, so that its instructions are illegal.

    A guest needs it on in its own vsstatus too.
    """
    if hart[Slot.V] != 0 and hart[Slot.VSSTATUS] & ms.FS == 0:
        return True
    return hart[Slot.MSTATUS] & ms.FS == 0


def rounding(hart: Page, rm: int) -> int:
    """Give the rounding mode that an instruction's field stands for; above LAST_MODE: reserved."""
    if rm == DYNAMIC:
        return hart[Slot.FRM]
    return rm


def note_write(hart: Page) -> None:
    """Note that floating-point state has been written: it is dirty."""
    hart[Slot.MSTATUS] = hart[Slot.MSTATUS] | ms.FS | ms.SD
    if hart[Slot.V]:
        hart[Slot.VSSTATUS] = hart[Slot.VSSTATUS] | ms.FS | ms.SD


def raise_flags(hart: Page, flags: int) -> None:
    """Accrue exception flags."""
    hart[Slot.FFLAGS] = hart[Slot.FFLAGS] | flags
    note_write(hart)


def invalid(hart: Page, result: int) -> int:
    """Raise the invalid flag; gives the result to return."""
    raise_flags(hart, INVALID)
    return result
