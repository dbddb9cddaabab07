"""Directives that emit data: integers, and numbers in LEB128; what a string literal stands for.

Follows the manual "Using as", chapter "Assembler Directives", and its section "Strings".
"""

import re
from typing import TYPE_CHECKING

from assembler.attributes import sleb128, uleb128
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.expr import Linear, Value, describe, fold
from assembler.parse import Atom, Empty, Operands, Prefix, Tree
from assembler.sections import Point

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
_WORD = 8
_WORD_DIGITS = 18  # no shorter number is larger than a word
_BIG = re.compile(
    r"0[xX][0-9A-Fa-f]{1,4000}|0[bB][01]{1,4000}|[1-9][0-9]{,4000}|(?P<octal>0[0-7]{,4000})"
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]*)|([0-9]{1,3})|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(literal: str) -> bytes:
    """Give the bytes of a string literal with its quotes."""
    data = bytearray()
    start = 1
    for match in _ESCAPE.finditer(literal, 1, len(literal) - 1):
        data += literal[start : match.start()].encode("utf-8", "surrogateescape")
        start = match.end()
        hexadecimal, octal, letter = match.groups()
        if hexadecimal is not None:
            data.append(int(hexadecimal or "0", 16) & 0xFF)
        elif octal:
            data.append(_octal(octal) & 0xFF)
        else:
            data += _LETTERS.get(letter, letter).encode("utf-8", "surrogateescape")
    return bytes(data + literal[start:-1].encode("utf-8", "surrogateescape"))


def _octal(digits: str) -> int:
    """Read octal digits; GNU as takes 8 and 9 for such too."""
    value = 0
    for digit in digits:
        value = 8 * value + int(digit)
    return value


def string_operand(tree: Tree, operands: Operands) -> str:
    """Give a string literal; raise Complaint when the operand is something else."""
    text = operands.atoms[tree.index] if isinstance(tree, Atom) else ""
    if not text.startswith('"'):
        raise Complaint("a string is expected here", operands.column(tree))
    return text


def _integers(assembly: "Assembly", name: str, operands: Operands) -> None:
    size = _SIZES[name]
    if operands.trees:
        assembly.section.set_mark("d")
    for tree in operands.trees:
        emit_integer(assembly, size, tree, operands)


def emit_integer(assembly: "Assembly", size: int, tree: Tree, operands: Operands) -> None:
    """Emit an integer or an address; what is too large is cut off with a warning."""
    if isinstance(tree, Empty):
        assembly.warn("zero assumed for missing expression")
        assembly.emit_bytes(bytes(size))
        return
    try:
        big = big_number(tree, operands.atoms)
        if big is not None:
            assembly.warn(f"bignum truncated to {size} byte{'s' * (size > 1)}")
            assembly.emit_bytes((big & (1 << 8 * size) - 1).to_bytes(size, "little"))
            return
        value = assembly.evaluate(tree, operands.atoms)
        if isinstance(value, int):
            check_size(assembly, size, value)
        assembly.emit_datum(size, value)
    except Complaint as complaint:
        raise Complaint(complaint.message, operands.column(tree)) from None


def big_number(tree: Tree, atoms: tuple[str, ...]) -> int | None:
    """Give a number that is larger than a word, perhaps negated; None for anything else."""
    negated = isinstance(tree, Prefix) and tree.operator == "-"
    inner = tree.value if isinstance(tree, Prefix) and negated else tree
    if not isinstance(inner, Atom) or len(atoms[inner.index]) < _WORD_DIGITS:
        return None
    found = _BIG.fullmatch(atoms[inner.index])
    if found is None:
        return None
    value = int(found[0], 8 if found["octal"] else 0)
    return None if not value >> 8 * _WORD else -value if negated else value


def check_size(assembly: "Assembly", size: int, value: int) -> None:
    """Warn about a value of whose upper bits some are set and some are not."""
    upper = value >> 8 * size
    if upper not in (0, -1) and size < _WORD:
        cut = value & (1 << 8 * size) - 1
        word = value & (1 << 8 * _WORD) - 1
        assembly.warn(f"value {word:#x} truncated to {cut:#x}")


def _leb128(assembly: "Assembly", name: str, operands: Operands) -> None:
    for tree in operands.trees:
        value = assembly.evaluate(tree, operands.atoms)
        folded = fold(value, is_final=False)
        is_distance = isinstance(value, Linear) and bool(value.plus and value.minus)
        if isinstance(folded, int) and not is_distance:
            assembly.emit_bytes(_leb128_bytes(name, folded))
        else:
            _leb128_later(assembly, name, value)


def _leb128_bytes(name: str, value: int) -> bytes:
    """Encode a number; without a sign, it is a word of 64 bits."""
    return sleb128(value) if name == ".sleb128" else uleb128(value & (1 << 64) - 1)


def _leb128_later(assembly: "Assembly", name: str, value: Value) -> None:
    """Leave room for a number that depends on the layout; a linker corrects distances in code."""
    section, encoded = assembly.section, [b"\0"]
    section.set_mark("d")

    def measure(_: int) -> int:
        folded = fold(value, is_final=True)
        if not isinstance(folded, int):
            raise Complaint(f"the operand of {name} depends on {describe(folded)}")
        encoded[0] = _leb128_bytes(name, folded)
        return len(encoded[0])

    if name == ".uleb128" and isinstance(value, Linear):
        assembly.leb_distances.append((section.here(), value, assembly.spot))
    point = Point(section.size, 1, measure, lambda _: encoded[0], False, assembly.spot, "leb")
    section.add_point(point)


TABLE: Table = {
    **{name: Directive("operands", _integers) for name in _SIZES},
    **{name: Directive("operands", _leb128) for name in (".uleb128", ".sleb128")},
}
