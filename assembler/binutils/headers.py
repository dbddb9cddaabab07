"""What objdump prints of a file's headers: -f, -p, -h, -t, -r, -s.

Follows the output of GNU objdump 2.40. Not here: disassembly (`disassembly.py`).
"""

import struct
from collections.abc import Iterator

from assembler.binutils.elf_file import (
    DYNSYM,
    EXEC,
    GROUP,
    NOBITS,
    PT_LOAD,
    SHF_ALLOC,
    SHF_EXCLUDE,
    SHF_EXEC,
    SHF_TLS,
    SHF_WRITE,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STB_UNIQUE,
    STB_WEAK,
    STT_COMMON,
    STT_FILE,
    STT_FUNC,
    STT_IFUNC,
    STT_OBJECT,
    STT_SECTION,
    ElfFile,
    Section,
    Segment,
    Symbol,
)
from assembler.binutils.names import printable, relocation_name, symbol_name
from assembler.binutils.symbol_search import is_special
from assembler.linking.model import SHF_COMPRESSED

HAS_RELOC, EXEC_P, HAS_SYMS, DYNAMIC_P, D_PAGED = 1, 2, 0x10, 0x40, 0x100
_FLAG_NAMES = (
    (HAS_RELOC, "HAS_RELOC"),
    (EXEC_P, "EXEC_P"),
    (HAS_SYMS, "HAS_SYMS"),
    (DYNAMIC_P, "DYNAMIC"),
    (D_PAGED, "D_PAGED"),
)
_SEGMENT_NAMES = {
    **dict(enumerate(("NULL", "LOAD", "DYNAMIC", "INTERP", "NOTE", "SHLIB", "PHDR", "TLS"))),
    0x6474E550: "EH_FRAME",
    0x6474E551: "STACK",
    0x6474E552: "RELRO",
    0x6474E553: "PROPERTY",
}
_DEBUG_NAMES = (".debug", ".gnu.debuglto_.debug_", ".gnu.linkonce.wi.", ".zdebug")
_DEBUG_PLAIN = (".line", ".stab")
_VISIBILITIES = {1: " .internal", 2: " .hidden", 3: " .protected"}
_GROUP_COMDAT = 1


def file_flags(elf: ElfFile) -> int:
    """Give the flags that objdump derives from a file."""
    flags = HAS_RELOC if elf.relocation_tables else 0
    flags |= EXEC_P if elf.type == EXEC else 0
    flags |= HAS_SYMS if elf.symbols else 0
    flags |= DYNAMIC_P if elf.table(DYNSYM) and elf.type != EXEC else 0
    return flags | (D_PAGED if elf.segments else 0)


def file_header(elf: ElfFile) -> Iterator[str]:
    """Give the lines of -f."""
    flags = file_flags(elf)
    yield f"architecture: riscv:rv64, flags 0x{flags:08x}:"
    yield ", ".join(name for bit, name in _FLAG_NAMES if flags & bit)
    yield f"start address 0x{elf.entry:016x}"


def private_header(elf: ElfFile) -> Iterator[str]:
    """Give the lines of -p: the program headers."""
    if not elf.segments:
        return
    yield from ("", "Program Header:")
    for segment in elf.segments:
        name = _SEGMENT_NAMES.get(segment.type, f"{segment.type:#x}")
        yield (
            f"{name:>8} off    0x{segment.offset:016x} vaddr 0x{segment.va:016x} "
            f"paddr 0x{segment.pa:016x} align 2**{_log2(segment.align)}"
        )
        letters = "".join(
            letter if segment.flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1))
        )
        rest = segment.flags & ~7
        yield (
            f"         filesz 0x{segment.file_size:016x} memsz 0x{segment.memory_size:016x} "
            f"flags {letters}{f' {rest:x}' if rest else ''}"
        )


