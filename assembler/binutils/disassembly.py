"""The disassembly of a file, line by line as GNU objdump 2.40 prints it with -d, -D, -S and -l.

Not here: the text of an instruction (`insn_text.py`), which symbol names an address
(`symbol_search.py`), source lines (`source_lines.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from assembler.binutils.arch import Arch, parse_arch, read_arch
from assembler.binutils.elf_file import NOBITS, ElfFile, Relocation, Section, Symbol
from assembler.binutils.insn_text import Printer, Text
from assembler.binutils.marks import MASK64, Addresses, Marks
from assembler.binutils.names import printable, relocation_line
from assembler.binutils.symbol_search import (
    SymbolSearch,
    address_of,
    is_function,
    is_object,
    useful,
)
from assembler.errors import ObjectFormatError

SKIPPED, SKIPPED_AT_END = 8, 3  # zeros in a row that are not worth showing
MAX_NOBITS = 1 << 28  # zeros of a section that the file does not hold
_PER_LINE = 8  # bytes in the column of an instruction
_PER_DATA_LINE = 16
_OUT_OF_BOUNDS = 5  # how far objdump goes on after an instruction that is cut off
_DATA_WORDS = {1: ".byte", 2: ".short", 4: ".word"}


class TextPrinter(Protocol):
    """What gives the text of instructions: GNU's manner, or Capstone's."""

    def print(self, word: int) -> Text | None:
        """Give the text of an instruction, or None when it is none."""
        ...


class Annotator(Protocol):
    """What puts lines before an instruction: the source."""

    def lines(self, section: Section, offset: int) -> Iterator[str]:
        """Give what to print before the instruction at an offset."""
        ...


@dataclass(frozen=True)
class Style:
    """What to show and how; the names are those of objdump's options."""

    disassemble_all: bool = False
    zeroes: bool = False
    raw: bool = True
    relocations: bool = False
    aliases: bool = True
    numeric: bool = False
    capstone: bool = False
    wide: bool = False
    start: int | None = None
    stop: int | None = None
    symbol: str | None = None
    sections: tuple[str, ...] = ()


class Disassembler:
    """The disassembly of one file."""

    def __init__(self, elf: ElfFile, style: Style, source: Annotator | None = None) -> None:
        self.elf = elf
        self.style = style
        self.source = source
        self.symbols = useful(elf.symbols or elf.dynamic_symbols)
        self.arch = read_arch(elf)
        self.addresses = Addresses(self.symbols)
        self._printers: dict[str, TextPrinter] = {}
        self.chunk = 0  # as objdump, which keeps it from one piece to the next

    def lines(self) -> Iterator[str]:
        """Give the lines of all sections that are asked for."""
        for section in self.elf.listed:
            if self._is_chosen(section) and section.size:
                yield from _SectionDump(self, section).lines()

    def _is_chosen(self, section: Section) -> bool:
        if self.style.sections:
            return section.name in self.style.sections
        return self.style.disassemble_all or (section.is_code and section.type != NOBITS)

    def printer(self, isa: str = "") -> TextPrinter:
        """Give the printer for an architecture string, by default that of the file."""
        found = self._printers.get(isa)
        if found is None:
            found = self._printers[isa] = self._make_printer(isa)
        return found

    def _make_printer(self, isa: str) -> TextPrinter:
        if self.style.capstone:
            from assembler.binutils.capstone_text import CapstonePrinter

            return CapstonePrinter()
        arch = Arch(parse_arch(isa), self.arch.priv) if isa else self.arch
        return Printer(arch, self.style.aliases, self.style.numeric)


