"""A raw image: the file is the disk.

The last sector may be cut off in the file; it reads as zeros from there on.
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence

from isa.errors import Location, TraplineError
from vmm.disks import SECTOR, DiskError

MOST_BUFFERS = 1000  # the least that a host takes in one call is 1024
ZEROS = memoryview(bytes(1 << 16))
Transfer = Callable[[int, Sequence[memoryview], int], int]


class RawDisk:
    """A raw image in a file or on a block device of the host."""

    def __init__(self, filename: str, *, is_writable: bool) -> None:
        flags = os.O_RDWR if is_writable else os.O_RDONLY
        try:
            self._file = os.open(filename, flags | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TraplineError(reason, Location(filename)) from None
        self.is_read_only = not is_writable
        if stat.S_ISDIR(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise TraplineError("a folder is no disk image", Location(filename))
        length = os.lseek(self._file, 0, os.SEEK_END)
        self.size = -(-length // SECTOR) * SECTOR

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers; what is behind the end of the file is zeros."""
        for at, part in _batches(offset, buffers):
            done = self._call(os.preadv, part, at)
            if done != sum(map(len, part)):
                self._fill(at, part)

    def _fill(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers one by one, going on after short reads."""
        for buffer in buffers:
            at = 0
            while at < len(buffer):
                done = self._call(os.preadv, [buffer[at:]], offset + at)
                if not done:
                    buffer[at:] = bytes(len(buffer) - at)
                    break
                at += done
            offset += len(buffer)

    def write_from(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Write the buffers."""
        for at, part in _batches(offset, buffers):
            done = self._call(os.pwritev, part, at)
            if done != sum(map(len, part)):
                self._write_slowly(at, part)

    def _write_slowly(self, offset: int, buffers: Sequence[memoryview]) -> None:
        for buffer in buffers:
            at = 0
            while at < len(buffer):
                done = self._call(os.pwritev, [buffer[at:]], offset + at)
                if not done:
                    raise DiskError("the host writes nothing")
                at += done
            offset += len(buffer)

    def zero(self, offset: int, size: int) -> None:
        """Make a range read as zeros."""
        while size:
            length = min(size, len(ZEROS))
            self.write_from(offset, [ZEROS[:length]])
            offset, size = offset + length, size - length

    def flush(self) -> None:
        """Have the host write everything to its disk."""
        if self.is_read_only:
            return
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise DiskError(str(error)) from error

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _call(self, call: Transfer, buffers: Sequence[memoryview], offset: int) -> int:
        try:
            return call(self._file, buffers, offset)
        except OSError as error:
            raise DiskError(str(error)) from error


def _batches(
    offset: int, buffers: Sequence[memoryview]
) -> Iterator[tuple[int, Sequence[memoryview]]]:
    """Split a transfer into parts that the host takes in one call."""
    for start in range(0, len(buffers), MOST_BUFFERS):
        part = buffers[start : start + MOST_BUFFERS]
        yield offset, part
        offset += sum(map(len, part))