def section_headers(
    elf: ElfFile, wanted: tuple[str, ...] = (), is_wide: bool = False
) -> Iterator[str]:
    """Give the lines of -h, of all sections or those that are wanted."""
    listed = [(i, s) for i, s in enumerate(elf.listed) if not wanted or s.name in wanted]
    width = max([13, *(len(printable(s.name)) for _, s in listed)]) if is_wide else 13
    yield "Sections:"
    yield (
        f"Idx {'Name':<{width}} Size      {'VMA':<18}{'LMA':<18}File off  Algn"
        f"{'  Flags' if is_wide else ''}"
    )
    for index, section in listed:
        size, align = true_size(section)
        line = (
            f"{index:3d} {printable(section.name):<{width}} {size & 0xFFFFFFFF:08x}  "
            f"{section.address:016x}  {load_address(elf, section):016x}  "
            f"{section.offset:08x}  2**{_log2(align)}"
        )
        flags = ", ".join(section_flags(elf, section))
        if is_wide:
            yield f"{line}  {flags}"
        else:
            yield from (line, f"{'':18}{flags}")


def true_size(section: Section) -> tuple[int, int]:
    """Give the size and the alignment that a section has when it is not compressed."""
    if section.flags & SHF_COMPRESSED and section.size >= 24:
        size, align = struct.unpack_from("<QQ", section.data, 8)
        return size, align
    return section.size, section.align


def section_flags(elf: ElfFile, section: Section) -> Iterator[str]:
    """Give the names of what objdump derives from a section's type and flags."""
    has_contents = section.type != NOBITS
    is_loaded = bool(section.flags & SHF_ALLOC)
    is_debug = not is_loaded and section.name.startswith((*_DEBUG_NAMES, *_DEBUG_PLAIN))
    has_octets = not is_loaded and section.name.startswith((*_DEBUG_NAMES, ".note.gnu"))
    states = (
        ("CONTENTS", has_contents),
        ("ALLOC", is_loaded),
        ("LOAD", is_loaded and has_contents),
        ("RELOC", section.index in elf.relocation_tables),
        ("READONLY", has_contents and not section.flags & SHF_WRITE),
        ("CODE", section.flags & SHF_EXEC),
        ("DATA", is_loaded and has_contents and not section.flags & SHF_EXEC),
        ("DEBUGGING", is_debug),
        ("EXCLUDE", section.flags & SHF_EXCLUDE and section.type != GROUP),
        ("OCTETS", has_octets),
        ("THREAD_LOCAL", section.flags & SHF_TLS),
        ("GROUP", section.type == GROUP),
        ("LINK_ONCE_DISCARD", _is_link_once(section)),
    )
    return (name for name, holds in states if holds)


def _is_link_once(section: Section) -> bool:
    if section.type == GROUP:
        data = section.data
        return bool(data[:1] and data[0] & _GROUP_COMDAT)
    return section.name.startswith(".gnu.linkonce")


def load_address(elf: ElfFile, section: Section) -> int:
    """Give where a section is loaded: the physical address in its segment."""
    if section.flags & SHF_ALLOC:
        for segment in elf.segments:
            if segment.type == PT_LOAD and _holds(segment, section):
                return segment.pa + section.address - segment.va & (1 << 64) - 1
    return section.address


def _holds(segment: Segment, section: Section) -> bool:
    end = section.address + section.size
    is_inside = segment.va <= section.address and end <= segment.va + segment.memory_size
    if section.type == NOBITS:
        return is_inside
    start = segment.offset <= section.offset
    return (
        is_inside
        and start
        and section.offset + section.size <= segment.offset + max(segment.file_size, 0)
    )


