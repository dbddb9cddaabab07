"""SBI DBCN: a console for early and debugging output.

Follows the SBI Specification v3.0, chapter "Debug Console Extension (EID #0x4442434E "DBCN")".
"""

from collections.abc import Sequence

from vmm.contracts import SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.args import FAILED, INVALID_PARAM, SUCCESS
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.extension import Extension

MAX_BYTES = 16384
"""Bytes moved by one call; "it may do partial/no writes", so callers ask again for the rest."""


def console_write(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Print bytes from the caller's physical memory."""
    count, base, base_high = args[:3]
    if not _is_memory(platform, base, count, base_high):
        return INVALID_PARAM
    data = platform.read_memory(base, min(count, MAX_BYTES)) if count else b""
    return SbiReturn(SbiError.SUCCESS, platform.console_write(data) if data else 0)


def console_read(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Put waiting input into the caller's physical memory."""
    count, base, base_high = args[:3]
    if not _is_memory(platform, base, count, base_high):
        return INVALID_PARAM
    data = platform.console_read(min(count, MAX_BYTES)) if count else b""
    if data:
        platform.write_memory(base, data)
    return SbiReturn(SbiError.SUCCESS, len(data))


def console_write_byte(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Print one byte."""
    return SUCCESS if platform.console_write(bytes((args[0] & 0xFF,))) else FAILED


def _is_memory(platform: SbiPlatform, base: int, count: int, base_high: int) -> bool:
    """Say whether all of the range may be accessed; no byte needs no address."""
    return count == 0 or (base_high == 0 and platform.has_memory(base, count))


EXTENSION = Extension(
    "DBCN", 0x4442434E, {0: console_write, 1: console_read, 2: console_write_byte}
)
