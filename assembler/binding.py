"""Binding: what stands in each operand slot of a form.

Not here: which form is tried (`match.py`), and what the operands' values are.
"""

from typing import TypeAlias

from assembler.errors import Complaint, nearest
from assembler.forms import ROUNDINGS, Form, Slot, f_number, named_value
from assembler.parse import (
    Atom,
    Binary,
    Memory,
    Modifier,
    Operands,
    Parenthesis,
    Prefix,
    Tree,
)
from assembler.raw_formats import is_short_opcode, opcode_number
from isa.registers import x_number
from isa.softfloat.constants import CONSTANT_TEXTS

_TPREL_ADD = "tprel_add"
_NAMED = frozenset(("fregister", "any register", "opcode", "rm", "csr", "fence", "tprel"))

Bound: TypeAlias = int | Tree


def bind(form: Form, operands: Operands) -> dict[str, Bound]:
    """Give each operand slot of a form what stands there; raise Complaint when it does not fit."""
    bound: dict[str, Bound] = {}
    for slot, tree in zip(form.slots, operands.trees, strict=True):
        try:
            _bind_slot(slot, tree, operands.atoms, bound)
        except Complaint as complaint:
            raise Complaint(complaint.message, operands.column(tree)) from None
    return bound


def _bind_slot(slot: Slot, tree: Tree, atoms: tuple[str, ...], bound: dict[str, Bound]) -> None:
    kind = slot.kind
    if kind == "register":
        bound[slot.name] = _register(tree, atoms)
    elif kind == "memory":
        offset, base = _memory_parts(tree)
        number = _register(base, atoms)
        if x_number(slot.base) not in (None, number):
            raise Complaint(f"the base must be {slot.base}")
        bound[slot.base] = number
        if not slot.name and not _is_absent(offset, atoms):
            raise Complaint(f"an atomic access takes no offset, only ({slot.base})")
        bound[slot.name] = 0 if offset is None else _hoisted(offset)
    elif kind == "fixed":
        if _register(tree, atoms) != x_number(slot.name):
            raise Complaint(f"only {slot.name} can stand here")
        bound[slot.name] = 0
    elif kind == "fli":
        bound[slot.name] = _constant_index(tree, atoms)
    elif kind in _NAMED:
        bound[slot.name] = _named(slot, tree, atoms)
    else:
        _refuse_register(slot, tree, atoms)
        bound[slot.name] = _hoisted(tree)


def _constant_index(tree: Tree, atoms: tuple[str, ...]) -> int:
    """Give the index of the constant that `fli` loads, by its value."""
    is_negative = isinstance(tree, Prefix) and tree.operator == "-"
    inner = tree.value if isinstance(tree, Prefix) and is_negative else tree
    text = ("-" if is_negative else "") + (atoms[inner.index] if isinstance(inner, Atom) else "")
    if text in CONSTANT_TEXTS:
        return CONSTANT_TEXTS.index(text)
    try:
        value = float.fromhex(text) if "x" in text.lower() else float(text)
    except (ValueError, OverflowError):
        value = None
    for index, constant in enumerate(CONSTANT_TEXTS):
        if "x" in constant and float.fromhex(constant) == value:
            return index
    raise Complaint(f"{text!r} is not one of the {len(CONSTANT_TEXTS)} numbers that fli can load")


def _hoisted(tree: Tree) -> Tree:
    """Let a relocation function that an expression begins with take all of it."""
    if not isinstance(tree, Binary):
        return tree
    left = _hoisted(tree.left)
    if isinstance(left, Modifier):
        return Modifier(left.name, Binary(tree.operator, left.value, tree.right))
    return tree


def _named(slot: Slot, tree: Tree, atoms: tuple[str, ...]) -> Bound:
    """Bind an operand of which most values have names."""
    if slot.kind == "tprel":
        if isinstance(tree, Modifier) and atoms[tree.name.index].lower() == _TPREL_ADD:
            return tree
        raise Complaint(f"%{_TPREL_ADD}(symbol) is expected here")
    text = atoms[tree.index] if isinstance(tree, Atom) else ""
    if slot.kind == "fregister":
        number = f_number(text)
        if number is None:
            raise Complaint(f"{text!r} is not a floating-point register")
        return number
    if slot.kind == "any register":
        number = x_number(text) if f_number(text) is None else f_number(text)
        if number is None:
            raise Complaint(f"{text!r} is not a register")
        return number
    if slot.kind == "opcode":
        number = opcode_number(text)
        if number is None and slot.name == "op" and is_short_opcode(text):
            raise Complaint(f"the lowest two bits of opcode {text} must be set")
        return tree if number is None else number
    if slot.kind == "rm":
        if text not in ROUNDINGS:
            hint = nearest(text, ROUNDINGS)
            raise Complaint(f"{text!r} is not a rounding mode{hint}")
        return ROUNDINGS[text]
    if not text or text[0].isdigit():
        return tree
    number = named_value(slot.kind, text)
    if number is not None:
        return number
    if slot.kind == "fence":
        raise Complaint(f"{text!r} is not a set of i, o, r and w in this order")
    return tree


def _refuse_register(slot: Slot, tree: Tree, atoms: tuple[str, ...]) -> None:
    if isinstance(tree, Atom):
        text = atoms[tree.index]
        if x_number(text) is not None:
            raise Complaint(f"register {text!r} stands where {slot.name} is expected")
    elif isinstance(tree, Memory) or (isinstance(tree, Parenthesis) and _is_register(tree, atoms)):
        raise Complaint(f"a memory operand stands where {slot.name} is expected")


def _is_register(tree: Parenthesis, atoms: tuple[str, ...]) -> bool:
    inner = tree.value
    return isinstance(inner, Atom) and x_number(atoms[inner.index]) is not None


def _memory_parts(tree: Tree) -> tuple[Tree | None, Tree]:
    if isinstance(tree, Memory):
        return tree.offset, tree.base
    if isinstance(tree, Parenthesis):
        return None, tree.value
    raise Complaint("expected a memory operand, such as 8(sp)")


def _is_absent(offset: Tree | None, atoms: tuple[str, ...]) -> bool:
    """Say whether there is no offset, or the 0 that GNU as lets stand for none."""
    return offset is None or (isinstance(offset, Atom) and atoms[offset.index] == "0")


def _register(tree: Tree, atoms: tuple[str, ...]) -> int:
    text = atoms[tree.index] if isinstance(tree, Atom) else None
    number = None if text is None else x_number(text)
    if number is None:
        raise Complaint(f"{text!r} is not a register" if text else "a register is expected here")
    return number
