"""Conditional assembly: the `.if` family.

Follows the manual "Using as", section "If". Conditions in text that is skipped are not asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.macros import tidy
from assembler.parse import Operands
from assembler.source import Spot

if TYPE_CHECKING:
    from assembler.assembly import Assembly


@dataclass
class _Level:
    """An open `.if`: whether its current branch is taken, and what is still possible."""

    spot: Spot
    is_taken: bool
    was_taken: bool
    is_outer_active: bool
    has_else: bool = False


class Conditionals:
    """The open `.if`s of an assembly."""

    words = frozenset({".else", ".elseif", ".endif"})  # filled up below with the .if family

    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self.is_active = True

    @property
    def level(self) -> int:
        """How many are open."""
        return len(self._levels)

    def open(self, spot: Spot, is_true: bool) -> None:
        """Open an `.if`."""
        self._levels.append(_Level(spot, is_true, is_true, self.is_active))
        self._update()

    def top(self, name: str) -> _Level:
        """Give the innermost open `.if`; raise Complaint when there is none."""
        if not self._levels:
            raise Complaint(f"{name} without .if")
        return self._levels[-1]

    def switch(self, name: str, condition: Callable[[], bool]) -> None:
        """Go on with another branch; the condition is asked only when it matters."""
        level = self.top(name)
        if level.has_else:
            raise Complaint(f"{name} after .else")
        level.has_else = name != ".elseif"
        may = level.is_outer_active and not level.was_taken
        level.is_taken = False
        self._update()
        if may:
            level.is_taken = level.was_taken = condition()
            self._update()

    def close(self) -> None:
        """Close the innermost `.if`."""
        self.top(".endif")
        self._levels.pop()
        self._update()

    def unwind(self, level: int) -> None:
        """Close what was opened since there were `level` open."""
        del self._levels[level:]
        self._update()

    def check_closed(self, report: Callable[[Complaint, Spot], None]) -> None:
        """Report every `.if` that is still open."""
        for level in self._levels:
            report(Complaint("this condition has no .endif"), level.spot)

    def _update(self) -> None:
        top = self._levels[-1] if self._levels else None
        self.is_active = top is None or (top.is_taken and top.is_outer_active)


_TWO_STRINGS = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*,\s*("(?:[^"\\]|\\.)*")\s*')
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    ".if": lambda value: value != 0,
    ".ifne": lambda value: value != 0,
    ".ifeq": lambda value: value == 0,
    ".ifge": lambda value: value >= 0,
    ".ifgt": lambda value: value > 0,
    ".ifle": lambda value: value <= 0,
    ".iflt": lambda value: value < 0,
}


def _number(assembly: "Assembly", text: str) -> int:
    operands: Operands = assembly.parser.operands(text)
    if len(operands.trees) != 1:
        raise Complaint("a condition is one expression")
    return assembly.absolute(operands.trees[0], operands.atoms, "the condition")


def _if(assembly: "Assembly", name: str, text: str) -> None:
    _open(assembly, lambda: _COMPARISONS[name](_number(assembly, text)))


def _open(assembly: "Assembly", condition: Callable[[], bool]) -> None:
    """Open a condition, asking it only in active text; a broken one counts as false."""
    conditionals = assembly.conditionals
    if not conditionals.is_active:
        conditionals.open(assembly.spot, False)
        return
    try:
        is_true = condition()
    except Complaint:
        conditionals.open(assembly.spot, False)
        raise
    conditionals.open(assembly.spot, is_true)


def _ifdef(assembly: "Assembly", name: str, text: str) -> None:
    def is_true() -> bool:
        if not text.strip():
            raise Complaint(f"{name} takes the name of a symbol")
        symbol = assembly.symbols.by_name.get(text.strip().strip('"'))
        return (symbol is not None and symbol.is_defined) == (name == ".ifdef")

    _open(assembly, is_true)


def _ifb(assembly: "Assembly", name: str, text: str) -> None:
    _open(assembly, lambda: (not text.strip()) == (name == ".ifb"))


def _ifc(assembly: "Assembly", name: str, text: str) -> None:
    """Compare two texts as they stand, spaces that separate nothing left out."""

    def is_true() -> bool:
        left, comma, right = tidy(text).partition(",")
        if not comma:
            raise Complaint(f"{name} takes two texts")
        return (left.strip() == right.strip()) == (name == ".ifc")

    _open(assembly, is_true)


def _ifeqs(assembly: "Assembly", name: str, operands: str) -> None:
    """Compare two strings."""

    def is_true() -> bool:
        found = _TWO_STRINGS.fullmatch(operands)
        if found is None:
            raise Complaint(f"{name} takes two strings")
        return (unescape(found[1]) == unescape(found[2])) == (name == ".ifeqs")

    _open(assembly, is_true)


def _elseif(assembly: "Assembly", name: str, text: str) -> None:
    assembly.conditionals.switch(name, lambda: _number(assembly, text) != 0)


def _else(assembly: "Assembly", name: str, text: str) -> None:
    assembly.conditionals.switch(name, lambda: True)


def _endif(assembly: "Assembly", name: str, text: str) -> None:
    assembly.conditionals.close()


TABLE: Table = {
    **{name: Directive("raw", _if) for name in _COMPARISONS},
    **{name: Directive("raw", _ifdef) for name in (".ifdef", ".ifndef", ".ifnotdef")},
    **{name: Directive("raw", _ifb) for name in (".ifb", ".ifnb")},
    **{name: Directive("raw", _ifc) for name in (".ifc", ".ifnc")},
    **{name: Directive("raw", _ifeqs) for name in (".ifeqs", ".ifnes")},
    ".elseif": Directive("raw", _elseif),
    **{name: Directive("raw", _else) for name in (".else", ".elsec")},
    **{name: Directive("raw", _endif) for name in (".endif", ".endc")},
}

Conditionals.words = frozenset(TABLE)
