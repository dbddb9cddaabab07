"""The value of expressions in linker scripts.

Follows the manual "The GNU linker", section "Expressions in Linker Scripts": a value is a number,
or an offset in an output section; which of the two decides what an assignment to a symbol means.
Evaluated in phases, because addresses are not known at first.
"""

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from assembler.errors import LinkError, ScriptError
from assembler.linking import model
from assembler.linking.arithmetic import align_up, apply, apply_prefix
from assembler.linking.context import HEADER_SIZE, PROGRAM_HEADER_SIZE, Context
from assembler.linking.model import MASK64, OutSection, Symbol
from assembler.linking.statements import Assertion, Assign, Expression, Name, Number, Operation
from isa.errors import Location


class Phase(enum.IntEnum):
    """How far the link is."""

    FIRST = 0  # files are being loaded
    MARK = 1  # sections are being mapped
    ALLOCATING = 2  # addresses are being given
    ASSIGNING = 3  # symbols are computed again, between layouts
    FINAL = 4  # everything is placed


class Value(NamedTuple):
    """A value; without section it is a plain number."""

    number: int
    section: OutSection | None

    @property
    def absolute(self) -> int:
        """The value as an address."""
        return (self.number + (self.section.vma if self.section else 0)) & MASK64


class DataPhase(enum.Enum):
    """What is known of the data segment (see DATA_SEGMENT_ALIGN)."""

    NONE = 0
    ALIGN_SEEN = 1
    RELRO_SEEN = 2
    END_SEEN = 3
    ADJUST = 4
    DONE = 5


@dataclass
class DataSegment:
    """The data segment between DATA_SEGMENT_ALIGN and DATA_SEGMENT_END."""

    phase: DataPhase = DataPhase.NONE
    base: int = 0
    end: int = 0
    page: int = 0

    def settle(self) -> bool:
        """Decide whether moving the segment to a page of its own saves one; say if it does."""
        first, last = -self.base & self.page - 1, self.end & self.page - 1
        is_same = self.base // self.page == self.end // self.page
        if first and last and not is_same and first + last <= self.page:
            self.phase = DataPhase.ADJUST
            return True
        self.phase = DataPhase.DONE
        return False


