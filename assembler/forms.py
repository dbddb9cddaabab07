"""The operand forms of every mnemonic, made from the instruction table and the pseudo table.

A form is a list of operand slots and the instructions it becomes. Not here: the matching of a
statement with the forms of its mnemonic (`match.py`), and short encodings (`compress.py`).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, TypeAlias

from assembler.csr_names import csr_number
from assembler.pseudo import expansions, rounded
from assembler.raw_formats import DIRECTIVE, raw_formats
from isa.compressed import Form as ShortForm
from isa.csrs import CSRS
from isa.insn import Insn
from isa.registers import x_number
from isa.spec import FORMS, TABLE, Operand

_SLOT_KINDS = {
    **dict.fromkeys(("rd", "rs", "rs1", "rs2", "rt", "rdp"), "register"),
    **dict.fromkeys(("fd", "fs", "fs1", "fs2"), "fregister"),
    "csr": "csr",
    "pred": "fence",
    "succ": "fence",
    "rm": "rm",
    "symbol": "symbol",
    "address": "address",
    "tprel": "tprel",
}
_OPERAND_KINDS = {"xreg": "register", "freg": "fregister", "fence": "fence", "rm": "rm"}
_OPERAND_KINDS |= {"csr": "csr", "offset": "offset", "fli": "fli"}
_OPERAND_KINDS |= {"opcode": "opcode", "register": "any register"}  # in raw formats
_LETTERS = {"register": "x", "fregister": "f", "fixed": "x", "offset": "o"}
_FENCE_LETTERS = "iorw"
PAIR = "@"
# Compressed instructions written otherwise than their forms have it.
_WRITTEN = (
    ("c.addi4spn rdp, sp, uimm", ("c.addi4spn rdp, uimm",)),
    ("c.addi16sp sp, imm", ("c.addi16sp imm",)),
    ("c.unimp", ("=0x0000",)),
    ("unimp", ("=0x0000",)),
    ("uret", ("=0x00200073",)),
    ("dret", ("=0x7b200073",)),
    ("c.slli64 rd", ("c.slli rd, 0",)),
    ("c.srli64 rdp", ("c.srli rdp, 0",)),
    ("c.srai64 rdp", ("c.srai rdp, 0",)),
)
_BARE = {2: "C", 4: "I"}  # what words without a description need
_OPERAND_TEXT = re.compile(r"(%\w+\([@\w]+\)|[^(]*)(?:\((\w+)\))?")
_FLOAT_NAMES = (
    *(f"ft{i}" for i in range(8)),
    *("fs0", "fs1"),
    *(f"fa{i}" for i in range(8)),
    *(f"fs{i}" for i in range(2, 12)),
    *(f"ft{i}" for i in range(8, 12)),
)
_FLOATS = {name: i for i, name in enumerate(_FLOAT_NAMES)} | {f"f{i}": i for i in range(32)}
ROUNDINGS = {"rne": 0, "rtz": 1, "rdn": 2, "rup": 3, "rmm": 4, "dyn": 7}


class Slot(NamedTuple):
    """One operand of a form; `base` is the register of an `imm(base)`.

    The kind "fixed" takes only the register whose name is the slot's.
    """

    kind: str
    name: str
    base: str = ""


class Move(NamedTuple):
    """Where an operand of an expanded instruction comes from, and through which function."""

    operand: Operand
    source: str
    function: str = ""


Described: TypeAlias = Insn | ShortForm


class Step(NamedTuple):
    """One instruction of a form: its fixed bits and the operands to fill in."""

    insn: Described | None
    word: int
    moves: tuple[Move, ...]
    length: int


class Form(NamedTuple):
    """One way to write a mnemonic's operands, and what it becomes; `special` names a procedure."""

    syntax: str
    slots: tuple[Slot, ...]
    steps: tuple[Step, ...]
    special: str
    exts: tuple[str, ...]  # the extensions it needs, each perhaps several with bars between
    kinds: str  # of the operands, a letter each: x and f registers, offsets, immediates


class _Written(NamedTuple):
    """A form as it stands in a table: its pattern, what it becomes, and whose own text that is."""

    pattern: str
    steps: tuple[str, ...]
    own: Described | None


def f_number(name: str) -> int | None:
    """Give the number of a floating-point register by either name, or None."""
    return _FLOATS.get(name)


class Forms(Mapping[str, tuple[Form, ...]]):
    """The forms of every mnemonic, the plain instruction first, made when they are asked for."""

    def __init__(self) -> None:
        self._written: dict[str, list[_Written]] = {}
        self._made: dict[str, tuple[Form, ...]] = {}
        for insn in TABLE:
            for name in insn.mnemonics():
                syntax = insn.syntax.replace(insn.name, name, 1)
                for pattern, expansion in rounded(syntax, insn):
                    self._add(name, pattern, (expansion,), insn)
        for raw in raw_formats():
            self._add(raw.name, raw.syntax, (raw.syntax,), raw)
        for short in FORMS:
            self._add(short.name, short.syntax, (short.syntax,), short)
        for pattern, steps in (*_WRITTEN, *expansions()):
            self._add(pattern.partition(" ")[0], pattern, steps)

    def _add(
        self, name: str, pattern: str, steps: tuple[str, ...], own: Described | None = None
    ) -> None:
        self._written.setdefault(name, []).append(_Written(pattern, steps, own))

    def __getitem__(self, name: str) -> tuple[Form, ...]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = _read_forms(self._written[name])
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._written

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)


