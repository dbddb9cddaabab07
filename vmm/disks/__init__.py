"""Disks: what stands behind a guest's block device.

A disk reads and writes whole ranges into and out of the guest's own memory; formats are one file
each. What the host cannot do is a `DiskError`, which the guest sees as an I/O error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from isa.errors import Location, TraplineError

SECTOR = 512
QCOW2_MAGIC = b"QFI\xfb"
FORMATS = ("raw", "qcow2")


class DiskError(Exception):
    """The host could not read or write."""


class Disk(Protocol):
    """Bytes that outlive the machine. Ranges lie inside `size`; buffers are bytes of memory."""

    @property
    def size(self) -> int:
        """Bytes, a multiple of the sector."""

    @property
    def is_read_only(self) -> bool:
        """Whether writes are refused."""

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers, one after the other, from an offset on."""

    def write_from(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Write the buffers, one after the other, from an offset on."""

    def zero(self, offset: int, size: int) -> None:
        """Make a range read as zeros; what it took may be given up."""

    def flush(self) -> None:
        """Come back when everything written survives a crash of the host."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True)
class DiskSpec:
    """A disk as it is asked for; `format` None looks at the file."""

    filename: str
    format: str | None = None
    is_read_only: bool = False
    is_snapshot: bool = False
    """Whether writes go to a temporary overlay and are forgotten in the end."""
    content: bytes | None = None
    """What it starts with, when it is not in a file at all; writes are forgotten then."""


def open_disk(spec: DiskSpec) -> Disk:
    """Open a disk; raise TraplineError when the file cannot be had or is no image."""
    from vmm.disks.overlay import Overlay
    from vmm.disks.qcow2 import Qcow2
    from vmm.disks.raw import RawDisk

    if spec.content is not None:
        from vmm.disks.memory import MemoryDisk

        return MemoryDisk(spec.content)
    kind = spec.format or probe(spec.filename)
    if kind not in FORMATS:
        raise TraplineError(f"disk format {kind!r}: there is {', '.join(FORMATS)}")
    writes_base = not spec.is_read_only and not spec.is_snapshot
    if kind == "qcow2" and writes_base:
        raise TraplineError(
            "a qcow2 image is not written to: give snapshot=on or readonly=on",
            Location(spec.filename),
        )
    is_raw = kind == "raw"
    base = RawDisk(spec.filename, is_writable=writes_base) if is_raw else Qcow2(spec.filename)
    return Overlay(base) if spec.is_snapshot and not spec.is_read_only else base


def probe(filename: str) -> str:
    """Tell the format of a file by its first bytes."""
    try:
        with Path(filename).open("rb") as file:
            return "qcow2" if file.read(4) == QCOW2_MAGIC else "raw"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TraplineError(reason, Location(filename)) from None
