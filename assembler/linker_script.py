"""Linker scripts: from text to statements, through Lark.

Follows the manual "The GNU linker", chapter "Linker Scripts". Not here: obeying them
(`link_layout.py`).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from assembler.errors import ScriptError
from isa.errors import Location

MAX_SCRIPT = 1_000_000
_SUFFIXES = {"k": 1 << 10, "m": 1 << 20}


@dataclass(frozen=True)
class Number:
    """A number; one written in hexadecimal keeps its digits, which count in a fill pattern."""

    value: int
    digits: str = ""


@dataclass(frozen=True)
class Name:
    """A symbol, or the location counter `.`."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operator or a function with its operands."""

    operator: str
    operands: tuple["Expression", ...]


Expression: TypeAlias = Number | Name | Operation


@dataclass(frozen=True)
class Assign:
    """A symbol or `.` gets a value; one that is `provided` only if it is wanted and undefined."""

    name: str
    operator: str
    value: Expression
    is_provided: bool = False
    is_hidden: bool = False
    line: int = 0


@dataclass(frozen=True)
class Assert:
    """A condition that must hold when everything is placed."""

    condition: Expression
    message: str


@dataclass(frozen=True)
class Entry:
    """The symbol where execution starts."""

    name: str


@dataclass(frozen=True)
class Region:
    """A range of memory that sections are put into."""

    name: str
    origin: Expression
    length: Expression


@dataclass(frozen=True)
class Pattern:
    """Which sections of a file are meant."""

    section: str
    excluded: tuple[str, ...] = ()
    is_sorted: bool = False


@dataclass(frozen=True)
class Input:
    """Input sections: those of matching files that match a pattern."""

    file: str
    patterns: tuple[Pattern, ...]
    is_kept: bool = False


@dataclass(frozen=True)
class Datum:
    """Literal data."""

    size: int
    value: Expression


@dataclass(frozen=True)
class Filling:
    """What gaps from here on are filled with."""

    value: Expression


@dataclass(frozen=True)
class _Part:
    """An attribute of an output section while it is being read."""

    name: str
    value: Any


@dataclass(frozen=True)
class Output:
    """An output section and what goes into it."""

    name: str
    contents: tuple["Statement", ...]
    address: Expression | None = None
    kind: str = ""
    load_at: Expression | None = None
    align: Expression | None = None
    subalign: Expression | None = None
    region: str = ""
    load_region: str = ""
    fill: Expression | None = None


Statement: TypeAlias = Assign | Assert | Entry | Region | Output | Input | Datum | Filling
_STATEMENTS = (Assign, Assert, Input, Datum, Filling)


