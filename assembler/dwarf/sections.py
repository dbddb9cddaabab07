"""The end of an assembly: the sections of debugging and unwinding information are made.

They are made when every other section has its final layout. Not here: their contents (`line.py`,
`info.py`, `frame.py`).
"""

from collections.abc import Callable
from dataclasses import replace

from assembler.dwarf.frame import FrameWriter
from assembler.dwarf.info import InfoWriter
from assembler.dwarf.line import LineTable, LineWriter
from assembler.dwarf.procedures import Frames
from assembler.dwarf.stream import ADDRESS, Stream
from assembler.errors import Complaint
from assembler.sections import Section
from assembler.source import Spot
from assembler.symbols import SymbolTable

Opener = Callable[[str, str, int], Section]  # name, flags, entry size


class DebugSections:
    """Makes the sections; `open_section` finds or makes one by name, flags and entry size."""

    def __init__(self, symbols: SymbolTable, open_section: Opener, spot: Spot) -> None:
        self._symbols = symbols
        self._section = open_section
        self._spot = spot

    def _stream(self, name: str, flags: str = "", entsize: int = 0, align: int = 1) -> Stream:
        section = self._section(name, flags, entsize)
        section.align = max(section.align, align)
        return Stream(section, self._symbols, self._spot)

    def write_lines(self, lines: LineTable, sections: dict[str, Section]) -> None:
        """Write the line table, and describe the code when nobody else does."""
        info = sections.get(".debug_info")
        table = sections.get(".debug_line")
        describes = info is None or not info.size
        is_empty = table is None or not table.size
        if lines.sections and not is_empty and lines.was_used:
            raise Complaint("there is a .debug_line already, so .loc cannot make another one")
        if describes and not lines.sections:
            return
        if not describes and not is_empty:
            return
        self._number_files(lines)
        if is_empty:
            out = self._stream(".debug_line")
            strings = None
            if lines.version >= 5 and lines.files.all_directories():
                strings = self._stream(".debug_line_str", "MS", 1)
            LineWriter(out, strings, lines).write(self._symbols)
        if describes:
            self._describe(lines)

    def _number_files(self, lines: LineTable) -> None:
        """Give the sources of generated rows their numbers, in the order of the rows."""
        for section in lines.sections:
            for row in lines.rows[id(section)]:
                if row.location.source:
                    number = lines.files.number_of(row.location.source)
                    row.location = replace(row.location, file=number)

    def _describe(self, lines: LineTable) -> None:
        version = max(2, lines.level)
        info = self._stream(".debug_info")
        abbreviations = self._stream(".debug_abbrev")
        aranges = self._stream(".debug_aranges", align=2 * ADDRESS)
        strings = self._stream(".debug_str", "MS", 1)
        ranges = None
        if len(lines.sections) > 1:
            ranges = (
                self._stream(".debug_rnglists")
                if version >= 5
                else self._stream(".debug_ranges", align=2 * ADDRESS)
            )
        line_section = self._section(".debug_line", "", 0)
        writer = InfoWriter(version, lines, self._symbols, info, abbreviations, strings)
        writer.write(aranges, ranges, line_section)

    def write_frames(self, frames: Frames) -> None:
        """Write the call frame information."""
        if not frames.procedures:
            return
        last = frames.procedures[-1]
        for name, flags in ((".eh_frame", "a"), (".debug_frame", "")):
            procedures = [one for one in frames.procedures if name in one.sections]
            if procedures:
                stream = self._stream(name, flags, align=ADDRESS)
                FrameWriter(stream, name == ".eh_frame").write(procedures, last)
