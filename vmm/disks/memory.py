"""A disk that is nowhere but in the host's memory, as bundled guests have one.

It begins with a given content, and what is written to it goes with the machine.
"""

from collections.abc import Iterable, Iterator, Sequence

from vmm.disks import SECTOR, DiskError

BLOCK = 4096


class MemoryDisk:
    """A writable disk with a content to start with; it goes with the machine."""

    is_read_only = False

    def __init__(self, content: bytes) -> None:
        self.size = -(-len(content) // SECTOR) * SECTOR
        self.data = bytearray(content).ljust(self.size, b"\0")

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers."""
        for buffer in buffers:
            buffer[:] = self.data[offset : offset + len(buffer)]
            offset += len(buffer)

    def write_from(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Take what is in the buffers."""
        for buffer in buffers:
            self.data[offset : offset + len(buffer)] = buffer
            offset += len(buffer)

    def zero(self, offset: int, size: int) -> None:
        """Make a range read as zeros."""
        self.data[offset : offset + size] = bytes(size)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Give number and content of each block that is not zero; the last one may be short."""
        for at in range(0, self.size, BLOCK):
            block = bytes(self.data[at : at + BLOCK])
            if any(block):
                yield at // BLOCK, block

    def replace(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        """Have just these blocks, and zeros."""
        self.data[:] = bytes(self.size)
        for number, block in blocks:
            if number * BLOCK + len(block) > self.size:
                raise DiskError(f"block {number} is not on the disk")
            self.data[number * BLOCK : number * BLOCK + len(block)] = block

    def flush(self) -> None:
        """Nothing survives the host's process anyway."""

    def close(self) -> None:
        """There is no file."""
