"""Reading an ELF executable: its segments, its symbols and its entry point.

Follows the ELF-64 Object File Format and the RISC-V ELF psABI Specification. Files are not trusted:
the header and both tables are checked against the file's size before pyelftools sees them.
"""

import io
import struct
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from isa.errors import Location, TraplineError
from isa.hart import INSTRUCTION_ALIGNMENT

ELF_MAGIC = b"\x7fELF"
CLASS_64, LITTLE_ENDIAN = 2, 1
ET_EXEC, ET_DYN = 2, 3
EM_RISCV = 243
STT_NOTYPE, STT_OBJECT, STT_FUNC = 0, 1, 2
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SYMBOL = struct.Struct("<IBBHQQ")
SEGMENT_HEADER_BYTES, SECTION_HEADER_BYTES = 56, 64
MAX_SEGMENTS, MAX_SYMBOLS = 1024, 4_000_000
ADDRESS_LIMIT = 1 << 64
LAST_REACHES = 4096  # bytes behind the last symbol that are still called by its name


class LoadError(TraplineError):
    """A file cannot be loaded; the message names the offset or the part that is wrong."""

    def __init__(self, filename: str, message: str) -> None:
        super().__init__(message, Location(filename))


@dataclass(frozen=True)
class Segment:
    """Bytes to be put at a physical address, followed by zeros up to `size`."""

    name: str
    pa: int
    data: bytes = field(repr=False)
    size: int

    @property
    def end(self) -> int:
        return self.pa + self.size


@dataclass(frozen=True)
class Symbols:
    """The symbols of a file: addresses by name, names by address.

    `constants` are the names that stand for a number and not for a place in the program.
    """

    by_name: dict[str, int] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()

    @cached_property
    def _sorted(self) -> tuple[list[int], list[str]]:
        places = ((at, name) for name, at in self.by_name.items() if name not in self.constants)
        ordered = sorted((at, _rank(name), name) for at, name in places)
        chosen: dict[int, str] = {}
        for at, _rank_of_it, name in ordered:
            chosen.setdefault(at, name)
        return list(chosen), list(chosen.values())

    def name(self, address: int) -> str | None:
        """Return `symbol` or `symbol+0x1c` for an address, None outside the program."""
        addresses, names = self._sorted
        at = bisect_right(addresses, address) - 1
        if at < 0:
            return None
        distance = address - addresses[at]
        if at == len(addresses) - 1 and distance >= LAST_REACHES:
            return None
        return f"{names[at]}+{distance:#x}" if distance else names[at]


def _rank(name: str) -> int:
    """Rank names of one address: a program's own, a linker's, labels that only compilers use."""
    if name.startswith((".", "$")):
        return 2
    return 1 if name.startswith("__") or name in ("_edata", "_end") else 0


@dataclass(frozen=True)
class ElfImage:
    """An executable: where it enters (a physical address) and what it puts where."""

    filename: str
    entry: int
    segments: tuple[Segment, ...]
    symbols: Symbols


@dataclass(frozen=True)
class _Header:
    """The numbers of the ELF header that say where the tables are."""

    kind: int
    entry: int
    segments_at: int
    segment_bytes: int
    segment_count: int
    sections_at: int
    section_bytes: int
    section_count: int


def read_elf(filename: str, data: bytes) -> ElfImage:
    """Read an executable; raise LoadError naming what is wrong and where."""
    header = _header(filename, data)
    _check_table(
        filename,
        data,
        "program header",
        header.segments_at,
        header.segment_bytes,
        SEGMENT_HEADER_BYTES,
        header.segment_count,
    )
    _check_table(
        filename,
        data,
        "section header",
        header.sections_at,
        header.section_bytes,
        SECTION_HEADER_BYTES,
        header.section_count,
    )
    loads = _loads(filename, data, header)
    segments = tuple(sorted((load.segment for load in loads), key=lambda item: item.pa))
    _check_overlaps(filename, segments)
    entry = _entry(filename, header.entry, loads)
    if entry % INSTRUCTION_ALIGNMENT:
        raise LoadError(filename, f"no instruction can be at the entry point {entry:#x}")
    return ElfImage(filename, entry, segments, _symbols(filename, data, header))


def _header(filename: str, data: bytes) -> _Header:
    if len(data) < HEADER.size:
        raise LoadError(
            filename, f"truncated ELF: {len(data)} bytes, the header needs {HEADER.size}"
        )
    ident, kind, machine, _version, entry, phoff, shoff, _flags, *sizes = HEADER.unpack_from(data)
    _header_bytes, phentsize, phnum, shentsize, shnum, _names = sizes
    if not data.startswith(ELF_MAGIC):
        raise LoadError(filename, "not an ELF: the file does not begin with 7f 45 4c 46")
    if ident[4] != CLASS_64:
        raise LoadError(filename, "not a 64-bit ELF (byte 4 of the header, EI_CLASS, is not 2)")
    if ident[5] != LITTLE_ENDIAN:
        raise LoadError(filename, "not a little-endian ELF (byte 5, EI_DATA, is not 1)")
    if machine != EM_RISCV:
        raise LoadError(
            filename,
            f"an ELF for machine {machine}, not for RISC-V ({EM_RISCV}; e_machine at 0x12)",
        )
    if kind not in (ET_EXEC, ET_DYN):
        raise LoadError(filename, f"not an executable: e_type at offset 0x10 is {kind}, not 2 or 3")
    return _Header(kind, entry, phoff, phentsize, phnum, shoff, shentsize, shnum)


