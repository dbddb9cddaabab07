"""From an address to its source line and function: the line tables of DWARF, else the symbols.

Not here: how a disassembly shows them (`source_view.py`), reading DWARF itself (pyelftools).
"""

import posixpath
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from assembler.binutils.debug_data import BROKEN, Placement, read_dwarf
from assembler.binutils.elf_file import (
    STT_FILE,
    STT_FUNC,
    STT_NOTYPE,
    STT_SECTION,
    STT_TLS,
    ElfFile,
    Section,
)
from assembler.binutils.symbol_search import address_of, is_mapping, is_object
from assembler.errors import ObjectFormatError

MAX_DEPTH = 200  # of nested functions


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instruction comes from; what is not known is empty or 0."""

    filename: str
    function: str
    line: int
    discriminator: int = 0


@dataclass(frozen=True, slots=True)
class _Function:
    low: int
    high: int
    name: str


class SourceLines:
    """The source lines of one file."""

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._placement = Placement(elf)
        self._rows: dict[int, tuple[str, int, int] | None] = {}
        self._functions: list[_Function] = []
        self._last: tuple[Section, int, int, str] | None = None
        try:
            dwarf = read_dwarf(elf)
            for unit in dwarf.iter_CUs() if dwarf is not None else ():
                self._read_unit(dwarf, unit)
        except BROKEN as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ObjectFormatError(f"{elf.filename}: broken debug information: {reason}") from None
        self._starts = sorted(self._rows)
        self._functions.sort(key=lambda function: (function.low, -function.high))
        self._lows = [function.low for function in self._functions]
        # How far any function up to this one goes.
        self._reach = list(accumulate((f.high for f in self._functions), max))
        self._symbols: dict[int, tuple[list[int], list[tuple[int, str]]]] = {}

    def find(self, section: Section, offset: int) -> Place:
        """Give the place of the instruction at an offset of a section."""
        address = self._placement.address(section) + offset
        index = bisect_right(self._starts, address) - 1
        row = self._rows[self._starts[index]] if index >= 0 else None
        name = self._function(address)
        if row is None:
            return Place("", name or self._symbol(section, offset), 0)
        filename, line, discriminator = row
        return Place(filename, name or self._symbol(section, offset), line, discriminator)

    def _function(self, address: int) -> str:
        """Give the innermost function that covers an address."""
        best: _Function | None = None
        for index in range(bisect_right(self._lows, address) - 1, -1, -1):
            if self._reach[index] <= address:
                break
            function = self._functions[index]
            if address < function.high and (
                best is None or function.high - function.low < best.high - best.low
            ):
                best = function
        return best.name if best is not None else ""

    def _symbol(self, section: Section, offset: int) -> str:
        """Give the nearest symbol before an offset that may be a function.

        The last answer holds for the whole size of its symbol, as in objdump.
        """
        if self._last is not None and self._last[0] is section:
            _, low, high, known = self._last
            if low <= offset < high:
                return known
        addresses, found = self._candidates(section)
        index = bisect_right(addresses, section.address + offset) - 1
        if index < 0:
            return ""
        size, name = found[index]
        start = addresses[index] - section.address
        self._last = (section, start, start + max(1, size), name)
        return name

    def _candidates(self, section: Section) -> tuple[list[int], list[tuple[int, str]]]:
        """Give the addresses of a section's symbols, and of the best at each its size and name."""
        known = self._symbols.get(section.index)
        if known is None:
            best: dict[int, tuple[bool, bool, int, str]] = {}
            for symbol in self._elf.symbols:
                if symbol.section is not section or is_mapping(symbol) or is_object(symbol):
                    continue
                if symbol.type in (STT_SECTION, STT_FILE, STT_TLS):
                    continue
                at = address_of(self._elf, symbol)
                is_typed = symbol.type != STT_NOTYPE
                rank = (symbol.type == STT_FUNC, is_typed, symbol.size, symbol.name)
                if at not in best or rank[:3] >= best[at][:3]:
                    best[at] = rank
            places = sorted(best)
            known = places, [best[at][2:] for at in places]
            self._symbols[section.index] = known
        return known

    def _read_unit(self, dwarf: Any, unit: Any) -> None:
        top = unit.get_top_DIE()
        folder = _text(top, "DW_AT_comp_dir")
        program = dwarf.line_program_for_CU(unit)
        if program is not None:
            names = list(_file_names(program, folder))
            first = 0 if program["version"] >= 5 else 1
            for entry in program.get_entries():
                state = entry.state
                if state is None:
                    continue
                if state.end_sequence:
                    self._rows.setdefault(state.address, None)
                    continue
                index = state.file - first
                name = names[index] if 0 <= index < len(names) else ""
                self._rows[state.address] = name, state.line, state.discriminator
        self._read_functions(top, dwarf.range_lists(), 0)

    def _read_functions(self, die: Any, lists: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            return
        for child in die.iter_children():
            if child.tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                name = _name(child)
                for low, high in _ranges(child, lists):
                    self._functions.append(_Function(low, high, name))
            if child.has_children:
                self._read_functions(child, lists, depth + 1)


def _ranges(die: Any, lists: Any) -> Iterator[tuple[int, int]]:
    """Give the addresses that a function covers, from and to."""
    attributes = die.attributes
    if "DW_AT_ranges" in attributes and lists is not None:
        low = die.cu.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = low.value if low is not None else 0
        offset = attributes["DW_AT_ranges"].value
        for entry in lists.get_range_list_at_offset(offset, cu=die.cu):
            if hasattr(entry, "base_address"):
                base = entry.base_address
            else:
                shift = 0 if getattr(entry, "is_absolute", False) else base
                yield entry.begin_offset + shift, entry.end_offset + shift
    elif "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        start, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
        yield start, high.value if high.form == "DW_FORM_addr" else start + high.value


def _name(die: Any) -> str:
    """Give a function's name, or that of the function it is a copy of."""
    for _ in range(4):
        if name := _text(die, "DW_AT_name"):
            return name
        origin = "DW_AT_abstract_origin"
        if origin not in die.attributes:
            origin = "DW_AT_specification"
        if origin not in die.attributes:
            return ""
        die = die.get_DIE_from_attribute(origin)
    return ""


def _text(die: Any, attribute: str) -> str:
    found = die.attributes.get(attribute)
    value = found.value if found is not None else b""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""


def _file_names(program: Any, folder: str) -> Iterator[str]:
    """Give the paths of a line table's files."""
    header = program.header
    folders = [name.decode("utf-8", "surrogateescape") for name in header["include_directory"]]
    if header["version"] < 5:
        folders = [folder, *folders]
    for entry in header["file_entry"]:
        name = entry.name.decode("utf-8", "surrogateescape")
        index = entry.dir_index
        where = folders[index] if 0 <= index < len(folders) else ""
        if not posixpath.isabs(where) and not posixpath.isabs(name):
            where = posixpath.join(folder, where) if where else folder
        yield name if posixpath.isabs(name) else f"{where}/{name}" if where else name
