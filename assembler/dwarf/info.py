"""What `-g` says about hand-written source: one compilation unit, and a subprogram per function.

Follows the chapters "Program Scope Entries" and "Data Representation" of the DWARF standard,
versions 2 to 5, in the shape that GNU as gives it.
"""

from dataclasses import dataclass

from assembler.dwarf.line import LineTable
from assembler.dwarf.stream import ADDRESS, OFFSET, Stream
from assembler.expr import Linear, fold
from assembler.sections import Place, Section
from assembler.symbols import Symbol, SymbolTable

PRODUCER = "GNU AS 2.40"  # debuggers look at it; ours is made to be taken for it
LANGUAGE = 0x8001  # DW_LANG_Mips_Assembler, as there is none for assembly
_UNIT, _FUNCTION, _NO_TYPE = 1, 2, 3  # abbreviation codes
_TAG_UNIT, _TAG_SUBPROGRAM, _TAG_UNSPECIFIED_TYPE = 0x11, 0x2E, 0x3B
_NAME, _STATEMENTS, _LOW, _HIGH, _LANGUAGE = 0x03, 0x10, 0x11, 0x12, 0x13
_FOLDER, _PRODUCER, _EXTERNAL, _TYPE, _RANGES = 0x1B, 0x25, 0x3F, 0x49, 0x55
_ADDRESS_FORM, _DATA2, _DATA4, _FLAG, _STRING = 0x01, 0x05, 0x06, 0x0C, 0x0E
_UDATA, _REFERENCE, _SECTION_OFFSET, _FLAG_PRESENT = 0x0F, 0x15, 0x17, 0x19
_COMPILE_UNIT = 1
_START_LENGTH, _END_OF_LIST = 7, 0
_ARANGES_VERSION, _RANGE_LISTS_VERSION = 2, 5


@dataclass(frozen=True)
class _Function:
    """A function symbol with its size."""

    symbol: Symbol
    size: int


@dataclass(frozen=True)
class _Extent:
    """A section with rows: symbols for its start and its end."""

    start: Symbol
    end: Symbol
    size: int