@dataclass(frozen=True)
class Script:
    """A whole linker script."""

    statements: tuple[Statement, ...]
    filename: str = "<script>"


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    """Turn Lark's reductions into statements and expressions."""

    def script(self, *items: Any) -> tuple[Statement, ...]:
        return tuple(item for item in items if item is not None and not isinstance(item, Token))

    def entry(self, name: Token) -> Entry:
        return Entry(_bare(name))

    def headers(self, text: Token) -> None:
        raise ScriptError("PHDRS is not supported; segments are made from the sections' flags")

    def region(self, name: Token, *rest: Any) -> Region:
        origin, length = [part for part in rest if not isinstance(part, Token)]
        return Region(_bare(name), origin, length)

    def assign(self, name: Token, operator: Token, value: Expression) -> Assign:
        return Assign(_bare(name), str(operator), value, line=name.line or 0)

    def hide(self, name: Token, operator: Token, value: Expression) -> Assign:
        return Assign(_bare(name), str(operator), value, is_hidden=True, line=name.line or 0)

    def provide(self, name: Token, operator: Token, value: Expression) -> Assign:
        return Assign(_bare(name), str(operator), value, is_provided=True, line=name.line or 0)

    def assertion(self, condition: Expression, message: Token) -> Assert:
        return Assert(condition, _bare(message))

    def output(self, name: Token, *parts: Any) -> Output:
        fields: dict[str, Any] = {}
        contents = []
        for part in parts:
            if isinstance(part, _Part):
                fields[part.name] = part.value
            elif isinstance(part, _STATEMENTS):
                contents.append(part)
            elif part is not None:
                fields["address"] = part
        return Output(_bare(name), tuple(contents), **fields)

    def output_type(self, kind: Token | None = None) -> _Part:
        return _Part("kind", str(kind or ""))

    def load_at(self, value: Expression) -> _Part:
        return _Part("load_at", value)

    def align(self, value: Expression) -> _Part:
        return _Part("align", value)

    def subalign(self, value: Expression) -> _Part:
        return _Part("subalign", value)

    def constraint(self) -> None:
        raise ScriptError("ONLY_IF_RO and ONLY_IF_RW are not supported")

    def into(self, name: Token) -> _Part:
        return _Part("region", _bare(name))

    def load_into(self, name: Token) -> _Part:
        return _Part("load_region", _bare(name))

    def phdr(self, name: Token) -> None:
        raise ScriptError(f"program header :{name} is not supported")

    def fill_value(self, _: Token, value: Expression) -> _Part:
        return _Part("fill", value)

    def datum(self, size: Token, value: Expression) -> Datum:
        return Datum({"BYTE": 1, "SHORT": 2, "LONG": 4}.get(str(size), 8), value)

    def filling(self, value: Expression) -> Filling:
        return Filling(value)

    def constructors(self) -> None:
        return None

    def keep(self, found: Input) -> Input:
        return Input(found.file, found.patterns, is_kept=True)

    def input(self, file: Token, *patterns: Pattern) -> Input:
        return Input(_bare(file), patterns or (Pattern("*"),))

    def pattern(self, *parts: Any) -> Pattern:
        excluded = parts[0] if isinstance(parts[0], tuple) else ()
        return Pattern(_bare(parts[-1]), excluded)

    def sorted_pattern(self, *parts: Any) -> Pattern:
        found = self.pattern(*parts)
        return Pattern(found.section, found.excluded, is_sorted=True)

    def exclusion(self, *files: Token) -> tuple[str, ...]:
        return tuple(_bare(file) for file in files)

    def choice(self, *operands: Expression) -> Operation:
        return Operation("?", operands)

    def binary(self, left: Expression, operator: Token, right: Expression) -> Operation:
        return Operation(str(operator), (left, right))

    def prefix(self, *parts: Any) -> Operation:
        return Operation(f"prefix {parts[0]}", (parts[1],))

    def number(self, text: Token) -> Number:
        scale = _SUFFIXES.get(text[-1].lower(), 1)
        digits = str(text[:-1] if scale > 1 else text)
        base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
        try:
            written = digits[2:] if base == 16 and scale == 1 else ""
            return Number(int(digits, base) * scale, written)
        except ValueError:
            raise ScriptError(f"{text} is not a number") from None

    def name(self, text: Token) -> Name:
        return Name(_bare(text))

    def call(self, function: Token, *operands: Expression) -> Operation:
        return Operation(str(function), operands)

    def align_call(self, *operands: Expression) -> Operation:
        return Operation("ALIGN", operands)


def _bare(token: Token) -> str:
    return str(token).strip('"')


@cache
def _lark() -> Lark:
    text = files("assembler").joinpath("ld.lark").read_text("utf-8")
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start="script",
        transformer=_Build(),
        maybe_placeholders=False,
    )


def parse_script(text: str, filename: str = "<script>") -> Script:
    """Read a linker script; raise ScriptError with the place of what cannot be read."""
    if len(text) > MAX_SCRIPT:
        raise ScriptError(f"a linker script of more than {MAX_SCRIPT} characters")
    try:
        statements: Any = _lark().parse(text)
    except UnexpectedInput as error:
        place = Location(filename, error.line, error.column)
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            place = Location(filename, text.count("\n") + 1)
            raise ScriptError("the linker script ends too early", place) from None
        at = error.pos_in_stream
        assert at is not None
        raise ScriptError(f"syntax error at {text[at : at + 10].split()[:1]}", place) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ScriptError):
            raise ScriptError(error.orig_exc.message, Location(filename)) from None
        raise
    except RecursionError:
        raise ScriptError("an expression nested too deeply", Location(filename)) from None
    return Script(statements, filename)
