"""The legacy SBI calls, each an extension of its own, which change a0 only.

Follows the SBI Specification v3.0, chapter "Legacy Extensions (EIDs #0x00 - #0x0F)". A hart mask is
read from the caller's virtual memory; a null pointer means all harts, as old kernels pass it.
"""

from collections.abc import Sequence

from vmm.contracts import (
    CallHandler,
    CallOutcome,
    FenceKind,
    LegacyReturn,
    MachineStopped,
    RedirectedFault,
    RemoteFence,
    SbiPlatform,
    StopKind,
    StopRequest,
)
from vmm.hypercalls.sbi.args import XLEN, fence_span, interruptible
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.extension import Extension
from vmm.hypercalls.sbi.rfence import send_fence

DONE = LegacyReturn(0)
NO_CHARACTER = LegacyReturn(-1)


def set_timer(platform: SbiPlatform, hart: int, args: Sequence[int]) -> LegacyReturn:
    """Arm the S-mode timer."""
    platform.set_timer(hart, args[0])
    return DONE


def console_putchar(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> LegacyReturn:
    """Print one byte."""
    taken = platform.console_write(bytes((args[0] & 0xFF,)))
    return DONE if taken else LegacyReturn(SbiError.FAILED)


def console_getchar(platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> LegacyReturn:
    """Return one byte of input, or -1."""
    data = platform.console_read(1)
    return LegacyReturn(data[0]) if data else NO_CHARACTER


def clear_ipi(platform: SbiPlatform, hart: int, _args: Sequence[int]) -> LegacyReturn:
    """Clear the caller's software interrupt; return 1 if it was pending."""
    return LegacyReturn(int(platform.clear_ipi(hart)))


def send_ipi(platform: SbiPlatform, hart: int, args: Sequence[int]) -> CallOutcome:
    """Make the software interrupt pending on the harts of a mask."""
    harts = read_hart_mask(platform, hart, args[0])
    if not isinstance(harts, list):
        return harts
    for target in interruptible(platform, harts):
        platform.send_ipi(target)
    return DONE


def remote_fence_i(platform: SbiPlatform, hart: int, args: Sequence[int]) -> CallOutcome:
    """Have the harts of a mask execute FENCE.I."""
    harts = read_hart_mask(platform, hart, args[0])
    if not isinstance(harts, list):
        return harts
    send_fence(platform, harts, RemoteFence(FenceKind.FENCE_I))
    return DONE


def remote_sfence_vma(platform: SbiPlatform, hart: int, args: Sequence[int]) -> CallOutcome:
    """Have the harts of a mask execute SFENCE.VMA."""
    return _remote_sfence(platform, hart, args, tag=None)


def remote_sfence_vma_asid(platform: SbiPlatform, hart: int, args: Sequence[int]) -> CallOutcome:
    """Have the harts of a mask execute SFENCE.VMA for one ASID."""
    return _remote_sfence(platform, hart, args, tag=args[3])


def _remote_sfence(
    platform: SbiPlatform, hart: int, args: Sequence[int], *, tag: int | None
) -> CallOutcome:
    harts = read_hart_mask(platform, hart, args[0])
    if not isinstance(harts, list):
        return harts
    span = fence_span(args[1], args[2])
    if span is None:
        return LegacyReturn(SbiError.INVALID_ADDRESS)
    send_fence(platform, harts, RemoteFence(FenceKind.SFENCE_VMA, span.start, span.size, tag))
    return DONE


def shutdown(_platform: SbiPlatform, _hart: int, _args: Sequence[int]) -> MachineStopped:
    """End the machine with success."""
    return MachineStopped(StopRequest(StopKind.SHUTDOWN, 0, "sbi_shutdown"))


def read_hart_mask(
    platform: SbiPlatform, hart: int, mask_va: int
) -> list[int] | RedirectedFault | LegacyReturn:
    """Return the harts of a bit vector in the caller's memory, or what the call ends with."""
    known = platform.hart_ids
    if mask_va == 0:
        return list(known)
    words = known[-1] // XLEN + 1
    data = platform.read_virtual(hart, mask_va, words * XLEN // 8)
    if isinstance(data, RedirectedFault):
        return data
    mask = int.from_bytes(data, "little")
    named = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    if not all(platform.harts.is_known(target) for target in named):
        return LegacyReturn(SbiError.INVALID_PARAM)
    return named


def _legacy(name: str, eid: int, function: CallHandler) -> Extension:
    return Extension(name, eid, {0: function}, ignores_fid=True)


EXTENSIONS = (
    _legacy("legacy set timer", 0, set_timer),
    _legacy("legacy console putchar", 1, console_putchar),
    _legacy("legacy console getchar", 2, console_getchar),
    _legacy("legacy clear IPI", 3, clear_ipi),
    _legacy("legacy send IPI", 4, send_ipi),
    _legacy("legacy remote FENCE.I", 5, remote_fence_i),
    _legacy("legacy remote SFENCE.VMA", 6, remote_sfence_vma),
    _legacy("legacy remote SFENCE.VMA with ASID", 7, remote_sfence_vma_asid),
    _legacy("legacy shutdown", 8, shutdown),
)
