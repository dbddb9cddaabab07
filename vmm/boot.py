"""Loading a guest: which bytes go where in RAM, and how its first hart is entered.

Takes ELF executables, Linux `Image` files and flat binaries, an initial RAM disk and the device
tree, and returns a plan; nothing is written before the whole plan is known to fit. The contract
with the kernel is that of the Linux documents "Boot image header in RISC-V Linux" and "RISC-V
Kernel Boot Requirements and Constraints": a0 = hart id, a1 = device tree, satp = 0.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from vmm.contracts import HartEntry
from vmm.devices.rom import INFO_AT, ROM_BASE, dynamic_info, reset_vector
from vmm.elf import ELF_MAGIC, LoadError, Segment, Symbols, read_elf
from vmm.packing import MAX_FILE_BYTES, is_packed, unpack

PAGE = 4096
MEGAPAGE = 2 << 20
PAYLOAD_OFFSET = MEGAPAGE
"""S-mode payloads stand 2 MiB into RAM, behind where firmware would be."""
DTB_ROOM = MEGAPAGE
INITRD_LATEST_OFFSET = 128 << 20
LINUX_HEADER = struct.Struct("<IIQQQIIQ8s4sI")
LINUX_MAGIC2 = b"RSC\x05"
LINUX_MAGIC2_AT = 0x38


class Memory(Protocol):
    """Where a plan is carried out."""

    def write_memory(self, pa: int, data: bytes) -> None: ...


@dataclass(frozen=True)
class RamRange:
    """The RAM of the board or of a domain."""

    base: int
    size: int

    @property
    def end(self) -> int:
        return self.base + self.size

    def holds(self, pa: int, size: int) -> bool:
        return self.base <= pa and pa + size <= self.end


@dataclass(frozen=True)
class Image:
    """A kernel or program, whatever file it came from."""

    filename: str
    entry: int
    segments: tuple[Segment, ...]
    symbols: Symbols = field(default_factory=Symbols)

    @property
    def end(self) -> int:
        return max(segment.end for segment in self.segments)


@dataclass(frozen=True)
class BootPlan:
    """Everything about a guest's start. RAM is taken to be zero before."""

    filename: str
    entry: int
    dtb_pa: int
    segments: tuple[Segment, ...]
    """The kernel, the initial RAM disk if there is one, and the device tree."""
    symbols: Symbols
    initrd: tuple[int, int] | None
    is_machine_mode: bool | None = None
    """Whether the harts are entered in M-mode; None looks where the entry is."""
    next_entry: int | None = None
    """Where firmware is to go on, in S-mode."""

    @property
    def tohost(self) -> int | None:
        """The address of the HTIF mailbox to the host, if the program has one."""
        return self.symbols.by_name.get("tohost")

    @property
    def fromhost(self) -> int | None:
        return self.symbols.by_name.get("fromhost")

    def hart_entry(self, hart: int) -> HartEntry:
        """Return how the boot hart is entered."""
        info = 0 if self.next_entry is None else ROM_BASE + INFO_AT
        return HartEntry(self.entry, hart, self.dtb_pa, info)

    def starts_in_machine_mode(self, ram: RamRange) -> bool:
        """Say whether the harts begin in M-mode.

        Unless that was asked for: when the entry is where firmware stands, below S-mode payloads.
        """
        if self.is_machine_mode is not None:
            return self.is_machine_mode
        return self.entry < ram.base + PAYLOAD_OFFSET

    def rom(self) -> bytes:
        """Return what stands in the boot ROM: the way to the entry, and what firmware reads."""
        return reset_vector(self.entry, self.dtb_pa) + dynamic_info(self.next_entry or 0)

    def place(self, memory: Memory) -> None:
        """Write every segment."""
        for segment in self.segments:
            memory.write_memory(segment.pa, segment.data)


# --------------------------------------------------------------------------------- reading


def read_file(path: str) -> bytes:
    """Return a file's content; raise LoadError when it cannot be had."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise LoadError(path, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL character in the name
        raise LoadError(repr(path), str(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise LoadError(path, f"longer than {MAX_FILE_BYTES >> 20} MiB")
    return data


def read_image(filename: str, data: bytes, ram: RamRange, offset: int = PAYLOAD_OFFSET) -> Image:
    """Recognise a file and say where its parts go; raise LoadError when it is not usable.

    A flat binary goes to an offset of RAM, by default where S-mode payloads stand.
    """
    if not data:
        raise LoadError(filename, "the file is empty")
    if is_packed(data):
        data = unpack(filename, data)
    if data.startswith(ELF_MAGIC):
        elf = read_elf(filename, data)
        segments = tuple(_without_headers(segment, ram) for segment in elf.segments)
        return Image(filename, elf.entry, segments, elf.symbols)
    if data[LINUX_MAGIC2_AT : LINUX_MAGIC2_AT + 4] == LINUX_MAGIC2:
        return _linux_image(filename, data, ram)
    at = ram.base + offset
    return Image(filename, at, (Segment("the binary", at, data, len(data)),))


def _without_headers(segment: Segment, ram: RamRange) -> Segment:
    """Leave out the file's own headers where a linker has put them below the start of RAM."""
    below = ram.base - segment.pa
    if not 0 < below < len(segment.data) or not segment.data.startswith(ELF_MAGIC):
        return segment
    return Segment(segment.name, ram.base, segment.data[below:], segment.size - below)


