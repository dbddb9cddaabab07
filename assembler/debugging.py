"""The part of an assembly that is about debugging: rows of the line table, frames, warnings.

Not here: what the sections look like (`dwarf/`), and the directives that speak about them.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from assembler.dwarf.line import LineTable, Location
from assembler.dwarf.procedures import Frames
from assembler.dwarf.sections import DebugSections
from assembler.emit import Emitter
from assembler.errors import AssemblyWarning, Complaint
from assembler.expr import Linear, Value, describe, fold
from assembler.options import Target
from assembler.reloc import Field
from assembler.sections import Fixup, Place, Section
from assembler.source import Frame, Spot
from assembler.symbols import Symbol


def _generated(spot: Spot) -> Location:
    """Give the row of a statement; in a macro it is the line of the outermost call."""
    source, line = spot.frame.filename, spot.statement.line
    frame: Frame | None = spot.frame
    while frame is not None and frame.parent is not None:
        if frame.title.startswith("macro"):
            source, line = frame.parent.filename, frame.parent_line
        frame = frame.parent
    return Location(line=line, source=source)


class NamedRelocation(NamedTuple):
    """A relocation that the source asks for, at a place that may be known only at the end."""

    section: Section
    where: Value
    field: Field
    value: Value
    spot: Spot

    def fixup(self) -> Fixup:
        """Give the fixup; the layout is done."""
        where = fold(self.where, is_final=True)
        section, offset = self.section.root, where
        if isinstance(where, Linear) and where.plus is not None and where.minus is None:
            place = where.plus.place
            if place is not None:
                section, offset = place.section.root, place.final() + where.constant
        if not isinstance(offset, int):
            raise self._complaint(f"a place in {section.name} is expected, not {describe(where)}")
        if not 0 <= offset <= section.size:
            raise self._complaint(f"there is no place {offset:#x} in {section.name}")
        return Fixup(Place(section, offset, 0), self.field, self.value, self.spot)

    def _complaint(self, message: str) -> Complaint:
        complaint = Complaint(message)
        complaint.spot = self.spot
        return complaint


class Debugging(Emitter):
    """An emitter that keeps what debuggers and unwinders will want to know."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.frames = Frames()
        self.lines_table = LineTable()
        self.lines_table.files.folder = str(Path.cwd())
        self.warnings: list[AssemblyWarning] = []
        self.leb_distances: list[tuple[Place, Linear, Spot]] = []
        self.named_relocations: list[NamedRelocation] = []
        self.sections: dict[str, Section] = {}

    def warn(self, message: str) -> None:
        """Say that something is probably not meant."""
        self.warnings.append(AssemblyWarning(message, self.spot.where()))

    def generate_lines(self, version: int = 0) -> None:
        """Make rows for source that has no `.loc` of its own, as -g and --gdwarf-N ask."""
        self.lines_table.need(version)
        self.lines_table.is_generated = True
        self.watch_lines()

    def watch_lines(self) -> None:
        """Ask to be told of the next instruction, if a row is due then."""
        self.is_marking = self.lines_table.is_pending or self.lines_table.is_generated

    def mark_line(self) -> None:
        """Add a row to the line table for the current place."""
        lines, section = self.lines_table, self.section
        location = lines.current
        if lines.is_generated:
            location = _generated(self.spot)
        if section.is_code and "a" in section.flags and not section.is_nobits:
            lines.add(self.here(), section, location)
        elif not lines.is_generated:
            self.warn(f"dwarf line number information for {section.name} ignored")
        lines.current = lines.current.used()
        lines.is_pending = False
        self.watch_lines()

    def mark_label(self, symbol: Symbol) -> None:
        """Add a row for a label, as the beginning of a basic block."""
        lines, section = self.lines_table, self.section
        if not section.is_code or not (lines.is_generated or lines.files.entries):
            return
        location = _generated(self.spot) if lines.is_generated else lines.current
        lines.add(symbol, section, replace(location, is_basic_block=True))
        lines.current = lines.current.used()
        lines.is_pending = False
        self.watch_lines()

    def open_section(self, name: str, flags: str, kind: str, entsize: int = 0) -> Section:
        """Give the section of that name, made now if it is new."""
        section = self.sections.get(name)
        if section is None:
            section = self.sections[name] = Section(name, flags, kind, entsize)
            section.arch = self.target.arch
            section.clock = self.symbols.clock
        return section

    def _relocate_lebs(self) -> None:
        """Let a linker correct distances in code that are written as LEB128."""
        for place, value, spot in self.leb_distances:
            places = [symbol.place for symbol in (value.plus, value.minus) if symbol is not None]
            if len(places) == 2 and all(place and place.section.is_code for place in places):
                pair = (("SET", value.plus, value.constant), ("SUB", value.minus, 0))
                for kind, symbol, constant in pair:
                    field = Field(1, f"R_RISCV_{kind}_ULEB128")
                    fixup = Fixup(place, field, Linear(symbol, None, constant), spot)
                    place.section.fixups.append(fixup)

    def write_debugging(self) -> None:
        """Write the sections of debugging and unwinding information; the layout is done."""

        def opened(name: str, flags: str, entsize: int) -> Section:
            return self.open_section(name, flags, "progbits", entsize)

        self._relocate_lebs()
        for wanted in self.named_relocations:
            fixup = wanted.fixup()
            fixup.place.section.fixups.append(fixup)
        writer = DebugSections(self.symbols, opened, self.spot)
        writer.write_lines(self.lines_table, self.sections)
        writer.write_frames(self.frames)
