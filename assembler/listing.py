"""Listings: the source beside the bytes it became, and the symbols, as GNU as prints them with -a.

Not here: the options (`trapline.commands.as_`), assembling (`assembly.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from assembler.artifacts import Object
from assembler.assembly import Assembly
from assembler.errors import Complaint
from assembler.objects import ObjSection, ObjSymbol
from assembler.sections import Place, Section
from assembler.source import Frame

PAGE = 60
_HEAD = 3  # lines of a page's head
_PER_LINE, _MOST_LINES = 4, 5  # bytes of a line, and lines of bytes for one line of source
_REPEAT = re.compile(r"\s*\.(rept|irpc?)\b", re.IGNORECASE)
_END = re.compile(r"\s*\.endr\b", re.IGNORECASE)
MAX_RECORDS = 4_000_000


class _Record(NamedTuple):
    """A statement: where it stands, and from where to where its bytes are."""

    frame: Frame
    line: int
    text: str
    section: Section
    start: Place
    end: Place


@dataclass
class _Row:
    """A line of source, and the pieces of sections that it became."""

    line: int
    text: str
    pieces: list[_Record] = field(default_factory=list)


class ListingAssembly(Assembly):
    """An assembly that remembers which statement made which bytes."""

    _records: list[_Record]

    def _statement(self, text: str) -> None:
        if not hasattr(self, "_records"):
            self._records = []
        spot, section, start = self.spot, self.section, self.section.here()
        slot = len(self._records)
        super()._statement(text)
        if slot > MAX_RECORDS:
            raise Complaint(f"a listing of more than {MAX_RECORDS} statements")
        if section is not self.section:
            section, start = self.section, self.section.here()
        record = _Record(spot.frame, spot.statement.line, text, section, start, self.section.here())
        self._records.insert(slot, record)

    def listing_lines(self, made: Object, letters: str) -> Iterator[str]:
        """Give the listing: source with `l` or `h`, symbols with `s`."""
        rows: list[str] = []
        listing = _Listing(getattr(self, "_records", []), made, has_macros="m" in letters)
        if set(letters) & set("lh"):
            rows += listing.rows()
        pages = [rows] if rows else []
        if "s" in letters:
            pages.append(list(self._symbol_lines(made)))
        number = 0
        for page in pages:
            step = len(page) if "n" in letters else PAGE - _HEAD
            for at in range(0, len(page), max(1, step)):
                number += 1
                if "n" not in letters:
                    eject = "\f" if number > 1 else ""
                    yield from (f"{eject}GAS LISTING {made.filename} \t\t\tpage {number}", "", "")
                yield from page[at : at + step]

    def _symbol_lines(self, made: Object) -> Iterator[str]:
        yield "DEFINED SYMBOLS"
        undefined = []
        for symbol in made.symbols:
            if symbol.type in ("section", "file"):
                continue
            if symbol.section == "undefined":
                undefined.append(symbol.name)
                continue
            yield f"{self._place(symbol)}:{symbol.value & (1 << 64) - 1:016x} {symbol.name}"
        if undefined:
            yield from ("", "UNDEFINED SYMBOLS", *undefined)
        else:
            yield from ("", "NO UNDEFINED SYMBOLS")

    def _place(self, symbol: ObjSymbol) -> str:
        """Give where a symbol is defined, in the columns of a listing."""
        section = symbol.section
        names = {"common": "*COM*", "absolute": "*ABS*"}
        spot = self.symbols.get(symbol.name).defined_at
        place = (spot.frame.filename, spot.statement.line) if spot else None
        if isinstance(section, ObjSection) and place is None:
            place = self._first_at(section.name, symbol.value)
        is_known = place is not None and section != "common"
        where = f"{place[0]:>20}:{place[1]:<5}" if place and is_known else " " * 26
        name = section.name if isinstance(section, ObjSection) else names.get(str(section), "*ABS*")
        return f"{where}  {name}"

    def _first_at(self, section: str, offset: int) -> tuple[str, int] | None:
        """Give the first statement that put something at an offset of a section."""
        for record in getattr(self, "_records", ()):
            is_there = record.section.name == section and record.end.final() > offset
            if is_there and record.start.final() == offset:
                return record.frame.filename, record.line
        return None


class _Listing:
    """The rows of a listing."""

    def __init__(self, records: list[_Record], made: Object, *, has_macros: bool) -> None:
        self._records = records
        self._has_macros = has_macros
        self._data = {section.name: bytes(section.data) for section in made.sections}
        self._files: dict[str, list[str]] = {}
        self._ends: dict[tuple[str, int], int] = {}

    def rows(self) -> Iterator[str]:
        """Give all rows: every line of every file, in the order of the assembly."""
        for row in self._joined():
            yield from self._row_lines(row)

    def _joined(self) -> Iterator[_Row]:
        opened: list[tuple[str, int]] = []  # files, and the line before which all is shown
        row: _Row | None = None
        for record in self._records:
            name, line, is_inner = self._origin(record)
            while len(opened) > 1 and opened[-1][0] != name and any(o[0] == name for o in opened):
                if row is not None:
                    yield row
                    row = None
                yield from self._rest(*opened.pop())
            if not opened or opened[-1][0] != name:
                if row is not None:
                    yield row
                    row = None
                opened.append((name, 1))
            text = self._lines(name)
            if line >= opened[-1][1]:
                if row is not None:
                    yield row
                for number in range(opened[-1][1], line):
                    yield _Row(number, text[number - 1] if number <= len(text) else "")
                row = _Row(line, text[line - 1] if line <= len(text) else record.text)
                opened[-1] = (name, line + 1)
            if is_inner and self._has_macros:
                if row is not None:
                    yield _Row(row.line, row.text)
                yield _Row(line, f">  {record.text}", [record])
                row = None
            elif row is not None and not is_inner and not record.text.startswith(".include"):
                row.pieces.append(record)
        if row is not None:
            yield row
        for name, line in reversed(opened):
            yield from self._rest(name, line)

    def _origin(self, record: _Record) -> tuple[str, int, bool]:
        """Give the file and line that a statement comes from, and whether from an expansion.

        What a repeat makes belongs to the line that ends it.
        """
        frame, line, is_inner = record.frame, record.line, False
        while frame.parent is not None and frame.title != "file included":
            line, frame, is_inner = frame.parent_line, frame.parent, True
        lines = self._lines(frame.filename)
        if 0 < line <= len(lines) and _REPEAT.match(lines[line - 1]):
            line = self._end_of_repeat(frame.filename, line)
        return frame.filename, line, is_inner

    def _end_of_repeat(self, name: str, line: int) -> int:
        found = self._ends.get((name, line))
        if found is not None:
            return found
        depth, lines = 0, self._lines(name)
        found = line
        for number in range(line, len(lines) + 1):
            depth += bool(_REPEAT.match(lines[number - 1]))
            depth -= bool(_END.match(lines[number - 1]))
            if not depth:
                found = number
                break
        self._ends[name, line] = found
        return found

    def _rest(self, name: str, line: int) -> Iterator[_Row]:
        text = self._lines(name)
        for number in range(line, len(text) + 1):
            yield _Row(number, text[number - 1])

    def _lines(self, name: str) -> list[str]:
        found = self._files.get(name)
        if found is None:
            try:
                text = Path(name).read_text("utf-8", "surrogateescape")
            except (OSError, ValueError):
                text = ""
            found = self._files[name] = text.split("\n")
            if found and not found[-1]:
                found.pop()
        return found

    def _row_lines(self, row: _Row) -> Iterator[str]:
        pieces = [p for p in row.pieces if p.end.final() > p.start.final()]
        if not pieces:
            yield f"{row.line:4d}{'':14}\t{row.text}"
            return
        first = pieces[0]
        data = b"".join(
            self._data.get(p.section.name, b"")[p.start.final() : p.end.final()]
            for p in pieces
            if p.section is first.section
        )
        digits = data.hex().upper()
        width = 2 * _PER_LINE
        parts = [digits[at : at + width] for at in range(0, len(digits), width)][:_MOST_LINES]
        head = parts[0] if parts else ""
        yield f"{row.line:4d} {first.start.final() & 0xFFFF:04x} {head:<8} \t{row.text}"
        for part in parts[1:]:
            yield f"{row.line:4d}      {part}{' ' if len(part) == width else ''}"
