"""The operand forms of every mnemonic, made from the instruction table and the pseudo table.

A form is a list of operand slots and the instructions it becomes. Matching a statement against the
forms of its mnemonic depends on its text alone, so `prepare` gives a `Prepared` that can be kept;
symbols get their values when it is emitted (`emit.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

from assembler.errors import Complaint, nearest
from assembler.expr import evaluate
from assembler.parse import Atom, Memory, Modifier, Operands, Parenthesis, Tree
from assembler.pseudo import expansions
from assembler.reloc import Field, range_message, types_by_name
from assembler.symbols import Symbol
from isa.csrs import CSRS
from isa.errors import OperandError
from isa.insn import ORDERING, SUFFIXES, Insn, Kind
from isa.registers import x_number
from isa.spec import TABLE, Operand

_SLOT_KINDS = {
    **dict.fromkeys(("rd", "rs", "rs1", "rs2", "rt"), "register"),
    "csr": "csr",
    "pred": "fence",
    "succ": "fence",
}
_FENCE_LETTERS = "iorw"
_PRIVILEGED = ("M-mode", "S-mode")
_CALL = "call"  # not a relocation function of the language: what call and tail ask for
_PAIR = "@"
_OPERAND_TEXT = re.compile(r"(%\w+\([@\w]+\)|[^(]*)(?:\((\w+)\))?")

# What `%function(x)` means in an instruction: the relocation for its I or U format, and for S.
_FUNCTIONS = {
    ("hi", "imm20"): ("R_RISCV_HI20", ""),
    ("lo", "imm"): ("R_RISCV_LO12_I", "R_RISCV_LO12_S"),
    ("pcrel_hi", "imm20"): ("R_RISCV_PCREL_HI20", ""),
    ("pcrel_lo", "imm"): ("R_RISCV_PCREL_LO12_I", "R_RISCV_PCREL_LO12_S"),
}


class Slot(NamedTuple):
    """One operand of a form; `base` is the register of an `imm(base)`."""

    kind: str
    name: str
    base: str = ""


class Move(NamedTuple):
    """Where an operand of an expanded instruction comes from, and through which function."""

    operand: Operand
    source: str
    function: str = ""


class Step(NamedTuple):
    """One instruction of a form: its fixed bits and the operands to fill in."""

    insn: Insn
    word: int
    moves: tuple[Move, ...]


class Form(NamedTuple):
    """One way to write a mnemonic's operands, and what it becomes; `special` names a procedure."""

    syntax: str
    slots: tuple[Slot, ...]
    steps: tuple[Step, ...]
    special: str = ""


Bound: TypeAlias = int | Tree


class Patch(NamedTuple):
    """An operand to fill in when the statement is emitted: the instruction at `offset`."""

    offset: int
    field: Field
    tree: Tree | None  # None: the place of the statement itself
    kind: str  # "value", "branch"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A matched statement: its bytes, and the operands whose values depend on symbols."""

    data: bytes
    patches: tuple[Patch, ...] = ()
    atoms: tuple[str, ...] = ()
    special: str = ""
    register: int = 0
    tree: Tree | None = None
    is_privileged: bool = False


class _NotLiteralError(Exception):
    """A symbol was met where only literals were looked for."""


class _Literals:
    """A context without symbols."""

    def symbol(self, name: str) -> Symbol:
        raise _NotLiteralError(name)

    def here(self) -> Symbol:
        raise _NotLiteralError

    def numeric(self, number: int, direction: str) -> Symbol:
        raise _NotLiteralError(number, direction)


_LITERALS = _Literals()


@cache
def forms() -> dict[str, tuple[Form, ...]]:
    """Give the forms of every mnemonic, the plain instruction first."""
    found: dict[str, list[Form]] = {}
    for insn in TABLE:
        for name in mnemonics(insn):
            syntax = insn.syntax.replace(insn.name, name, 1)
            found.setdefault(name, []).append(_make_form(syntax, (syntax,)))
    for pattern, expansion in expansions():
        name = pattern.partition(" ")[0]
        form = _make_form(pattern, expansion)
        if all(other.syntax != pattern for other in found.get(name, ())):
            found.setdefault(name, []).append(form)
    return {name: tuple(entries) for name, entries in found.items()}


def mnemonics(insn: Insn) -> list[str]:
    """Give the ways to write an instruction's name: atomic ones take an ordering suffix."""
    suffixes = SUFFIXES if ORDERING in insn.pattern.operands else ("",)
    return [insn.name + suffix for suffix in suffixes]