@dataclass
class Folder:
    """Evaluates expressions at one place of the layout."""

    link: Context
    phase: Phase = Phase.FIRST
    dot: int = 0
    iteration: int = 0
    segment: DataSegment = field(default_factory=DataSegment)
    used: set[str] = field(default_factory=set)
    single: Symbol | None = None
    is_from_dot: bool = False
    loose: dict[str, tuple[Symbol, OutSection]] = field(default_factory=dict)
    dot_section: OutSection | None = None  # where `.` belongs outside of sections

    def __post_init__(self) -> None:
        self.section = self.link.absolute

    # ---- results

    def number(self, expression: Expression, what: str) -> int:
        """Evaluate to an address or number that must be known."""
        found = self.fold(expression)
        if found is None:
            if self.phase <= Phase.MARK:
                return 0
            raise ScriptError(f"nonconstant expression for {what}", _place(expression))
        return found.absolute

    def fold(self, expression: Expression) -> Value | None:
        """Evaluate an expression; None while it cannot be known."""
        match expression:
            case Number(value):
                return Value(value, self._plain())
            case Name("."):
                if self.phase == Phase.FIRST:
                    return None
                self.is_from_dot = True
                return self._from_dot(self.dot)
            case Name(name):
                return self._symbol(name, expression)
            case Operation("?", (condition, then, otherwise)):
                found = self.fold(condition)
                return found and self.fold(then if found.number else otherwise)
            case Operation(("DATA_SEGMENT_ALIGN" | "DATA_SEGMENT_RELRO_END"), (left, right)):
                return self._data_segment(expression.operator, self.fold(left), self.fold(right))
            case Operation(operator, (left, right)):
                return self._binary(operator, self.fold(left), self.fold(right), expression)
            case Operation(operator, (operand,)) if operator not in ("SEGMENT_START", "ASSERT"):
                return self._unary(operator, self.fold(operand), expression)
            case Operation():
                return self._named(expression)

    def _plain(self) -> OutSection | None:
        """Give what a plain number counts from: outside of sections it is an address."""
        return self.section if self.section.is_absolute else None

    def _from_dot(self, address: int) -> Value:
        return Value((address - self.section.vma) & MASK64, self.section)

    def _symbol(self, name: str, expression: Name) -> Value | None:
        link = self.link
        self.used.add(name)
        symbol = link.symbols.get(name)
        if symbol is None or not symbol.is_defined:
            if self.phase == Phase.FINAL:
                if symbol is not None and symbol.kind == model.UNDEFWEAK:
                    return Value(0, None)
                message = f"undefined symbol `{name}' referenced in expression{link.suggest(name)}"
                raise ScriptError(message, expression.location)
            link.symbols.refer(name)
            return None
        self.single = symbol
        section = symbol.section
        if section is None or section is link.absolute:
            return Value(symbol.value, self._plain())
        out = section.out
        if out is None:
            if self.phase <= Phase.MARK:
                return None
            message = f"unresolvable symbol `{name}' referenced in expression"
            raise ScriptError(message, expression.location)
        if out.is_absolute:
            return Value(symbol.value, self._plain())
        offset = 0 if isinstance(section, OutSection) else section.offset
        return Value((symbol.value + offset) & MASK64, out)

    # ---- operators

    def _unary(self, operator: str, found: Value | None, whole: Operation) -> Value | None:
        if found is None:
            return None
        if operator.startswith("prefix "):
            return Value(apply_prefix(operator[7:], found.number), found.section)
        match operator:
            case "ALIGN" | "BLOCK":
                if self.phase == Phase.FIRST:
                    return None
                boundary = found.number if found.section is None else found.absolute
                self.is_from_dot = True
                return self._from_dot(align_up(self.dot, boundary))
            case "ABSOLUTE":
                return Value(found.absolute, self.link.absolute)
            case "NEXT":
                if self.phase == Phase.FIRST:
                    return None
                return Value(align_up(self.dot, found.absolute), self.link.absolute)
            case "LOG2CEIL":
                return Value(max(0, (found.absolute - 1).bit_length()), self._plain())
            case "DATA_SEGMENT_END":
                return self._segment_end(found)
        raise ScriptError(f"unknown function {operator}", whole.location)

    def _binary(
        self, operator: str, left: Value | None, right: Value | None, whole: Operation
    ) -> Value | None:
        if operator in ("&&", "||") and left is not None and right is not None:
            pair = bool(left.number), bool(right.number)
            return Value(int(all(pair) if operator == "&&" else any(pair)), None)
        if left is None or right is None:
            return None
        section: OutSection | None = right.section
        left_section = left.section
        if left_section is not section:
            if left_section is not None and section is not None:
                left = Value(left.absolute, self.link.absolute)
                right = Value(right.absolute, self.link.absolute)
                section = left_section = self.link.absolute
            elif section is None:
                section, left_section = left_section, None
        if operator in ("==", "!=", "<", ">", "<=", ">="):
            return Value(apply(operator, left.number, right.number, whole.location), None)
        if operator in ("/", "%") and not right.number and self.phase <= Phase.MARK:
            return None
        number = apply(operator, left.number, right.number, whole.location)
        if operator not in ("MAX", "MIN", "ALIGN") and section is left_section:
            section = self._plain()
        return Value(number, section)

    # ---- names

    def _named(self, whole: Operation) -> Value | None:
        operator, name, link = whole.operator, whole.name, self.link
        match operator:
            case "SIZEOF_HEADERS":
                return self._headers_size()
            case "DEFINED":
                return Value(int(self._is_defined(name)), None)
            case "CONSTANT":
                pages = {"MAXPAGESIZE": link.options.max_page}
                pages["COMMONPAGESIZE"] = link.options.common_page
                if name not in pages:
                    raise ScriptError(f"unknown constant `{name}'", whole.location)
                return Value(pages[name], None)
            case "SEGMENT_START":
                start = link.options.segment_starts.get(name)
                self.is_from_dot = True
                return (
                    self.fold(whole.operands[0]) if start is None else Value(start, self._plain())
                )
            case "ORIGIN" | "LENGTH":
                region = link.region(name, whole.location)
                found = region.origin if operator == "ORIGIN" else region.length
                self.is_from_dot = self.is_from_dot or operator == "ORIGIN"
                return Value(found, self._plain())
            case "ASSERT":
                held = self.fold(whole.operands[0])
                if held is not None and not held.number and self.phase == Phase.FINAL:
                    raise LinkError(name)
                return held
        return self._of_section(operator, name, whole)

    def _headers_size(self) -> Value | None:
        if self.phase == Phase.FIRST or self.link.header_count is None:
            return None if self.phase == Phase.FIRST else Value(HEADER_SIZE, None)
        self.link.loads_headers = True
        size = HEADER_SIZE + PROGRAM_HEADER_SIZE * self.link.header_count
        return Value(size, None)

    def _is_defined(self, name: str) -> bool:
        symbol = self.link.symbols.get(name)
        if symbol is None or symbol.kind not in (model.DEFINED, model.DEFWEAK, model.COMMON):
            return False
        return not symbol.is_script or symbol.by_object or symbol.iteration == self.iteration

    def _of_section(self, operator: str, name: str, whole: Operation) -> Value | None:
        if self.phase == Phase.FIRST:
            return None
        out = self.link.find_output(name)
        section = out.section if out is not None else None
        if operator in ("SIZEOF", "ALIGNOF"):
            if section is None:
                return Value(0, None)
            size = section.size if operator == "SIZEOF" else 1 << section.align_power
            return Value(size, None)
        if out is None or (section is None and not out.is_placed):
            if self.phase == Phase.FINAL:
                message = f"undefined section `{name}' referenced in expression"
                raise ScriptError(message, whole.location)
            return None
        if not out.is_placed or section is None:
            return None
        if operator == "LOADADDR":
            return Value(section.lma, self.link.absolute)
        return Value(0, section)

    # ---- the data segment

    def _data_segment(self, operator: str, left: Value | None, right: Value | None) -> Value | None:
        if left is None or right is None or self.phase == Phase.FIRST:
            return None
        if not self.section.is_absolute:
            return None
        segment = self.segment
        if operator == "DATA_SEGMENT_RELRO_END":
            if segment.phase is DataPhase.ALIGN_SEEN:
                segment.phase = DataPhase.RELRO_SEEN
            return right
        largest, common = left.absolute, right.absolute
        found = align_up(self.dot, largest)
        if segment.phase is DataPhase.ADJUST:
            if common < largest:
                found += (self.dot + common - 1) & (largest - common)
            return Value(found, self.link.absolute)
        found += self.dot & largest - 1
        if segment.phase is DataPhase.NONE:
            segment.phase, segment.base, segment.page = DataPhase.ALIGN_SEEN, found, common
        elif segment.phase is not DataPhase.DONE:
            return None
        return Value(found, self.link.absolute)

    def _segment_end(self, found: Value) -> Value | None:
        if self.phase == Phase.FIRST or not self.section.is_absolute:
            return None
        segment = self.segment
        if segment.phase in (DataPhase.ALIGN_SEEN, DataPhase.RELRO_SEEN):
            segment.phase, segment.end = DataPhase.END_SEEN, found.absolute
        return found

    # ---- statements

    def assign(self, statement: Assign) -> int | None:
        """Obey an assignment; give the new location counter when it is one to `.`."""
        if statement.name == ".":
            return self._assign_dot(statement)
        symbol = self.link.symbols.get(statement.name)
        if statement.is_provide and not self._may_provide(symbol):
            return None
        self._forget()
        found = self.fold(statement.value)
        is_known = statement.name not in self.used or self.phase == Phase.FINAL
        if found is None or not is_known:
            return None
        symbol = self.link.symbols.intern(statement.name)
        if not symbol.is_script and symbol.kind in (model.DEFINED, model.DEFWEAK, model.COMMON):
            symbol.by_object = True
        section = found.section or self.section
        symbol.iteration = self.iteration
        symbol.kind, symbol.value, symbol.section = model.DEFINED, found.number, section
        symbol.is_script, symbol.is_provided = True, statement.is_provide
        symbol.is_hidden = symbol.is_hidden or statement.is_hidden
        if len(self.used) == 1 and self.single is not None:
            symbol.type = self.single.type
        if self.dot_section is not None and self.section.is_absolute and self.is_from_dot:
            self.loose[symbol.name] = symbol, self.dot_section
        else:
            self.loose.pop(symbol.name, None)
        return None

    def settle_symbols(self) -> None:
        """Make places between sections belong to one, and those in dropped ones to a neighbour."""
        for symbol, home in self.loose.values():
            if symbol.section is self.link.absolute:
                symbol.section, symbol.value = home, (symbol.value - home.vma) & MASK64
        for symbol in self.link.symbols.by_name.values():
            section = symbol.section
            if isinstance(section, OutSection) and section.is_removed:
                address = (symbol.value + section.vma) & MASK64
                symbol.section = self.link.neighbour(section, address)
                symbol.value = (address - symbol.section.vma) & MASK64

    def _forget(self) -> None:
        """Forget what the last expression was made of."""
        self.used, self.single, self.is_from_dot = set(), None, False

    def _may_provide(self, symbol: Symbol | None) -> bool:
        if symbol is None:
            return False
        wanted = (model.NEW, model.UNDEFINED, model.UNDEFWEAK)
        return symbol.kind in wanted or (symbol.is_script and symbol.is_provided)

    def _assign_dot(self, statement: Assign) -> int | None:
        if self.phase == Phase.FIRST:
            return None
        found = self.fold(statement.value)
        if found is None:
            if self.phase == Phase.MARK:
                return None
            raise ScriptError("invalid assignment to location counter", statement.location)
        base = found.section or self.section
        goal = (found.number + base.vma) & MASK64
        if goal < self.dot and not self.section.is_absolute:
            message = "cannot move location counter backwards "
            message += f"(from {self.dot:#x} to {goal:#x})"
            raise ScriptError(message, statement.location)
        self.dot = goal
        return goal

    def check(self, statement: Assertion) -> None:
        """Evaluate an assertion; it must hold when everything is placed."""
        found = self.fold(statement.condition)
        if self.phase == Phase.FINAL and found is not None and not found.number:
            self.link.complain(ScriptError(statement.message, statement.location))


def _place(expression: Expression) -> Location | None:
    return None if isinstance(expression, Number) else expression.location
