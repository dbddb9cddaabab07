"""Writing an ELF file again, with fewer or other sections and symbols: what objcopy and strip do.

What is in a segment stays where it is, so a program still runs. Not here: which sections and
symbols to leave out (`objcopy.py`).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assembler.binutils.elf_file import (
    ATTRIBUTES,
    GROUP,
    HEADER,
    NOBITS,
    RELA,
    RELOCATION,
    SECTION,
    SEGMENT,
    SHF_ALLOC,
    SHF_GROUP,
    STB_LOCAL,
    STRTAB,
    STT_FILE,
    STT_SECTION,
    SYMBOL,
    SYMTAB,
    ElfFile,
    Section,
    Symbol,
)
from assembler.elf import StringTable
from assembler.errors import ObjectFormatError

_WORD, _OFFSET = struct.Struct("<I"), struct.Struct("<Q")
_PROGRAMS_AT = 32  # where the header says where the program headers are
MAX_ALIGN = 1 << 24


@dataclass
class Plan:
    """What to write. Names are new names by old ones; `data` replaces contents by section name."""

    keeps: Callable[[Section], bool]
    keeps_symbol: Callable[[Symbol, bool], bool]  # the symbol, and whether a relocation needs it
    has_symbols: bool = True
    section_names: dict[str, str] = field(default_factory=dict)
    symbol_names: Callable[[Symbol], str] = lambda symbol: symbol.name
    bindings: Callable[[Symbol], int] = lambda symbol: symbol.binding
    data: dict[str, bytes] = field(default_factory=dict)
    added: list[tuple[str, bytes]] = field(default_factory=list)
    entry: int | None = None


@dataclass
class _Out:
    """A section header being made."""

    name: str
    type: int
    flags: int
    address: int
    data: bytes
    size: int
    link: int
    info: int
    align: int
    entsize: int
    offset: int = 0
    is_placed: bool = False


class Rewriter:
    """Writes one file."""

    def __init__(self, elf: ElfFile, plan: Plan) -> None:
        self._elf, self._plan = elf, plan
        tables = {t.index for tables in elf.relocation_tables.values() for t in tables}
        own = {s.index for s in elf.sections if s.type == SYMTAB} | {elf.names_index}
        own |= {s.link for s in elf.sections if s.type == SYMTAB}
        kept = [s for s in elf.sections[1:] if s.index not in own | tables and plan.keeps(s)]
        alive = {s.index for s in kept}
        for target, found in elf.relocation_tables.items():
            if target in alive and plan.has_symbols:
                kept += [table for table in found if plan.keeps(table)]
        self._kept = sorted(kept, key=lambda section: section.index)
        self._numbers = {s.index: number for number, s in enumerate(self._kept, 1)}
        self._has_groups = any(section.type == GROUP for section in kept)
        self._symbols: list[Symbol] = []
        self._symbol_numbers: dict[int, int] = {}

    def write(self) -> bytes:
        """Give the new file."""
        if self._plan.has_symbols:
            self._choose_symbols()
        headers = [self._header(section) for section in self._kept]
        headers += [
            _Out(name, 1, 0, 0, data, len(data), 0, 0, 1, 0) for name, data in self._plan.added
        ]
        if self._plan.has_symbols and self._symbols:
            headers += self._symbol_headers(len(headers) + 1)
        names = StringTable()
        offsets = [names.add(header.name) for header in headers]
        offsets.append(names.add(".shstrtab"))
        table = bytes(names.data)
        headers.append(_Out(".shstrtab", STRTAB, 0, 0, table, len(table), 0, 0, 1, 0))
        return self._lay_out(headers, offsets)

    def _choose_symbols(self) -> None:
        needed = set()
        for section in self._kept:
            if section.type == RELA and section.index in self._table_indexes():
                needed |= {info >> 32 for _, info, _ in _entries(section)}
        needed |= {section.info for section in self._kept if section.type == GROUP}
        chosen = []
        for number, symbol in enumerate(self._elf.symbols, 1):
            is_gone = symbol.section is not None and symbol.section.index not in self._numbers
            if not is_gone and self._plan.keeps_symbol(symbol, number in needed):
                chosen.append((number, symbol))
        chosen.sort(key=lambda pair: self._plan.bindings(pair[1]) != STB_LOCAL)
        self._symbols = [symbol for _, symbol in chosen]
        self._symbol_numbers = {old: new for new, (old, _) in enumerate(chosen, 1)}

    def _table_indexes(self) -> set[int]:
        return {t.index for tables in self._elf.relocation_tables.values() for t in tables}

    def _header(self, section: Section) -> _Out:
        name = self._plan.section_names.get(section.name, section.name)
        data = self._plan.data.get(section.name, section.data)
        size = section.size if section.type == NOBITS else len(data)
        flags = section.flags if self._has_groups else section.flags & ~SHF_GROUP
        made = _Out(
            *(name, section.type, flags, section.address, data, size),
            *(self._numbers.get(section.link, 0), section.info, section.align, section.entsize),
            offset=section.offset,
        )
        symtab = len(self._kept) + len(self._plan.added) + 1
        if section.type == RELA and section.index in self._table_indexes():
            made.data = self._renumbered(section)
            made.link, made.info = symtab, self._numbers.get(section.info, 0)
        elif section.type == GROUP:
            made.link, made.info = symtab, self._symbol_numbers.get(section.info, 0)
            made.data = self._group(section)
            made.size = len(made.data)
        return made

    def _renumbered(self, section: Section) -> bytes:
        out = bytearray()
        for offset, info, addend in _entries(section):
            number = self._symbol_numbers.get(info >> 32, 0)
            out += RELOCATION.pack(offset, number << 32 | info & 0xFFFFFFFF, addend)
        return bytes(out)

    def _group(self, section: Section) -> bytes:
        words = [word for (word,) in _WORD.iter_unpack(section.data[: section.size & ~3])]
        members = [self._numbers[word] for word in words[1:] if word in self._numbers]
        return b"".join(_WORD.pack(word) for word in [*words[:1], *members])

    def _symbol_headers(self, index: int) -> list[_Out]:
        names = StringTable()
        table = bytearray(SYMBOL.size)
        local = 1
        for symbol in self._symbols:
            binding = self._plan.bindings(symbol)
            local += binding == STB_LOCAL
            place = symbol.place
            if symbol.section is not None:
                place = self._numbers[symbol.section.index]
            is_unnamed = symbol.type == STT_SECTION
            name = 0 if is_unnamed else names.add(self._plan.symbol_names(symbol))
            info = binding << 4 | symbol.type
            table += SYMBOL.pack(name, info, symbol.other, place, symbol.value, symbol.size)
        strings = bytes(names.data)
        return [
            _Out(
                *(".symtab", SYMTAB, 0, 0, bytes(table), len(table)),
                *(index + 1, local, 8, SYMBOL.size),
            ),
            _Out(".strtab", STRTAB, 0, 0, strings, len(strings), 0, 0, 1, 0),
        ]

    def _lay_out(self, headers: list[_Out], names: list[int]) -> bytes:
        body = self._fixed_part()
        end = len(body)
        for header in headers:
            is_fixed = header.flags & SHF_ALLOC and self._elf.segments and header.address
            if is_fixed and header.offset + len(header.data) <= end:
                body[header.offset : header.offset + len(header.data)] = header.data
                continue
            if header.align > MAX_ALIGN:
                raise ObjectFormatError(f"{self._elf.filename}: alignment {header.align:#x}")
            body += bytes(-len(body) % max(1, header.align))
            header.offset = len(body)
            body += header.data
        body += bytes(-len(body) % 8)
        start = len(body)
        body += bytes(SECTION.size)
        for name, header in zip(names, headers, strict=True):
            body += SECTION.pack(
                *(name, header.type, header.flags, header.address, header.offset, header.size),
                *(header.link, header.info, header.align, header.entsize),
            )
        self._move_attributes(body, headers)
        head = list(HEADER.unpack_from(self._elf.data))
        head[4] = head[4] if self._plan.entry is None else self._plan.entry
        head[6], head[11] = start, SECTION.size
        head[12], head[13] = len(headers) + 1, len(headers)
        body[: HEADER.size] = HEADER.pack(*head)
        return bytes(body)

    def _move_attributes(self, body: bytearray, headers: list[_Out]) -> None:
        """Let the program header of the attributes say where they are now."""
        (start,) = _OFFSET.unpack_from(self._elf.data, _PROGRAMS_AT)
        found = next((header for header in headers if header.type == ATTRIBUTES), None)
        for number, segment in enumerate(self._elf.segments):
            if segment.type == ATTRIBUTES and found is not None:
                _OFFSET.pack_into(body, start + SEGMENT.size * number + 8, found.offset)

    def _fixed_part(self) -> bytearray:
        """Give the begin of the file up to where its segments end."""
        end = HEADER.size
        if self._elf.segments:
            loads = [s for s in self._elf.segments if s.type == 1 and s.file_size]
            end = max([end, *(s.offset + s.file_size for s in loads)])
            (start,) = _OFFSET.unpack_from(self._elf.data, _PROGRAMS_AT)
            end = max(end, start + SEGMENT.size * len(self._elf.segments))
        return bytearray(self._elf.data[: min(end, len(self._elf.data))])


def is_file_or_section(symbol: Symbol) -> bool:
    """Say whether a symbol only names a file or a section."""
    return symbol.type in (STT_FILE, STT_SECTION)


def _entries(section: Section) -> Iterator[tuple[int, int, int]]:
    """Give the relocations of a table; a file may lie about its size."""
    data = section.data
    return RELOCATION.iter_unpack(data[: len(data) - len(data) % RELOCATION.size])