def _make_form(pattern: str, expansion: tuple[str, ...]) -> Form:
    slots = tuple(_make_slot(text) for text in _operand_texts(pattern))
    if expansion[0].startswith("@"):
        return Form(pattern, slots, (), expansion[0][1:])
    names = {slot.name for slot in slots} | {slot.base for slot in slots}
    return Form(pattern, slots, tuple(_make_step(text, names) for text in expansion))


def _operand_texts(syntax: str) -> list[str]:
    _, _, text = syntax.partition(" ")
    return [part.strip() for part in text.split(",")] if text else []


def _make_slot(text: str) -> Slot:
    offset, parenthesis, base = text.partition("(")
    if parenthesis:
        return Slot("memory", offset, base.rstrip(")"))
    return Slot(_SLOT_KINDS.get(text, text if text == "symbol" else "expression"), text)


def _make_step(text: str, names: set[str]) -> Step:
    known = TABLE.find(text.partition(" ")[0])
    assert known, f"{text!r} is not an instruction"
    insn, suffix = known
    word = insn.pattern.match
    word |= sum(insn.pattern.operands[name].insert(value) for name, value in suffix.items())
    moves = []
    for written, wanted in zip(_split_all(text), _split_all(insn.syntax), strict=True):
        operand = insn.pattern.operands[wanted]
        function, parenthesis, inner = written.removeprefix("%").partition("(")
        source = inner.rstrip(")") if parenthesis else written
        if source in names or source == _PAIR:
            moves.append(Move(operand, source, function if parenthesis else ""))
        else:
            word |= operand.insert(_constant(operand, source))
    return Step(insn, word, tuple(moves))


def _split_all(syntax: str) -> list[str]:
    """Split into single operands: `imm(rs1)` gives two, `%f(x)(rs1)` too, `%f(x)` one."""
    found: list[str] = []
    for text in _operand_texts(syntax):
        match = _OPERAND_TEXT.fullmatch(text)
        assert match, f"cannot read operand {text!r} of {syntax!r}"
        found += [part for part in match.groups() if part]
    return found


def _constant(operand: Operand, text: str) -> int:
    number = _named_value(operand.kind, text)
    return int(text) if number is None else number


def _named_value(kind: str, text: str) -> int | None:
    if kind == "xreg":
        return x_number(text)
    if kind == "csr":
        csr = CSRS.by_name.get(text)
        return csr.number if csr else None
    if kind == "fence":
        return _fence_set(text)
    return None


def _fence_set(text: str) -> int | None:
    """Give the bits of a fence operand such as `rw`; the letters stand in the order iorw."""
    if not text or re.fullmatch("i?o?r?w?", text) is None:
        return None
    return sum(8 >> _FENCE_LETTERS.index(letter) for letter in text)


def prepare(mnemonic: str, operands: Operands) -> Prepared:
    """Match a statement with the forms of its mnemonic; raise Complaint when none fits."""
    candidates = forms().get(mnemonic)
    if candidates is None:
        raise Complaint(f"unknown instruction {mnemonic!r}{nearest(mnemonic, forms())}")
    failure: Complaint | None = None
    for form in candidates:
        if len(form.slots) != len(operands.trees):
            continue
        try:
            bound = _bind(form, operands)
        except Complaint as complaint:
            failure = failure or complaint
            continue
        return _assemble(form, bound, operands)
    if failure is None or len([f for f in candidates if len(f.slots) == len(operands.trees)]) > 1:
        written = " or ".join(repr(form.syntax) for form in candidates)
        column = failure.column if failure else None
        reason = f": {failure.message}" if failure else ""
        raise Complaint(f"operands of {mnemonic} are {written}{reason}", column)
    raise failure


def _bind(form: Form, operands: Operands) -> dict[str, Bound]:
    bound: dict[str, Bound] = {}
    for slot, tree in zip(form.slots, operands.trees, strict=True):
        try:
            _bind_slot(slot, tree, operands.atoms, bound)
        except Complaint as complaint:
            raise Complaint(complaint.message, operands.column(tree)) from None
    return bound


