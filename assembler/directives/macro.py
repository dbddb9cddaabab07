"""Directives that keep or repeat text: `.macro`, `.rept`, `.irp`, `.irpc` and what ends them.

Follows the manual "Using as", sections "Macro", "Rept", "Irp" and "Irpc". Not here: how arguments
are split and put into bodies (`macros.py`).
"""

from typing import TYPE_CHECKING

from assembler.bodies import Body, Macro
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.macros import Evaluate, Reader, bind, plain_arguments, read_header, tidy
from assembler.parse import Operands
from assembler.source import Statement

if TYPE_CHECKING:
    from assembler.assembly import Assembly

MAX_BODY = 1_000_000
MAX_REPEATS = 2_000_000
_REPEATS = (".rept", ".rep", ".irp", ".irpc", ".irep", ".irepc")
_WITH_ARGUMENTS = (".irp", ".irep")


def collect(assembly: "Assembly", opening: tuple[str, ...], closing: str) -> list[Statement]:
    """Take the statements up to the matching `closing` directive; raise Complaint without one."""
    body: list[Statement] = []
    depth = 1
    for statement in assembly.lines:
        word = _first_word(statement.text)
        if word in opening:
            depth += 1
        elif word == closing or (closing == ".endm" and word == ".endmacro"):
            depth -= 1
            if not depth:
                return body
        body.append(statement)
        if len(body) > MAX_BODY:
            raise Complaint(f"a body of more than {MAX_BODY} statements")
    raise Complaint(f"{closing} is missing")


def _first_word(text: str) -> str:
    words = text.split(None, 2)
    if words and words[0].endswith(":"):
        words = words[1:]
    return words[0].lower() if words else ""


def _macro(assembly: "Assembly", name: str, text: str) -> None:
    frame = assembly.spot.frame
    body = collect(assembly, (".macro",), ".endm")
    header = read_header(text, _evaluator(assembly))
    key = header.name.lower()
    if key in assembly.macros:
        raise Complaint(f"macro {header.name!r} is already defined")
    assembly.macros[key] = Macro(header, Body(body, (p.name for p in header.parameters)), frame)
    assembly.forget_prepared()


def call(assembly: "Assembly", macro: Macro, text: str) -> None:
    """Assemble what a macro expands to."""
    values = bind(macro.header, text, _evaluator(assembly))
    expanded = _expand(assembly, macro.body, values)
    assembly.expansions += 1
    assembly.run_expansion(f"macro {macro.header.name}", expanded, macro.frame)
    assembly.is_exited = False


def _expand(assembly: "Assembly", body: Body, values: dict[str, str]) -> list[Statement]:
    if assembly.is_alternate:
        return body.expand_alternate(values, assembly.expansions, assembly.make_local)
    return body.expand(values, assembly.expansions)


def _evaluator(assembly: "Assembly") -> Evaluate | None:
    """Give what evaluates `%` expressions, in alternate mode only."""

    def evaluate(text: str) -> int:
        operands = assembly.parser.operands(text)
        if len(operands.trees) != 1:
            raise Complaint("one expression is expected behind %")
        return assembly.absolute(operands.trees[0], operands.atoms, "what stands behind %")

    return evaluate if assembly.is_alternate else None


def _purge(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    for word in words:
        if word != "," and assembly.macros.pop(word.lower(), None) is None:
            assembly.warn(f"there is no macro {word!r}")


def _alternate(assembly: "Assembly", name: str, operands: Operands) -> None:
    assembly.is_alternate = name == ".altmacro"


# ---- repeats


def _rept(assembly: "Assembly", name: str, text: str) -> None:
    body = collect(assembly, _REPEATS, ".endr")
    operands: Operands = assembly.parser.operands(text)
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes a repeat count")
    count = assembly.absolute(operands.trees[0], operands.atoms, "the repeat count")
    if count < 0:
        raise Complaint(f"negative count for {name}")
    if count > MAX_REPEATS:
        raise Complaint(f"repeat count {count} is more than {MAX_REPEATS}")
    _check_size(count, len(body))
    _repeat(assembly, name, body * count)


def _check_size(count: int, length: int) -> None:
    if count * length > MAX_REPEATS:
        raise Complaint(f"{count} times {length} statements are more than {MAX_REPEATS}")


def _repeat(assembly: "Assembly", name: str, statements: list[Statement]) -> None:
    """Assemble all repeats of a body, of which `.exitm` leaves the rest."""
    assembly.run_expansion(name, statements, assembly.spot.frame)
    assembly.is_exited = False


def _irp(assembly: "Assembly", name: str, text: str) -> None:
    statements = collect(assembly, _REPEATS, ".endr")
    reader = Reader(tidy(text) if name in _WITH_ARGUMENTS else text.strip(), _evaluator(assembly))
    parameter = reader.name()
    if not parameter:
        raise Complaint(f"{name} takes a name and the values it shall have")
    reader.skip_comma()
    body = Body(statements, (parameter,))
    values = _values(reader) if name in _WITH_ARGUMENTS else _characters(reader)
    _check_size(len(values), len(body))
    expanded: list[Statement] = []
    for value in values:
        expanded += _expand(assembly, body, {parameter: value})
    _repeat(assembly, name, expanded)


def _values(reader: Reader) -> list[str]:
    """Read the arguments of `.irp`; none at all count as one empty one."""
    if reader.evaluate is None and (plain := plain_arguments(reader.text[reader.at :])):
        return plain if plain[-1] else plain[:-1]
    values = []
    while not reader.is_done:
        at = reader.at
        values.append(reader.argument())
        reader.skip_comma()
        if reader.at == at:
            raise Complaint(f"{reader.text[at]!r} begins no argument")
    return values or [""]


def _characters(reader: Reader) -> list[str]:
    """Read the characters of `.irpc`; spaces count between quotes."""
    values, is_quoted = [], False
    for character in reader.text[reader.at :]:
        if character == '"':
            is_quoted = not is_quoted
        elif is_quoted or not character.isspace():
            values.append(character)
    return values or [""]


def _exit(assembly: "Assembly", name: str, operands: Operands) -> None:
    if assembly.spot.frame.parent is None:
        assembly.warn(f"{name} outside of a macro")
        return
    assembly.is_exited = True


def _stray(assembly: "Assembly", name: str, text: str) -> None:
    """Pass over an end without a beginning, as GNU as does, but not without a word."""
    assembly.warn(f"{name} without its beginning")


TABLE: Table = {
    ".macro": Directive("raw", _macro),
    ".purgem": Directive("words", _purge),
    ".rept": Directive("raw", _rept),
    ".rep": Directive("raw", _rept),
    **{name: Directive("raw", _irp) for name in (".irp", ".irpc", ".irep", ".irepc")},
    ".exitm": Directive("operands", _exit),
    ".mexit": Directive("operands", _exit),
    **{name: Directive("operands", _alternate) for name in (".altmacro", ".noaltmacro")},
    **{name: Directive("raw", _stray) for name in (".endm", ".endmacro", ".endr")},
}
