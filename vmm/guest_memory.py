"""Guest-physical memory: what a domain takes for RAM, mapped frame by frame to machine frames.

The frame map is one unsigned 64-bit machine frame number per guest frame; compiled code reads the
same words. The bare board's map is the identity and is not stored.
"""

from collections.abc import Iterator

from isa.errors import TraplineError
from isa.memory import Memory, map_lazily
from isa.pte import PAGE_SHIFT, PAGE_SIZE
from isa.state import NO_FRAME


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
        for guest_frame, machine_frame in enumerate(taken):
            frames[guest_frame] = machine_frame
        return cls(memory, base, size, frames)

    def contains(self, gpa: int, size: int) -> bool:
        """Say whether a range is RAM with a machine frame behind every byte."""
        if gpa < self.base or size < 0 or gpa + size > self.base + self.size:
            return False
        if self.frames is None:
            return True
        first, last = gpa - self.base >> PAGE_SHIFT, gpa + max(size, 1) - 1 - self.base
        return all(self.frames[n] != NO_FRAME for n in range(first, (last >> PAGE_SHIFT) + 1))

    def read(self, gpa: int, size: int) -> bytes:
        """Read a range that `contains` accepts."""
        return b"".join(self.machine.read(pa, n) for pa, n in self._pieces(gpa, size))

    def write(self, gpa: int, data: bytes) -> None:
        """Write a range that `contains` accepts."""
        at = 0
        for pa, length in self._pieces(gpa, len(data)):
            self.machine.write(pa, data[at : at + length])
            at += length

    def _pieces(self, gpa: int, size: int) -> Iterator[tuple[int, int]]:
        """Give machine address and length of each part that one frame holds."""
        assert self.contains(gpa, size), f"{gpa:#x}+{size:#x} is not guest RAM"
        if self.frames is None:
            yield gpa, size
            return
        while size:
            offset = gpa - self.base
            inside = offset & PAGE_SIZE - 1
            length = min(size, PAGE_SIZE - inside)
            frame = self.frames[offset >> PAGE_SHIFT]
            yield self.machine.base + (frame << PAGE_SHIFT) + inside, length
            gpa += length
            size -= length