def _bind_slot(slot: Slot, tree: Tree, atoms: tuple[str, ...], bound: dict[str, Bound]) -> None:
    text = atoms[tree.index] if isinstance(tree, Atom) else None
    match slot.kind:
        case "register":
            bound[slot.name] = _register(tree, atoms)
        case "memory":
            offset, base = _memory_parts(tree)
            bound[slot.base] = _register(base, atoms)
            if not slot.name and not _is_absent(offset, atoms):
                raise Complaint(f"an atomic access takes no offset, only ({slot.base})")
            bound[slot.name] = 0 if offset is None else offset
        case "csr" | "fence" if text is not None and not text[0].isdigit():
            number = _named_value(slot.kind, text)
            if number is not None:
                bound[slot.name] = number
            elif slot.kind == "fence":
                raise Complaint(f"{text!r} is not a set of i, o, r and w in this order")
            else:
                bound[slot.name] = tree
        case _:
            if text is not None and x_number(text) is not None:
                raise Complaint(f"register {text!r} stands where {slot.name} is expected")
            if isinstance(tree, Memory) or (
                isinstance(tree, Parenthesis) and _is_register(tree, atoms)
            ):
                raise Complaint(f"a memory operand stands where {slot.name} is expected")
            bound[slot.name] = tree


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


def _assemble(form: Form, bound: dict[str, Bound], operands: Operands) -> Prepared:
    if form.special:
        register, tree = bound[form.slots[0].name], bound[form.slots[1].name]
        assert isinstance(register, int)
        assert not isinstance(tree, int)
        return Prepared(b"", (), operands.atoms, form.special, register, tree)
    data = bytearray()
    patches: list[Patch] = []
    for step in form.steps:
        word = step.word
        for move in step.moves:
            value = None if move.source == _PAIR else bound[move.source]
            try:
                word |= _place(step.insn, move, value, operands, len(data), patches)
            except Complaint as complaint:
                column = (
                    operands.column(value)
                    if value is not None and not isinstance(value, int)
                    else None
                )
                raise Complaint(complaint.message, column) from None
        data += word.to_bytes(4, "little")
    privileged = any(slot.kind == "csr" for slot in form.slots)
    privileged = privileged or any(step.insn.ext in _PRIVILEGED for step in form.steps)
    return Prepared(bytes(data), tuple(patches), operands.atoms, is_privileged=privileged)


def _place(
    insn: Insn,
    move: Move,
    value: Bound | None,
    operands: Operands,
    offset: int,
    patches: list[Patch],
) -> int:
    """Give the bits of an operand known now; note a patch and give 0 for another."""
    operand = move.operand
    if isinstance(value, int):
        return operand.insert(value)
    function = move.function
    if isinstance(value, Modifier):
        if function:
            raise Complaint("a relocation function is not allowed here")
        function = operands.atoms[value.name.index].lower()
        value = value.value
        if function == _CALL:
            raise Complaint("unknown relocation function %call")
    elif function == "pcrel_hi" and value is not None and _literal(value, operands) is not None:
        raise Complaint("expected a memory operand, such as 8(sp)")
    field = _make_field(insn, operand, function)
    if (
        value is not None
        and not field.is_relative
        and (number := _literal(value, operands)) is not None
    ):
        try:
            return operand.insert(field.part(number))
        except OperandError:
            raise Complaint(range_message(insn.name, operand, field.part(number))) from None
    kind = "branch" if insn.kind is Kind.BRANCH and operand.kind == "offset" else "value"
    patches.append(Patch(offset, field, value, kind))
    return 0


def _literal(tree: Tree, operands: Operands) -> int | None:
    try:
        value = evaluate(tree, operands.atoms, _LITERALS)
    except _NotLiteralError:
        return None
    return value if isinstance(value, int) else None


def _make_field(insn: Insn, operand: Operand, function: str) -> Field:
    if not function:
        relocation = {Kind.BRANCH: "R_RISCV_BRANCH", Kind.JUMP: "R_RISCV_JAL"}.get(insn.kind, "")
        return Field(4, relocation if operand.kind == "offset" else "", operand, insn=insn.name)
    if function == _CALL:
        return Field(8, "R_RISCV_CALL_PLT", operand, insn=insn.name)
    names = _FUNCTIONS.get((function, operand.name))
    if names is None:
        known = [name for name, place in _FUNCTIONS if place == operand.name]
        hint = f", which takes {_listed(known)}" if known else ""
        raise Complaint(f"%{function} does not fit {operand.name} of {insn.name}{hint}")
    name = names[1] if insn.kind is Kind.STORE else names[0]
    return Field(4, name, operand, types_by_name()[name].part, insn.name)


def _listed(names: Iterable[str]) -> str:
    return " or ".join(f"%{name}" for name in names)
