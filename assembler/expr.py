"""The value of expressions: numbers, symbols plus a constant, differences, and what must wait.

Arithmetic is on 64-bit words, signed but for `>>`; comparisons give -1 or 0 and `&&`, `||` give
1 or 0, as GNU as has it. Not here: the grammar (`gas.lark`) and what a value is used for.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Protocol, TypeAlias

from assembler.errors import Complaint
from assembler.parse import Atom, Binary, Empty, Flavoured, Parenthesis, Prefix, Tree
from assembler.symbols import Symbol, display_name

_ESCAPES = {"b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34, "'": 39}
MAX_DEPTH = 200
MAX_OPERATIONS = 20_000  # on what is not known yet
_SHORT = 19  # decimal numbers with fewer digits are certainly words


class Linear(NamedTuple):
    """A symbol plus a constant, perhaps minus another symbol."""

    plus: Symbol | None
    minus: Symbol | None
    constant: int


class Deferred(NamedTuple):
    """An operation on values that are not known yet."""

    operator: str
    left: "Value"
    right: "Value"
    size: int = 1  # of all operations in it


Value: TypeAlias = int | Linear | Deferred
_Known: TypeAlias = dict[Symbol, Value]


class Context(Protocol):
    """What an expression is evaluated in."""

    def symbol(self, name: str) -> Symbol:
        """Give the symbol of that name."""
        ...

    def here(self) -> Symbol:
        """Give a symbol for the current place."""
        ...

    def numeric(self, number: int, direction: str) -> Symbol:
        """Give the label meant by `1b` or `1f`."""
        ...


def wrap(value: int) -> int:
    """Reduce to a signed 64-bit word."""
    return ((value + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def evaluate(tree: Tree, atoms: tuple[str, ...], context: Context) -> Value:
    """Evaluate a tree as far as it is known now."""
    if isinstance(tree, Atom):
        return atom_value(atoms[tree.index], context)
    if isinstance(tree, Binary):
        left = evaluate(tree.left, atoms, context)
        return combine(tree.operator, left, evaluate(tree.right, atoms, context))
    if isinstance(tree, Parenthesis):
        return evaluate(tree.value, atoms, context)
    if isinstance(tree, Prefix):
        return _prefix(tree.operator, evaluate(tree.value, atoms, context))
    if isinstance(tree, Flavoured):
        if atoms[tree.flavour.index].lower() != "plt":
            raise Complaint(f"@{atoms[tree.flavour.index]} is not supported")
        return evaluate(tree.symbol, atoms, context)
    if isinstance(tree, Empty):
        raise Complaint("an operand is missing")
    raise Complaint("this is not an expression")


def atom_value(atom: str, context: Context) -> Value:
    """Evaluate a name, a number or a character."""
    first = atom[0]
    if first.isdigit():
        if atom.isdecimal() and first != "0" and len(atom) < _SHORT:
            return int(atom)
        return number_value(atom, context)
    if first == "'":
        return character_value(atom)
    if atom == ".":
        return Linear(context.here(), None, 0)
    symbol = context.symbol(atom[1:-1] if first == '"' else atom)
    if isinstance(symbol.value, int):
        return symbol.value
    return Linear(symbol, None, 0)


def number_value(text: str, context: Context) -> Value:
    """Evaluate a number in any base, or a reference to a numeric label."""
    lower = text.lower()
    try:
        if lower.startswith("0x"):
            return _bounded(int(lower[2:], 16), text)
        if lower.startswith("0b") and len(lower) > 2:
            return _bounded(int(lower[2:], 2), text)
        if lower[-1] in "bf" and lower[:-1].isdigit():
            return Linear(context.numeric(int(lower[:-1]), lower[-1]), None, 0)
        return _bounded(int(lower, 8 if lower[0] == "0" else 10), text)
    except ValueError:
        raise Complaint(f"{text!r} is not a number") from None


def _bounded(value: int, text: str) -> int:
    if value >> 64:
        raise Complaint(f"{text} does not fit in 64 bits")
    return wrap(value)


def character_value(literal: str) -> int:
    """Evaluate a character behind its quote."""
    return _unescape(literal[1:2] if literal[1] != "\\" else literal[1:3])


def _unescape(text: str) -> int:
    if text[0] == "\\":
        found = _ESCAPES.get(text[1])
        if found is None:
            raise Complaint(f"unknown escape {text}")
        return found
    return ord(text)


def _prefix(operator: str, value: Value) -> Value:
    match operator:
        case "+":
            return value
        case "-":
            return combine("-", 0, value)
        case "~":
            return combine("^", value, -1)
        case _:
            return combine("equals zero", value, 0)


def combine(operator: str, left: Value, right: Value) -> Value:
    """Apply a binary operator as far as its operands are known."""
    if isinstance(left, int) and isinstance(right, int):
        return wrap(operations()[operator](left, right))
    if operator == "+" and isinstance(left, int) and isinstance(right, Linear):
        left, right = right, left
    if isinstance(left, Linear) and isinstance(right, int) and operator in "+-":
        constant = left.constant + right if operator == "+" else left.constant - right
        return Linear(left.plus, left.minus, wrap(constant))
    if operator == "-" and isinstance(right, Linear) and right.minus is None:
        if isinstance(left, int):
            return Linear(None, right.plus, wrap(left - right.constant))
        if isinstance(left, Linear) and left.minus is None:
            return Linear(left.plus, right.plus, wrap(left.constant - right.constant))
    if operator == "+" and isinstance(left, Linear) and isinstance(right, Linear):
        if left.plus is None and right.minus is None:
            return Linear(right.plus, left.minus, wrap(left.constant + right.constant))
        if right.plus is None and left.minus is None:
            return Linear(left.plus, right.minus, wrap(left.constant + right.constant))
    size = 1 + sum(part.size for part in (left, right) if isinstance(part, Deferred))
    if size > MAX_OPERATIONS:
        raise Complaint(f"an expression of more than {MAX_OPERATIONS} operations")
    return Deferred(operator, left, right, size)


def _divide(left: int, right: int) -> int:
    if not right:
        raise Complaint("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _shift_left(left: int, right: int) -> int:
    return left << right if 0 <= right < 64 else 0


def _shift_right(left: int, right: int) -> int:
    return (left & (1 << 64) - 1) >> right if 0 <= right < 64 else 0


@cache
def operations() -> dict[str, Callable[[int, int], int]]:
    """Give the meaning of every binary operator on known numbers."""
    return {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": _divide,
        "%": lambda a, b: a - b * _divide(a, b),
        "<<": _shift_left,
        ">>": _shift_right,
        "|": lambda a, b: a | b,
        "&": lambda a, b: a & b,
        "^": lambda a, b: a ^ b,
        "!": lambda a, b: a | ~b,
        "==": lambda a, b: -(a == b),
        "!=": lambda a, b: -(a != b),
        "<>": lambda a, b: -(a != b),
        "<": lambda a, b: -(a < b),
        ">": lambda a, b: -(a > b),
        "<=": lambda a, b: -(a <= b),
        ">=": lambda a, b: -(a >= b),
        "&&": lambda a, b: int(bool(a and b)),
        "||": lambda a, b: int(bool(a or b)),
        "equals zero": lambda a, b: int(a == b),
    }


def fold(value: Value, is_final: bool, depth: int = 0, known: _Known | None = None) -> Value:
    """Reduce a value with what is known by now: assigned symbols and distances of labels.

    `known` keeps what assigned symbols were found to stand for on the way.
    """
    if isinstance(value, int):
        return value
    if depth > MAX_DEPTH:
        raise Complaint("the expression refers to itself, or is nested too deeply")
    if isinstance(value, Deferred):
        known = {} if known is None else known
        left = fold(value.left, is_final, depth + 1, known)
        right = fold(value.right, is_final, depth + 1, known)
        return _compare_places(combine(value.operator, left, right), is_final)
    return _fold_linear(value, is_final, depth, {} if known is None else known)


def _fold_linear(value: Linear, is_final: bool, depth: int, known: _Known) -> Value:
    plus, minus = value.plus, value.minus
    if plus is minus:
        return value.constant
    for symbol, operator in ((plus, "+"), (minus, "-")):
        if symbol is not None and symbol.value is not None:
            rest = _without(value, symbol)
            meant = known.get(symbol)
            if meant is None:
                meant = known[symbol] = fold(symbol.value, is_final, depth + 1, known)
            return fold(combine(operator, rest, meant), is_final, depth + 1, known)
    if plus is not None and minus is not None:
        distance = _distance(minus, plus, is_final)
        if distance is not None:
            return wrap(value.constant + distance)
    return value


def _without(value: Linear, symbol: Symbol) -> Value:
    plus = None if value.plus is symbol else value.plus
    minus = None if value.minus is symbol else value.minus
    if plus is None and minus is None:
        return value.constant
    return Linear(plus, minus, value.constant)


def _distance(start: Symbol, end: Symbol, is_final: bool) -> int | None:
    low, high = start.place, end.place
    if low is None or high is None or low.section is not high.section:
        return None
    return low.section.distance(low, high, is_final)


def _compare_places(value: Value, is_final: bool) -> Value:
    """Compare two places of one section by their distance."""
    match value:
        case Deferred("==" | "!=" | "<>" | "<" | ">" | "<=" | ">=" as operator, left, right):
            difference = combine("-", left, right)
            if isinstance(difference, Linear):
                distance = _fold_linear(difference, is_final, 0, {})
                if isinstance(distance, int):
                    return operations()[operator](distance, 0)
    return value


def describe(value: Value) -> str:
    """Say which symbols keep a value from being a number."""
    if isinstance(value, int):
        return str(value)
    names = sorted({display_name(symbol) for symbol in symbols_of(value)})
    return ", ".join(names)


def symbols_of(value: Value) -> list[Symbol]:
    """List the symbols that a value refers to."""
    if isinstance(value, Linear):
        return [symbol for symbol in (value.plus, value.minus) if symbol is not None]
    if isinstance(value, Deferred):
        return symbols_of(value.left) + symbols_of(value.right)
    return []
