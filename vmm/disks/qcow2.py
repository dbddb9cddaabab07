"""Reading qcow2 images: tables of clusters, compressed clusters, backing files.

Follows the document "The qcow2 image format" (versions 2 and 3). Files are not trusted: every
offset is checked before it is used, and only so many backing files may follow each other. Snapshots
inside an image are not looked at; encryption, external data files and extended L2 entries are
refused.
"""

import struct
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from isa.errors import Location, TraplineError
from vmm.disks import QCOW2_MAGIC, SECTOR, Disk, DiskError

HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
HEADER_3 = struct.Struct(">QQQII")
DIRTY, CORRUPT, EXTERNAL, COMPRESSION, EXTENDED = 1, 2, 4, 8, 16
KNOWN_FEATURES = DIRTY | COMPRESSION
OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00
COMPRESSED, ALL_ZERO = 1 << 62, 1
MIN_CLUSTER_BITS, MAX_CLUSTER_BITS = 9, 21
MAX_L1_BYTES = 32 << 20
MAX_SIZE = 1 << 50
MAX_NAME = 1023
MAX_BACKING = 16
CACHED_TABLES, CACHED_CLUSTERS = 64, 16
ZLIB = 0
Value = TypeVar("Value")


@dataclass(frozen=True)
class _Header:
    backing: str | None
    backing_format: str | None
    cluster_bits: int
    size: int
    l1_entries: int
    l1_at: int


