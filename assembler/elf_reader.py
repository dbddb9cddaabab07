"""Reading RISC-V ELF64 objects, through pyelftools, for the linker and objdump.

Files are not trusted: whatever is wrong with one is an `ObjectFormatError` that names the file.
"""

import io
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.construct.core import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from assembler.artifacts import Object
from assembler.errors import ObjectFormatError
from assembler.objects import (
    BINDINGS,
    SECTION_FLAGS,
    SECTION_TYPES,
    SYMBOL_TYPES,
    VISIBILITIES,
    ObjSection,
    ObjSymbol,
    Relocation,
)

MAX_FILE = 1 << 30
_BOOKKEEPING = ("SHT_NULL", "SHT_SYMTAB", "SHT_STRTAB", "SHT_RELA", "SHT_GROUP")
_TYPE_NAMES = {number: name for name, number in SECTION_TYPES.items()}


def read_object(data: bytes, filename: str) -> Object:
    """Read a relocatable object; raise ObjectFormatError when it is not one for RV64."""
    elf = open_elf(data, filename)
    if elf.header.e_type != "ET_REL":
        raise ObjectFormatError(f"{filename}: not a relocatable object ({elf.header.e_type})")
    return _read(elf, filename)


def read_image(data: bytes, filename: str) -> Object:
    """Read any RV64 ELF file: sections, symbols, and relocations where there are some."""
    return _read(open_elf(data, filename), filename)


def open_elf(data: bytes, filename: str) -> ELFFile:
    """Open an ELF file for RV64; raise ObjectFormatError when it is something else."""
    if data[:4] != b"\x7fELF":
        raise ObjectFormatError(f"{filename}: not an ELF file")
    try:
        elf = ELFFile(io.BytesIO(data))
    except _BROKEN as error:
        raise ObjectFormatError(f"{filename}: broken ELF file: {error}") from None
    if elf.elfclass != 64 or not elf.little_endian or elf.header.e_machine != "EM_RISCV":
        machine = elf.header.e_machine
        raise ObjectFormatError(f"{filename}: an ELF file for {machine}, not for 64-bit RISC-V")
    return elf


# What pyelftools lets out when a file lies about itself.
_BROKEN = (
    ELFError,
    ConstructError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    AssertionError,
    UnicodeError,
    MemoryError,
    ZeroDivisionError,
    RecursionError,
)


def _read(elf: ELFFile, filename: str) -> Object:
    try:
        return _Reader(elf, filename).read()
    except ObjectFormatError:
        raise
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ObjectFormatError(f"{filename}: broken ELF file: {reason}") from None


class _Reader:
    """Reads one file."""

    def __init__(self, elf: ELFFile, filename: str) -> None:
        self._elf = elf
        self._object = Object(filename, flags=elf.header.e_flags)
        self._by_index: dict[int, ObjSection] = {}
        self._symbols: list[ObjSymbol] = []

    def read(self) -> Object:
        sections = list(self._elf.iter_sections())
        for index, section in enumerate(sections):
            if section.header.sh_type not in _BOOKKEEPING:
                self._by_index[index] = self._section(section)
        self._object.sections = list(self._by_index.values())
        for section in sections:
            if section.header.sh_type == "SHT_SYMTAB":
                self._read_symbols(section)
        for section in sections:
            if section.header.sh_type == "SHT_RELA":
                self._read_relocations(section)
        return self._object

    def _section(self, section: Any) -> ObjSection:
        head = section.header
        kind = head.sh_type
        number = kind if isinstance(kind, int) else 0
        name = {"SHT_RISCV_ATTRIBUTES": "riscv_attributes"}.get(str(kind))
        name = name or str(kind).removeprefix("SHT_").lower()
        if name not in SECTION_TYPES:
            name = _TYPE_NAMES.get(number, "progbits")
        data = b"" if name == "nobits" else section.data()
        if name != "nobits" and len(data) != head.sh_size:
            raise ValueError(f"section {section.name} reaches past the end of the file")
        if head.sh_size > MAX_FILE:
            raise ValueError(f"section {section.name} is absurdly large")
        align = max(1, head.sh_addralign)
        if align & align - 1:
            raise ValueError(f"alignment {align} of section {section.name} is no power of two")
        flags = "".join(letter for letter, bit in SECTION_FLAGS.items() if head.sh_flags & bit)
        found = ObjSection(section.name, name, flags, data, head.sh_size, align)
        found.entsize, found.address = head.sh_entsize, head.sh_addr
        return found

    def _read_symbols(self, table: Any) -> None:
        assert isinstance(table, SymbolTableSection)
        for symbol in table.iter_symbols():
            entry = symbol.entry
            made = ObjSymbol(symbol.name, entry.st_value, entry.st_size)
            made.binding = _known(BINDINGS, entry.st_info.bind, "STB_", "global")
            made.type = _known(SYMBOL_TYPES, entry.st_info.type, "STT_", "notype")
            made.visibility = _known(VISIBILITIES, entry.st_other.visibility, "STV_", "default")
            made.section = self._place(entry.st_shndx)
            if made.type == "section" and isinstance(made.section, ObjSection):
                made.name = made.section.name
            self._symbols.append(made)
        self._object.symbols = self._symbols[1:]

    def _place(self, index: int | str) -> ObjSection | str:
        special = {"SHN_UNDEF": "undefined", "SHN_ABS": "absolute", "SHN_COMMON": "common"}
        if isinstance(index, str):
            if index not in special:
                raise ValueError(f"symbol in unknown section {index}")
            return special[index]
        found = self._by_index.get(index)
        if found is None:
            return "absolute" if index < self._elf.num_sections() else _no_section(index)
        return found

    def _read_relocations(self, table: Any) -> None:
        assert isinstance(table, RelocationSection)
        section = self._by_index.get(table.header.sh_info)
        if section is None:
            return
        for entry in table.iter_relocations():
            index = entry["r_info_sym"]
            symbol = self._symbols[index] if index else None
            offset, kind = entry["r_offset"], entry["r_info_type"]
            if not 0 <= offset <= section.size:
                raise ValueError(f"a relocation outside of section {section.name}")
            section.relocations.append(Relocation(offset, kind, symbol, entry["r_addend"]))


def _no_section(index: int) -> str:
    raise ValueError(f"there is no section {index}")


def _known(table: dict[str, int], value: Any, prefix: str, default: str) -> str:
    name = str(value).removeprefix(prefix).lower()
    return name if name in table else default
