"""What a link works on: input files, their sections, symbols and relocations, output sections.

Section flags are the generic ones that layout decisions speak of (loaded, read-only, code), made
from the ELF flags. Follows the manual "The GNU linker" and the ELF specification.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

MASK64 = (1 << 64) - 1

# What a section is, as far as layout cares.
ALLOC, LOAD, READONLY, CODE, DATA = 1, 2, 4, 8, 16
HAS_CONTENTS, MERGE, STRINGS, THREAD_LOCAL = 32, 64, 128, 256
DEBUGGING, EXCLUDE, NEVER_LOAD, GROUP, KEEP = 512, 1024, 2048, 4096, 8192
LINKER_CREATED, LINK_ONCE = 16384, 32768

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS = 1, 2, 3, 4, 7, 8
SHT_REL, SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY, SHT_GROUP = 9, 14, 15, 16, 17
SHT_SYMTAB_SHNDX, SHT_RISCV_ATTRIBUTES = 18, 0x70000003
SHF_WRITE, SHF_ALLOC, SHF_EXEC, SHF_MERGE, SHF_STRINGS = 1, 2, 4, 0x10, 0x20
SHF_INFO_LINK, SHF_LINK_ORDER, SHF_GROUP, SHF_TLS = 0x40, 0x80, 0x200, 0x400
SHF_MASKOS = 0x0FF00000
SHF_COMPRESSED, SHF_GNU_RETAIN, SHF_EXCLUDE = 0x800, 0x200000, 0x80000000
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE, STT_TLS = 0, 1, 2, 3, 4, 6
STT_GNU_IFUNC = 10
STV_DEFAULT, STV_INTERNAL, STV_HIDDEN = 0, 1, 2

# What is known of a global symbol.
NEW, UNDEFINED, UNDEFWEAK, DEFINED, DEFWEAK, COMMON = range(6)

_DEBUG_PREFIXES = (
    *(".debug", ".gnu.debuglto_.debug_", ".gnu.linkonce.wi.", ".zdebug"),
    *(".line", ".stab", ".gdb_index"),
)


class Reloc:
    """One relocation of an input section; `symbol` None stands for the absolute value 0."""

    __slots__ = ("addend", "kind", "offset", "symbol")

    def __init__(self, offset: int, kind: int, symbol: "Symbol | None", addend: int) -> None:
        self.offset = offset
        self.kind = kind
        self.symbol = symbol
        self.addend = addend


@dataclass(eq=False, slots=True)
class OutSection:
    """A section of the output; the absolute section is one, at address 0."""

    name: str
    flags: int = 0
    vma: int = 0
    lma: int = 0
    size: int = 0
    align_power: int = 0
    entsize: int = 0
    type: int = 0
    elf_flags: int = 0
    has_input: bool = False
    is_removed: bool = False
    is_absolute: bool = False
    has_table: bool = False  # whether its relocations are kept
    keeps_group: bool = False  # whether it is one section of a group that stays a group
    inputs: list["Section"] = field(default_factory=list)
    pads: list[tuple[int, int, bytes]] = field(default_factory=list)  # offset, size, pattern
    data: dict[int, bytes] = field(default_factory=dict)  # literal data by offset
    contents: bytes = b""
    file_offset: int = 0
    index: int = 0

    @property
    def is_tbss(self) -> bool:
        """Whether it is thread-local room without contents, which takes no addresses."""
        return self.flags & (LOAD | THREAD_LOCAL) == THREAD_LOCAL

    @property
    def base(self) -> int:
        """The address that symbols defined in it count from."""
        return self.vma

    @property
    def out(self) -> "OutSection":
        """The output section that it is in: itself."""
        return self


class Section:
    """An input section."""

    __slots__ = (
        *("align_power", "data", "elf_flags", "entsize", "file", "flags", "group", "index", "info"),
        *(
            "is_aligned",
            "is_kept",
            "is_marked",
            "kept",
            "link",
            "merge",
            "name",
            "offset",
            "output",
        ),
        *("output", "raw_size", "relocs", "size", "symbols", "type"),
    )

    def __init__(self, file: "InputFile", name: str, kind: int, elf_flags: int) -> None:
        self.file = file
        self.name = name
        self.type = kind
        self.elf_flags = elf_flags
        self.flags = generic_flags(name, kind, elf_flags)
        self.data: bytes | bytearray = b""
        self.size = self.raw_size = 0
        self.align_power = self.entsize = self.link = self.info = self.index = 0
        self.relocs: list[Reloc] = []
        self.output: OutSection | None = None
        self.offset = 0
        self.group: Group | None = None
        self.merge: Callable[[int], tuple[Section, int]] | None = None
        self.kept: Section | None = None  # what stands for it when it is a discarded duplicate
        self.is_marked = self.is_aligned = False
        self.is_kept = False  # also when it is to be excluded from executables
        self.symbols: list[Symbol] = []  # those defined in it, once relaxation asks

    @property
    def base(self) -> int:
        """Its address."""
        assert self.output is not None
        return self.output.vma + self.offset

    @property
    def out(self) -> OutSection | None:
        """The output section that it is in."""
        return self.output

    @property
    def is_discarded(self) -> bool:
        """Whether it was decided that it is not in the output."""
        return self.output is not None and self.output.is_absolute


@dataclass(eq=False, slots=True)
class Group:
    """A section group: linked once when it is a COMDAT group."""

    signature: str
    is_comdat: bool
    members: list[Section]
    symbol: "Symbol | None" = None


class Symbol:
    """A symbol of one file, or the one that all files mean by a global name."""

    __slots__ = (
        *("align", "binding", "file", "home", "is_hidden", "is_local", "is_marked", "is_provided"),
        *("is_referenced", "is_script", "iteration", "kind", "name", "other", "section", "size"),
        *("type", "value", "got", "got_kind", "by_object"),
    )

    def __init__(self, name: str, is_local: bool = False) -> None:
        self.name = name
        self.is_local = is_local
        self.kind = DEFINED if is_local else NEW
        self.section: Section | OutSection | None = None
        self.value = self.size = self.type = self.other = self.binding = self.align = 0
        self.file: InputFile | None = None
        self.home: InputFile | None = None  # whose common symbol it is
        self.is_hidden = self.is_marked = self.is_provided = False
        self.is_referenced = self.is_script = self.by_object = False
        self.iteration = 0
        self.got = -1
        self.got_kind = 0

    @property
    def is_defined(self) -> bool:
        """Whether it has a place."""
        return self.kind in (DEFINED, DEFWEAK)

    @property
    def visibility(self) -> int:
        """How far its name is seen."""
        return self.other & 3

    def address(self) -> int | None:
        """Give its address; None when it has none."""
        section = self.section
        if section is None or section.out is None or self.kind not in (DEFINED, DEFWEAK):
            return None
        return (section.base + self.value) & MASK64


@dataclass(eq=False, slots=True)
class InputFile:
    """A relocatable object: `name` is as messages show it, `filename` as patterns match it."""

    name: str
    filename: str
    archive: str = ""
    flags: int = 0
    sections: list[Section | None] = field(default_factory=list)  # by section index
    symbols: list[Symbol] = field(default_factory=list)  # by symbol index
    first_global: int = 0
    groups: list[Group] = field(default_factory=list)
    order: int = 0
    is_binary: bool = False  # any file's bytes, which have no architecture

    def all_sections(self) -> list[Section]:
        """Give the sections that have contents of their own, in file order."""
        return [section for section in self.sections if section is not None]


def generic_flags(name: str, kind: int, elf_flags: int) -> int:
    """Derive what layout wants to know of a section from its ELF header."""
    flags = 0 if kind == SHT_NOBITS else HAS_CONTENTS
    if kind == SHT_GROUP:
        flags |= GROUP | EXCLUDE
    if elf_flags & SHF_ALLOC:
        flags |= ALLOC if kind == SHT_NOBITS else ALLOC | LOAD
    if not elf_flags & SHF_WRITE:
        flags |= READONLY
    if elf_flags & SHF_EXEC:
        flags |= CODE
    elif flags & LOAD:
        flags |= DATA
    pairs = ((SHF_MERGE, MERGE), (SHF_STRINGS, STRINGS), (SHF_TLS, THREAD_LOCAL))
    for bit, flag in (*pairs, (SHF_EXCLUDE, EXCLUDE), (SHF_GNU_RETAIN, KEEP)):
        if elf_flags & bit:
            flags |= flag
    if not flags & ALLOC and name.startswith(_DEBUG_PREFIXES):
        flags |= DEBUGGING
    if name.startswith(".gnu.linkonce.") and not elf_flags & SHF_GROUP:
        flags |= LINK_ONCE
    return flags