def _linux_image(filename: str, data: bytes, ram: RamRange) -> Image:
    if len(data) < LINUX_HEADER.size:
        raise LoadError(filename, f"truncated Image: {len(data)} bytes, less than its header")
    _code0, _code1, text_offset, image_size, flags, *_rest = LINUX_HEADER.unpack_from(data)
    if flags & 1:
        raise LoadError(filename, "a big-endian Image (bit 0 of the flags at offset 0x18)")
    if text_offset % MEGAPAGE:
        raise LoadError(filename, f"text_offset {text_offset:#x} is not a multiple of 2 MiB")
    # Image sizes of 0 stand in files from before Linux 3.17 or so: then the file is all there is.
    size = max(image_size, len(data))
    at = ram.base + text_offset
    return Image(filename, at, (Segment("the Image", at, data, size),))


# -------------------------------------------------------------------------------- planning

TreeBuilder = Callable[[tuple[int, int] | None], bytes]
"""Makes the device tree blob, given where the initial RAM disk is."""


def plan_boot(
    image: Image,
    ram: RamRange,
    build_tree: TreeBuilder,
    initrd: tuple[str, bytes] | None = None,
    firmware: Image | None = None,
    *,
    is_machine_mode: bool | None = None,
) -> BootPlan:
    """Find a place for everything; raise LoadError naming what does not fit.

    The device tree stands in the last 2 MiB-aligned place below the end of RAM, as on QEMU; the
    initial RAM disk below it, at the latest 128 MiB into RAM. With firmware, the harts begin there,
    and the image is its next stage.
    """
    segments = list(image.segments)
    if firmware is not None:
        segments += [
            replace(part, name=f"{part.name} of the firmware") for part in firmware.segments
        ]
    for segment in segments:
        _check_inside(image.filename, segment, ram)
    where: tuple[int, int] | None = None
    if initrd is not None:
        disk = _place_initrd(initrd, image, ram)
        where = (disk.pa, disk.end)
        segments.append(disk)
    tree = build_tree(where)
    dtb_pa = _tree_address(ram, len(tree))
    segments.append(Segment("the device tree", dtb_pa, tree, len(tree)))
    _check_apart(image.filename, segments, ram)
    first = image if firmware is None else firmware
    return BootPlan(
        image.filename,
        first.entry,
        dtb_pa,
        tuple(segments),
        image.symbols,
        where,
        True if firmware is not None else is_machine_mode,
        None if firmware is None else image.entry,
    )


def _tree_address(ram: RamRange, size: int) -> int:
    """Return where the tree goes; in a RAM of less than 4 MiB only page alignment is possible."""
    unit = MEGAPAGE if ram.size >= 2 * MEGAPAGE else PAGE
    return (ram.end - size) // unit * unit


def _place_initrd(initrd: tuple[str, bytes], image: Image, ram: RamRange) -> Segment:
    filename, data = initrd
    if not data:
        raise LoadError(filename, "the initial RAM disk is empty")
    lowest = -(-image.end // PAGE) * PAGE
    # Half way up leaves the kernel room to grow; a big disk may start right behind the kernel.
    wanted = ram.base + min(ram.size // 2, INITRD_LATEST_OFFSET)
    pa = max(wanted, lowest)
    if pa + len(data) > ram.end - DTB_ROOM:
        pa = lowest
    if pa + len(data) > ram.end - DTB_ROOM:
        raise LoadError(
            filename,
            f"the initial RAM disk of {len(data):#x} bytes does not fit between the kernel's end"
            f" at {image.end:#x} and the end of RAM at {ram.end:#x}",
        )
    return Segment("the initial RAM disk", pa, data, len(data))


def _check_inside(filename: str, segment: Segment, ram: RamRange) -> None:
    if not ram.holds(segment.pa, segment.size):
        raise LoadError(
            filename,
            f"{segment.name} ({segment.pa:#x} to {segment.end:#x}) is outside RAM"
            f" ({ram.base:#x} to {ram.end:#x})",
        )


def _check_apart(filename: str, segments: list[Segment], ram: RamRange) -> None:
    for segment in segments:
        _check_inside(filename, segment, ram)
    for low, high in pairwise(sorted(segments, key=lambda item: item.pa)):
        if high.pa < low.end:
            raise LoadError(
                filename,
                f"{low.name} ({low.pa:#x} to {low.end:#x}) leaves no room for"
                f" {high.name} at {high.pa:#x}: RAM is {ram.size >> 20} MiB",
            )
