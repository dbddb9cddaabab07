"""What several SBI extensions ask of their arguments: hart masks, 32-bit values, address ranges.

Follows the SBI Specification v3.0, chapter "Binary Encoding".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vmm.contracts import SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.errors import SbiError

XLEN = 64
ALL_ONES = (1 << XLEN) - 1
ALL_HARTS = ALL_ONES
"""A hart_mask_base of -1: "all available harts must be considered", whatever the mask."""

SUCCESS = SbiReturn(SbiError.SUCCESS)
INVALID_PARAM = SbiReturn(SbiError.INVALID_PARAM)
INVALID_ADDRESS = SbiReturn(SbiError.INVALID_ADDRESS)
NOT_SUPPORTED = SbiReturn(SbiError.NOT_SUPPORTED)
FAILED = SbiReturn(SbiError.FAILED)


def u32(value: int) -> int:
    """Return the low half of a register that carries a 32-bit argument."""
    return value & 0xFFFFFFFF


def harts_of_mask(platform: SbiPlatform, mask: int, base: int) -> list[int] | None:
    """Return the harts that a mask names, None if the base or any of them is not valid."""
    known = platform.hart_ids
    if base == ALL_HARTS:
        return list(known)
    if base > known[-1]:
        return None
    named = [base + bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    return named if all(platform.harts.is_known(hart) for hart in named) else None


@dataclass(frozen=True, slots=True)
class Span:
    """A range of addresses to fence; `size` None means the whole address space."""

    start: int
    size: int | None


def fence_span(start: int, size: int) -> Span | None:
    """Return the range of a remote fence, None if it runs past the end of the address space.

    SBI, chapter "RFENCE Extension": "start_addr and size are both 0, or size is equal to 2^XLEN-1"
    mean the entire address space.
    """
    if size == ALL_ONES or (start == 0 and size == 0):
        return Span(0, None)
    return None if start + size > 1 << XLEN else Span(start, size)


def interruptible(platform: SbiPlatform, harts: Sequence[int]) -> list[int]:
    """Return those harts that run or sleep; a stopped one gets no interrupts and needs no fence."""
    return [hart for hart in harts if platform.harts.is_interruptible(hart)]
