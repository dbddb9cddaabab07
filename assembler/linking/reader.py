"""Reading RISC-V ELF64 relocatable objects into what a link works on.

Files are not trusted: whatever is wrong with one is an `ObjectFormatError` that names the file.
Reads the tables with `struct`, since a link reads tens of thousands of entries.
"""

import struct
from collections.abc import Callable

from assembler.errors import ObjectFormatError
from assembler.linking import model
from assembler.linking.compression import decompress
from assembler.linking.model import Group, InputFile, Reloc, Section, Symbol

EM_RISCV = 243
MAX_SECTION = 1 << 31
MAX_POWER = 40  # of two, that a section is aligned to
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")
_SHN_XINDEX, _SHN_ABS, _SHN_COMMON = 0xFFFF, 0xFFF1, 0xFFF2
_TABLES = (0, model.SHT_SYMTAB, model.SHT_STRTAB, model.SHT_RELA, model.SHT_SYMTAB_SHNDX)
_LTO_PREFIX = ".gnu.lto_"


def read_file(data: bytes, name: str, filename: str) -> InputFile:
    """Read a relocatable object; its symbols are the file's own yet."""
    return _guarded(_Reader(data, name, filename).read, name)


def read_symbols(data: bytes, name: str) -> InputFile:
    """Read the global symbols that an object or executable defines, as plain addresses."""
    reader = _Reader(data, name, name, (1, 2))
    file = _guarded(reader.read_symbols, name)
    wanted = [one for one in file.symbols[file.first_global :] if one.is_defined]
    for symbol in wanted:
        symbol.section, symbol.type = None, 0
    file.symbols, file.first_global, file.sections = wanted, 0, []
    return file


