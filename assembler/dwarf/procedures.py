"""Procedures with call frame information, as the `.cfi_` directives describe them.

Not here: the directives (`directives/cfi.py`) and the sections made of this (`frame.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from assembler.errors import Complaint
from assembler.expr import Value
from assembler.sections import Section
from assembler.source import Spot
from assembler.symbols import Symbol, SymbolTable

RETURN_ADDRESS = 1
STACK_POINTER = 2
OMIT = 0xFF  # no personality routine, no language-specific data


class Mark(NamedTuple):
    """A place in code, and the stretch of code it stands in."""

    symbol: Symbol
    stretch: int


class Step(NamedTuple):
    """One instruction: its name and operands; `advance` has two marks, `escape` has values."""

    name: str
    operands: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()
    values: tuple[Value, ...] = ()
    label: Symbol | None = None


@dataclass(eq=False, slots=True)
class Procedure:
    """What stands between `.cfi_startproc` and `.cfi_endproc`."""

    start: Mark
    spot: Spot
    sections: frozenset[str]
    last: Mark
    end: Mark | None = None
    steps: list[Step] = field(default_factory=list)
    cfa_offset: int = 0
    remembered: list[int] = field(default_factory=list)
    return_column: int = RETURN_ADDRESS
    is_signal_frame: bool = False
    personality: tuple[int, Value] = (OMIT, 0)
    data: tuple[int, Value] = (OMIT, 0)

    def add(self, name: str, *operands: int) -> None:
        """Append an instruction."""
        self.steps.append(Step(name, operands))


class Frames:
    """All procedures of an assembly, and which of them are open."""

    def __init__(self) -> None:
        self.procedures: list[Procedure] = []
        self.sections = frozenset((".eh_frame",))
        self._open: dict[int, Procedure] = {}

    def opened(self, section: Section) -> Procedure | None:
        """Give the procedure that is open in a section, if there is one."""
        return self._open.get(id(section))

    def start(self, section: Section, mark: Mark, spot: Spot, is_simple: bool) -> None:
        """Open a procedure; a simple one starts without the rules of the psABI."""
        procedure = Procedure(mark, spot, self.sections, mark)
        self._open[id(section)] = procedure
        self.procedures.append(procedure)
        if not is_simple:
            procedure.add("def_cfa_register", STACK_POINTER)

    def end(self, section: Section, mark: Mark) -> None:
        """Close the procedure that is open in a section."""
        self._open.pop(id(section)).end = mark

    def check_closed(self, report: Callable[[Complaint, Spot], None]) -> None:
        """Report every procedure that is still open."""
        for procedure in self._open.values():
            report(Complaint("this procedure has no .cfi_endproc"), procedure.spot)
            procedure.end = procedure.last

    def choose(self, names: frozenset[str]) -> None:
        """Say which sections to write; raise Complaint when procedures went elsewhere before."""
        if self.procedures and names != self.sections:
            raise Complaint("inconsistent uses of .cfi_sections")
        self.sections = names


def mark_here(symbols: SymbolTable, section: Section) -> Mark:
    """Give a mark for the current place of a section."""
    return Mark(symbols.mark_place(section.here()), section.stretch)
