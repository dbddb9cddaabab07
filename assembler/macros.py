"""Macros: their parameters, and the splitting of arguments.

Follows the manual "Using as", sections "Macro", "Altmacro", "Rept", "Irp" and "Irpc", and GNU as
where it says more. Not here: what becomes of a body (`bodies.py`).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from assembler.errors import Complaint, nearest
from assembler.expr import character_value

# Names, said by what cannot be in them: a class of all beyond ASCII takes 20 ms to compile.
_NOT_FIRST = r"\x00-\x23\x25-\x2c\-\x2f-\x40\x5b-\x5e\x60\x7b-\x7f"
_NOT_LATER = r"\x00-\x23\x25-\x2c\-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f"
NAME = re.compile(rf"[^{_NOT_FIRST}][^{_NOT_LATER}]*")
_PIECES = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<character>'(?:\\.|[^\\])'?)|(?P<space>\s+)""",
    re.DOTALL,
)
_JOINED = re.compile(rf'[^{_NOT_LATER}]|[\\"]')  # what a space keeps apart
_KEYWORD = re.compile(r"([^\s,\"();=]+)=(?!=)")
_PLAIN = re.compile(r"[\w.$+*/:@-]*(?:\s*,\s*[\w.$+*/:@-]*)*")  # arguments that need no care
_QUALIFIERS = ("req", "vararg")
_BRACKETS = {"(": ")", "[": "]"}
Evaluate = Callable[[str], int]


@dataclass(frozen=True)
class Parameter:
    """A macro parameter: its default, and whether it is `req` or `vararg`."""

    name: str
    default: str = ""
    qualifier: str = ""


@dataclass(frozen=True)
class MacroHeader:
    """What stands after `.macro`."""

    name: str
    parameters: tuple[Parameter, ...] = ()

    @cached_property
    def is_plain(self) -> bool:
        """Whether no parameter has a qualifier."""
        return not any(parameter.qualifier for parameter in self.parameters)


@dataclass
class Reader:
    """Reads names and arguments from a text; `evaluate` is there in alternate mode."""

    text: str
    evaluate: Evaluate | None = None
    at: int = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def skip_space(self) -> None:
        """Go on to the next thing that is no space."""
        while not self.is_done and self.text[self.at].isspace():
            self.at += 1

    def skip_comma(self) -> None:
        """Go on past spaces and one comma."""
        self.skip_space()
        if self.text.startswith(",", self.at):
            self.at += 1
            self.skip_space()

    def name(self) -> str:
        """Read a name, or nothing."""
        found = NAME.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def argument(self) -> str:
        """Read one argument: a string without its quotes, or what stands before the next one."""
        self.skip_space()
        if self.is_done:
            return ""
        first = self.text[self.at]
        if self.evaluate is not None and first == "%":
            return self._value()
        if self.evaluate is not None and first == "<":
            return self._angled()
        if first == '"':
            string = self._string()
            return f'"{string}"' if self.evaluate is not None else string
        return self._plain()

    def _value(self) -> str:
        """Read an expression and give its value."""
        assert self.evaluate is not None
        self.at += 1
        start = self.at
        self._plain()
        return str(self.evaluate(self.text[start : self.at]))

    def _angled(self) -> str:
        """Read what stands in angle brackets; `!` takes the next character as it is."""
        found, depth = "", 0
        while not self.is_done:
            character = self.text[self.at]
            self.at += 1
            if character == "!" and not self.is_done:
                found += self.text[self.at]
                self.at += 1
                continue
            depth += (character == "<") - (character == ">")
            if not depth:
                break
            if found or depth > 1 or character != "<":
                found += character
        return found

    def _string(self) -> str:
        """Read a string; a quote is meant in it when it is doubled or behind a backslash."""
        found = ""
        self.at += 1
        is_escaped = False
        while not self.is_done:
            character = self.text[self.at]
            self.at += 1
            if character == '"' and not is_escaped:
                if not self.text.startswith('"', self.at):
                    break
                self.at += 1
            is_escaped = character == "\\" and not is_escaped
            found += character
        return found

    def _plain(self) -> str:
        """Read up to a comma, or a space outside brackets."""
        start, open_brackets = self.at, ""
        text = self.text
        while self.at < len(text):
            character = text[self.at]
            if character == "," or (character.isspace() and not open_brackets):
                break
            if character == "<" and self.evaluate is not None:
                break
            if character in "\"'":
                end = text.find(character, self.at + 1)
                self.at = len(text) - 1 if end < 0 else end
            elif character in _BRACKETS:
                open_brackets += _BRACKETS[character]
            elif open_brackets.endswith(character) and open_brackets:
                open_brackets = open_brackets[:-1]
            self.at += 1
        return text[start : self.at]


