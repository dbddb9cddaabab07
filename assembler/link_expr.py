"""The value of expressions in linker scripts, while sections are being placed.

Follows the manual "The GNU linker", section "Expressions in Linker Scripts". All values are
absolute addresses; unsigned 64-bit words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assembler.errors import ScriptError
from assembler.link_sections import OutSection
from assembler.linker_script import Expression, Name, Number, Operation
from isa.errors import Location

MASK64 = (1 << 64) - 1
PAGE = 0x1000
HEADER_SIZE, PROGRAM_HEADER_SIZE = 64, 56


_BINARY = frozenset("+ - * / % << >> & | ^ == != < > <= >=".split())


@dataclass(frozen=True)
class ScriptSymbol:
    """A symbol that the script defines: its value, and the output section it belongs to."""

    value: int
    section: OutSection | None
    is_hidden: bool = False


@dataclass
class Counter:
    """A memory region's next free address, and how far its load addresses are off."""

    origin: int = 0
    length: int = MASK64
    here: int = 0
    load_offset: int = 0


class ScriptEvaluator:
    """Evaluates expressions against the state of a layout, which builds on this."""

    def __init__(
        self, filename: str, lookup: Callable[[str], int | None], symbols: Mapping[str, int]
    ) -> None:
        self._filename = filename
        self._lookup = lookup
        self.symbols = {name: ScriptSymbol(value, None) for name, value in symbols.items()}
        self.outputs: list[OutSection] = []
        self._regions: dict[str, Counter] = {}
        self._dot = 0
        self._is_final = False

    def _location(self, line: int) -> Location:
        return Location(self._filename, line or None)

    def _region(self, name: str) -> Counter:
        if name not in self._regions:
            raise ScriptError(f"there is no memory region {name!r}", self._location(0))
        return self._regions[name]

    def evaluate(self, expression: Expression) -> int:
        """Evaluate an expression of the script."""
        match expression:
            case Number(value):
                return value
            case Name(name):
                return self._word(name)
            case Operation("?", (condition, then, otherwise)):
                return self.evaluate(then if self.evaluate(condition) else otherwise)
            case Operation("&&", (left, right)):
                return int(bool(self.evaluate(left)) and bool(self.evaluate(right)))
            case Operation("||", (left, right)):
                return int(bool(self.evaluate(left)) or bool(self.evaluate(right)))
            case Operation(operator, (left, right)) if operator in _BINARY:
                return apply_operator(operator, self.evaluate(left), self.evaluate(right))
            case Operation(operator, operands):
                return self._function(operator, operands)

    def _word(self, name: str) -> int:
        if name == ".":
            return self._dot
        return self.headers_size() if name == "SIZEOF_HEADERS" else self._name(name)

    def _name(self, name: str) -> int:
        found = self._lookup(name)
        if found is not None:
            return found
        symbol = self.symbols.get(name)
        if symbol is not None:
            return symbol.value
        if self._is_final:
            raise ScriptError(f"symbol {name!r} in the linker script is not defined")
        return 0

    def _function(self, name: str, operands: tuple[Expression, ...]) -> int:
        match name, operands:
            case "prefix -", (value,):
                return -self.evaluate(value) & MASK64
            case "prefix +", (value,):
                return self.evaluate(value)
            case "prefix ~", (value,):
                return ~self.evaluate(value) & MASK64
            case "prefix !", (value,):
                return int(not self.evaluate(value))
            case (("ALIGN" | "BLOCK" | "NEXT"), (value,)):
                boundary = self._power(self.evaluate(value))
                return -(-self._dot // boundary) * boundary
            case "ALIGN", (start, value):
                boundary = self._power(self.evaluate(value))
                return -(-self.evaluate(start) // boundary) * boundary
            case "ABSOLUTE", (value,):
                return self.evaluate(value)
            case "MAX", (left, right):
                return max(self.evaluate(left), self.evaluate(right))
            case "MIN", (left, right):
                return min(self.evaluate(left), self.evaluate(right))
            case "DATA_SEGMENT_ALIGN", (_, _):
                return -(-self._dot // PAGE) * PAGE + self._dot % PAGE
            case ("DATA_SEGMENT_END", (value,)) | ("DATA_SEGMENT_RELRO_END", (_, value)):
                return self.evaluate(value)
            case "SEGMENT_START", (_, value):
                return self.evaluate(value)
            case _:
                return self._named_function(name, operands)

    def _named_function(self, function: str, operands: tuple[Expression, ...]) -> int:
        name = operands[0].name if len(operands) == 1 and isinstance(operands[0], Name) else ""
        match function:
            case "DEFINED" if name:
                return int(name in self.symbols or self._lookup(name) is not None)
            case "CONSTANT" if name in ("MAXPAGESIZE", "COMMONPAGESIZE"):
                return PAGE
            case "ORIGIN" if name:
                return self._region(name).origin
            case "LENGTH" if name:
                return self._region(name).length
            case "ADDR" if name:
                return self._output(name).address
            case "LOADADDR" if name:
                return self._output(name).load_address
            case "SIZEOF" if name:
                return sum(out.size for out in self.outputs if out.name == name)
            case "ALIGNOF" if name:
                return self._output(name).align
        raise ScriptError(f"unknown function {function} with {len(operands)} operands")

    def _output(self, name: str) -> OutSection:
        for out in self.outputs:
            if out.name == name:
                return out
        raise ScriptError(f"there is no output section {name!r}")

    def _power(self, value: int) -> int:
        if value & value - 1:
            raise ScriptError(f"alignment {value:#x} is not a power of two")
        return value or 1

    def headers_size(self) -> int:
        """Give the size of the ELF header and as many program headers as will be needed."""
        writable = {"w" in out.flags for out in self.outputs if out.is_loaded and any(out.pieces())}
        return HEADER_SIZE + PROGRAM_HEADER_SIZE * (len(writable) + 1)


def apply_operator(operator: str, left: int, right: int) -> int:
    """Apply a binary operator to two words."""
    if operator in "/%" and not right:
        raise ScriptError("division by zero in the linker script")
    if operator in ("<<", ">>") and right > 63:
        return 0
    results: dict[str, Callable[[], int]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left // right,
        "%": lambda: left % right,
        "<<": lambda: left << right,
        ">>": lambda: left >> right,
        "&": lambda: left & right,
        "|": lambda: left | right,
        "^": lambda: left ^ right,
        "==": lambda: int(left == right),
        "!=": lambda: int(left != right),
        "<": lambda: int(left < right),
        ">": lambda: int(left > right),
        "<=": lambda: int(left <= right),
        ">=": lambda: int(left >= right),
    }
    return results[operator]() & MASK64


def mentions_place(expression: Expression) -> bool:
    """Whether a value is a place rather than a plain number."""
    if isinstance(expression, Name):
        return True
    if isinstance(expression, Operation):
        if expression.operator in ("SIZEOF", "CONSTANT", "ABSOLUTE", "LENGTH", "ALIGNOF"):
            return False
        one_sided = expression.operator == "ALIGN" and len(expression.operands) == 1
        return one_sided or any(mentions_place(operand) for operand in expression.operands)
    return False
