"""The line table: which place in code belongs to which line of which source, as `.debug_line`.

Follows the chapter "Line Number Information" of the DWARF standard, versions 3 to 5. Addresses
advance by amounts that a linker which relaxes code can correct, as GNU as has it for RISC-V.
"""

from dataclasses import dataclass, field, replace

from assembler.attributes import sleb128
from assembler.dwarf.files import FileTable
from assembler.dwarf.stream import ADDRESS, OFFSET, Stream
from assembler.expr import Deferred, Linear, Value, combine
from assembler.sections import Section
from assembler.symbols import Symbol, SymbolTable

LINE_BASE, LINE_RANGE, OPCODE_BASE = -5, 14, 13
ADVANCE_LIMIT = 50_000  # farther steps set the address anew: the linker could overflow two bytes
_OPERAND_COUNTS = (0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)  # of the standard opcodes
_COPY, _ADVANCE_LINE, _SET_FILE, _SET_COLUMN, _NEGATE_STATEMENT = 1, 3, 4, 5, 6
_SET_BASIC_BLOCK, _FIXED_ADVANCE_PC, _SET_PROLOGUE_END = 7, 9, 10
_SET_EPILOGUE_BEGIN, _SET_ISA = 11, 12
_END_SEQUENCE, _SET_ADDRESS, _SET_DISCRIMINATOR = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Location:
    """What `.loc` says; `source` names the file of a row made by the assembler itself."""

    file: int = 1
    line: int = 1
    column: int = 0
    isa: int = 0
    is_statement: bool = True
    is_basic_block: bool = False
    is_prologue_end: bool = False
    is_epilogue_begin: bool = False
    discriminator: int = 0
    is_reset: bool = False  # the view number starts anew here
    source: str = ""

    def used(self) -> "Location":
        """Give what of it holds for the next row too."""
        flags = self.is_basic_block, self.is_prologue_end, self.is_epilogue_begin, self.is_reset
        if not self.discriminator and not any(flags):
            return self
        return replace(
            self,
            is_basic_block=False,
            is_prologue_end=False,
            is_epilogue_begin=False,
            discriminator=0,
            is_reset=False,
        )


@dataclass(eq=False, slots=True)
class Row:
    """One row: a place and its location; `view` is known when somebody asked for it."""

    symbol: Symbol
    location: Location
    view: Value | None = None


@dataclass
class LineTable:
    """The rows of an assembly by section, and the files they name."""

    level: int = 0  # the DWARF version asked for, or needed by what was said
    is_generated: bool = False  # by -g, for source that has no .loc
    files: FileTable = field(default_factory=FileTable)
    rows: dict[int, list[Row]] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    current: Location = field(default_factory=Location)
    marks_labels: bool = False
    was_used: bool = False
    is_pending: bool = False  # a .loc waits for its instruction
    _last: tuple[int, str] = (0, "")

    @property
    def version(self) -> int:
        """The version of the line table."""
        return max(3, self.level)

    def need(self, level: int) -> None:
        """Note that a feature of a later version is used."""
        self.level = max(self.level, level)

    def add(self, symbol: Symbol, section: Section, location: Location) -> Row | None:
        """Append a row, unless there is nothing to say."""
        if not location.line:
            return None
        if location.source:
            if self._last == (location.line, location.source):
                return None
            self._last = location.line, location.source
        rows = self.rows.get(id(section))
        if rows is None:
            rows = self.rows[id(section)] = []
            self.sections.append(section)
        row = Row(symbol, location)
        rows.append(row)
        return row

    def join(self, section: Section, part: Section) -> None:
        """Append the rows of a subsection to those of its section."""
        rows = self.rows.pop(id(part), None)
        if rows is None:
            return
        if id(section) in self.rows:
            self.sections.remove(part)
            self.rows[id(section)] += rows
        else:
            self.sections[self.sections.index(part)] = section
            self.rows[id(section)] = rows

    def forget(self) -> None:
        """Drop the rows made by the assembler: the source describes itself."""
        self.is_generated = False
        self.rows.clear()
        self.sections.clear()

    def view_of(self, section: Section) -> Value:
        """Give the view number of a section's last row: how many rows before share its place."""
        rows = self.rows[id(section)]
        first = len(rows) - 1
        while first and rows[first].view is None and not rows[first].location.is_reset:
            first -= 1
        view: Value = 0 if rows[first].view is None else rows[first].view or 0
        rows[first].view = view
        for before, row in zip(rows[first:], rows[first + 1 :], strict=False):
            view = row.view = _next_view(before, row, view)
        return view


def _next_view(before: Row, row: Row, view: Value) -> Value:
    start, end = before.symbol.place, row.symbol.place
    assert start is not None
    assert end is not None
    section = start.section
    between = section.points[start.points : end.points]
    least = end.offset - start.offset - sum(p.first for p in between if p.kind == "align")
    following = combine("+", view, 1)
    if least > 0:
        return 0
    if all(point.is_firm for point in between):
        return 0 if end.offset > start.offset else following
    distance = Linear(row.symbol, before.symbol, 0)
    return Deferred("*", Deferred("equals zero", distance, 0), following)


