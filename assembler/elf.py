"""Writing ELF64 files for RISC-V: relocatable objects and static executables.

Follows the "System V Application Binary Interface", chapters "Object Files" and "Program Loading",
and the RISC-V ELF psABI, chapter "ELF Object Files". Not here: reading (`elf_reader.py`).
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assembler.objects import (
    BINDINGS,
    SECTION_FLAGS,
    SYMBOL_TYPES,
    VISIBILITIES,
    ObjGroup,
    ObjSection,
    ObjSymbol,
    Segment,
    section_type_number,
)

EM_RISCV = 243
ET_REL, ET_EXEC = 1, 2
PT_LOAD = 1
_GROUP = 17
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")
_SPECIAL_SECTIONS = {"undefined": 0, "absolute": 0xFFF1, "common": 0xFFF2}
_SEGMENT_FLAGS = {"x": 1, "w": 2, "r": 4}
_IDENT = b"\x7fELF\x02\x01\x01"
_GNU = 3  # the operating system whose extensions some flags and types are
PAGE = 0x1000


class StringTable:
    """A string table that stores each string once."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self._offsets = {"": 0}

    def add(self, text: str) -> int:
        """Give the offset of a string, stored now if it is new."""
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = len(self.data)
            self.data += text.encode("utf-8", "surrogateescape") + b"\0"
        return offset


@dataclass(slots=True)
class _Header:
    """A section header being made, and where its bytes go."""

    name: str
    type: int
    flags: int
    data: bytes | bytearray
    size: int
    address: int = 0
    link: int = 0
    info: int = 0
    align: int = 1
    entsize: int = 0
    offset: int = 0


@dataclass(slots=True)
class _Program:
    """A program header being made: a segment and its file offset."""

    segment: Segment
    offset: int = 0


def _section_header(section: ObjSection) -> _Header:
    flags = sum(SECTION_FLAGS[letter] for letter in set(section.flags)) | section.more_flags
    return _Header(
        section.name,
        section_type_number(section.type),
        flags,
        section.data,
        section.size,
        address=section.address,
        align=section.align,
        entsize=section.entsize,
    )


def _ordered(symbols: Iterable[ObjSymbol]) -> list[ObjSymbol]:
    """Put local symbols first, as the format demands."""
    symbols = list(symbols)
    local = [symbol for symbol in symbols if symbol.binding == "local"]
    return local + [symbol for symbol in symbols if symbol.binding != "local"]


def _symbol_table(
    symbols: list[ObjSymbol], index_of: dict[int, int], names: StringTable
) -> bytearray:
    table = bytearray(_SYMBOL.size)
    for symbol in symbols:
        section = symbol.section
        index = _SPECIAL_SECTIONS[section] if isinstance(section, str) else index_of[id(section)]
        info = BINDINGS[symbol.binding] << 4 | SYMBOL_TYPES[symbol.type]
        name = 0 if symbol.type == "section" else names.add(symbol.name)
        value = symbol.value & (1 << 64) - 1
        other = VISIBILITIES[symbol.visibility] | symbol.other
        table += _SYMBOL.pack(name, info, other, index, value, symbol.size)
    return table


def _symbol_headers(
    symbols: list[ObjSymbol], index_of: dict[int, int], index: int
) -> tuple[_Header, _Header]:
    """Make .symtab, which will be section `index`, and .strtab after it."""
    names = StringTable()
    table = _symbol_table(symbols, index_of, names)
    local = 1 + sum(symbol.binding == "local" for symbol in symbols)
    size = len(table)
    symtab = _Header(".symtab", 2, 0, table, size, 0, index + 1, local, 8, _SYMBOL.size)
    return symtab, _Header(".strtab", 3, 0, names.data, len(names.data))


def write_object(
    sections: list[ObjSection],
    symbols: list[ObjSymbol],
    flags: int,
    groups: Sequence[ObjGroup] = (),
) -> bytes:
    """Write a relocatable object."""
    symbols = _ordered([*symbols, *_group_symbols(groups, symbols)])
    headers = [_Header(".group", _GROUP, 0, b"", 0, align=4, entsize=4) for _ in groups]
    index_of = {id(group): number for number, group in enumerate(groups, 1)}
    relocated: list[tuple[int, ObjSection]] = []
    for section in sections:
        headers.append(_section_header(section))
        index_of[id(section)] = len(headers)
        if section.relocations:
            relocated.append((len(headers), section))
            size = _RELA.size * len(section.relocations)
            rela = _Header(f".rela{section.name}", 4, 0x40, b"", size, align=8, entsize=_RELA.size)
            rela.info = len(headers)
            headers.append(rela)
    for section in sections:
        if section.linked is not None:
            headers[index_of[id(section)] - 1].link = index_of[id(section.linked)]
    symtab, strtab = _symbol_headers(symbols, index_of, len(headers) + 1)
    numbers = {id(symbol): number for number, symbol in enumerate(symbols, 1)}
    for index, section in relocated:
        headers[index].link = len(headers) + 1
        headers[index].data = _relocations(section, numbers)
    for header, group in zip(headers, groups, strict=False):
        header.link, header.info = len(headers) + 1, numbers[id(group.signature)]
        _fill_group(header, group, headers, index_of)
    system = _GNU if _needs_gnu(sections, symbols) else 0
    return _write(ET_REL, 0, flags, [*headers, symtab, strtab], [], system)


