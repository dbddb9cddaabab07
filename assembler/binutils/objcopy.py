"""Copying files with changes: which sections and symbols stay, and other formats of output.

Not here: the options' spelling (`trapline.commands.objcopy`), writing ELF (`rewrite.py`). The
formats are described by Intel ("Hexadecimal Object File Format Specification") and Motorola.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from assembler.artifacts import Object
from assembler.binutils.elf_file import (
    GROUP,
    NOBITS,
    RELA,
    SHF_ALLOC,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STB_WEAK,
    STT_FILE,
    STT_SECTION,
    ElfFile,
    Section,
    Symbol,
)
from assembler.binutils.headers import load_address
from assembler.binutils.rewrite import Plan, Rewriter
from assembler.errors import LinkError
from assembler.objects import ObjSection, ObjSymbol

MAX_IMAGE = 1 << 30
_DEBUG = (
    ".debug",
    ".zdebug",
    ".stab",
    ".line",
    ".gdb_index",
    ".gnu.debuglto_",
    ".gnu.linkonce.wi.",
)
FORMATS = ("elf64-littleriscv", "binary", "ihex", "srec", "verilog")


@dataclass
class Changes:
    """What to change; patterns may have `*` and `?`."""

    output: str = "elf64-littleriscv"
    only: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    strip: str = ""  # "", "debug", "unneeded", "all"
    discard: str = ""  # "", "locals" (the assembler's), "all"
    kept_symbols: list[str] = field(default_factory=list)
    stripped_symbols: list[str] = field(default_factory=list)
    global_symbols: list[str] = field(default_factory=list)
    local_symbols: list[str] = field(default_factory=list)
    weak_symbols: list[str] = field(default_factory=list)
    section_names: dict[str, str] = field(default_factory=dict)
    symbol_names: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    title: str = ""  # of an S-record file: the name of the output
    added: list[tuple[str, bytes]] = field(default_factory=list)
    updated: dict[str, bytes] = field(default_factory=dict)
    entry: int | None = None
    fill: int = 0
    pad_to: int | None = None


def copy(elf: ElfFile, changes: Changes) -> bytes:
    """Give a copy of a file with changes, in the format that is asked for."""
    if changes.output != "elf64-littleriscv":
        return _image(elf, changes)
    plan = Plan(
        keeps=lambda section: _keeps(section, changes),
        keeps_symbol=lambda symbol, is_needed: _keeps_symbol(elf, symbol, is_needed, changes),
        has_symbols=changes.strip != "all" or bool(changes.kept_symbols),
        section_names=changes.section_names,
        symbol_names=lambda symbol: _name(symbol, changes),
        bindings=lambda symbol: _binding(symbol, changes),
        data=changes.updated,
        added=changes.added,
        entry=changes.entry,
    )
    return Rewriter(elf, plan).write()


def _matches(name: str, patterns: list[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def is_debugging(name: str) -> bool:
    """Say whether a section is there for debuggers only."""
    return name.startswith(_DEBUG)


def _keeps(section: Section, changes: Changes) -> bool:
    name = section.name
    if section.type == RELA and not section.flags & SHF_ALLOC:
        name = name.removeprefix(".rela")
        return changes.strip != "all" and not _matches(section.name, changes.removed)
    if section.type == GROUP and changes.strip == "all":
        return False
    if changes.only and not _matches(name, changes.only):
        return False
    if (changes.strip or changes.discard == "all") and is_debugging(name):
        return False
    return not _matches(name, changes.removed)


def _keeps_symbol(elf: ElfFile, symbol: Symbol, is_needed: bool, changes: Changes) -> bool:
    if is_needed or _matches(symbol.name, changes.kept_symbols):
        return True
    if changes.strip == "all" or _matches(symbol.name, changes.stripped_symbols):
        return False
    is_local = _binding(symbol, changes) == STB_LOCAL
    if symbol.type in (STT_FILE, STT_SECTION):
        is_section = symbol.type == STT_SECTION
        if changes.strip == "debug":
            return is_section and not elf.is_relocatable
        return not changes.strip and (is_section or not changes.only)
    if changes.only and symbol.section is None:
        return False
    if changes.strip == "unneeded" and (is_local or symbol.place == SHN_UNDEF):
        return False
    if changes.strip == "unneeded" and not elf.is_relocatable:
        return False
    is_temporary = symbol.name.startswith(".L")
    return not (is_local and (changes.discard == "all" or (changes.discard and is_temporary)))


def _name(symbol: Symbol, changes: Changes) -> str:
    name = changes.symbol_names.get(symbol.name, symbol.name)
    return changes.prefix + name if symbol.type != STT_SECTION else name


def _binding(symbol: Symbol, changes: Changes) -> int:
    if symbol.place == SHN_UNDEF:
        return symbol.binding
    if _matches(symbol.name, changes.global_symbols):
        return STB_GLOBAL
    if _matches(symbol.name, changes.local_symbols):
        return STB_LOCAL
    if _matches(symbol.name, changes.weak_symbols) and symbol.binding != STB_LOCAL:
        return STB_WEAK
    return symbol.binding


def _image(elf: ElfFile, changes: Changes) -> bytes:
    """Give what is loaded, in one of the formats without headers."""
    pieces = []
    for section in elf.listed:
        if not section.flags & SHF_ALLOC or section.type == NOBITS or not section.size:
            continue
        if _keeps(section, changes):
            data = changes.updated.get(section.name, section.data)
            pieces.append((load_address(elf, section), data))
    pieces.sort(key=lambda piece: piece[0])
    if changes.output == "ihex":
        return "".join(f"{line}\r\n" for line in _ihex(pieces, elf.entry)).encode()
    if changes.output == "srec":
        return "".join(f"{line}\r\n" for line in _srec(pieces, elf.entry, changes.title)).encode()
    if changes.output == "verilog":
        return "".join(f"{line}\r\n" for line in _verilog(pieces)).encode()
    return _flat(pieces, changes)


def _flat(pieces: list[tuple[int, bytes]], changes: Changes) -> bytes:
    if not pieces:
        return b""
    low = pieces[0][0]
    end = max(address + len(data) for address, data in pieces)
    end = max(end, changes.pad_to or 0)
    if end - low > MAX_IMAGE:
        raise LinkError(f"an image from {low:#x} to {end:#x} is larger than {MAX_IMAGE >> 20} MiB")
    image = bytearray(bytes([changes.fill & 0xFF])) * (end - low)
    for address, data in pieces:
        image[address - low : address - low + len(data)] = data
    return bytes(image)


def _ihex(pieces: list[tuple[int, bytes]], entry: int) -> Iterator[str]:
    def record(kind: int, address: int, data: bytes) -> str:
        body = bytes([len(data), address >> 8 & 0xFF, address & 0xFF, kind]) + data
        return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}"

    segment = base = 0
    for address, data in pieces:
        if address + len(data) > 1 << 32:
            raise LinkError(f"{address:#x} does not fit into Intel's format of 32 bits")
        at = 0
        while at < len(data):
            where = address + at
            if where > segment + base + 0xFFFF or where < segment + base:
                if where <= 0xFFFFF:
                    segment, base = where & 0xF0000, 0
                    yield record(2, 0, (segment >> 4).to_bytes(2, "big"))
                else:
                    segment, base = 0, where & 0xFFFF0000
                    yield record(4, 0, (base >> 16).to_bytes(2, "big"))
            count = min(16, len(data) - at, 0x10000 - (where - segment - base))
            yield record(0, where - segment - base, data[at : at + count])
            at += count
    if entry:
        if entry <= 0xFFFFF:
            packed = ((entry & 0xF0000) >> 4).to_bytes(2, "big") + (entry & 0xFFFF).to_bytes(
                2, "big"
            )
            yield record(3, 0, packed)
        elif entry < 1 << 32:
            yield record(5, 0, entry.to_bytes(4, "big"))
    yield record(1, 0, b"")


def _srec(pieces: list[tuple[int, bytes]], entry: int, title: str) -> Iterator[str]:
    def record(kind: str, address: int, width: int, data: bytes) -> str:
        body = bytes([width + len(data) + 1]) + address.to_bytes(width, "big") + data
        return f"S{kind}{(body + bytes([~sum(body) & 0xFF])).hex().upper()}"

    top = max((address + len(data) for address, data in pieces), default=0)
    if top > 1 << 32:
        raise LinkError(f"{top:#x} does not fit into Motorola's format of 32 bits")
    width = 2 if top <= 0x10000 else 3 if top <= 0x1000000 else 4
    yield record("0", 0, 2, title.encode("utf-8", "surrogateescape")[:40])
    for address, data in pieces:
        for at in range(0, len(data), 16):
            yield record(str(width - 1), address + at, width, data[at : at + 16])
    yield record(str(11 - width), entry & (1 << 8 * width) - 1, width, b"")


def _verilog(pieces: list[tuple[int, bytes]]) -> Iterator[str]:
    for address, data in pieces:
        yield f"@{address:08X}"
        for at in range(0, len(data), 16):
            yield data[at : at + 16].hex(" ").upper()


def wrap_binary(data: bytes, filename: str) -> bytes:
    """Put any file into an object, with symbols for its begin, its end and its size."""
    section = ObjSection(".data", "progbits", "wa", data, len(data))
    stem = "_binary_" + re.sub(r"[^A-Za-z0-9]", "_", filename)
    symbols = [
        ObjSymbol(f"{stem}_start", 0, binding="global", section=section),
        ObjSymbol(f"{stem}_end", len(data), binding="global", section=section),
        ObjSymbol(f"{stem}_size", len(data), binding="global", section="absolute"),
    ]
    return Object(filename, [section], symbols).to_bytes()
