"""The value of the expression after `#if`: C's operators on 64-bit numbers, signed or not.

Follows the C standard's clause "Conditional inclusion". Names that are left are 0.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from assembler.cpp.tokens import EMPTY, NAME, NUMBER, STRING, Token
from assembler.errors import Complaint

_LEVELS = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F']+|0[bB][01']+|[0-9][0-9']*)([uUlL]*)$")
_ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}
MAX_DEPTH = 200


class Value(NamedTuple):
    """A number of 64 bits."""

    number: int
    is_unsigned: bool = False


def _wrap(number: int, is_unsigned: bool) -> Value:
    number &= (1 << 64) - 1
    if not is_unsigned and number >> 63:
        number -= 1 << 64
    return Value(number, is_unsigned)


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def evaluate(tokens: list[Token]) -> bool:
    """Give whether an expression, with its macros expanded, is true."""
    reader = _Reader([token for token in tokens if token.kind != EMPTY])
    value = reader.ternary(0)
    if reader.here is not None:
        raise Complaint(f"unexpected {reader.here.text!r} in the expression of #if")
    return bool(value.number)


class _Reader:
    """Reads one expression; `is_dead` parts are read, but not computed."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._dead = 0

    @property
    def here(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, text: str) -> bool:
        if self.here is not None and self.here.text == text and self.here.kind != STRING:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Complaint(f"missing {text!r} in the expression of #if")

    def ternary(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise Complaint("an expression of #if nested too deeply")
        condition = self._binary(1, depth)
        if not self._take("?"):
            return condition
        first = self._maybe(not condition.number, lambda: self.ternary(depth + 1))
        self._need(":")
        second = self._maybe(bool(condition.number), lambda: self.ternary(depth + 1))
        chosen = first if condition.number else second
        return _wrap(chosen.number, first.is_unsigned or second.is_unsigned)

    def _maybe(self, is_dead: bool, read: Callable[[], Value]) -> Value:
        self._dead += is_dead
        value = read()
        self._dead -= is_dead
        return value

    def _binary(self, least: int, depth: int) -> Value:
        left = self._unary(depth)
        while self.here is not None and _LEVELS.get(self.here.text, 0) >= least:
            operator = self.here.text
            self._at += 1
            level = _LEVELS[operator] + 1
            is_decided = (operator == "&&" and not left.number) or (
                operator == "||" and bool(left.number)
            )
            right = self._maybe(is_decided, lambda level=level: self._binary(level, depth))  # type: ignore[misc]
            left = self._combine(operator, left, right)
        return left

    def _combine(self, operator: str, left: Value, right: Value) -> Value:
        if operator in ("&&", "||"):
            both = (bool(left.number), bool(right.number))
            return Value(int(all(both) if operator == "&&" else any(both)))
        is_unsigned = left.is_unsigned or right.is_unsigned
        if operator in ("<<", ">>"):
            return _shift(operator, left, right)
        a, b = _wrap(left.number, is_unsigned).number, _wrap(right.number, is_unsigned).number
        if operator in _COMPARISONS:
            return Value(int(_COMPARISONS[operator](a, b)))
        if operator in _ARITHMETIC:
            return _wrap(_ARITHMETIC[operator](a, b), is_unsigned)
        if not b:
            if self._dead:
                return Value(0, is_unsigned)
            raise Complaint("division by zero in #if")
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return _wrap(quotient if operator == "/" else a - quotient * b, is_unsigned)

    def _unary(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise Complaint("an expression of #if nested too deeply")
        if self._take("!"):
            return Value(int(not self._unary(depth + 1).number))
        if self._take("-"):
            value = self._unary(depth + 1)
            return _wrap(-value.number, value.is_unsigned)
        if self._take("~"):
            value = self._unary(depth + 1)
            return _wrap(~value.number, value.is_unsigned)
        if self._take("+"):
            return self._unary(depth + 1)
        if self._take("("):
            value = self.ternary(depth + 1)
            self._need(")")
            return value
        return self._atom()

    def _atom(self) -> Value:
        token = self.here
        if token is None:
            raise Complaint("#if with no expression, or one that ends too early")
        self._at += 1
        if token.kind == NAME:
            return Value(0)
        if token.kind == NUMBER:
            return _number(token.text)
        if token.kind == STRING and token.text.startswith("'"):
            return _character(token.text[1:-1])
        raise Complaint(f"token {token.text!r} is not valid in preprocessor expressions")


def _shift(operator: str, left: Value, right: Value) -> Value:
    count = right.number if right.number >= 0 or right.is_unsigned else -right.number
    if right.number < 0:
        operator = ">>" if operator == "<<" else "<<"
    if operator == "<<":
        return _wrap(left.number << count if count < 64 else 0, left.is_unsigned)
    return _wrap(left.number >> min(count, 64), left.is_unsigned)


def _number(text: str) -> Value:
    found = _NUMBER.match(text)
    if not found:
        what = "floating constant" if "." in text else f"number {text!r}"
        raise Complaint(f"{what} in preprocessor expression")
    digits, suffix = found[1].replace("'", ""), found[2].lower()
    is_octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    try:
        number = int(digits, 8 if is_octal else 0)
    except ValueError:
        raise Complaint(f"number {text!r} in preprocessor expression") from None
    is_unsigned = "u" in suffix or number >> 63 == 1
    return _wrap(number, is_unsigned)


def _character(text: str) -> Value:
    if not text:
        raise Complaint("empty character constant")
    value = 0
    for match in re.finditer(r"\\x([0-9a-fA-F]+)|\\([0-7]{1,3})|\\(.)|(.)", text, re.DOTALL):
        if match[1]:
            byte = int(match[1], 16)
        elif match[2]:
            byte = int(match[2], 8)
        elif match[3]:
            byte = _ESCAPES.get(match[3], ord(match[3]))
        else:
            byte = ord(match[4])
        value = value << 8 | byte & 0xFF
    return _wrap(value & 0xFFFFFFFF, False)
