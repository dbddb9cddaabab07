"""The parts of object files and executables: sections, symbols, relocations, segments.

Not here: the files as a whole (`artifacts.py`) and their bytes (`elf.py`, `elf_reader.py`).
"""

from dataclasses import dataclass, field

SECTION_TYPES = {
    "null": 0,
    "progbits": 1,
    "symtab": 2,
    "strtab": 3,
    "rela": 4,
    "note": 7,
    "nobits": 8,
    "init_array": 14,
    "fini_array": 15,
    "preinit_array": 16,
    "group": 17,
    "riscv_attributes": 0x70000003,
}
# Letters of `.section` flags and their ELF bits.
SECTION_FLAGS = {"w": 1, "a": 2, "x": 4, "M": 0x10, "S": 0x20, "I": 0x40, "G": 0x200, "T": 0x400}
SECTION_FLAGS |= {"o": 0x80, "R": 0x200000, "d": 0x1000000, "e": 0x80000000}
BINDINGS = {"local": 0, "global": 1, "weak": 2}
SYMBOL_TYPES = {"notype": 0, "object": 1, "func": 2, "section": 3, "file": 4, "common": 5}
SYMBOL_TYPES |= {"tls": 6, "gnu_ifunc": 10}
VISIBILITIES = {"default": 0, "internal": 1, "hidden": 2, "protected": 3}


@dataclass(eq=False, slots=True)
class ObjSymbol:
    """A symbol: `section` is a section of the object, or "undefined", "absolute", "common".

    The value is an offset in the section, an address in an image, the alignment of a common symbol.
    """

    name: str
    value: int = 0
    size: int = 0
    binding: str = "local"
    type: str = "notype"
    visibility: str = "default"
    section: "ObjSection | ObjGroup | str" = "undefined"
    other: int = 0  # bits of `st_other` beyond the visibility


@dataclass(slots=True)
class Relocation:
    """One entry of a `.rela` section; no symbol means the absolute value 0."""

    offset: int
    number: int
    symbol: ObjSymbol | None
    addend: int


@dataclass(eq=False, slots=True)
class ObjSection:
    """One section with its relocations; `size` counts also where there is no data."""

    name: str
    type: str = "progbits"
    flags: str = ""
    data: bytes | bytearray = b""
    size: int = 0
    align: int = 1
    entsize: int = 0
    address: int = 0
    relocations: list[Relocation] = field(default_factory=list)
    more_flags: int = 0  # bits that have no letter
    linked: "ObjSection | None" = None  # the section that this one describes (SHF_LINK_ORDER)

    @property
    def is_loaded(self) -> bool:
        """Whether it takes room in memory."""
        return "a" in self.flags


@dataclass(eq=False, slots=True)
class ObjGroup:
    """Sections that are kept or dropped together; of COMDAT groups of one name one is linked."""

    signature: ObjSymbol  # in no section when the source does not define it
    is_comdat: bool
    members: list[ObjSection] = field(default_factory=list)


def section_type_number(kind: str) -> int:
    """Give the number of a section type, which may be written as a number."""
    return SECTION_TYPES[kind] if kind in SECTION_TYPES else int(kind, 0)


@dataclass(frozen=True, slots=True)
class Segment:
    """A loadable part of an image: `data` at physical `pa`, zeros up to `memory_size`."""

    va: int
    pa: int
    data: bytes
    memory_size: int
    flags: str