class LineWriter:
    """Writes the line table of a whole assembly."""

    def __init__(self, stream: Stream, strings: Stream | None, table: LineTable) -> None:
        self._out = stream
        self._strings = strings
        self._table = table

    def write(self, symbols: SymbolTable) -> None:
        """Write the header and a program for every section."""
        out, version = self._out, self._table.version
        out.open_length()
        out.number(version, 2)
        if version >= 5:
            out.byte(ADDRESS, 0)
        out.open_length()
        out.byte(1)  # the least length of an instruction
        if version >= 4:
            out.byte(1)  # operations in an instruction
        out.byte(1, LINE_BASE, LINE_RANGE, OPCODE_BASE, *_OPERAND_COUNTS)
        if version >= 5:
            self._new_tables()
        else:
            self._old_tables()
        out.close_length()
        for section in self._table.sections:
            end = symbols.mark_place(section.end())
            _Program(out).write(self._table.rows[id(section)], end)
        out.close_length()

    def _old_tables(self) -> None:
        out, files = self._out, self._table.files
        for directory in files.directories[1:]:
            out.raw(_name_bytes(directory or ""))
        out.byte(0)
        for entry in files.listed(1):
            out.raw(_name_bytes(entry.name))
            out.unsigned(entry.directory, 0, 0)
        out.byte(0)

    def _new_tables(self) -> None:
        out, files, strings = self._out, self._table.files, self._strings
        assert strings is not None
        path, directory_index, digest = (1, 0x1F), (2, 0x0F), (5, 0x1E)
        out.byte(1, *path)
        directories = files.all_directories()
        out.unsigned(len(directories))
        for directory in directories:
            out.address(strings.text(directory), OFFSET)
        has_digests = files.has_digests
        out.byte(2 + has_digests, *path, *directory_index, *(digest if has_digests else ()))
        entries = files.listed(0)
        out.unsigned(len(entries))
        named: dict[int, Symbol] = {}
        for entry in entries:
            if id(entry) not in named:
                named[id(entry)] = strings.text(entry.name)
            out.address(named[id(entry)], OFFSET)
            out.unsigned(entry.directory)
            if has_digests:
                out.raw(entry.digest)


def _name_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\0"


class _Program:
    """Writes the statement program of one section."""

    def __init__(self, out: Stream) -> None:
        self._out = out
        self._state = Location()

    def write(self, rows: list[Row], end: Symbol) -> None:
        before: Row | None = None
        for row in rows:
            self._registers(row.location)
            delta = row.location.line - self._state.line
            is_reset = row.location.is_reset
            if before is None or (is_reset and not _distance(before.symbol, row.symbol)):
                self._set_address(row.symbol)
                self._advance_line(delta)
            else:
                self._advance(delta, before.symbol, row.symbol)
            self._state, before = row.location, row
        assert before is not None
        self._advance(None, before.symbol, end)

    def _registers(self, new: Location) -> None:
        """Set the registers of the state machine that differ, in the order of GNU as."""
        out, old = self._out, self._state
        if new.file != old.file:
            out.byte(_SET_FILE)
            out.unsigned(new.file)
        if new.column != old.column:
            out.byte(_SET_COLUMN)
            out.unsigned(new.column)
        if new.discriminator:
            self._extended(_SET_DISCRIMINATOR, new.discriminator)
        if new.isa != old.isa:
            out.byte(_SET_ISA)
            out.unsigned(new.isa)
        flags = (
            (new.is_statement != old.is_statement, _NEGATE_STATEMENT),
            (new.is_basic_block, _SET_BASIC_BLOCK),
            (new.is_prologue_end, _SET_PROLOGUE_END),
            (new.is_epilogue_begin, _SET_EPILOGUE_BEGIN),
        )
        out.byte(*(opcode for is_set, opcode in flags if is_set))

    def _extended(self, opcode: int, operand: int) -> None:
        length = 1 + max(1, (operand.bit_length() + 6) // 7)
        self._out.byte(0, length, opcode)
        self._out.unsigned(operand)

    def _set_address(self, symbol: Symbol) -> None:
        self._out.byte(0, 1 + ADDRESS, _SET_ADDRESS)
        self._out.address(symbol)

    def _advance_line(self, delta: int) -> None:
        """Append a row without moving the address."""
        out = self._out
        if not delta:
            out.byte(_COPY)
        elif LINE_BASE <= delta < LINE_BASE + LINE_RANGE:
            out.byte(delta - LINE_BASE + OPCODE_BASE)
        else:
            out.byte(_ADVANCE_LINE)
            out.signed(delta)
            out.byte(_COPY)

    def _advance(self, delta: int | None, start: Symbol, end: Symbol) -> None:
        """Move the address and append a row, or end the sequence when `delta` is None."""
        out = self._out
        if delta is not None:
            out.raw(bytes([_ADVANCE_LINE]) + sleb128(delta))
        if _distance(start, end) > ADVANCE_LIMIT:
            self._set_address(end)
        else:
            out.byte(_FIXED_ADVANCE_PC)
            out.distance(end, start, 2)
        if delta is None:
            out.byte(0, 1, _END_SEQUENCE)
        else:
            out.byte(_COPY)


def _distance(start: Symbol, end: Symbol) -> int:
    assert start.place is not None
    assert end.place is not None
    return end.place.final() - start.place.final()