class _SectionDump:
    """The disassembly of one section."""

    def __init__(self, whole: Disassembler, section: Section) -> None:
        self._whole, self._section, self._style = whole, section, whole.style
        self._search = SymbolSearch(whole.elf, section, whole.symbols)
        self._marks = Marks(self._search.marks)
        self._data = contents(whole.elf, section)
        self._base = section.address
        self._width = _address_width(section.address + section.size)
        self._relocations: list[Relocation] = []
        if self._style.relocations:
            self._relocations = sorted(whole.elf.relocations(section), key=lambda r: r.offset)
        self._next_relocation = 0
        self._per_line = 4

    def lines(self) -> Iterator[str]:
        """Give the lines of the section, symbol by symbol."""
        start, stop = self._range()
        if start >= stop:
            return
        self._skip_relocations(start)
        yield from ("", f"Disassembly of section {printable(self._section.name)}:")
        wanted = self._style.symbol
        is_printing, until = wanted is None, ""
        found = self._search.find_own(self._base + start)
        while start < stop:
            address = self._base + start
            if wanted is not None and found is not None:
                at, symbol = found
                if is_printing:
                    is_printing = not _ends(until, symbol)
                elif symbol.name == wanted:
                    is_printing = True
                    self._skip_relocations(at - self._base)
                    until = _until(symbol)
                    if until == "size":
                        stop = min(stop, start + symbol.size)
            if is_printing:
                yield from ("", f"{address:016x} {self._name(found, address)}:")
            is_ahead = found is not None and found[0] > address
            following = found if is_ahead or found is None else self._search.after(found[0])
            end = stop if following is None else following[0] - self._base
            if end > stop or end <= start:
                end = stop
            if is_printing:
                yield from self._piece(start, end, self._is_code(found, address))
            start, found = end, following

    def _range(self) -> tuple[int, int]:
        """Give the offsets between which to disassemble."""
        start, stop, size = self._style.start, self._style.stop, len(self._data)
        begin = max(0, start - self._base) if start is not None else 0
        end = min(size, max(0, stop - self._base)) if stop is not None else size
        return begin, end

    def _skip_relocations(self, offset: int) -> None:
        pending = self._relocations
        while (
            self._next_relocation < len(pending) and pending[self._next_relocation].offset < offset
        ):
            self._next_relocation += 1

    def _is_code(self, found: tuple[int, Symbol] | None, address: int) -> bool:
        """Say whether to disassemble: not what a symbol says is a datum."""
        if self._style.disassemble_all or found is None or found[0] > address:
            return True
        return is_function(found[1]) or not is_object(found[1])

    def _name(self, found: tuple[int, Symbol] | None, address: int) -> str:
        at, name = (self._base, self._section.name) if found is None else (found[0], found[1].name)
        distance = address - at
        sign = "-" if distance < 0 else "+"
        return f"<{printable(name)}{f'{sign}{abs(distance):#x}' if distance else ''}>"

    def _shown(self, address: int) -> str:
        """Show an address with its symbol."""
        if self._search.is_empty:
            return f"{address:#x}"
        return f"{address:x} {self._name(self._search.find(address), address)}"

    def _piece(self, start: int, stop: int, is_code: bool) -> Iterator[str]:
        """Give the lines of what is between two symbols."""
        self._per_line = 4 if is_code else _PER_DATA_LINE
        at = start
        while at < stop:
            size = 0 if self._style.zeroes else self._zeros(at, stop)
            if size:
                yield "\t..."
            else:
                if self._whole.source is not None:
                    yield from self._whole.source.lines(self._section, at)
                size, text = self._item(at, stop) if is_code else self._bytes(at, stop)
                yield from self._item_lines(at, size, stop, text, is_code)
            yield from self._relocation_lines(at + size)
            at += size

    def _zeros(self, at: int, stop: int) -> int:
        """Give how many zero bytes to skip at an offset: long runs, and short ones at an end."""
        if self._data[at]:
            return 0
        count = len(self._data[at:stop]) - len(self._data[at:stop].lstrip(b"\0"))
        is_end = at + count == stop
        if count < SKIPPED and not (is_end and count < SKIPPED_AT_END):
            return 0
        return count if is_end else count & ~3

    def _item_lines(self, at: int, size: int, stop: int, text: str, is_code: bool) -> Iterator[str]:
        """Give the lines of an instruction: address, bytes, text, and bytes that found no room."""
        head = f"{self._base + at & MASK64:{self._width}x}:\t"
        if not self._style.raw:
            yield head + text
            return
        per_line = size if self._style.wide and size > self._per_line else self._per_line
        gap = "\t" if is_code else "    "
        yield head + self._digits(at, min(size, per_line), stop, per_line) + gap + text
        for place in range(at + per_line, at + size, per_line):
            head = f"{self._base + place:{self._width}x}:\t"
            yield head + self._digits(place, min(per_line, at + size - place), stop, 0)

    def _digits(self, at: int, size: int, stop: int, per_line: int) -> str:
        """Show bytes in chunks, each as a number, padded to the width of the column."""
        chunk = self._whole.chunk or 1
        shown = []
        for place in range(at, at + size, chunk):
            is_there = place + chunk <= stop
            shown.append(self._data[place : place + chunk][::-1].hex() if is_there else "")
        shown += ["  " * chunk] * ((per_line - len(shown) * chunk + chunk - 1) // chunk)
        return "".join(f"{digits} " for digits in shown)

    def _bytes(self, at: int, stop: int) -> tuple[int, str]:
        """Show a datum as characters."""
        size = min(_PER_DATA_LINE, stop - at)
        piece = self._data[at : at + size]
        return size, "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)

    def _item(self, at: int, stop: int) -> tuple[int, str]:
        """Give the size and the text of what stands at an offset."""
        address = self._base + at
        if self._marks.is_data(address) and not self._style.disassemble_all:
            return self._datum(at, address)
        limit = len(self._data)
        if self._section.is_code and not self._style.disassemble_all:
            limit = stop
        if at + 2 > limit:
            return self._cut_off(address)
        half = int.from_bytes(self._data[at : at + 2], "little")
        size = _length(half)
        if at + size > limit:
            return self._cut_off(address)
        self._whole.chunk, self._per_line = 2 if size % 4 else 4, _PER_LINE
        return size, self._insn(at, size, address)

    def _cut_off(self, address: int) -> tuple[int, str]:
        self._whole.chunk = 0
        return _OUT_OF_BOUNDS, f"Address {address:#x} is out of bounds.\n"

    def _datum(self, at: int, address: int) -> tuple[int, str]:
        size = min(4, self._marks.next(address, self._base + len(self._data)) - address)
        size = 2 if size == 3 else size
        self._whole.chunk, self._per_line = size, _PER_LINE
        value = int.from_bytes(self._data[at : at + size], "little")
        return size, f"{_DATA_WORDS[size]}\t0x{value:0{2 * size}x}"

    def _insn(self, at: int, size: int, address: int) -> str:
        word = int.from_bytes(self._data[at : at + size], "little")
        text = None
        if size <= 4:
            text = self._whole.printer(self._marks.isa(address)).print(word)
        if text is None:
            if size in (2, 4, 8):
                return f".{size}byte\t{word:#x}"
            return ".byte\t" + ", ".join(f"0x{byte:02x}" for byte in self._data[at : at + size])
        if text.goal is not None:
            return text.text + self._shown(address + text.goal & MASK64)
        goal = self._whole.addresses.follow(text, address)
        return text.text if goal is None else f"{text.text} # {self._shown(goal)}"

    def _relocation_lines(self, end: int) -> Iterator[str]:
        """Give the relocations before an offset."""
        pending = self._relocations
        while self._next_relocation < len(pending) and pending[self._next_relocation].offset < end:
            entry = pending[self._next_relocation]
            self._next_relocation += 1
            yield f"\t\t\t{self._base + entry.offset:x}: {relocation_line(entry)}"


def _until(symbol: Symbol) -> str:
    """Say where to stop that started at a symbol: after its size, at a function, at any symbol."""
    if not is_function(symbol):
        return "symbol"
    return "size" if symbol.size else "function"


def _ends(until: str, symbol: Symbol) -> bool:
    return (until == "function" and is_function(symbol)) or (
        until == "symbol" and not symbol.name.startswith(".L")
    )


def contents(elf: ElfFile, section: Section) -> bytes:
    """Give a section's bytes, also those that are not in the file."""
    if section.type != NOBITS:
        return section.data
    if section.size > MAX_NOBITS:
        raise ObjectFormatError(f"{elf.filename}: section {section.name} is absurdly large")
    return bytes(section.size)


def _length(half: int) -> int:
    """Give the length of an instruction from its first 16 bits."""
    if half & 3 != 3:
        return 2
    if half & 0x1F != 0x1F:
        return 4
    if half & 0x3F == 0x1F:
        return 6
    if half & 0x7F == 0x3F:
        return 8
    if half & 0x7000 != 0x7000:
        return 10 + (half >> 11 & 0xE)
    return 2


def _address_width(last: int) -> int:
    """Give the width of the address column: digits come in groups of four."""
    digits = f"{last & MASK64:016x}"
    while digits.startswith("00000"):
        digits = digits[4:]
    return len(digits)


__all__ = ["Disassembler", "Style", "address_of"]
