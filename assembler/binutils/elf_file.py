"""An RV64 ELF file as it is: every header and field, nothing interpreted, nothing left out.

Not here: objects as the linker needs them (`assembler.elf_reader`). Follows the "System V
Application Binary Interface", chapters "Object Files" and "Program Loading". What is read from a
file is checked against its size before it is used: a file can lie about everything.
"""

import struct
from dataclasses import dataclass, field, replace
from functools import cached_property

from assembler.errors import ObjectFormatError

EM_RISCV = 243
REL, EXEC, DYN = 1, 2, 3
PROGBITS, SYMTAB, STRTAB, RELA, DYNAMIC, NOTE, NOBITS = 1, 2, 3, 4, 6, 7, 8
DYNSYM, GROUP, SYMTAB_SHNDX, ATTRIBUTES = 11, 17, 18, 0x70000003
SHF_WRITE, SHF_ALLOC, SHF_EXEC, SHF_MERGE, SHF_STRINGS, SHF_TLS = 1, 2, 4, 0x10, 0x20, 0x400
SHF_INFO_LINK, SHF_GROUP, SHF_COMPRESSED, SHF_EXCLUDE = 0x40, 0x200, 0x800, 0x80000000
SHN_UNDEF, SHN_ABS, SHN_COMMON, SHN_XINDEX = 0, 0xFFF1, 0xFFF2, 0xFFFF
STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE, STT_COMMON, STT_TLS = range(7)
STT_IFUNC = 10
PT_LOAD, PT_DYNAMIC, PT_TLS = 1, 2, 7

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SEGMENT = struct.Struct("<IIQQQQQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")
MAX_ENTRIES = 20_000_000  # symbols or relocations of one table
MAX_STRING = 1 << 20


@dataclass(eq=False, slots=True)
class Section:
    """A section header, its name and its bytes (none for NOBITS)."""

    index: int
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entsize: int
    whole: bytes = field(repr=False)

    @property
    def data(self) -> bytes:
        """The bytes, cut out of the file anew each time."""
        if self.type in (0, NOBITS):
            return b""
        return self.whole[self.offset : self.offset + self.size]

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return bool(self.flags & SHF_EXEC)


@dataclass(eq=False, slots=True)
class Symbol:
    """A symbol table entry; `section` is None for undefined, absolute and common ones."""

    name: str
    value: int
    size: int
    binding: int
    type: int
    other: int
    place: int
    section: Section | None


