"""What the parts of one link share: files, symbols, statements, output sections, complaints.

Not here: what any of them means; each part of the linker reads and fills its own share.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from assembler.errors import LinkError, LinkErrors, ScriptError, nearest
from assembler.linking import model
from assembler.linking.model import Group, InputFile, OutSection, Section, Symbol
from assembler.linking.options import LinkOptions
from assembler.linking.statements import Header, Output, Region, Statement
from assembler.linking.symbols import SymbolTable
from assembler.linking.watching import Watcher
from isa.errors import Location

MAX_ERRORS = 50
MAX_PASSES = 200
HEADER_SIZE, PROGRAM_HEADER_SIZE = 64, 56


@dataclass(eq=False)
class Context:
    """The state of one link."""

    options: LinkOptions
    absolute: OutSection = field(default_factory=lambda: OutSection("*ABS*", is_absolute=True))
    errors: list[LinkError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    outputs: list[OutSection] = field(default_factory=list)  # in the order of the output file
    all_outputs: list[OutSection] = field(default_factory=list)  # with those dropped as empty
    groups: list[tuple[OutSection, Group]] = field(default_factory=list)  # that stay groups
    regions: dict[str, Region] = field(default_factory=dict)
    headers: list[Header] = field(default_factory=list)
    header_count: int | None = None  # program headers, once known
    flags: int = 0  # of the output's ELF header
    loads_headers: bool = False  # whether the script makes room for program headers
    tls: OutSection | None = None
    roots: set[str] = field(default_factory=set)  # symbols that somebody outside asks for
    trace: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    commons: list[tuple[str, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.symbols = SymbolTable(self.complain)
        options = self.options
        self.symbols.allows_multiple = options.allows_multiple
        if options.traced or options.warns_common or options.cross_references:
            watcher = Watcher(options.traced, options.warns_common, self.messages.append)
            self.symbols.watcher = watcher
        self.default_region = self.regions["*default*"] = Region("*default*")

    def complain(self, error: LinkError) -> None:
        """Note an error; leave when there are too many."""
        if all(str(error) != str(known) for known in self.errors):
            self.errors.append(error)
        if len(self.errors) >= MAX_ERRORS:
            raise LinkErrors(self.errors)

    def warn(self, message: str) -> None:
        """Note a warning, once."""
        if message not in self.warnings and not self.options.no_warnings:
            self.warnings.append(message)

    def check(self) -> None:
        """Leave with all errors found so far, if there are some."""
        if self.errors:
            raise LinkErrors(self.errors)

    def output_statements(self) -> Iterator[Output]:
        """Give the output sections as statements, in order."""
        for statement in self.statements:
            if isinstance(statement, Output):
                yield statement

    def find_output(self, name: str) -> Output | None:
        """Find an output section that is not conditional, or the first that was chosen."""
        for out in self.output_statements():
            if out.name == name and not out.is_skipped and not out.is_special:
                return out
        return None

    def stands_alone(self, section: Section) -> bool:
        """Whether a section is never joined with others."""
        if section.group is not None and self.options.keeps_groups:
            return True
        return any(fnmatchcase(section.name, one) for one in self.options.unique)

    def region(self, name: str, location: Location | None = None) -> Region:
        """Find a memory region."""
        found = self.regions.get(name)
        if found is None:
            raise ScriptError(f"memory region `{name}' not declared", location)
        return found

    def neighbour(self, dropped: OutSection, address: int) -> OutSection:
        """Find the output section that symbols of a dropped one belong to, by flags and place."""
        at = self.all_outputs.index(dropped)
        before = [one for one in self.all_outputs[:at] if not one.is_removed]
        after = [one for one in self.all_outputs[at + 1 :] if not one.is_removed]
        if not before or not after:
            return (before[-1:] + after[:1] + [self.absolute])[0]
        last, following = before[-1], after[0]
        differ, strange = last.flags ^ following.flags, following.flags ^ dropped.flags
        kind = model.ALLOC | model.THREAD_LOCAL
        if differ & (kind | model.LOAD):
            is_better = last.flags & model.LOAD and not following.flags & model.LOAD
            return last if strange & kind or is_better else following
        for flag in (model.READONLY, model.CODE):
            if differ & flag:
                return last if strange & flag else following
        return last if address < following.vma else following

    def suggest(self, name: str) -> str:
        """Name a defined symbol that was probably meant."""
        known = [one for one, symbol in self.symbols.by_name.items() if symbol.is_defined]
        return nearest(name, known)

    def symbol_address(self, name: str) -> int | None:
        """Give the address of a symbol by its name."""
        symbol: Symbol | None = self.symbols.get(name)
        return symbol.address() if symbol is not None else None
