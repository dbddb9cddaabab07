"""Directives that speak to the user or end the source: `.error`, `.warning`, `.print`, `.end`.

Follows the manual "Using as", chapter "Assembler Directives".
"""

import sys
from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.parse import Operands

if TYPE_CHECKING:
    from assembler.assembly import Assembly


def _text(name: str, words: tuple[str, ...]) -> str:
    if not words:
        return f"{name} in the source"
    if len(words) != 1 or not words[0].startswith('"'):
        raise Complaint(f"{name} takes a string")
    return unescape(words[0]).decode("utf-8", "replace")


def _error(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    raise Complaint(_text(name, words))


def _warning(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    print(f"{assembly.location()}: warning: {_text(name, words)}", file=sys.stderr)


def _print(assembly: "Assembly", name: str, words: tuple[str, ...]) -> None:
    print(_text(name, words))


def _end(assembly: "Assembly", name: str, operands: Operands) -> None:
    assembly.is_ended = True


TABLE: Table = {
    ".error": Directive("words", _error),
    ".err": Directive("words", _error),
    ".warning": Directive("words", _warning),
    ".print": Directive("words", _print),
    ".end": Directive("operands", _end),
}