def symbol_table(elf: ElfFile, wanted: tuple[str, ...] = ()) -> Iterator[str]:
    """Give the lines of -t."""
    yield "SYMBOL TABLE:"
    shown = [
        s for s in elf.symbols if not is_special(s) and (not wanted or place_name(s) in wanted)
    ]
    if not elf.symbols:
        yield "no symbols"
    for symbol in shown:
        if symbol.type == STT_SECTION and symbol.section is not None:
            name = symbol.name or symbol.section.name
        else:
            name = symbol.name
        value = symbol.value
        if elf.is_relocatable and symbol.section is not None:
            value += symbol.section.address
        size = symbol.size
        if symbol.place == SHN_COMMON:
            value, size = size, value
        other = _VISIBILITIES.get(symbol.other, f" 0x{symbol.other:02x}" if symbol.other else "")
        yield (
            f"{value:016x} {_letters(symbol)} {printable(place_name(symbol))}\t"
            f"{size:016x}{other} {printable(name)}"
        )
    yield from ("", "")


def place_name(symbol: Symbol) -> str:
    """Name where a symbol is: a section, or the pseudo sections of binutils."""
    special = {SHN_UNDEF: "*UND*", SHN_ABS: "*ABS*", SHN_COMMON: "*COM*"}
    return symbol.section.name if symbol.section is not None else special.get(symbol.place, "*ABS*")


def _letters(symbol: Symbol) -> str:
    """Give the seven letters of a symbol's flags."""
    is_defined = symbol.place not in (SHN_UNDEF, SHN_COMMON)
    scope = {STB_LOCAL: "l", STB_UNIQUE: "u"}.get(symbol.binding, " ")
    if symbol.binding == STB_GLOBAL and is_defined:
        scope = "g"
    weak = "w" if symbol.binding == STB_WEAK else " "
    indirect = "i" if symbol.type == STT_IFUNC else " "
    debug = "d" if symbol.type in (STT_SECTION, STT_FILE) else " "
    kind = {STT_FUNC: "F", STT_FILE: "f", STT_OBJECT: "O", STT_COMMON: "O"}.get(symbol.type, " ")
    if symbol.place == SHN_COMMON:
        kind = "O"
    return f"{scope}{weak}  {indirect}{debug}{kind}"


def relocation_records(elf: ElfFile, wanted: tuple[str, ...] = ()) -> Iterator[str]:
    """Give the lines of -r."""
    for section in elf.listed:
        if section.index not in elf.relocation_tables or (wanted and section.name not in wanted):
            continue
        entries = elf.relocations(section)
        yield f"RELOCATION RECORDS FOR [{printable(section.name)}]:{'' if entries else ' (none)'}"
        if entries:
            yield f"OFFSET           {'TYPE':<16}  VALUE"
        for entry in entries:
            sign = "-" if entry.addend < 0 else "+"
            addend = f"{sign}0x{abs(entry.addend):016x}" if entry.addend else ""
            name = printable(symbol_name(entry.symbol))
            kind = relocation_name(entry.type)
            yield f"{entry.offset:016x} {kind:<16}  {name}{addend}"
        yield from ("", "")


def full_contents(
    elf: ElfFile, wanted: tuple[str, ...] = (), start: int | None = None, stop: int | None = None
) -> Iterator[str]:
    """Give the lines of -s: bytes as hexadecimal numbers and as characters."""
    for section in elf.listed:
        if section.type == NOBITS or not section.size or (wanted and section.name not in wanted):
            continue
        base = section.address
        first = max(0, start - base) if start is not None else 0
        last = min(section.size, max(0, stop - base)) if stop is not None else section.size
        if first >= last:
            continue
        yield f"Contents of section {printable(section.name)}:"
        width = max(4, len(f"{base + last:x}"))
        data = section.data
        for at in range(first, last, 16):
            piece = data[at : min(at + 16, last)]
            digits = piece.hex().ljust(32)
            groups = " ".join(digits[i : i + 8] for i in range(0, 32, 8))
            text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
            yield f" {base + at:0{width}x} {groups}  {text:<16}"


def _log2(align: int) -> int:
    """Give the power of two that an alignment is, or next above."""
    return max(0, align - 1).bit_length()