class Qcow2:
    """A qcow2 image, read-only."""

    is_read_only = True

    def __init__(self, filename: str, depth: int = 0) -> None:
        """Raise TraplineError when the file cannot be had or is no image that can be read."""
        self._filename = filename
        try:
            self._file = Path(filename).open("rb", buffering=0)  # noqa: SIM115
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TraplineError(reason, Location(filename)) from None
        self._tables: OrderedDict[int, Sequence[int]] = OrderedDict()
        self._clusters: OrderedDict[int, bytes] = OrderedDict()
        self._backing: Disk | None = None
        try:
            self._open(depth)
        except (TraplineError, DiskError) as error:
            self.close()
            if isinstance(error, DiskError):
                raise self._bad(str(error)) from None
            raise

    def _open(self, depth: int) -> None:
        header = self._header()
        self._bits = header.cluster_bits
        self._cluster = 1 << header.cluster_bits
        self._l2_entries = self._cluster // 8
        self.size = header.size // SECTOR * SECTOR
        needed = -(-header.size // (self._cluster * self._l2_entries))
        if needed > header.l1_entries or header.l1_entries * 8 > MAX_L1_BYTES:
            raise self._bad(f"an L1 table of {header.l1_entries} entries, {needed} needed")
        data = self._at(header.l1_at, 8 * header.l1_entries)
        self._l1 = struct.unpack(f">{header.l1_entries}Q", data)
        if header.backing is not None:
            self._backing = self._open_backing(header.backing, header.backing_format, depth)

    def _header(self) -> _Header:
        data = self._at(0, HEADER.size)
        fields = HEADER.unpack(data)
        magic, version, backing_at, backing_size, bits, size, encryption, l1_entries, l1_at = (
            fields[:9]
        )
        if magic != QCOW2_MAGIC:
            raise self._bad("not a qcow2 image: it does not begin with 51 46 49 fb")
        if version not in (2, 3):
            raise self._bad(f"qcow2 version {version}: expected 2 or 3")
        if encryption:
            raise self._bad("an encrypted qcow2 image")
        if not MIN_CLUSTER_BITS <= bits <= MAX_CLUSTER_BITS:
            raise self._bad(f"clusters of 2^{bits} bytes")
        if size > MAX_SIZE:
            raise self._bad(f"a disk of {size} bytes")
        header_bytes = self._check_features() if version == 3 else HEADER.size
        name = None
        if backing_at:
            if backing_size > MAX_NAME:
                raise self._bad(f"a backing file's name of {backing_size} bytes")
            name = self._at(backing_at, backing_size).decode("utf-8", "surrogateescape")
        kind = self._backing_format(header_bytes, backing_at) if name else None
        return _Header(name, kind, bits, size, l1_entries, l1_at)

    def _check_features(self) -> int:
        """Check what a version 3 header adds; give its length."""
        incompatible, _compatible, _auto, _order, length = HEADER_3.unpack(
            self._at(HEADER.size, HEADER_3.size)
        )
        if incompatible & ~KNOWN_FEATURES:
            raise self._bad(f"features that cannot be read ({incompatible:#x})")
        if incompatible & COMPRESSION and self._at(104, 1)[0] != ZLIB:
            raise self._bad("clusters compressed by something other than zlib")
        return int(length)

    def _backing_format(self, at: int, end: int) -> str | None:
        """Find the backing file's format among the header's extensions."""
        while at + 8 <= end:
            kind, length = struct.unpack(">II", self._at(at, 8))
            if kind == 0:
                return None
            if kind == 0xE2792ACA and length <= 16:
                return self._at(at + 8, length).decode("ascii", "replace")
            at += 8 + -(-length // 8) * 8
        return None

    def _open_backing(self, name: str, kind: str | None, depth: int) -> Disk:
        from vmm.disks import probe
        from vmm.disks.raw import RawDisk

        if depth >= MAX_BACKING:
            raise self._bad(f"more than {MAX_BACKING} backing files behind each other")
        path = str(Path(self._filename).parent / name)
        if (kind or probe(path)) == "qcow2":
            return Qcow2(path, depth + 1)
        return RawDisk(path, is_writable=False)

    # ------------------------------------------------------------------------------- reading

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers, cluster by cluster."""
        for buffer in buffers:
            at = 0
            while at < len(buffer):
                inside = (offset + at) & (self._cluster - 1)
                length = min(self._cluster - inside, len(buffer) - at)
                self._read_piece(offset + at, inside, buffer[at : at + length])
                at += length
            offset += len(buffer)

    def _read_piece(self, offset: int, inside: int, part: memoryview) -> None:
        """Fill a buffer from one cluster."""
        entry = self._entry(offset >> self._bits)
        if entry & COMPRESSED:
            part[:] = self._inflate(entry)[inside : inside + len(part)]
        elif entry & ALL_ZERO:
            part[:] = bytes(len(part))
        elif entry & OFFSET_MASK:
            self._read_at((entry & OFFSET_MASK) + inside, part)
        elif self._backing is not None:
            self._read_backing(offset, part)
        else:
            part[:] = bytes(len(part))

    def _read_backing(self, offset: int, part: memoryview) -> None:
        """Fill a buffer from the backing file, which may be shorter than this image."""
        assert self._backing is not None, "the caller has looked"
        held = max(0, min(len(part), self._backing.size - offset))
        if held:
            self._backing.read_into(offset, [part[:held]])
        part[held:] = bytes(len(part) - held)

    def _entry(self, cluster: int) -> int:
        """Find the L2 entry of a cluster; 0 when there is no table."""
        first, second = divmod(cluster, self._l2_entries)
        table_at = self._l1[first] & OFFSET_MASK
        if not table_at:
            return 0
        table = self._tables.get(table_at)
        if table is None:
            data = self._at(table_at, self._cluster)
            table = struct.unpack(f">{self._l2_entries}Q", data)
            _remember(self._tables, table_at, table, CACHED_TABLES)
        return table[second]

    def _inflate(self, entry: int) -> bytes:
        """Unpack a compressed cluster."""
        known = self._clusters.get(entry)
        if known is not None:
            return known
        size_bits = self._bits - 8
        offset_bits = 62 - size_bits
        at = entry & (1 << offset_bits) - 1
        sectors = (entry >> offset_bits & (1 << size_bits) - 1) + 1
        packed = self._some(at, sectors * SECTOR - (at & SECTOR - 1))
        try:
            data = zlib.decompressobj(-15).decompress(packed, self._cluster)
        except zlib.error as error:
            raise DiskError(f"a compressed cluster at {at:#x}: {error}") from None
        if len(data) != self._cluster:
            raise DiskError(f"a compressed cluster at {at:#x} is cut off")
        _remember(self._clusters, entry, data, CACHED_CLUSTERS)
        return data

    def _read_at(self, offset: int, part: memoryview) -> None:
        try:
            self._file.seek(offset)
            done = self._file.readinto(part) or 0
        except OSError as error:
            raise DiskError(str(error)) from error
        part[done:] = bytes(len(part) - done)  # the last cluster may be cut off in the file

    def _some(self, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of the file."""
        try:
            self._file.seek(offset)
            return self._file.read(size) or b""
        except (OSError, ValueError, OverflowError) as error:
            raise DiskError(str(error)) from error

    def _at(self, offset: int, size: int) -> bytes:
        """Read a part of the file that has to be there."""
        data = self._some(offset, size)
        if len(data) != size:
            raise DiskError(f"truncated: {size} bytes at {offset:#x} are not all there")
        return data

    # ------------------------------------------------------------------------ what is refused

    def write_from(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Refuse: the image is read-only."""
        raise DiskError("a qcow2 image is read-only")

    def zero(self, offset: int, size: int) -> None:
        """Refuse: the image is read-only."""
        raise DiskError("a qcow2 image is read-only")

    def flush(self) -> None:
        """Do nothing: nothing is ever written."""

    def close(self) -> None:
        """Close the file and those behind it."""
        self._file.close()
        if self._backing is not None:
            self._backing.close()

    def _bad(self, message: str) -> TraplineError:
        return TraplineError(message, Location(self._filename))


def _remember(cache: OrderedDict[int, Value], key: int, value: Value, most: int) -> None:
    """Keep a value in place of the oldest."""
    cache[key] = value
    if len(cache) > most:
        cache.popitem(last=False)
