"""SBI RFENCE: fences on other harts.

Follows the SBI Specification v3.0, chapter "RFENCE Extension (EID #0x52464E43 "RFNC")".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vmm.contracts import FenceKind, RemoteFence, SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.args import (
    INVALID_ADDRESS,
    INVALID_PARAM,
    NOT_SUPPORTED,
    SUCCESS,
    fence_span,
    harts_of_mask,
    interruptible,
)
from vmm.hypercalls.sbi.extension import Extension


@dataclass(frozen=True)
class Fence:
    """One remote fence call: hart_mask, hart_mask_base, then start, size and tag as far as used."""

    kind: FenceKind
    has_range: bool = True
    has_tag: bool = False
    needs_hypervisor: bool = False

    def __call__(self, platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
        if self.needs_hypervisor and not platform.has_hypervisor:
            return NOT_SUPPORTED
        harts = harts_of_mask(platform, args[0], args[1])
        if harts is None:
            return INVALID_PARAM
        fence = RemoteFence(self.kind)
        if self.has_range:
            span = fence_span(args[2], args[3])
            if span is None:
                return INVALID_ADDRESS
            tag = args[4] if self.has_tag else None
            fence = RemoteFence(self.kind, span.start, span.size, tag)
        send_fence(platform, harts, fence)
        return SUCCESS


def send_fence(platform: SbiPlatform, harts: Sequence[int], fence: RemoteFence) -> None:
    """Have every hart that can run execute the fence; a range of no bytes needs none."""
    if fence.size == 0:
        return
    for target in interruptible(platform, harts):
        platform.remote_fence(target, fence)


EXTENSION = Extension(
    "RFNC",
    0x52464E43,
    {
        0: Fence(FenceKind.FENCE_I, has_range=False),
        1: Fence(FenceKind.SFENCE_VMA),
        2: Fence(FenceKind.SFENCE_VMA, has_tag=True),
        3: Fence(FenceKind.HFENCE_GVMA, has_tag=True, needs_hypervisor=True),
        4: Fence(FenceKind.HFENCE_GVMA, needs_hypervisor=True),
        5: Fence(FenceKind.HFENCE_VVMA, has_tag=True, needs_hypervisor=True),
        6: Fence(FenceKind.HFENCE_VVMA, needs_hypervisor=True),
    },
)
