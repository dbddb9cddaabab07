"""Symbols of one assembly: labels, assignments, local labels, and what is declared about them.

Not here: expressions about them (`expr.py`) and the symbol table of the object (`finish.py`).
"""

from itertools import count
from typing import TYPE_CHECKING

from assembler.errors import Complaint, nearest
from assembler.sections import Place, Section
from assembler.source import Spot

if TYPE_CHECKING:
    from assembler.expr import Value

LOCAL_PREFIX = ".L"
LATE = -1  # the order of symbols that get their place when a relocation needs them
FAKE_NAME = ".L0 "  # the name GNU as gives to places that the source does not name


class Symbol:
    """A name and what is known about it; defined by a place, a value or a common size.

    Most symbols have few facts of their own, so what holds of the others stands in the class.
    """

    value: "Value | None" = None
    common: tuple[int, int] | None = None  # size and alignment
    binding: str = "local"
    type: str = "notype"
    visibility: str = "default"
    size: "Value" = 0
    defined_at: Spot | None = None
    used_at: Spot | None = None
    is_constant: bool = False  # by .equiv: must not change
    is_declared_local: bool = False
    is_touched: bool = False  # whether a directive said something about it
    has_inherited: bool = False  # type and size of the symbol it was assigned from
    other: int = 0  # bits of the symbol table's `st_other` beyond the visibility
    versions: tuple[str, ...] = ()  # what .symver calls it
    is_removed: bool = False  # only the names of its versions are wanted
    weak_target: "Symbol | None" = None  # what .weakref stands for
    is_weakly_used: bool = False  # through a .weakref

    def __init__(self, name: str, place: Place | None = None, order: int = 0) -> None:
        self.name = name
        self.place = place
        self.order = order  # when it was made; GNU as lists symbols so

    @property
    def is_defined(self) -> bool:
        """Whether it has a meaning in this file."""
        return self.place is not None or self.value is not None or self.common is not None

    def inherit(self, base: "Symbol") -> None:
        """Take type and size from the symbol that this one is assigned from."""
        self.has_inherited = True
        if self.type == "notype":
            self.type = base.type
        if isinstance(self.size, int) and not self.size:
            self.size = base.size

    @property
    def is_temporary(self) -> bool:
        """Whether it is left out of the symbol table unless a relocation needs it."""
        return self.name.startswith(LOCAL_PREFIX)


class SymbolTable:
    """All symbols of an assembly, by name, in the order of their first mention."""

    def __init__(self) -> None:
        self.by_name: dict[str, Symbol] = {}
        self.fakes: list[Symbol] = []
        self.clock = count()
        self.sources: list[str] = []  # what .file names, in order
        self._sections: dict[int, Symbol] = {}
        self._passed: dict[int, int] = {}  # numeric label -> how often it was defined

    def get(self, name: str) -> Symbol:
        """Give the symbol of that name, made now if it is new."""
        symbol = self.by_name.get(name)
        if symbol is None:
            symbol = self.by_name[name] = Symbol(name, order=next(self.clock))
        return symbol

    def define_label(self, name: str, place: Place, spot: Spot) -> Symbol:
        """Define a label; raise Complaint when the name has a meaning already."""
        symbol = self.get(name)
        self.refuse_second(symbol)
        symbol.place = place
        symbol.defined_at = spot
        return symbol

    def refuse_second(self, symbol: Symbol) -> None:
        """Raise Complaint when a symbol is defined, naming the first place."""
        if symbol.is_defined:
            raise Complaint(f"symbol {symbol.name!r} is already defined at {symbol.defined_at}")

    def define_numeric(self, number: int, place: Place, spot: Spot) -> None:
        """Define a local label such as `1:` once more."""
        count = self._passed[number] = self._passed.get(number, 0) + 1
        self.define_label(_numeric_name(number, count), place, spot)

    def numeric(self, number: int, direction: str) -> Symbol:
        """Give the local label meant by `1b` or `1f`."""
        count = self._passed.get(number, 0)
        if direction == "f":
            return self.get(_numeric_name(number, count + 1))
        if not count:
            raise Complaint(f"there is no label {number}: before this line")
        return self.get(_numeric_name(number, count))

    def touch(self, symbol: Symbol) -> None:
        """Note that a directive says something about a symbol, which gives it its place."""
        if symbol.is_temporary and not symbol.is_touched:
            symbol.is_touched = True
            symbol.order = next(self.clock)

    def mark_place(self, place: Place, is_late: bool = False) -> Symbol:
        """Make a nameless symbol for a place."""
        order = LATE if is_late else next(self.clock)
        symbol = Symbol(FAKE_NAME, place, order=order)
        self.fakes.append(symbol)
        return symbol

    def section_symbol(self, section: Section) -> Symbol:
        """Give the symbol that stands for a whole section."""
        symbol = self._sections.get(id(section))
        if symbol is None:
            symbol = Symbol(section.name, Place(section, 0, 0))
            symbol.type = "section"
            self._sections[id(section)] = symbol
        return symbol

    def suggestion(self, name: str) -> str:
        """Say which defined symbol was probably meant."""
        names = [s.name for s in self.by_name.values() if s.is_defined and "\x02" not in s.name]
        return nearest(name, names)


def _numeric_name(number: int, count: int) -> str:
    return f".L{number}\x02{count}"


def display_name(symbol: Symbol) -> str:
    """Give the name as the source has it."""
    name = symbol.name
    if "\x02" in name:
        return name[2 : name.index("\x02")]
    return "." if name == FAKE_NAME else name