def _check_table(
    filename: str, data: bytes, name: str, at: int, entry: int, expected: int, count: int
) -> None:
    if count == 0:
        return
    if entry != expected:
        raise LoadError(filename, f"{name}s of {entry} bytes instead of {expected}")
    if at + count * entry > len(data):
        raise LoadError(
            filename,
            f"truncated ELF: the {count} {name}s at offset {at:#x} end at"
            f" {at + count * entry:#x}, the file at {len(data):#x}",
        )


@dataclass(frozen=True)
class _Load:
    """A loadable segment and the virtual address it was linked for."""

    segment: Segment
    va: int


def _rows(data: bytes, row: str, at: int, size: int, count: int) -> list[Mapping[str, Any]]:
    """Return the rows of a table that is known to lie inside the file."""
    from elftools.common.utils import struct_parse
    from elftools.elf.elffile import ELFFile

    stream = io.BytesIO(data)
    layout = getattr(ELFFile(stream).structs, row)
    return [struct_parse(layout, stream, at + size * index) for index in range(count)]


def _loads(filename: str, data: bytes, header: _Header) -> list[_Load]:
    count = header.segment_count
    if count > MAX_SEGMENTS:
        raise LoadError(filename, f"{count} program headers (at most {MAX_SEGMENTS})")
    rows = _rows(data, "Elf_Phdr", header.segments_at, SEGMENT_HEADER_BYTES, count)
    loads: list[_Load] = []
    for index, row in enumerate(rows):
        if row["p_type"] == "PT_LOAD" and row["p_memsz"]:
            loads.append(_load(filename, data, index, row))
    if not loads:
        raise LoadError(filename, "nothing to load: no program header of type PT_LOAD has a size")
    return loads


def _load(filename: str, data: bytes, index: int, row: Mapping[str, Any]) -> _Load:
    offset, in_file, in_memory = row["p_offset"], row["p_filesz"], row["p_memsz"]
    name = f"segment {index}"
    if offset + in_file > len(data):
        raise LoadError(
            filename,
            f"truncated ELF: {name} is at offsets {offset:#x} to {offset + in_file:#x},"
            f" the file ends at {len(data):#x}",
        )
    if in_file > in_memory:
        raise LoadError(filename, f"{name}: p_filesz {in_file:#x} is above p_memsz {in_memory:#x}")
    if row["p_paddr"] + in_memory > ADDRESS_LIMIT:
        raise LoadError(filename, f"{name} at {row['p_paddr']:#x} runs past the last address")
    segment = Segment(name, row["p_paddr"], data[offset : offset + in_file], in_memory)
    return _Load(segment, row["p_vaddr"])


def _check_overlaps(filename: str, segments: tuple[Segment, ...]) -> None:
    for low, high in pairwise(segments):
        if high.pa < low.end:
            raise LoadError(
                filename,
                f"{low.name} ({low.pa:#x} to {low.end:#x}) and"
                f" {high.name} ({high.pa:#x} to {high.end:#x}) overlap",
            )


def _entry(filename: str, entry: int, loads: list[_Load]) -> int:
    """Return the physical address of the entry point, which may be given as a virtual one."""
    for load in loads:
        if load.va <= entry < load.va + load.segment.size:
            return entry - load.va + load.segment.pa
    if any(load.segment.pa <= entry < load.segment.end for load in loads):
        return entry
    raise LoadError(filename, f"the entry point {entry:#x} is in none of the segments")


def _symbols(filename: str, data: bytes, header: _Header) -> Symbols:
    """Read the symbol table, if there is one."""
    count = header.section_count
    sections = _rows(data, "Elf_Shdr", header.sections_at, SECTION_HEADER_BYTES, count)
    by_name: dict[str, int] = {}
    constants: set[str] = set()
    for section in sections:
        if section["sh_type"] != "SHT_SYMTAB":
            continue
        if not section["sh_link"] < count:
            raise LoadError(filename, f"the symbol table names section {section['sh_link']}")
        table = _section(filename, data, section)
        names = _section(filename, data, sections[section["sh_link"]])
        _add_symbols(by_name, constants, table, names)
    return Symbols(by_name, frozenset(constants))


def _section(filename: str, data: bytes, section: Mapping[str, Any]) -> bytes:
    at, size = section["sh_offset"], section["sh_size"]
    if at + size > len(data):
        raise LoadError(
            filename,
            f"truncated ELF: a section is at offsets {at:#x} to {at + size:#x},"
            f" the file ends at {len(data):#x}",
        )
    return data[at : at + size]


def _add_symbols(by_name: dict[str, int], constants: set[str], table: bytes, names: bytes) -> None:
    usable = min(len(table) // SYMBOL.size, MAX_SYMBOLS) * SYMBOL.size
    for at, info, _other, section, value, _size in SYMBOL.iter_unpack(table[:usable]):
        end = names.find(b"\0", at)
        kind = info & 0xF
        if section != SHN_UNDEF and kind in (STT_NOTYPE, STT_OBJECT, STT_FUNC) and end > at:
            name = names[at:end].decode("utf-8", "replace")
            by_name[name] = value
            if section == SHN_ABS:
                constants.add(name)