class InfoWriter:
    """Writes `.debug_info` and what belongs to it."""

    def __init__(
        self,
        version: int,
        lines: LineTable,
        symbols: SymbolTable,
        info: Stream,
        abbreviations: Stream,
        strings: Stream,
    ) -> None:
        self._version = version
        self._lines = lines
        self._symbols = symbols
        self._info = info
        self._abbreviations = abbreviations
        self._strings = strings
        self._functions = _functions(symbols)
        self._extents = self._new_extents()

    def write(self, aranges: Stream, ranges: Stream | None, line_section: Section) -> None:
        """Write all of it; `ranges` is there when the code lies in several sections."""
        ranges_at = None
        if ranges is not None:
            ranges_at = self._write_ranges(ranges)
            self._extents = self._new_extents()
        self._write_aranges(aranges)
        self._write_abbreviations()
        name, folder, producer = self._unit_strings()
        info = self._info
        info.open_length()
        info.number(self._version, 2)
        if self._version >= 5:
            info.byte(_COMPILE_UNIT, ADDRESS)
        info.address(self._section_symbol(self._abbreviations.section), OFFSET)
        if self._version < 5:
            info.byte(ADDRESS)
        info.unsigned(_UNIT)
        info.address(self._section_symbol(line_section), OFFSET)
        if ranges_at is None:
            self._bounds(self._extents[0])
        else:
            info.address(ranges_at, OFFSET)
        for string in (name, folder, producer):
            info.address(string, OFFSET)
        info.number(LANGUAGE, 2)
        self._write_functions()
        info.close_length()

    def _new_extents(self) -> list[_Extent]:
        """Give symbols for the bounds of all sections; GNU as makes new ones for each table."""
        return [_extent(self._symbols, section) for section in self._lines.sections]

    def _section_symbol(self, section: Section) -> Symbol:
        return self._symbols.section_symbol(section)

    def _bounds(self, extent: _Extent) -> None:
        self._info.address(extent.start)
        if self._version < 4:
            self._info.address(extent.end)
        else:
            self._info.unsigned(extent.size)

    def _unit_strings(self) -> tuple[Symbol, Symbol, Symbol]:
        files, strings = self._lines.files, self._strings
        entries = files.entries
        first = 0 if self._lines.version >= 5 and 0 in entries else 1
        name = strings.text(files.path_of(first) if first in entries else "")
        return name, strings.text(files.folder), strings.text(PRODUCER)

    # ---- abbreviations

    def _write_abbreviations(self) -> None:
        out = self._abbreviations
        offset = _DATA4 if self._version < 4 else _SECTION_OFFSET
        high = _ADDRESS_FORM if self._version < 4 else _UDATA
        bounds: tuple[int, ...] = (_LOW, _ADDRESS_FORM, _HIGH, high)
        if len(self._extents) > 1:
            bounds = (_RANGES, offset)
        out.unsigned(_UNIT, _TAG_UNIT, bool(self._functions), _STATEMENTS, offset, *bounds)
        out.unsigned(_NAME, _STRING, _FOLDER, _STRING, _PRODUCER, _STRING, _LANGUAGE, _DATA2, 0, 0)
        if self._functions:
            out.unsigned(_FUNCTION, _TAG_SUBPROGRAM, 0, _NAME, _STRING)
            if form := self._external_form():
                out.unsigned(_EXTERNAL, form)
            if self._version > 2:
                out.unsigned(_TYPE, _REFERENCE)
            out.unsigned(_LOW, _ADDRESS_FORM, _HIGH, high, 0, 0)
            if self._version > 2:
                out.unsigned(_NO_TYPE, _TAG_UNSPECIFIED_TYPE, 0, 0, 0)
        out.byte(0)

    def _external_form(self) -> int:
        """Give the form of DW_AT_external, or 0 when no function is."""
        kinds = {function.symbol.binding == "global" for function in self._functions}
        if True not in kinds:
            return 0
        return _FLAG if False in kinds or self._version < 4 else _FLAG_PRESENT

    # ---- functions

    def _write_functions(self) -> None:
        """Write a subprogram each; their type, which nobody knows, comes at the end."""
        if not self._functions:
            return
        info, form = self._info, self._external_form()
        type_at = self._type_offset() if self._version > 2 else 0
        for function in self._functions:
            symbol = function.symbol
            info.unsigned(_FUNCTION)
            info.address(self._strings.text(symbol.name), OFFSET)
            if form == _FLAG:
                info.byte(symbol.binding == "global")
            if self._version > 2:
                info.unsigned(type_at)
            info.address(symbol)
            if self._version < 4:
                info.value(Linear(symbol, None, function.size), ADDRESS)
            else:
                info.unsigned(function.size)
        if self._version > 2:
            info.unsigned(_NO_TYPE)
        info.byte(0)

    def _type_offset(self) -> int:
        """Give where the type will be, which depends on how long its own offset is."""
        one = 1 + OFFSET + (self._external_form() == _FLAG) + ADDRESS
        total = self._info.position
        for function in self._functions:
            total += one + (ADDRESS if self._version < 4 else _leb_size(function.size))
        count, size = len(self._functions), 1
        while _leb_size(total + count * size) > size:
            size += 1
        return total + count * size

    # ---- ranges

    def _write_aranges(self, out: Stream) -> None:
        start = out.position
        out.open_length()
        out.number(_ARANGES_VERSION, 2)
        out.address(self._section_symbol(self._info.section), OFFSET)
        out.byte(ADDRESS, 0)
        out.raw(bytes(-(out.position - start) % (2 * ADDRESS)))
        for extent in self._extents:
            out.address(extent.start)
            out.distance(extent.end, extent.start, ADDRESS)
        out.raw(bytes(2 * ADDRESS))
        out.close_length()

    def _write_ranges(self, out: Stream) -> Symbol:
        if self._version >= 5:
            return self._write_range_lists(out)
        here = out.here()
        out.raw(b"\xff" * ADDRESS + bytes(ADDRESS))
        for extent in self._extents:
            out.address(extent.start)
            out.address(extent.end)
        out.raw(bytes(2 * ADDRESS))
        return here

    def _write_range_lists(self, out: Stream) -> Symbol:
        out.open_length()
        out.number(_RANGE_LISTS_VERSION, 2)
        out.byte(ADDRESS, 0, 0, 0, 0, 0)
        here = out.here()
        for extent in self._extents:
            out.byte(_START_LENGTH)
            out.address(extent.start)
            out.unsigned(extent.size)
        out.byte(_END_OF_LIST)
        out.close_length()
        return here


def _leb_size(value: int) -> int:
    return max(1, (value.bit_length() + 6) // 7)


def _extent(symbols: SymbolTable, section: Section) -> _Extent:
    start = symbols.mark_place(Place(section, 0, 0))
    end = section.end()
    return _Extent(start, symbols.mark_place(end), end.final())


def _functions(symbols: SymbolTable) -> list[_Function]:
    """List the defined function symbols that have a size, in the order of the table."""
    found = []
    for symbol in symbols.by_name.values():
        if symbol.type == "func" and symbol.is_defined and symbol.common is None:
            size = fold(symbol.size, is_final=True)
            if isinstance(size, int) and size:
                found.append(_Function(symbol, size))
    return found
