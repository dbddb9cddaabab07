"""Parsing the expressions of linker scripts: C's operators with C's precedence.

Follows the manual "The GNU linker", section "Expressions in Linker Scripts".
"""

from assembler.errors import ScriptError
from assembler.linking.statements import Expression, Name, Number, Operation
from assembler.linking.tokens import NAME, NUMBER, OPERATOR, SECTION, STRING, Words

MAX_DEPTH = 100
MAX_CHAIN = 200  # operators of one rank in a row
_LEVELS = ("||", "&&", "|", "^", "&", "== !=", "< <= > >=", "<< >>", "+ -", "* / %")
_PRECEDENCE = {op: rank for rank, ops in enumerate(_LEVELS, 2) for op in ops.split()}
_BY_NAME = frozenset("SIZEOF ADDR LOADADDR ALIGNOF DEFINED CONSTANT ORIGIN LENGTH".split())
_FUNCTIONS = {
    "ALIGN": (1, 2),
    "ABSOLUTE": (1, 1),
    "BLOCK": (1, 1),
    "NEXT": (1, 1),
    "MAX": (2, 2),
    "MIN": (2, 2),
    "LOG2CEIL": (1, 1),
    "DATA_SEGMENT_ALIGN": (2, 2),
    "DATA_SEGMENT_RELRO_END": (2, 2),
    "DATA_SEGMENT_END": (1, 1),
}
_SUFFIXES = {"k": 1 << 10, "m": 1 << 20}


class ExpressionParser:
    """Reads expressions from a script's words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._depth = 0

    def expression(self) -> Expression:
        """Read one expression."""
        return self._choice()

    def _choice(self) -> Expression:
        condition = self._binary(2)
        if self._words.peek(OPERATOR) != "?":
            return condition
        self._words.expect("?")
        self._enter()
        then = self._choice()
        self._words.expect(":")
        otherwise = self._choice()
        self._depth -= 1
        return Operation("?", (condition, then, otherwise))

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ScriptError("an expression is nested too deeply", self._words.location)

    def _binary(self, least: int) -> Expression:
        left = self._unary()
        for _ in range(MAX_CHAIN):
            operator = self._words.peek(OPERATOR)
            rank = _PRECEDENCE.get(operator, 0)
            if rank < least or self._words.text.startswith("/DISCARD/", self._words.at):
                return left
            place = self._words.location
            self._words.expect(operator)
            self._enter()
            left = Operation(operator, (left, self._binary(rank + 1)), location=place)
            self._depth -= 1
        raise ScriptError("an expression has too many operators", self._words.location)

    def _unary(self) -> Expression:
        for operator in "-+!~":
            if self._words.accept(operator):
                self._enter()
                found = Operation(f"prefix {operator}", (self._unary(),))
                self._depth -= 1
                return found
        return self._primary()

    def _primary(self) -> Expression:
        words = self._words
        if words.accept("("):
            self._enter()
            found = self._choice()
            words.expect(")")
            self._depth -= 1
            return found
        if number := words.peek(NUMBER):
            words.take(NUMBER, "a number")
            return read_number(number, words)
        place = words.location
        quoted = words.peek(NAME)[:1] == '"'
        name = words.take(NAME, "an expression")
        if quoted or not words.peek_literal("("):
            return Operation("SIZEOF_HEADERS") if _is_headers(name) else Name(name, place)
        return self._call(name)

    def _call(self, name: str) -> Expression:
        words, place = self._words, self._words.location
        if name in _BY_NAME:
            words.expect("(")
            operand = words.take(SECTION, "a name")
            words.expect(")")
            return Operation(name, name=operand, location=place)
        if name == "SEGMENT_START":
            words.expect("(")
            segment = words.take(SECTION, "a segment's name")
            words.expect(",")
            found = Operation(name, (self._nested(),), segment, place)
            words.expect(")")
            return found
        if name == "ASSERT":
            words.expect("(")
            condition = self._nested()
            words.expect(",")
            message = words.take(STRING, "a message in quotation marks")
            words.expect(")")
            return Operation(name, (condition,), message, place)
        if name not in _FUNCTIONS:
            raise ScriptError(f"unknown function {name}", place)
        return Operation(name, self._arguments(name), location=place)

    def _nested(self) -> Expression:
        self._enter()
        found = self._choice()
        self._depth -= 1
        return found

    def _arguments(self, name: str) -> tuple[Expression, ...]:
        words = self._words
        words.expect("(")
        found = [self._nested()]
        while words.accept(","):
            found.append(self._nested())
        words.expect(")")
        least, most = _FUNCTIONS[name]
        if not least <= len(found) <= most:
            words.refuse(f"{name} takes {least} operands, not {len(found)}")
        return tuple(found)


def _is_headers(name: str) -> bool:
    return name in ("SIZEOF_HEADERS", "sizeof_headers")


def read_number(text: str, words: Words) -> Number:
    """Read a number with its suffix."""
    scale = _SUFFIXES.get(text[-1].lower(), 1)
    digits = text[:-1] if scale > 1 else text
    try:
        if digits[0] == "$":
            return Number(int(digits[1:], 16))
        if digits[-1] in "hH":
            return Number(int(digits[:-1], 16))
        base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
        written = digits[2:] if base == 16 and scale == 1 else ""
        return Number(int(digits, base) * scale & (1 << 64) - 1, written)
    except ValueError:
        words.refuse(f"{text} is not a number")
