"""What a linker script says, as parsed: statements, input patterns and expressions.

Follows the manual "The GNU linker", chapter "Linker Scripts". Statements also hold what the layout
finds out about them, since a script is parsed for each link.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from assembler.linking.model import OutSection, Section
from isa.errors import Location


@dataclass(frozen=True, slots=True)
class Number:
    """A number; one written in hexadecimal keeps its digits, which count in a fill pattern."""

    value: int
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol, or the location counter `.`."""

    name: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function with its operands; `name` is the operand of SIZEOF and its kin."""

    operator: str
    operands: tuple["Expression", ...] = ()
    name: str = ""
    location: Location | None = None


Expression: TypeAlias = Number | Name | Operation


@dataclass(eq=False, slots=True)
class Assign:
    """A symbol or `.` gets a value; one that is `provided` only if it is wanted and undefined."""

    name: str
    value: Expression
    is_provide: bool = False
    is_hidden: bool = False
    is_defsym: bool = False
    location: Location | None = None


@dataclass(eq=False, slots=True)
class Assertion:
    """A condition that must hold when everything is placed."""

    condition: Expression
    message: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Sections by name; `sorts` are the orders asked for, the outer one first."""

    name: str
    excluded: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()
    flags: tuple[int, int] = (0, 0)  # ELF flags that must be set, and that must not


@dataclass(eq=False, slots=True)
class Wild:
    """Input sections: those of matching files that match a pattern; `placed` once mapped."""

    file: str
    patterns: tuple[Pattern, ...]
    excluded: tuple[str, ...] = ()
    sorts_files: bool = False
    is_kept: bool = False
    placed: list[Section] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Datum:
    """Literal data of so many bytes."""

    size: int
    value: Expression
    is_signed: bool = False


@dataclass(eq=False, slots=True)
class Text:
    """Literal characters."""

    data: bytes


@dataclass(eq=False, slots=True)
class Filling:
    """What gaps from here on are filled with."""

    value: Expression


@dataclass(eq=False, slots=True)
class Orphans:
    """Sections put behind what the script placed in an output section."""

    placed: list[Section] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Region:
    """A range of memory that sections are put into."""

    name: str
    attributes: str = ""
    origin_value: Expression = Number(0)
    length_value: Expression = Number((1 << 64) - 1)
    aliases: list[str] = field(default_factory=list)
    origin: int = 0
    length: int = (1 << 64) - 1
    current: int = 0
    last_os: "Output | None" = None
    is_full: bool = False

    @property
    def is_default(self) -> bool:
        """Whether it stands for all of memory."""
        return self.name == "*default*"


@dataclass(eq=False, slots=True)
class Output:
    """An output section and what goes into it; the second half is what the layout finds out."""

    name: str
    contents: list["Content"] = field(default_factory=list)
    address: Expression | None = None
    kind: str = ""
    type_value: Expression | None = None
    load_at: Expression | None = None
    align: Expression | None = None
    aligns_load: bool = False
    subalign: Expression | None = None
    constraint: str = ""
    region_name: str = ""
    load_region_name: str = ""
    phdrs: list[str] | None = None
    fill: Expression | None = None
    overlay: int = 0  # 1 for the first section of an overlay, 2 for the others
    after: Expression | None = None  # what `.` becomes behind an overlay
    is_special: bool = False  # made for orphans, never found by name for other ones
    flags: int = 0
    section: OutSection | None = None
    is_ignored: bool = False
    has_symbols: bool = False
    is_placed: bool = False
    is_skipped: bool = False
    is_after_end: bool = False  # behind what defines _end
    region: Region | None = None
    load_region: Region | None = None


@dataclass(eq=False, slots=True)
class Insert:
    """Move what was said since the last one beside an output section."""

    where: str
    is_after: bool


@dataclass(eq=False, slots=True)
class Header:
    """One line of PHDRS."""

    name: str
    type: Expression
    has_file_header: bool = False
    has_headers: bool = False
    at: Expression | None = None
    flags: Expression | None = None


@dataclass(eq=False, slots=True)
class Command:
    """Something said beside SECTIONS: ENTRY, INPUT, GROUP, SEARCH_DIR, EXTERN and the like."""

    name: str
    words: tuple[str, ...]
    location: Location | None = None


Content: TypeAlias = Assign | Assertion | Wild | Datum | Text | Filling | Orphans
Statement: TypeAlias = Assign | Assertion | Output | Insert | Command


@dataclass(slots=True)
class Script:
    """A whole linker script."""

    statements: list[Statement] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    has_sections: bool = False
    filename: str = "<script>"
