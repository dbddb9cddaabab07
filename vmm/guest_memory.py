"""Guest-physical memory: what a domain takes for RAM, mapped frame by frame to machine frames.

The frame map is one unsigned 64-bit machine frame number per guest frame; compiled code reads the
same words. The bare board's map is the identity and is not stored.
"""

from array import array
from collections.abc import Iterator

from isa.errors import TraplineError
from isa.memory import Memory, map_lazily
from isa.pte import PAGE_SHIFT, PAGE_SIZE
from isa.state import NO_FRAME

CHUNK = 2 << 20


class FrameAllocator:
    """Hands out the machine frames of a memory, each to one owner."""

    def __init__(self, memory: Memory, reserved: int = 0) -> None:
        """Leave the first `reserved` frames to the monitor."""
        self._next = reserved
        self._count = memory.size >> PAGE_SHIFT
        self._free: list[int] = []

    @property
    def available(self) -> int:
        """Frames that nobody owns."""
        return self._count - self._next + len(self._free)

    def take(self, count: int) -> list[int]:
        """Take frames; raise TraplineError when there are not enough."""
        if count > self.available:
            raise TraplineError(
                f"a domain of {count} frames does not fit: {self.available} machine frames are free"
            )
        reused = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = range(self._next, self._next + count - len(reused))
        self._next += len(fresh)
        return reused + list(fresh)

    def give_back(self, frames: list[int]) -> None:
        """Return frames to the pool."""
        self._free += frames


class GuestMemory:
    """RAM of `size` bytes at `base`, as one guest sees it."""

    def __init__(self, memory: Memory, base: int, size: int, frames: memoryview | None) -> None:
        self.machine = memory
        self.base = base
        self.size = size
        self.frames = frames

    @classmethod
    def identity(cls, memory: Memory) -> "GuestMemory":
        """Give the whole of machine memory at its own addresses."""
        return cls(memory, memory.base, memory.size, None)

    @classmethod
    def mapped(
        cls, memory: Memory, base: int, size: int, allocator: FrameAllocator
    ) -> "GuestMemory":
        """Give new guest-physical memory, all of it backed by machine frames."""
        count = size >> PAGE_SHIFT
        taken = allocator.take(count)
        frames = memoryview(map_lazily(count * 8)).cast("Q")
        frames[:] = memoryview(array("Q", taken))
        return cls(memory, base, size, frames)

    def contains(self, gpa: int, size: int) -> bool:
        """Say whether a range is RAM with a machine frame behind every byte."""
        if gpa < self.base or size < 0 or gpa + size > self.base + self.size:
            return False
        if self.frames is None:
            return True
        first, last = gpa - self.base >> PAGE_SHIFT, gpa + max(size, 1) - 1 - self.base
        return NO_FRAME not in self.frames[first : (last >> PAGE_SHIFT) + 1].tolist()

    def is_untouched(self, gpa: int, size: int) -> bool:
        """Say whether a range that `contains` accepts is known to be zero without reading it."""
        return all(self.machine.is_untouched(pa, n) for pa, n in self._pieces(gpa, size))

    def read(self, gpa: int, size: int) -> bytes:
        """Read a range that `contains` accepts."""
        return b"".join(self.machine.read(pa, n) for pa, n in self._pieces(gpa, size))

    def write(self, gpa: int, data: bytes) -> None:
        """Write a range that `contains` accepts."""
        at = 0
        for pa, length in self._pieces(gpa, len(data)):
            self.machine.write(pa, data[at : at + length])
            at += length

    def views(self, gpa: int, size: int) -> list[memoryview]:
        """Give the memory itself behind a range that `contains` accepts, piece by piece.

        Who has written into it says so by `written`.
        """
        base, view = self.machine.base, self.machine.view
        if self.frames is None:  # as often as once for each page of a disk's request
            return [view[gpa - base : gpa - base + size]] if self.contains(gpa, size) else []
        return [view[pa - base : pa - base + length] for pa, length in self._pieces(gpa, size)]

    def written(self, gpa: int, size: int) -> None:
        """Tell engines that code may have changed in a range that `contains` accepts."""
        pieces = ((gpa, size),) if self.frames is None else self._pieces(gpa, size)
        for pa, length in pieces:
            for tell in self.machine.on_write:
                tell(pa - self.machine.base, length)

    def filled_pages(self) -> Iterator[tuple[int, bytes]]:
        """Give number and content of each page that is not zero."""
        zeros = bytes(CHUNK)
        for start in range(0, self.size, CHUNK):
            size = min(CHUNK, self.size - start)
            if self.is_untouched(self.base + start, size):
                continue
            chunk = self.read(self.base + start, size)
            if chunk == zeros[: len(chunk)]:
                continue
            for at in range(0, len(chunk), PAGE_SIZE):
                page = chunk[at : at + PAGE_SIZE]
                if page != zeros[:PAGE_SIZE]:
                    yield (start + at) >> PAGE_SHIFT, page

    def _pieces(self, gpa: int, size: int) -> Iterator[tuple[int, int]]:
        """Give machine address and length of each part that frames in a row hold."""
        assert self.contains(gpa, size), f"{gpa:#x}+{size:#x} is not guest RAM"
        if self.frames is None:
            yield gpa, size
            return
        offset = gpa - self.base
        at = offset >> PAGE_SHIFT
        inside = offset & PAGE_SIZE - 1
        while size:
            first = end = self.frames[at]
            length = -inside
            while length < size and self.frames[at] == end:
                length += PAGE_SIZE
                at, end = at + 1, end + 1
                if at == len(self.frames):
                    break
            length = min(length, size)
            yield self.machine.base + (first << PAGE_SHIFT) + inside, length
            size -= length
            inside = 0