def tidy(text: str) -> str:
    """Leave out spaces that separate nothing and make numbers of characters, as GNU as does."""
    found: list[str] = []
    end = 0
    text = text.strip()
    for piece in _PIECES.finditer(text):
        found.append(text[end : piece.start()])
        end = piece.end()
        if piece["space"]:
            is_kept = _JOINED.match(text[piece.start() - 1]) and _JOINED.match(text[end])
            found.append(" " if is_kept else "")
        elif piece["character"]:
            found.append(_number(piece[0]))
        else:
            found.append(piece[0])
    return "".join((*found, text[end:]))


def _number(literal: str) -> str:
    try:
        return str(character_value(literal))
    except Complaint:
        return literal


def read_header(text: str, evaluate: Evaluate | None = None) -> MacroHeader:
    """Read what stands after `.macro`; raise Complaint for what makes no sense."""
    if re.match(r"\s*[^\s,(]+\(", text):
        text = text.replace("(", " ", 1)
    reader = Reader(text, evaluate)
    reader.skip_space()
    name = reader.name()
    if not name:
        raise Complaint("the name of the macro is missing")
    reader.skip_comma()
    parameters: list[Parameter] = []
    while not reader.is_done:
        parameter = _parameter(reader, name)
        if parameter is None:
            break
        if any(parameter.name == other.name for other in parameters):
            raise Complaint(f"parameter {parameter.name!r} of macro {name!r} is named twice")
        parameters.append(parameter)
        if parameter.qualifier == "vararg":
            break
        reader.skip_comma()
    reader.skip_space()
    if reader.text[reader.at :] not in ("", ")"):
        at = reader.at
        raise Complaint(f"bad parameter list for macro {name!r}: syntax error at {text[at]!r}", at)
    return MacroHeader(name, tuple(parameters))


def _parameter(reader: Reader, macro: str) -> Parameter | None:
    name = reader.name()
    if not name:
        return None
    reader.skip_space()
    default = qualifier = ""
    if reader.text.startswith(":", reader.at):
        reader.at += 1
        reader.skip_space()
        qualifier = reader.name()
        if qualifier not in _QUALIFIERS:
            hint = nearest(qualifier, _QUALIFIERS)
            raise Complaint(
                f"unknown parameter qualifier {qualifier!r} of {name!r} in macro {macro!r}{hint}"
            )
        reader.skip_space()
    if reader.text.startswith("=", reader.at):
        reader.at += 1
        default = reader.argument()
    return Parameter(name, "" if qualifier == "req" else default, qualifier)


def plain_arguments(text: str) -> list[str] | None:
    """Split arguments at their commas; None when that is not all there is to do."""
    if not _PLAIN.fullmatch(text):
        return None
    return [piece.strip() for piece in text.split(",")] if text else []


def bind(header: MacroHeader, text: str, evaluate: Evaluate | None) -> dict[str, str]:
    """Give each parameter its argument; raise Complaint when they do not agree."""
    if header.is_plain and evaluate is None:
        given = plain_arguments(text)
        if given is not None and len(given) <= len(header.parameters):
            pairs = zip_longest(header.parameters, given, fillvalue="")
            return {p.name: value or p.default for p, value in pairs}  # type: ignore[union-attr]
    reader = Reader(tidy(text), evaluate)
    values: dict[str, str] = {}
    names = {parameter.name for parameter in header.parameters}
    positional = iter(header.parameters)
    has_keywords = False
    while not reader.is_done:
        if keyword := _KEYWORD.match(reader.text, reader.at):
            has_keywords = True
            if keyword[1] not in names:
                raise Complaint(
                    f"parameter {keyword[1]!r} does not exist for macro {header.name!r}"
                    f"{nearest(keyword[1], names)}"
                )
            reader.at = keyword.end()
            values[keyword[1]] = reader.argument()
        elif has_keywords:
            raise Complaint("a positional argument cannot follow one that has a name")
        else:
            _bind_next(header, reader, positional, values)
        reader.skip_comma()
    for parameter in header.parameters:
        if parameter.qualifier == "req" and not values.get(parameter.name):
            raise Complaint(f"macro {header.name} needs a value for {parameter.name}")
    return {p.name: values.get(p.name) or p.default for p in header.parameters}


def _bind_next(
    header: MacroHeader, reader: Reader, positional: Iterable[Parameter], values: dict[str, str]
) -> None:
    parameter = next(iter(positional), None)
    if parameter is None:
        raise Complaint(f"macro {header.name} takes {len(header.parameters)} arguments")
    if parameter.qualifier == "vararg":
        values[parameter.name] = reader.text[reader.at :]
        reader.at = len(reader.text)
    else:
        values[parameter.name] = reader.argument()
