"""A copy-on-write overlay: writes go to a temporary file, and the disk beneath stays as it is.

Kept in blocks; one that is written in part is copied up first. The temporary file has no name and
goes when it is closed.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence

from vmm.disks import Disk, DiskError

BLOCK = 4096


class Overlay:
    """A writable disk above another one."""

    is_read_only = False

    def __init__(self, base: Disk) -> None:
        self._base = base
        self.size = base.size
        self._own: set[int] = set()  # blocks that are here
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers, each run of blocks from where it is."""
        size = sum(map(len, buffers))
        if self._own.isdisjoint(range(offset // BLOCK, -(-(offset + size) // BLOCK))):
            self._base.read_into(offset, buffers)
            return
        for buffer in buffers:
            at = 0
            for is_own, length in self._runs(offset, len(buffer)):
                part = buffer[at : at + length]
                if is_own:
                    self._read_own(offset + at, part)
                else:
                    self._base.read_into(offset + at, [part])
                at += length
            offset += len(buffer)

    def write_from(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Write the buffers here."""
        size = sum(map(len, buffers))
        for at in (offset, offset + size - 1):
            self._copy_up(at, offset, size)
        try:
            for buffer in buffers:
                self._file.seek(offset)
                if self._file.write(buffer) != len(buffer):
                    raise DiskError("the overlay cannot grow")
                offset += len(buffer)
        except OSError as error:
            raise DiskError(str(error)) from error
        self._own.update(range((offset - size) // BLOCK, (offset - 1) // BLOCK + 1))

    def zero(self, offset: int, size: int) -> None:
        """Make a range read as zeros."""
        zeros = memoryview(bytes(min(size, 1 << 20)))
        while size:
            length = min(size, len(zeros))
            self.write_from(offset, [zeros[:length]])
            offset, size = offset + length, size - length

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Give number and content of each block that is here; the last one may be short."""
        for number in sorted(self._own):
            block = bytearray(min(BLOCK, self.size - number * BLOCK))
            self._read_own(number * BLOCK, memoryview(block))
            yield number, bytes(block)

    def replace(self, blocks: Iterable[tuple[int, bytes]]) -> None:
        """Have just these blocks here."""
        self._own.clear()
        for number, block in blocks:
            if not 0 <= number * BLOCK < number * BLOCK + len(block) <= self.size:
                raise DiskError(f"block {number} is not on the disk")
            self.write_from(number * BLOCK, [memoryview(block)])

    def flush(self) -> None:
        """Do nothing: nothing here is to survive."""

    def close(self) -> None:
        """Forget everything written."""
        self._file.close()
        self._base.close()

    def _copy_up(self, at: int, offset: int, size: int) -> None:
        """Copy the block around a place from beneath, if a write covers it only in part."""
        start = at // BLOCK * BLOCK
        end = min(start + BLOCK, self.size)
        if start // BLOCK in self._own or (offset <= start and end <= offset + size):
            return
        block = memoryview(bytearray(end - start))
        self._base.read_into(start, [block])
        try:
            self._file.seek(start)
            self._file.write(block)
        except OSError as error:
            raise DiskError(str(error)) from error
        self._own.add(start // BLOCK)

    def _read_own(self, offset: int, part: memoryview) -> None:
        try:
            self._file.seek(offset)
            done = self._file.readinto(part) or 0
        except OSError as error:
            raise DiskError(str(error)) from error
        part[done:] = bytes(len(part) - done)

    def _runs(self, offset: int, size: int) -> Iterator[tuple[bool, int]]:
        """Give whether each stretch of a range is here, and its length."""
        end = offset + size
        while offset < end:
            is_own = offset // BLOCK in self._own
            stop = (offset // BLOCK + 1) * BLOCK
            while stop < end and (stop // BLOCK in self._own) is is_own:
                stop += BLOCK
            stop = min(stop, end)
            yield is_own, stop - offset
            offset = stop
