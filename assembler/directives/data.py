"""Directives that emit data: integers, strings, and numbers in LEB128.

Follows the manual "Using as", chapter "Assembler Directives", and its section "Strings".
"""

import re
from typing import TYPE_CHECKING

from assembler.attributes import sleb128, uleb128
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.parse import Atom, Operands, Tree
from assembler.reloc import check_data

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_SIZES = {
    ".byte": 1,
    ".2byte": 2,
    ".half": 2,
    ".hword": 2,
    ".short": 2,
    ".4byte": 4,
    ".word": 4,
    ".int": 4,
    ".long": 4,
    ".8byte": 8,
    ".dword": 8,
    ".quad": 8,
}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]+)|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(literal: str) -> bytes:
    """Give the bytes of a string literal with its quotes."""
    data = bytearray()
    start = 1
    for match in _ESCAPE.finditer(literal, 1, len(literal) - 1):
        data += literal[start : match.start()].encode("utf-8", "surrogateescape")
        start = match.end()
        hexadecimal, octal, letter = match.groups()
        if hexadecimal:
            data.append(int(hexadecimal, 16) & 0xFF)
        elif octal:
            data.append(int(octal, 8) & 0xFF)
        else:
            data += _LETTERS.get(letter, letter).encode("utf-8", "surrogateescape")
    return bytes(data + literal[start:-1].encode("utf-8", "surrogateescape"))


def string_operand(tree: Tree, operands: Operands) -> str:
    """Give a string literal; raise Complaint when the operand is something else."""
    text = operands.atoms[tree.index] if isinstance(tree, Atom) else ""
    if not text.startswith('"'):
        raise Complaint("a string is expected here", operands.column(tree))
    return text


def _integers(assembly: "Assembly", name: str, operands: Operands) -> None:
    size = _SIZES[name]
    for tree in operands.trees:
        try:
            value = assembly.evaluate(tree, operands.atoms)
            if isinstance(value, int):
                check_data(size, value)
            assembly.emit_datum(size, value)
        except Complaint as complaint:
            raise Complaint(complaint.message, operands.column(tree)) from None


def _strings(assembly: "Assembly", name: str, operands: Operands) -> None:
    end = b"" if name == ".ascii" else b"\0"
    for tree in operands.trees:
        assembly.emit_bytes(unescape(string_operand(tree, operands)) + end)


def _leb128(assembly: "Assembly", name: str, operands: Operands) -> None:
    for tree in operands.trees:
        value = assembly.absolute(tree, operands.atoms, f"the operand of {name}")
        if name == ".sleb128":
            assembly.emit_bytes(sleb128(value))
        elif value < 0:
            raise Complaint(f"{name} takes no negative numbers", operands.column(tree))
        else:
            assembly.emit_bytes(uleb128(value))


TABLE: Table = {
    **{name: Directive("operands", _integers) for name in _SIZES},
    **{name: Directive("operands", _strings) for name in (".ascii", ".asciz", ".string")},
    **{name: Directive("operands", _leb128) for name in (".uleb128", ".sleb128")},
}
