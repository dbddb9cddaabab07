"""Directives about symbols: binding, visibility, type, size, values, and common storage.

Follows the manual "Using as", chapter "Assembler Directives". Not here: labels (`assembly.py`).
"""

from typing import TYPE_CHECKING

from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.objects import SYMBOL_TYPES
from assembler.parse import Atom, Operands, Tree

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_BINDINGS = {".globl": "global", ".global": "global", ".weak": "weak", ".local": "local"}
_VISIBILITIES = {".hidden": "hidden", ".internal": "internal", ".protected": "protected"}
_TYPES = {"function": "func", "object": "object", "notype": "notype", "tls_object": "tls"}
_TYPES |= {"common": "object", "gnu_indirect_function": "gnu_ifunc"}
_TYPES |= {f"STT_{name.upper()}": name for name in SYMBOL_TYPES}


def symbol_name(tree: Tree, operands: Operands) -> str:
    """Give the name of a symbol; raise Complaint when the operand is something else."""
    text = operands.atoms[tree.index] if isinstance(tree, Atom) else "0"
    if text[0].isdigit() or text[0] == "'" or text == ".":
        raise Complaint("the name of a symbol is expected here", operands.column(tree))
    return text.strip('"')


def _name_and_rest(name: str, operands: Operands, least: int, most: int) -> str:
    if not least <= len(operands.trees) <= most:
        raise Complaint(f"{name} takes {least} to {most} operands, not {len(operands.trees)}")
    return symbol_name(operands.trees[0], operands)


def _bind(assembly: "Assembly", name: str, operands: Operands) -> None:
    for tree in operands.trees:
        symbol = assembly.symbol_named(symbol_name(tree, operands))
        if not (symbol.binding == "weak" and _BINDINGS[name] == "global"):
            symbol.binding = _BINDINGS[name]
        symbol.is_declared_local = name == ".local"


def _show(assembly: "Assembly", name: str, operands: Operands) -> None:
    for tree in operands.trees:
        assembly.symbol_named(symbol_name(tree, operands)).visibility = _VISIBILITIES[name]


def _type(assembly: "Assembly", name: str, found: tuple[str, str]) -> None:
    symbol, word = found
    if word not in _TYPES:
        raise Complaint(f"unknown symbol type {word!r}{nearest(word, _TYPES)}")
    assembly.symbol_named(symbol).type = _TYPES[word]


def _size(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol = assembly.symbol_named(_name_and_rest(name, operands, 2, 2))
    symbol.size = assembly.evaluate(operands.trees[1], operands.atoms)


def _set(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol = _name_and_rest(name, operands, 2, 2)
    assembly.assign(symbol, operands.trees[1], operands.atoms, name == ".equiv")


def _common(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol = assembly.symbols.get(_name_and_rest(name, operands, 2, 3))
    size, *rest = (assembly.absolute(t, operands.atoms, name) for t in operands.trees[1:])
    alignment = rest[0] if rest else min(16, 1 << max(0, size - 1).bit_length())
    if size < 0 or alignment <= 0 or alignment & alignment - 1:
        raise Complaint(f"{name} takes a size and an alignment that is a power of two")
    assembly.symbols.refuse_second(symbol)
    symbol.defined_at = assembly.spot
    if name == ".comm" and not symbol.is_declared_local:
        symbol.common = (size, alignment)
        return
    if not rest and name == ".lcomm":
        alignment = max(power for power in (1, 2, 4, 8) if power <= max(1, size))
    bss = assembly.sections[".bss"]
    bss.align_to(alignment, None, None, assembly.spot)
    symbol.place = bss.here()
    symbol.type = "object"
    symbol.size = size
    bss.reserve(size)


TABLE: Table = {
    **{name: Directive("operands", _bind) for name in _BINDINGS},
    **{name: Directive("operands", _show) for name in _VISIBILITIES},
    **{name: Directive("operands", _set) for name in (".set", ".equ", ".equiv")},
    ".type": Directive("symbol_type", _type),
    ".size": Directive("operands", _size),
    ".comm": Directive("operands", _common),
    ".lcomm": Directive("operands", _common),
}
