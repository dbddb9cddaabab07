"""Why a hart stopped running guest instructions."""

from dataclasses import dataclass
from enum import IntEnum


class ExitReason(IntEnum):
    """What the environment is asked for."""

    FUEL = 0  # nothing: the allowance is used up
    TRAP = 1  # to handle a trap whose handler is the environment
    MMIO = 2  # to perform a device access
    WFI = 3  # to wait for an interrupt
    TLB_MISS = 4  # to supply a translation


@dataclass(frozen=True)
class Exit:
    """An exit. The instruction at `pc` has not been carried out, except for FUEL and WFI.

    `cause` and `tval` are those of a TRAP; `tval` is the virtual address of an MMIO or TLB_MISS.
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
