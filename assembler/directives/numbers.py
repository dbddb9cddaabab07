"""Directives for numbers of other kinds: floating point, 16-byte integers, and the `.dc` family.

Follows the manual "Using as", sections "Float", "Double", "Octa", "Dc", "Dcb" and "Ds".
"""

from typing import TYPE_CHECKING

from assembler.directives.data import big_number, check_size, emit_integer
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.expr import fold
from assembler.floating import DOUBLE, EXTENDED, HALF, SINGLE, Format, encode
from assembler.parse import Atom, Operands, Prefix, Tree

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_OCTA = 16
_FLOATS: dict[str, Format] = {
    ".float": SINGLE,
    ".single": SINGLE,
    ".double": DOUBLE,
    ".float16": HALF,
    ".dc.s": SINGLE,
    ".dc.d": DOUBLE,
    ".dc.x": EXTENDED,
    ".dcb.s": SINGLE,
    ".dcb.d": DOUBLE,
    ".dcb.x": EXTENDED,
}
_INTEGERS = {"": 2, ".b": 1, ".w": 2, ".l": 4}
_ADDRESS = 8
_SPACES = {"": 2, ".b": 1, ".w": 2, ".l": 4, ".s": 4, ".d": 8, ".p": 12, ".x": 12}


def _floats(assembly: "Assembly", name: str, text: str) -> None:
    for item in text.split(",") if text.strip() else ():
        assembly.emit_bytes(encode(item, _FLOATS[name]))


def _octa(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Emit integers of 16 bytes; a sign before a number counts for all of them."""
    for tree in operands.trees:
        value = big_number(tree, operands.atoms)
        if value is None:
            value = assembly.absolute(tree, operands.atoms, f"the operand of {name}")
            match tree:
                case Prefix("-", Atom()):
                    pass
                case _:
                    value &= (1 << 64) - 1
        elif abs(value) >> 8 * _OCTA:
            assembly.warn(f"bignum truncated to {_OCTA} bytes")
        assembly.emit_bytes((value & (1 << 8 * _OCTA) - 1).to_bytes(_OCTA, "little"))


def _integers(assembly: "Assembly", name: str, operands: Operands) -> None:
    size = _ADDRESS if name == ".dc.a" else _INTEGERS[name.removeprefix(".dc")]
    for tree in operands.trees:
        emit_integer(assembly, size, tree, operands)


def _count(assembly: "Assembly", tree: Tree, operands: Operands, name: str) -> int:
    """Read how often something is wanted; what makes no sense counts as never."""
    count = assembly.absolute(tree, operands.atoms, f"the count of {name}")
    if count < 0:
        assembly.warn(f"negative count for {name} - ignored")
    return max(0, count)


def _repeated(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Do `.dcb`: a count and a value."""
    if not 1 <= len(operands.trees) <= 2:
        raise Complaint(f"{name} takes a count and a value")
    count = _count(assembly, operands.trees[0], operands, name)
    size = _INTEGERS[name.removeprefix(".dcb")]
    value = 0
    if len(operands.trees) == 2:
        folded = fold(assembly.evaluate(operands.trees[1], operands.atoms), is_final=False)
        if not isinstance(folded, int):
            raise Complaint(f"{name} takes a number known here", operands.column(operands.trees[1]))
        value = folded
        check_size(assembly, size, value)
    assembly.section.set_mark("d")
    assembly.section.reserve(count * size, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))


def _repeated_floats(assembly: "Assembly", name: str, text: str) -> None:
    first, comma, second = text.partition(",")
    if not comma:
        raise Complaint(f"{name} takes a count and a value")
    operands = assembly.parser.operands(first)
    count = _count(assembly, operands.trees[0], operands, name) if operands.trees else 0
    data = encode(second, _FLOATS[name])
    assembly.section.set_mark("d")
    assembly.section.reserve(count * len(data), data)


def _space(assembly: "Assembly", name: str, operands: Operands) -> None:
    if len(operands.trees) != 1:
        raise Complaint(f"{name} takes a count")
    count = _count(assembly, operands.trees[0], operands, name)
    assembly.section.set_mark("d")
    assembly.section.reserve(count * _SPACES[name.removeprefix(".ds")])


TABLE: Table = {
    **{name: Directive("raw", _floats) for name in _FLOATS if not name.startswith(".dcb")},
    **{name: Directive("raw", _repeated_floats) for name in _FLOATS if name.startswith(".dcb")},
    ".octa": Directive("operands", _octa),
    **{f".dc{suffix}": Directive("operands", _integers) for suffix in (*_INTEGERS, ".a")},
    **{f".dcb{suffix}": Directive("operands", _repeated) for suffix in _INTEGERS},
    **{f".ds{suffix}": Directive("operands", _space) for suffix in _SPACES},
}