def _group_symbols(groups: Sequence[ObjGroup], symbols: list[ObjSymbol]) -> list[ObjSymbol]:
    """Give a section symbol for each group, and the signatures that are no symbols yet."""
    known = {id(symbol) for symbol in symbols}
    heads: list[ObjSymbol] = []
    for group in groups:
        if id(group.signature) not in known:
            group.signature.section = group
            heads.append(group.signature)
        heads.append(ObjSymbol("", type="section", section=group))
    return heads


def _fill_group(
    header: _Header, group: ObjGroup, headers: list[_Header], index_of: dict[int, int]
) -> None:
    """Fill in a group's members; the relocations of a member belong to the group too."""
    words = [int(group.is_comdat)]
    for member in group.members:
        index = index_of[id(member)]
        words.append(index)
        if member.relocations:
            headers[index].flags |= SECTION_FLAGS["G"]
            words.append(index + 1)
    header.data = struct.pack(f"<{len(words)}I", *words)
    header.size = len(header.data)


def _needs_gnu(sections: list[ObjSection], symbols: list[ObjSymbol]) -> bool:
    """Whether a flag or a type stands in the range that operating systems define."""
    return any(symbol.type == "gnu_ifunc" for symbol in symbols) or any(
        letter in section.flags for section in sections for letter in "Rd"
    )


def _relocations(section: ObjSection, numbers: dict[int, int]) -> bytearray:
    table = bytearray()
    for entry in section.relocations:
        symbol = 0 if entry.symbol is None else numbers[id(entry.symbol)]
        table += _RELA.pack(entry.offset, symbol << 32 | entry.number, entry.addend)
    return table


def write_image(
    entry: int,
    segments: Iterable[Segment],
    sections: list[ObjSection],
    symbols: list[ObjSymbol],
    flags: int,
) -> bytes:
    """Write a static executable with its program headers and symbols."""
    headers = [_section_header(section) for section in sections]
    index_of = {id(section): number for number, section in enumerate(sections, 1)}
    symtab, strtab = _symbol_headers(_ordered(symbols), index_of, len(headers) + 1)
    programs = [_Program(segment) for segment in segments]
    return _write(ET_EXEC, entry, flags, [*headers, symtab, strtab], programs)


def _write(
    kind: int,
    entry: int,
    flags: int,
    headers: list[_Header],
    segments: list[_Program],
    system: int = 0,
) -> bytes:
    """Lay out the file: header, program headers, contents, section headers."""
    names = StringTable()
    headers.append(_Header(".shstrtab", 3, 0, b"", 0))
    name_offsets = [names.add(header.name) for header in headers]
    headers[-1].data, headers[-1].size = names.data, len(names.data)
    body = bytearray(_HEADER.size + _SEGMENT.size * len(segments))
    for segment in segments:
        _place_segment(body, segment)
    for header in headers:
        _place_section(body, header, segments)
    body += bytes(-len(body) % 8)
    table = len(body)
    body += bytes(_SECTION.size)
    for name, header in zip(name_offsets, headers, strict=True):
        body += _SECTION.pack(
            *(name, header.type, header.flags, header.address, header.offset, header.size),
            *(header.link, header.info, header.align, header.entsize),
        )
    programs = _HEADER.size if segments else 0
    body[: _HEADER.size] = _HEADER.pack(
        *(_IDENT + bytes([system, *bytes(8)]), kind, EM_RISCV, 1, entry, programs, table, flags),
        *(_HEADER.size, _SEGMENT.size if segments else 0, len(segments), _SECTION.size),
        *(len(headers) + 1, len(headers)),
    )
    for number, program in enumerate(segments):
        part = program.segment
        bits = sum(_SEGMENT_FLAGS[letter] for letter in part.flags)
        sizes = len(part.data), part.memory_size
        packed = _SEGMENT.pack(PT_LOAD, bits, program.offset, part.va, part.pa, *sizes, PAGE)
        at = _HEADER.size + number * _SEGMENT.size
        body[at : at + _SEGMENT.size] = packed
    return bytes(body)


def _place_segment(body: bytearray, program: _Program) -> None:
    """Append a segment's bytes at an offset that agrees with its address modulo the page size."""
    part = program.segment
    body += bytes((part.va - len(body)) % PAGE)
    program.offset = len(body)
    body += part.data


def _place_section(body: bytearray, header: _Header, programs: list[_Program]) -> None:
    """Give a section its file offset: inside its segment, or appended."""
    if header.flags & 2:
        for program in programs:
            part = program.segment
            distance = header.address - part.va
            if 0 <= distance <= len(part.data) and distance + header.size <= part.memory_size:
                header.offset = program.offset + distance
                return
    if header.type == 8:
        header.offset = len(body)
        return
    body += bytes(-len(body) % max(1, header.align))
    header.offset = len(body)
    body += header.data
