"""Directives that emit strings: `.ascii`, `.asciz`, and those with wider characters.

Follows the manual "Using as", sections "Ascii" and "String". Strings side by side are one; between
angle brackets stands a character as a number; what separates operands may be missing or doubled.
"""

import re
from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_PIECE = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")(?P<more>(?=\s*"))?|<(?P<number>[^<>"]*)>|,)\s*""",
    re.DOTALL,
)


def _strings(assembly: "Assembly", name: str, text: str) -> None:
    size = int(name.removeprefix(".string") or 8) // 8 if name.startswith(".string") else 1
    end = b"" if name == ".ascii" else b"\0"
    at, data = 0, b""
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise Complaint("a string is expected here", at)
        if piece["string"]:
            data += unescape(piece["string"]) + (b"" if piece["more"] is not None else end)
        elif piece["number"] is not None:
            data += bytes([_character(assembly, piece["number"]) & 0xFF])
        at = piece.end()
    if size > 1:
        data = b"".join(byte.to_bytes(size, "little") for byte in data)
    assembly.emit_bytes(data)


def _character(assembly: "Assembly", text: str) -> int:
    operands = assembly.parser.operands(text)
    if len(operands.trees) != 1:
        raise Complaint("a number is expected between < and >")
    return assembly.absolute(operands.trees[0], operands.atoms, "a character")


_NAMES = (".ascii", ".asciz", ".string", ".string8", ".string16", ".string32", ".string64")

TABLE: Table = {name: Directive("raw", _strings) for name in _NAMES}
