"""Why a hart stopped running guest instructions, and what its environment has to know.

Not here: what is done about it (`vmm/machine.py`).
"""

from enum import IntEnum
from typing import NamedTuple


class ExitReason(IntEnum):
    """What the environment is asked for."""

    FUEL = 0  # nothing: the allowance is used up
    TRAP = 1  # to handle a trap whose handler is the environment
    MMIO = 2  # to perform a device access
    WFI = 3  # to wait for an interrupt
    TLB_MISS = 4  # to supply a translation
    DEBUG = 5  # nothing: the instruction is about to make an access that a debugger asked for
    MOVED = 6  # nothing: a trap was taken or the privilege changed, and somebody wants to know


class Exit(NamedTuple):
    """An exit. The instruction at `pc` has not been carried out, except for FUEL, WFI and MOVED.

    `cause` and `tval` are those of a TRAP; `tval` is the virtual address of an MMIO, TLB_MISS or
    DEBUG.
    A named tuple, since one is made on every exit: a frozen dataclass takes four times as long.
    """

    reason: ExitReason
    pc: int
    cause: int = 0
    tval: int = 0
    pa: int = 0
    size: int = 0
    access: int = 0
    value: int = 0

    @property
    def is_write(self) -> bool:
        """Whether a device access is a store."""
        return self.access == 3
