"""Directives about symbols: binding, visibility, type, size, values, and common storage.

Follows the manual "Using as", chapter "Assembler Directives". Not here: labels (`assembly.py`) and
names with versions (`versions.py`).
"""

from typing import TYPE_CHECKING

from assembler.directives.placement import org
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.objects import SYMBOL_TYPES
from assembler.parse import Atom, Empty, Operands, Tree
from assembler.sections import Section

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_BINDINGS = {".globl": "global", ".global": "global", ".weak": "weak", ".local": "local"}
_VISIBILITIES = {".hidden": "hidden", ".internal": "internal", ".protected": "protected"}
_TYPES = {"function": "func", "object": "object", "notype": "notype", "tls_object": "tls"}
_TYPES |= {"common": "object", "gnu_indirect_function": "gnu_ifunc"}
_TYPES |= {"gnu_unique_object": "object"}
_TYPES |= {f"STT_{name.upper()}": name for name in SYMBOL_TYPES}
_VARIANT_CC = 0x80  # in st_other: not called by the standard convention


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


def _named(operands: Operands) -> tuple[Tree, ...]:
    """Give the operands; a comma behind the last one is let pass."""
    trees = operands.trees
    return trees[:-1] if isinstance(trees[-1], Empty) and len(trees) > 1 else trees


def _bind(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not operands.trees:
        raise Complaint(f"{name} takes the names of symbols")
    for tree in _named(operands):
        symbol = assembly.symbol_named(symbol_name(tree, operands))
        if symbol.binding != "weak":
            symbol.binding = _BINDINGS[name]
        symbol.is_declared_local = name == ".local"


def _show(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not operands.trees:
        raise Complaint(f"{name} takes the names of symbols")
    for tree in _named(operands):
        assembly.symbol_named(symbol_name(tree, operands)).visibility = _VISIBILITIES[name]


def _variant(assembly: "Assembly", name: str, operands: Operands) -> None:
    assembly.symbol_named(_name_and_rest(name, operands, 1, 1)).other |= _VARIANT_CC


def _type(assembly: "Assembly", name: str, found: tuple[str, str]) -> None:
    symbol, word = found
    if word not in _TYPES:
        raise Complaint(f"unknown symbol type {word!r}{nearest(word, _TYPES)}")
    assembly.symbol_named(symbol.strip('"')).type = _TYPES[word]


def _size(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol = assembly.symbol_named(_name_and_rest(name, operands, 2, 2))
    symbol.size = assembly.evaluate(operands.trees[1], operands.atoms)


def _set(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Give a symbol a value; the place called `.` is moved."""
    if operands.text.lstrip().startswith(".,"):
        org(assembly, name, operands._replace(trees=operands.trees[1:]))
        return
    symbol = _name_and_rest(name, operands, 2, 2)
    assembly.assign(symbol, operands.trees[1], operands.atoms, name in (".equiv", ".eqv"))


def _extern(assembly: "Assembly", name: str, text: str) -> None:
    """Do nothing: what is not defined is taken to be elsewhere."""


def _weak_reference(assembly: "Assembly", name: str, operands: Operands) -> None:
    """Make a name that refers to a symbol without asking for its definition."""
    alias = assembly.symbols.get(_name_and_rest(name, operands, 2, 2))
    target = assembly.symbols.get(symbol_name(operands.trees[1], operands))
    assembly.symbols.refuse_second(alias)
    if alias.weak_target is not None:
        raise Complaint(f"symbol {alias.name!r} is already defined by {name}")
    while target.weak_target is not None:
        target = target.weak_target
    if target is alias:
        raise Complaint(f"{name} would make a loop: {alias.name} stands for itself")
    alias.weak_target = target


# ---- common storage


def _common_operands(assembly: "Assembly", name: str, operands: Operands) -> tuple[str, int, int]:
    """Give the name, the size, and the alignment or 0."""
    symbol = _name_and_rest(name, operands, 2, 3)
    size, *rest = (assembly.absolute(t, operands.atoms, name) for t in operands.trees[1:])
    alignment = rest[0] if rest else 0
    if alignment < 0:
        assembly.warn("alignment negative; 0 assumed")
    return symbol, size, max(0, alignment)


def _common(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol_text, size, alignment = _common_operands(assembly, name, operands)
    if size < 0:
        assembly.warn(f"size ({size}) out of range, ignored")
        return
    symbol = assembly.symbols.get(symbol_text)
    alignment = alignment or min(16, 1 << max(0, size - 1).bit_length())
    if symbol.common is not None:
        if symbol.common[0] != size:
            known = symbol.common[0]
            assembly.warn(f'size of "{symbol_text}" is already {known}; not changing to {size}')
        symbol.common = symbol.common[0], alignment
        return
    assembly.symbols.refuse_second(symbol)
    symbol.defined_at = assembly.spot
    if name == ".tls_common":
        symbol.type = "tls"
    if symbol.is_declared_local:
        _allocate(assembly, symbol_text, size, alignment)
    else:
        symbol.common = (size, alignment)


def _local_common(assembly: "Assembly", name: str, operands: Operands) -> None:
    symbol_text, size, alignment = _common_operands(assembly, name, operands)
    assembly.symbols.refuse_second(assembly.symbols.get(symbol_text))
    natural = max(power for power in (1, 2, 4, 8) if power <= max(1, size))
    _allocate(assembly, symbol_text, size, alignment or natural)


def _allocate(assembly: "Assembly", name: str, size: int, alignment: int) -> None:
    """Give a symbol room in the section for what starts as zero."""
    if size < 0:
        raise Complaint(f"size {size} is negative")
    if alignment & alignment - 1:
        raise Complaint(f"an alignment is a power of two, not {alignment}")
    symbol = assembly.symbols.get(name)
    bss: Section = assembly.sections[".bss"].part(1)  # behind what the source places itself
    bss.align_to(alignment, None, None, assembly.spot)
    symbol.place, symbol.type, symbol.size = bss.here(), "object", size
    symbol.defined_at = assembly.spot
    bss.reserve(size)


TABLE: Table = {
    **{name: Directive("operands", _bind) for name in _BINDINGS},
    **{name: Directive("operands", _show) for name in _VISIBILITIES},
    **{name: Directive("operands", _set) for name in (".set", ".equ", ".equiv", ".eqv", ".lsym")},
    ".type": Directive("symbol_type", _type),
    ".size": Directive("operands", _size),
    **{name: Directive("operands", _common) for name in (".comm", ".common", ".tls_common")},
    ".lcomm": Directive("operands", _local_common),
    **{name: Directive("raw", _extern) for name in (".extern", ".xref")},
    ".weakref": Directive("operands", _weak_reference),
    ".variant_cc": Directive("operands", _variant),
}