def _guarded(read: Callable[[], InputFile], name: str) -> InputFile:
    try:
        return read()
    except (struct.error, ValueError, IndexError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ObjectFormatError(
            f"{name}: file format not recognized: broken ELF file: {reason}"
        ) from None


class _Reader:
    def __init__(
        self, data: bytes, name: str, filename: str, kinds: tuple[int, ...] = (1,)
    ) -> None:
        self._kinds = kinds
        self._data = data
        self._file = InputFile(name, filename)
        self._headers: list[tuple[int, ...]] = []
        self._names: list[str] = []

    def read(self) -> InputFile:
        self._read_headers()
        file = self._file
        file.sections = [None] * len(self._headers)
        symtab = 0
        for index, header in enumerate(self._headers):
            if header[1] not in _TABLES and index:
                file.sections[index] = self._section(index, header)
            elif header[1] == model.SHT_SYMTAB:
                symtab = index
            elif header[1] == model.SHT_REL:
                raise ValueError("it has REL relocations")
        self._refuse_lto()
        if symtab:
            self._read_symbols(symtab)
        for index, header in enumerate(self._headers):
            if header[1] == model.SHT_RELA:
                self._read_relocs(header, symtab)
            elif header[1] == model.SHT_GROUP:
                self._read_group(index, header, symtab)
        return file

    def read_symbols(self) -> InputFile:
        """Read symbols only; values are addresses."""
        self._read_headers()
        self._file.sections = [None] * len(self._headers)
        for index, header in enumerate(self._headers):
            if header[1] == model.SHT_SYMTAB:
                self._read_symbols(index)
        return self._file

    def _read_headers(self) -> None:
        name, data = self._file.name, self._data
        if data[:4] != b"\x7fELF":
            raise ObjectFormatError(f"{name}: file format not recognized: not an ELF file")
        (ident, kind, machine, _, _, _, offset, flags, *rest) = _HEADER.unpack_from(data)
        if ident[4] != 2 or ident[5] != 1 or machine != EM_RISCV:
            what = f"ELF{32 * ident[4]}, machine {machine}"
            raise ObjectFormatError(f"{name}: is incompatible with elf64-littleriscv ({what})")
        if kind not in self._kinds:
            what = {2: "EXEC", 3: "DYN"}.get(kind, str(kind))
            raise ObjectFormatError(f"{name}: not a relocatable object (ET_{what})")
        self._file.flags = flags
        count, strings = rest[4], rest[5]
        if not offset:
            return
        if rest[3] != _SECTION.size:
            raise ValueError(f"section headers of {rest[3]} bytes")
        if count == 0 or strings == _SHN_XINDEX:
            first = _SECTION.unpack_from(data, offset)
            count, strings = count or first[5], first[6] if strings == _SHN_XINDEX else strings
        if offset + count * _SECTION.size > len(data):
            raise ValueError("the section headers reach past the end of the file")
        table = data[offset : offset + count * _SECTION.size]
        self._headers = list(_SECTION.iter_unpack(table))
        text = self._bytes(strings)
        self._names = [_string(text, header[0]) for header in self._headers]

    def _bytes(self, index: int) -> bytes:
        header = self._headers[index]
        offset, size = header[4], header[5]
        if header[1] == model.SHT_NOBITS:
            return b""
        if offset + size > len(self._data):
            raise ValueError(f"section {index} reaches past the end of the file")
        return self._data[offset : offset + size]

    def _section(self, index: int, header: tuple[int, ...]) -> Section:
        name = self._names[index]
        found = Section(self._file, name, header[1], header[2])
        found.index = index
        found.size = found.raw_size = header[5]
        if header[5] > MAX_SECTION:
            raise ValueError(f"section {name} is absurdly large")
        align = max(1, header[8])
        if align & align - 1 or align > 1 << MAX_POWER:
            raise ValueError(f"alignment {align:#x} of section {name} is no power of two")
        found.align_power = align.bit_length() - 1
        found.entsize, found.link, found.info = header[9], header[6], header[7]
        found.data = self._bytes(index)
        if header[2] & model.SHF_COMPRESSED:
            found.data, align = decompress(found.data)
            found.size = found.raw_size = len(found.data)
            found.elf_flags &= ~model.SHF_COMPRESSED
            found.align_power = min(align.bit_length() - 1, MAX_POWER)
        return found

    def _refuse_lto(self) -> None:
        if any(name.startswith(_LTO_PREFIX) for name in self._names):
            code = any(s and s.flags & model.CODE and s.size for s in self._file.sections)
            if not code:
                message = "an object with link-time optimisation, which needs the compiler"
                raise ObjectFormatError(f"{self._file.name}: {message}")

    def _read_symbols(self, index: int) -> None:
        header, file = self._headers[index], self._file
        text, table = self._bytes(header[6]), self._bytes(index)
        file.first_global = header[7]
        extended = self._extended(index)
        count = len(table) // _SYMBOL.size
        if header[7] > count:
            raise ValueError("more local symbols than symbols")
        entries = _SYMBOL.iter_unpack(table[: count * _SYMBOL.size])
        for number, (name, info, other, place, value, size) in enumerate(entries):
            symbol = Symbol(_string(text, name), number < header[7])
            symbol.value, symbol.size, symbol.other = value, size, other
            symbol.binding, symbol.type = info >> 4, info & 15
            symbol.file = file
            index = extended[number] if place == _SHN_XINDEX and extended else place
            self._put(symbol, place, index)
            file.symbols.append(symbol)

    def _extended(self, index: int) -> list[int]:
        for number, header in enumerate(self._headers):
            if header[1] == model.SHT_SYMTAB_SHNDX and header[6] == index:
                return [entry for (entry,) in struct.iter_unpack("<I", self._bytes(number))]
        return []

    def _put(self, symbol: Symbol, place: int, index: int) -> None:
        if place == 0:
            symbol.kind = model.UNDEFWEAK if symbol.binding == 2 else model.UNDEFINED
        elif place == _SHN_COMMON:
            symbol.kind, symbol.align = model.COMMON, max(1, symbol.value)
            if symbol.align & symbol.align - 1 or symbol.align > 1 << 32:
                raise ValueError(f"common symbol {symbol.name} has alignment {symbol.align:#x}")
        elif place == _SHN_ABS:
            symbol.kind = model.DEFINED
        elif index < len(self._headers) and (place < 0xFF00 or place == _SHN_XINDEX):
            symbol.kind = model.DEFINED
            symbol.section = self._file.sections[index]
            if symbol.type == model.STT_SECTION and symbol.section and not symbol.name:
                symbol.name = symbol.section.name
        else:
            raise ValueError(f"symbol {symbol.name!r} is in section {index}")
        if symbol.kind == model.DEFINED and symbol.binding == 2:
            symbol.kind = model.DEFWEAK

    def _read_relocs(self, header: tuple[int, ...], symtab: int) -> None:
        if header[7] >= len(self._file.sections):
            raise ValueError(f"relocations for section {header[7]}")
        section = self._file.sections[header[7]]
        if section is None:
            return
        if header[6] != symtab or header[9] != _RELA.size:
            raise ValueError(f"relocations of section {section.name} make no sense")
        table = self._data[header[4] : header[4] + header[5]]
        if len(table) != header[5] or len(table) % _RELA.size:
            raise ValueError(f"relocations of section {section.name} are cut off")
        symbols = self._file.symbols
        for offset, info, addend in _RELA.iter_unpack(table):
            number = info >> 32
            symbol = symbols[number] if number else None
            if offset > section.size:
                raise ValueError(f"a relocation outside of section {section.name}")
            section.relocs.append(Reloc(offset, info & 0xFFFF_FFFF, symbol, addend))

    def _read_group(self, index: int, header: tuple[int, ...], symtab: int) -> None:
        words = [word for (word,) in struct.iter_unpack("<I", self._bytes(index))]
        if header[6] != symtab or not words or header[7] >= len(self._file.symbols):
            raise ValueError(f"section group {index} makes no sense")
        members = [found for word in words[1:] if (found := self._file.sections[word])]
        symbol = self._file.symbols[header[7]]
        group = Group(symbol.name, bool(words[0] & 1), members, symbol)
        for member in members:
            member.group = group
        self._file.groups.append(group)


def _string(text: bytes, offset: int) -> str:
    end = text.find(b"\0", offset)
    if end < 0 or offset >= len(text):
        raise ValueError(f"a name at offset {offset} of a string table of {len(text)} bytes")
    return text[offset:end].decode("utf-8", "surrogateescape")
