"""Writing the sections of DWARF: numbers of every width, addresses, and distances for the linker.

A stream appends to a section whose layout is final, so nothing in it can move any more. Distances
in code become pairs of relocations, because a linker may relax the code between them.
"""

from assembler.attributes import sleb128, uleb128
from assembler.expr import Linear, Value
from assembler.reloc import Field
from assembler.sections import Fixup, Place, Section
from assembler.source import Spot
from assembler.symbols import Symbol, SymbolTable

ADDRESS = 8  # bytes of an address on RV64
OFFSET = 4  # bytes of an offset into a section of 32-bit DWARF
_ADDRESS_TYPES = {4: "R_RISCV_32", 8: "R_RISCV_64"}


class Stream:
    """Appends to one section; `spot` is what errors about it point to."""

    def __init__(self, section: Section, symbols: SymbolTable, spot: Spot) -> None:
        self.section = section
        self._symbols = symbols
        self.spot = spot
        self._open: list[tuple[int, int]] = []

    @property
    def position(self) -> int:
        """How many bytes the section has so far."""
        return self.section.size

    def raw(self, data: bytes) -> None:
        """Append bytes as they are."""
        self.section.emit(data)

    def byte(self, *values: int) -> None:
        """Append bytes given as numbers."""
        self.section.emit(bytes(value & 0xFF for value in values))

    def number(self, value: int, size: int) -> None:
        """Append a number of `size` bytes."""
        self.section.emit((value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def unsigned(self, *values: int) -> None:
        """Append numbers in unsigned LEB128."""
        for value in values:
            self.section.emit(uleb128(value))

    def signed(self, value: int) -> None:
        """Append a number in signed LEB128."""
        self.section.emit(sleb128(value))

    def text(self, text: str) -> Symbol:
        """Append a string and its final zero; give a symbol for where it starts."""
        here = self.here()
        self.section.emit(text.encode("utf-8", "surrogateescape") + b"\0")
        return here

    def place(self) -> Place:
        """Give the place that is written next."""
        section = self.section
        return Place(section, section.size - section.shifts[-1], len(section.points))

    def here(self) -> Symbol:
        """Give a symbol for the current place."""
        return self._symbols.mark_place(self.place())

    def value(self, value: Value, size: int) -> None:
        """Append an expression of `size` bytes: a number, an address or a difference."""
        if isinstance(value, int):
            self.number(value, size)
        else:
            self._fix(self.place(), Field(size, _ADDRESS_TYPES.get(size, "")), value)
            self.number(0, size)

    def address(self, symbol: Symbol, size: int = ADDRESS) -> None:
        """Append a symbol's address, or its offset in its section."""
        self.value(Linear(symbol, None, 0), size)

    def distance(self, end: Symbol, start: Symbol, size: int) -> None:
        """Append the distance of two symbols."""
        self.value(Linear(end, start, 0), size)

    def relative(self, symbol: Symbol, constant: int = 0) -> None:
        """Append four bytes: how far a symbol is from here."""
        field = Field(4, "R_RISCV_32_PCREL")
        self._fix(self.place(), field, Linear(symbol, None, constant))
        self.number(0, 4)

    def replaced(self, data: bytes, bits: int, end: Symbol, start: Symbol) -> None:
        """Append a datum that the linker will set to the distance of two symbols."""
        place = self.place()
        self._fix(place, Field(len(data), f"R_RISCV_SET{bits}"), Linear(end, None, 0))
        self._fix(place, Field(len(data), f"R_RISCV_SUB{bits}"), Linear(start, None, 0))
        self.section.emit(data)

    def _fix(self, place: Place, field: Field, value: Value) -> None:
        self.section.fixups.append(Fixup(place, field, value, self.spot))

    def open_length(self) -> None:
        """Append room for the length of what follows, filled in by `close_length`."""
        self._open.append((self.position, self.position + OFFSET))
        self.number(0, OFFSET)

    def close_length(self) -> None:
        """Fill in the length opened last."""
        at, start = self._open.pop()
        self.section.data[at:start] = (self.position - start).to_bytes(OFFSET, "little")

    def align(self, alignment: int) -> None:
        """Append zeros up to a boundary of the section."""
        self.section.emit(bytes(-self.position % alignment))