@cache
def forms() -> Forms:
    """Give the forms of every mnemonic."""
    return Forms()


def _read_forms(written: list[_Written]) -> tuple[Form, ...]:
    """Make the forms of a mnemonic; of two ways to do the same in an extension the first counts."""
    found: list[Form] = []
    for pattern, steps, own in written:
        form = _make_form(pattern, steps, own)
        same = [other for other in found if other.syntax == pattern]
        if own or steps[0][0] == "=" or all(other.exts != form.exts for other in same):
            found.append(form)
    return tuple(found)


def _make_form(pattern: str, expansion: tuple[str, ...], own: Described | None = None) -> Form:
    operands = own.pattern.operands if own is not None else {}
    slots = tuple(_make_slot(text, operands) for text in operand_texts(pattern))
    if expansion[0].startswith("@"):
        return Form(pattern, slots, (), expansion[0][1:], (), _kinds(slots))
    names = {slot.name for slot in slots} | {slot.base for slot in slots}
    steps = tuple(_make_step(text, names, own) for text in expansion)
    exts = dict.fromkeys(step.insn.ext if step.insn else _BARE[step.length] for step in steps)
    return Form(pattern, slots, steps, "", tuple(exts), _kinds(slots))


def _kinds(slots: tuple[Slot, ...]) -> str:
    return "".join("ix" if s.kind == "memory" else _LETTERS.get(s.kind, "i") for s in slots)


def operand_texts(syntax: str) -> list[str]:
    """Split the operands of a syntax at the commas."""
    _, _, text = syntax.partition(" ")
    return [part.strip() for part in text.split(",")] if text else []


def _make_slot(text: str, operands: dict[str, Operand]) -> Slot:
    offset, parenthesis, base = text.partition("(")
    if parenthesis:
        return Slot("memory", offset, base.rstrip(")"))
    if text in operands:
        return Slot(_OPERAND_KINDS.get(operands[text].kind, "expression"), text)
    if x_number(text) is not None:
        return Slot("fixed", text)
    return Slot(_SLOT_KINDS.get(text, "offset" if text == "offset" else "expression"), text)


def described(name: str) -> tuple[Described, dict[str, int]]:
    """Find an instruction or a short form by its mnemonic, and what its suffix says."""
    short = FORMS.by_name.get(name)
    if short is not None:
        return short, {}
    found = TABLE.find(name)
    assert found, f"{name!r} is not an instruction"
    return found


def is_described(text: str) -> bool:
    """Say whether the instruction of an expansion exists."""
    name = text.partition(" ")[0]
    return text[0] in "@=" or name in FORMS.by_name or TABLE.find(name) is not None


def _make_step(text: str, names: set[str], own: Described | None = None) -> Step:
    if text.startswith("="):
        word = int(text[1:], 0)
        return Step(None, word, (), 4 if word & 3 == 3 else 2)
    is_raw = own is not None and text.startswith(DIRECTIVE)
    insn, suffix = (own, {}) if is_raw and own else described(text.partition(" ")[0])
    word = insn.pattern.match
    word |= sum(insn.pattern.operands[name].insert(value) for name, value in suffix.items())
    moves = []
    written = _split_all(text)
    wanted = [name for name in _split_all(insn.syntax) if name in insn.pattern.operands]
    written = written if len(written) == len(wanted) else [w for w in written if w != "sp"]
    for source, name in zip(written, wanted, strict=True):
        operand = insn.pattern.operands[name]
        function, parenthesis, inner = source.removeprefix("%").partition("(")
        source = inner.rstrip(")") if parenthesis else source
        if source in names or source == PAIR:
            moves.append(Move(operand, source, function if parenthesis else ""))
        else:
            word |= operand.insert(_constant(operand, source))
    return Step(insn, word, tuple(moves), insn.pattern.length)


def _split_all(syntax: str) -> list[str]:
    """Split into single operands: `imm(rs1)` gives two, `%f(x)(rs1)` too, `%f(x)` one."""
    found: list[str] = []
    for text in operand_texts(syntax):
        match = _OPERAND_TEXT.fullmatch(text)
        assert match, f"cannot read operand {text!r} of {syntax!r}"
        found += [part for part in match.groups() if part]
    return found


def _constant(operand: Operand, text: str) -> int:
    number = named_value(operand.kind, text)
    return int(text) if number is None else number


def named_value(kind: str, text: str) -> int | None:
    """Give the number that a name stands for in an operand of a kind, or None."""
    if kind == "xreg":
        return x_number(text)
    if kind == "freg":
        return f_number(text)
    if kind == "rm":
        return ROUNDINGS.get(text)
    if kind == "csr":
        csr = CSRS.by_name.get(text)
        return csr.number if csr else csr_number(text)
    if kind == "fence":
        return _fence_set(text)
    return None


def _fence_set(text: str) -> int | None:
    """Give the bits of a fence operand such as `rw`; the letters stand in the order iorw."""
    if not text or re.fullmatch("i?o?r?w?", text) is None:
        return None
    return sum(8 >> _FENCE_LETTERS.index(letter) for letter in text)
