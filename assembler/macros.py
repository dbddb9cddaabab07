"""Macros: their parameters, the splitting of arguments, and the substitution in bodies.

Follows the manual "Using as", sections "Macro", "Rept" and "Irp". Bodies are statements without
comments; what they expand to is assembled like any other text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assembler.errors import Complaint, nearest
from assembler.parse import MacroHeader, Parameter
from assembler.source import Frame, Statement

MAX_LINE = 1_000_000
_REFERENCE = re.compile(r"\\(?:(?P<name>[A-Za-z_.$][A-Za-z0-9_.$]*)|(?P<special>@|\(\)))")
_ARGUMENT = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")|(?P<char>'(?:\\.|[^\\])'?)|(?P<space>\s+)|(?P<other>.)""",
    re.DOTALL,
)
_KEYWORD = re.compile(r"([A-Za-z_.$][A-Za-z0-9_.$]*)=(?!=)(.*)", re.DOTALL)
_WORD_CHARACTER = re.compile(r"""[A-Za-z0-9_.$"'\\@%]""")


@dataclass(frozen=True)
class Macro:
    """A macro: its header, the statements of its body, and the frame it was written in."""

    header: MacroHeader
    body: tuple[Statement, ...]
    frame: Frame

    def bind(self, text: str) -> dict[str, str]:
        """Give each parameter its argument; raise Complaint when they do not agree."""
        parameters = self.header.parameters
        values: dict[str, str] = {}
        rest = iter(parameters)
        arguments = split_arguments(text, _vararg_at(parameters))
        for argument in arguments:
            keyword = _KEYWORD.match(argument)
            if keyword and any(keyword[1] == p.name for p in parameters):
                values[keyword[1]] = unquote(keyword[2])
                continue
            parameter = next(rest, None)
            if parameter is None:
                raise Complaint(f"macro {self.header.name} takes {len(parameters)} arguments")
            if argument:
                values[parameter.name] = unquote(argument, parameter.qualifier == "vararg")
        return {p.name: self._value(p, values) for p in parameters}

    def _value(self, parameter: Parameter, values: dict[str, str]) -> str:
        if parameter.name in values:
            return values[parameter.name]
        if parameter.qualifier == "req":
            raise Complaint(f"macro {self.header.name} needs a value for {parameter.name}")
        return unquote(parameter.default or "")


def check_header(header: MacroHeader) -> None:
    """Raise Complaint for unknown qualifiers and parameters named twice."""
    names = [parameter.name for parameter in header.parameters]
    for parameter in header.parameters:
        if parameter.qualifier not in (None, "req", "vararg"):
            hint = nearest(parameter.qualifier, ("req", "vararg"))
            raise Complaint(f"unknown parameter qualifier {parameter.qualifier!r}{hint}")
        if names.count(parameter.name) > 1:
            raise Complaint(f"parameter {parameter.name!r} is named twice")


def _vararg_at(parameters: tuple[Parameter, ...]) -> int | None:
    for number, parameter in enumerate(parameters):
        if parameter.qualifier == "vararg":
            return number
    return None


def unquote(text: str, is_vararg: bool = False) -> str:
    """Take the quotes off an argument that is one string; a vararg keeps its text."""
    if is_vararg or len(text) < 2 or not (text[0] == '"' == text[-1]):
        return text
    return text[1:-1].replace('\\"', '"')


def split_arguments(text: str, rest_at: int | None = None) -> list[str]:
    """Split at commas and spaces outside quotes and parentheses.

    Spaces next to an operator separate nothing. The argument numbered `rest_at` takes all the rest.
    """
    arguments: list[str] = []
    current = ""
    depth = 0
    pieces = list(_ARGUMENT.finditer(text.strip()))
    stripped = text.strip()
    for number, piece in enumerate(pieces):
        if rest_at is not None and len(arguments) == rest_at and not current:
            return [*arguments, stripped[piece.start() :].strip()]
        if piece["space"]:
            if not depth and _separates(current, pieces, number):
                arguments.append(current)
                current = ""
            elif depth or current.endswith(tuple("'")):
                current += " "
            continue
        token = piece[0]
        if token in "([":
            depth += 1
        elif token in ")]":
            depth = max(0, depth - 1)
        if token == "," and not depth:
            arguments.append(current)
            current = ""
        else:
            current += token
    return [*arguments, current] if current or arguments else []


def _separates(current: str, pieces: list[re.Match[str]], number: int) -> bool:
    """Whether the space at `number` stands between two arguments rather than beside an operator."""
    following = pieces[number + 1][0] if number + 1 < len(pieces) else ""
    if not current or not following or following == ",":
        return False
    before = bool(_WORD_CHARACTER.match(current[-1])) or current[-1] == ")"
    return before and bool(_WORD_CHARACTER.match(following[0]))


def substitute(
    body: Iterable[Statement], values: dict[str, str], count: int | None
) -> list[Statement]:
    r"""Replace `\name`, `\@` (how many macros ran before) and `\()` in the statements of a body."""

    def replace(match: re.Match[str]) -> str:
        if match["special"] == "()":
            return ""
        if match["special"]:
            return match[0] if count is None else str(count)
        name = match["name"]
        if name in values:
            return values[name]
        # `\a.b`: the longest parameter that the word starts with, ended by a dot.
        head, dot, tail = name.partition(".")
        if dot and head in values:
            return values[head] + dot + tail
        return match[0]

    expanded = []
    for line, column, text in body:
        if "\\" in text:
            text = _REFERENCE.sub(replace, text)
            if len(text) > MAX_LINE:
                raise Complaint(f"an expanded statement of more than {MAX_LINE} characters")
        expanded.append(Statement(line, column, text))
    return expanded