@dataclass(eq=False, slots=True)
class Relocation:
    """A RELA entry; no symbol means the absolute value 0."""

    offset: int
    type: int
    symbol: Symbol | None
    addend: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header."""

    type: int
    flags: int
    offset: int
    va: int
    pa: int
    file_size: int
    memory_size: int
    align: int


class ElfFile:
    """A parsed file; raise ObjectFormatError where it contradicts itself."""

    def __init__(self, data: bytes, filename: str) -> None:
        self.data = data
        self.filename = filename
        if data[:4] != b"\x7fELF":
            raise ObjectFormatError(f"{filename}: file format not recognized")
        if len(data) < HEADER.size:
            raise ObjectFormatError(f"{filename}: broken ELF file: it ends in its header")
        head = HEADER.unpack_from(data)
        if head[0][4:6] != b"\x02\x01" or head[2] != EM_RISCV:
            what = f"class {head[0][4]}, data {head[0][5]}, machine {head[2]}"
            raise ObjectFormatError(f"{filename}: an ELF file ({what}), not for 64-bit RISC-V")
        self.type, self.entry, self.flags = head[1], head[4], head[7]
        self._tables = head[5], head[9], head[10], head[6], head[11], head[12]
        self.names_index = head[13]
        self.sections = self._read_sections()
        self.segments = self._read_segments()

    @property
    def is_relocatable(self) -> bool:
        """Whether it is an object that is yet to be linked."""
        return bool(self.type == REL)

    def _broken(self, what: str) -> ObjectFormatError:
        return ObjectFormatError(f"{self.filename}: broken ELF file: {what}")

    def _read_segments(self) -> tuple[Segment, ...]:
        start, size, count, *_ = self._tables
        if not count:
            return ()
        if size != SEGMENT.size or start + size * count > len(self.data):
            raise self._broken("program headers reach past its end")
        found = []
        for at in range(start, start + size * count, size):
            kind, flags, offset, va, pa, file_size, memory_size, align = SEGMENT.unpack_from(
                self.data, at
            )
            found.append(Segment(kind, flags, offset, va, pa, file_size, memory_size, align))
        return tuple(found)

    def _read_sections(self) -> list[Section]:
        *_, start, size, count = self._tables
        if not start:
            return []
        if size != SECTION.size or start + size > len(self.data):
            raise self._broken("section headers reach past its end")
        first = SECTION.unpack_from(self.data, start)
        count = count or first[5]
        if start + size * count > len(self.data):
            raise self._broken("section headers reach past its end")
        heads = [SECTION.unpack_from(self.data, start + size * i) for i in range(count)]
        found = [self._section(index, head) for index, head in enumerate(heads)]
        if sum(section.size for section in found if section.type != NOBITS) > self._most():
            raise self._broken("its sections overlap absurdly")
        names_index = self.names_index if self.names_index != SHN_XINDEX else first[6]
        if found and names_index >= count:
            raise self._broken(f"there is no section {names_index} with names")
        for section, head in zip(found, heads, strict=True):
            section.name = self.string(found[names_index], head[0]) if names_index else ""
        return found

    def _most(self) -> int:
        """Give how many bytes all sections may have together: some overlap in real files."""
        return 8 * len(self.data) + (1 << 20)

    def _section(self, index: int, head: tuple[int, ...]) -> Section:
        _, kind, flags, address, offset, size, link, info, align, entsize = head
        if kind not in (0, NOBITS) and offset + size > len(self.data):
            raise self._broken(f"section {index} reaches past its end")
        whole = self.data
        return Section(
            *(index, "", kind, flags, address, offset, size, link, info, align, entsize, whole)
        )

    def string(self, table: Section, offset: int) -> str:
        """Read a string of a string table."""
        size = 0 if table.type in (0, NOBITS) else table.size
        if offset >= size:
            if not offset:
                return ""
            raise self._broken(f"there is no string at {offset:#x} of section {table.index}")
        start = table.offset + offset
        end = self.data.find(0, start, min(table.offset + size, start + MAX_STRING))
        if end < 0:
            raise self._broken(f"a string of section {table.index} has no end")
        return self.data[start:end].decode("utf-8", "surrogateescape")

    def named(self, name: str) -> Section | None:
        """Give the first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def at(self, index: int) -> Section:
        """Give a section by its number."""
        if index >= len(self.sections):
            raise self._broken(f"there is no section {index}")
        return self.sections[index]

    def table(self, kind: int) -> Section | None:
        """Give the symbol table of a kind: SYMTAB or DYNSYM."""
        return next((section for section in self.sections if section.type == kind), None)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """All symbols of .symtab but the null one; the numbers of relocations count from 1."""
        return self._read_symbols(SYMTAB)

    @cached_property
    def dynamic_symbols(self) -> list[Symbol]:
        """All symbols of .dynsym but the null one."""
        return self._read_symbols(DYNSYM)

    def _read_symbols(self, kind: int) -> list[Symbol]:
        table = self.table(kind)
        if table is None:
            return []
        if table.entsize != SYMBOL.size:
            raise self._broken(f"symbols of {table.entsize} bytes")
        if table.size // SYMBOL.size > MAX_ENTRIES:
            raise self._broken("an absurd number of symbols")
        strings = self.at(table.link).data
        whole = table.data[: table.size - table.size % SYMBOL.size]
        found = [self._symbol(entry, strings) for entry in SYMBOL.iter_unpack(whole)]
        return found[1:]

    def _symbol(self, entry: tuple[int, ...], strings: bytes) -> Symbol:
        name, info, other, place, value, size = entry
        if name >= len(strings) and name:
            raise self._broken(f"there is no name at {name:#x}")
        end = strings.find(0, name)
        text = strings[name : end if end >= 0 else len(strings)]
        section = None
        if 0 < place < 0xFF00:
            if place >= len(self.sections):
                raise self._broken(f"a symbol in section {place}, which does not exist")
            section = self.sections[place]
        decoded = text.decode("utf-8", "surrogateescape")
        return Symbol(decoded, value, size, info >> 4, info & 15, other, place, section)

    @cached_property
    def relocation_tables(self) -> dict[int, list[Section]]:
        """Give the RELA sections by the number of the section that they are for."""
        symtab = self.table(SYMTAB)
        found: dict[int, list[Section]] = {}
        for section in self.sections:
            if section.type != RELA or symtab is None or section.link != symtab.index:
                continue
            if not section.flags & SHF_ALLOC and 0 < section.info < len(self.sections):
                found.setdefault(section.info, []).append(section)
        return found

    def relocations(self, target: Section) -> list[Relocation]:
        """Give the relocations of a section by offset, in the file's order."""
        found: list[Relocation] = []
        base = 0 if self.is_relocatable else target.address  # executables have them by address
        for table in self.relocation_tables.get(target.index, ()):
            found += [
                replace(one, offset=one.offset - base) if base else one
                for one in self._read_relocations(table)
            ]
        return found

    def _read_relocations(self, table: Section) -> list[Relocation]:
        if table.entsize != RELOCATION.size:
            raise self._broken(f"relocations of {table.entsize} bytes")
        if table.size // RELOCATION.size > MAX_ENTRIES:
            raise self._broken("an absurd number of relocations")
        whole = table.data[: table.size - table.size % RELOCATION.size]
        symbols = self.symbols
        found = []
        for offset, info, addend in RELOCATION.iter_unpack(whole):
            number = info >> 32
            if number > len(symbols):
                raise self._broken(f"there is no symbol {number}")
            symbol = symbols[number - 1] if number else None
            found.append(Relocation(offset, info & 0xFFFFFFFF, symbol, addend))
        return found

    @cached_property
    def listed(self) -> list[Section]:
        """The sections that binutils list: all but the tables that are about the file itself."""
        hidden = {0, self.names_index}
        symtab = self.table(SYMTAB)
        if symtab is not None:
            hidden |= {symtab.index, symtab.link}
        for tables in self.relocation_tables.values():
            hidden |= {table.index for table in tables}
        hidden |= {section.index for section in self.sections if section.type == SYMTAB_SHNDX}
        return [section for section in self.sections if section.index not in hidden]
