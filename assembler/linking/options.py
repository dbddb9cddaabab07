"""What a link is asked to do: inputs and options, as the command line or a program gives them.

Follows the manual "The GNU linker", section "Command-line Options".
"""

from dataclasses import dataclass, field

PAGE = 0x1000


@dataclass(slots=True)
class Input:
    """A file to link, by its path."""

    path: str
    is_whole: bool = False


@dataclass(slots=True)
class Library(Input):
    """A library looked for in the folders of -L; its path is what -l was given."""

    @property
    def name(self) -> str:
        """What -l was given."""
        return self.path


@dataclass(slots=True)
class BinaryFile(Input):
    """A file whose bytes become a section."""


@dataclass(slots=True)
class SymbolsOnly(Input):
    """A file whose symbols are used at their addresses, and nothing else of it."""


@dataclass(slots=True)
class Loaded(Input):
    """An object's bytes, with the name that messages show."""

    data: bytes = b""

    @property
    def name(self) -> str:
        """The name that messages show."""
        return self.path


@dataclass(slots=True)
class Group(Input):
    """Archives that are searched again until nothing new is found."""

    path: str = ""
    inputs: list[Input] = field(default_factory=list)


@dataclass(slots=True)
class LinkOptions:
    """Everything that may be asked of a link beside its inputs and its script."""

    entry: str | int | None = None
    starts: dict[str, int] = field(default_factory=dict)  # of output sections, by name
    segment_starts: dict[str, int] = field(default_factory=dict)
    defines: list[str] = field(default_factory=list)  # NAME=EXPRESSION
    undefined: list[str] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    wrapped: list[str] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    output: str = "a.out"
    sysroot: str = ""
    max_page: int = PAGE
    common_page: int = PAGE
    gc_sections: bool = False
    print_gc: bool = False
    relax: bool = True
    relocatable: bool = False
    emit_relocs: bool = False
    compresses_debug: bool = False
    strip: str = ""  # "all" or "debug"
    discard: str = "locals"  # "all", "locals" or "none"
    orphans: str = "place"
    traced: list[str] = field(default_factory=list)
    kept_symbols: frozenset[str] | None = None  # all others are left out
    cross_references: bool = False
    warns_common: bool = False
    stack_size: int = 0
    unique: list[str] = field(default_factory=list)  # patterns of sections that are not joined
    unique_orphans: bool = False
    sort_section: str = ""
    sort_common: str = ""
    build_id: str = ""
    executable_stack: bool | None = None
    separate_code: bool = False
    paged: bool = True  # not -n or -N
    text_writable: bool = False  # -N
    eh_frame_header: bool = False
    traditional: bool = False  # unwinding tables as they are
    allows_undefined: bool = False
    warns_undefined: bool = False
    allows_multiple: bool = False
    allows_mismatch: bool = False
    forces_output: bool = False
    checks_sections: bool = True
    defines_common: bool = False
    resolves_groups: bool = False  # of sections, also when the output is relocatable
    fatal_warnings: bool = False
    warns_segments: bool = True  # of segments that are writable and executable
    no_warnings: bool = False
    binary: bool = False
    map_file: str | None = None

    @property
    def keeps_groups(self) -> bool:
        """Whether groups of sections stay groups."""
        return self.relocatable and not self.resolves_groups
