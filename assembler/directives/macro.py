"""Directives that keep or repeat text: `.macro`, `.rept`, `.irp`, `.irpc` and what ends them.

Follows the manual "Using as", sections "Macro", "Rept", "Irp" and "Irpc". Not here: how arguments
are split and put into bodies (`macros.py`).
"""

from typing import TYPE_CHECKING

from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.macros import Macro, check_header, split_arguments, substitute, unquote
from assembler.parse import MacroHeader, Operands
from assembler.source import Statement

if TYPE_CHECKING:
    from assembler.assembly import Assembly

MAX_BODY = 1_000_000
MAX_REPEATS = 2_000_000
_REPEATS = (".rept", ".rep", ".irp", ".irpc")


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
    header: MacroHeader = assembly.parser.parse("macro", text)
    check_header(header)
    key = header.name.lower()
    if key in assembly.macros:
        raise Complaint(f"macro {header.name!r} is already defined")
    assembly.macros[key] = Macro(header, tuple(body), frame)
    assembly.forget_prepared()


def _purge(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    for word in words:
        if word != "," and assembly.macros.pop(word.lower(), None) is None:
            raise Complaint(f"there is no macro {word!r}")


def _rept(assembly: "Assembly", name: str, text: str) -> None:
    body = collect(assembly, _REPEATS, ".endr")
    operands: Operands = assembly.parser.operands(text)
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes a repeat count")
    count = assembly.absolute(operands.trees[0], operands.atoms, "the repeat count")
    if not 0 <= count <= MAX_REPEATS:
        raise Complaint(f"repeat count {count} is outside 0..{MAX_REPEATS}")
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
    body = collect(assembly, _REPEATS, ".endr")
    head = text.replace(",", " ", 1).split(None, 1)
    if not head:
        raise Complaint(f"{name} takes a name and the values it shall have")
    rest = head[1].strip() if len(head) > 1 else ""
    if name == ".irpc":
        values = list(unquote(rest)) or [""]
    else:
        values = [unquote(value) for value in split_arguments(rest)] or [""]
    _check_size(len(values), len(body))
    expanded: list[Statement] = []
    for value in values:
        expanded += substitute(body, {head[0]: value}, None)
    _repeat(assembly, name, expanded)


def _exit(assembly: "Assembly", name: str, operands: Operands) -> None:
    if assembly.spot.frame.parent is None:
        raise Complaint(".exitm outside of a macro")
    assembly.is_exited = True


def _stray(assembly: "Assembly", name: str, text: str) -> None:
    raise Complaint(f"{name} without its beginning")


TABLE: Table = {
    ".macro": Directive("raw", _macro),
    ".purgem": Directive("words", _purge),
    ".rept": Directive("raw", _rept),
    ".rep": Directive("raw", _rept),
    ".irp": Directive("raw", _irp),
    ".irpc": Directive("raw", _irp),
    ".exitm": Directive("operands", _exit),
    **{name: Directive("raw", _stray) for name in (".endm", ".endmacro", ".endr")},
}
