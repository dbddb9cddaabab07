"""Which symbol names an address in a disassembly: objdump's order of preference.

Symbols are sorted by address; of several at one address those of the section at hand come first,
then functions, objects, global ones, larger ones, and names that do not begin with a dot.
"""

import re
from bisect import bisect_right

from assembler.binutils.elf_file import (
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STB_UNIQUE,
    STT_COMMON,
    STT_FILE,
    STT_FUNC,
    STT_OBJECT,
    STT_SECTION,
    ElfFile,
    Section,
    Symbol,
)

FAKE_NAME = ".L0 "  # how the assembler names places that have no name
_LOCAL_LABEL = re.compile(r"\.L|\.\.|_\.L_|L\d+[\x01\x02]|L\x01")


def address_of(elf: ElfFile, symbol: Symbol) -> int:
    """Give a symbol's address: in a relocatable object values count from the section."""
    if elf.is_relocatable and symbol.section is not None:
        return symbol.value + symbol.section.address
    return symbol.value


def is_mapping(symbol: Symbol) -> bool:
    """Say whether a symbol marks the begin of code or data."""
    return symbol.name.startswith(("$x", "$d"))


def is_function(symbol: Symbol) -> bool:
    """Say whether a symbol is a function."""
    return symbol.type == STT_FUNC


def is_object(symbol: Symbol) -> bool:
    """Say whether a symbol is a datum, as objdump sees it."""
    return symbol.type in (STT_OBJECT, STT_COMMON)


def is_valid(symbol: Symbol) -> bool:
    """Say whether a symbol may be shown in a disassembly."""
    return symbol.name != FAKE_NAME and not is_mapping(symbol)


def is_special(symbol: Symbol) -> bool:
    """Say whether listings leave a symbol out: the assembler's own labels and marks."""
    if symbol.type in (STT_SECTION, STT_FILE):
        return False
    return not symbol.name or is_mapping(symbol) or bool(_LOCAL_LABEL.match(symbol.name))


def useful(symbols: list[Symbol]) -> list[Symbol]:
    """Leave out what cannot name an address: sections, files, undefined and common symbols."""
    return [
        symbol
        for symbol in symbols
        if symbol.name
        and symbol.type not in (STT_SECTION, STT_FILE)
        and symbol.place not in (SHN_UNDEF, SHN_COMMON)
    ]


class SymbolSearch:
    """The symbols of a file as seen from one section."""

    def __init__(self, elf: ElfFile, section: Section, symbols: list[Symbol]) -> None:
        self.section = section
        ordered = sorted(symbols, key=lambda symbol: _order(elf, symbol, section))
        self._all = _Places(elf, [symbol for symbol in ordered if is_valid(symbol)])
        own = [symbol for symbol in ordered if symbol.section is section]
        self._own = _Places(elf, [symbol for symbol in own if is_valid(symbol)])
        self._begin, self._end = section.address, section.address + section.size
        self._prefers_own = bool(elf.relocation_tables)
        self.marks = [(address_of(elf, s), s.name) for s in own if is_mapping(s)]
        self.is_empty = not symbols

    def find(self, address: int) -> tuple[int, Symbol] | None:
        """Find what names an address in a text."""
        if self._prefers_own and self._begin <= address < self._end:
            return self._own.find(address)
        return self._all.find(address)

    def find_own(self, address: int) -> tuple[int, Symbol] | None:
        """Find what names an address of this section."""
        return self._own.find(address)

    def after(self, address: int) -> tuple[int, Symbol] | None:
        """Find the first symbol of this section behind an address."""
        return self._own.after(address)


class _Places:
    """Symbols in order, and their addresses."""

    def __init__(self, elf: ElfFile, symbols: list[Symbol]) -> None:
        found: dict[int, Symbol] = {}
        for symbol in symbols:
            found.setdefault(address_of(elf, symbol), symbol)
        self._addresses = list(found)
        self._symbols = list(found.values())

    def find(self, address: int) -> tuple[int, Symbol] | None:
        """Give the nearest symbol at or before an address, else the nearest behind it."""
        if not self._symbols:
            return None
        index = max(0, bisect_right(self._addresses, address) - 1)
        return self._addresses[index], self._symbols[index]

    def after(self, address: int) -> tuple[int, Symbol] | None:
        index = bisect_right(self._addresses, address)
        if index == len(self._symbols):
            return None
        return self._addresses[index], self._symbols[index]


def _order(elf: ElfFile, symbol: Symbol, section: Section) -> tuple[object, ...]:
    """Give the sort key of a symbol."""
    name = symbol.name
    is_local = symbol.binding == STB_LOCAL
    where = symbol.section.name if symbol.section is not None else "*ABS*"
    return (
        address_of(elf, symbol),
        where != section.name or symbol.place == SHN_ABS,
        "gnu_compiled" in name or "gcc2_compiled" in name,
        len(name) > 2 and name[-2:] in (".o", ".a"),
        not is_function(symbol),
        not is_object(symbol),
        is_local,
        symbol.binding not in (STB_GLOBAL, STB_UNIQUE),
        -symbol.size,
        name.startswith("."),
        name.encode("utf-8", "surrogateescape"),
    )
