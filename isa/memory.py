"""Machine RAM: one lazily mapped host region.

Host pages appear when touched, so that size costs nothing. Engines see the host address; everything
else goes through `read` and `write`, which check their range and tell engines of changed code.
"""

import ctypes
import mmap
import os
from collections.abc import Callable
from pathlib import Path

from isa.errors import TraplineError
from isa.pte import PAGE_SIZE

MAX_RAM = 1 << 40
PAGEMAP = Path("/proc/self/pagemap")
"""Linux tells here, in 64 bits a host page, which are there: bit 63 in memory, bit 62 in swap."""
_NEITHER = bytes(range(0x40))


class Memory:
    """`size` bytes of zeroed RAM at physical address `base`; both are multiples of 4 KiB."""

    def __init__(self, base: int, size: int) -> None:
        if size <= 0 or size % PAGE_SIZE or base % PAGE_SIZE or size > MAX_RAM:
            raise TraplineError(f"RAM of {size:#x} bytes at {base:#x} is not whole 4 KiB pages")
        self.base = base
        self.size = size
        self._map = map_lazily(size)
        self.view = memoryview(self._map)
        self.address = address_of(self._map)
        self.code: object = None  # an engine's predecoded instructions
        self.on_write: list[Callable[[int, int], None]] = []

    def contains(self, pa: int, length: int) -> bool:
        """Say whether a physical range lies in RAM."""
        return self.base <= pa and pa + length <= self.base + self.size

    def read(self, pa: int, length: int) -> bytes:
        """Read bytes at a physical address; the range must lie in RAM."""
        assert self.contains(pa, length), f"{pa:#x}+{length:#x} is not RAM"
        return bytes(self.view[pa - self.base : pa - self.base + length])

    def write(self, pa: int, data: bytes) -> None:
        """Write bytes at a physical address; the range must lie in RAM."""
        assert self.contains(pa, len(data)), f"{pa:#x}+{len(data):#x} is not RAM"
        self.view[pa - self.base : pa - self.base + len(data)] = data
        for tell in self.on_write:
            tell(pa - self.base, len(data))

    def is_untouched(self, pa: int, length: int) -> bool:
        """Say whether a range is known to be zero because no host page stands behind it."""
        assert self.contains(pa, length), f"{pa:#x}+{length:#x} is not RAM"
        first = (self.address + pa - self.base) // mmap.PAGESIZE
        last = (self.address + pa - self.base + length - 1) // mmap.PAGESIZE
        try:
            with PAGEMAP.open("rb", buffering=0) as pagemap:
                size = (last - first + 1) * 8
                entries = os.pread(pagemap.fileno(), size, first * 8)
        except OSError:
            return False
        return len(entries) == size and not entries[7::8].translate(None, _NEITHER)


def map_lazily(size: int) -> mmap.mmap:
    """Map zeroed host memory that takes space only where it is touched."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    try:
        return mmap.mmap(-1, size, flags=flags)
    except OSError as error:
        raise TraplineError(f"cannot map {size:#x} bytes of memory: {error.strerror}") from None


def address_of(region: mmap.mmap) -> int:
    """Give the host address of a mapped region."""
    return ctypes.addressof(ctypes.c_char.from_buffer(region))
