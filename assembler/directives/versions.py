"""Directives about versions: `.symver` for symbols, `.version` for the object.

Follows the manual "Using as", sections "Symver" and "Version".
"""

import re
from typing import TYPE_CHECKING

from assembler.directives.data import string_operand, unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.parse import Operands

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_SYMVER = re.compile(r'\s*("[^"]+"|[^\s,"]+)\s*,\s*([^\s,"@]+@{1,3}[^\s,"@]+)\s*(?:,\s*(\w+)\s*)?')
_NOTE_ALIGNMENT = 4
_NOTE_TYPE = 1


def _symver(assembly: "Assembly", name: str, text: str) -> None:
    found = _SYMVER.fullmatch(text)
    if found is None:
        raise Complaint(f"{name} takes a symbol and a name such as foo@VERSION")
    symbol = assembly.symbol_named(found[1].strip('"'))
    match found[3]:
        case None:
            pass
        case "remove":
            symbol.is_removed = True
        case "local":
            symbol.binding = "local"
        case "hidden":
            symbol.visibility = "hidden"
        case word:
            raise Complaint(f"{name} can be local, hidden or remove, not {word!r}")
    if found[2] not in symbol.versions:
        symbol.versions += (found[2],)


def _version(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Write a note that names a version."""
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes a string")
    text = unescape(string_operand(operands.trees[0], operands)) + b"\0"
    note = assembly.open_section(".note", "", "note")
    head = (len(text), 0, _NOTE_TYPE)
    note.align = max(note.align, _NOTE_ALIGNMENT)
    note.emit(b"".join(number.to_bytes(4, "little") for number in head) + text)
    note.emit(bytes(-note.size % _NOTE_ALIGNMENT))


TABLE: Table = {
    ".symver": Directive("raw", _symver),
    ".version": Directive("operands", _version),
}
