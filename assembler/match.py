"""Matching: a statement's operands against the forms of its mnemonic.

What comes of it, a `Prepared`, depends on the text and the extensions alone, so it can be kept;
symbols get their values when it is emitted (`emit.py`). Not here: the forms (`forms.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from assembler.architecture import Architecture
from assembler.binding import Bound, bind
from assembler.compress import Short, candidates, compress, is_another
from assembler.constants import constant
from assembler.errors import Complaint, nearest
from assembler.expr import evaluate
from assembler.forms import PAIR, Described, Form, Move, Step, forms
from assembler.parse import Modifier, Operands, Tree
from assembler.reloc import Field, range_message, types_by_name
from assembler.symbols import Symbol
from isa.compressed import Form as ShortForm
from isa.errors import OperandError
from isa.insn import Insn, Kind
from isa.registers import x_number
from isa.spec import FORMS, TABLE, Operand

_PRIVILEGED = ("M-mode", "S-mode")
_UPPER = ("lui", "auipc")  # behind these GNU as begins a new frag
_LUI = 0x37  # the opcode
_PAIRED = "amocas.q"  # what follows are suffixes for ordering
_ODD = range(1, 32, 2)
_SHIFTS = ("c.slli", "c.srli", "c.srai")
_CALL = "call"  # not a relocation function of the language: what call and tail ask for
_TOO_LARGE = 1 << 70  # stands for an operand that no short form can hold

# What `%function(x)` means in an instruction: the relocation for its I or U format, and for S.
_FUNCTIONS = {
    ("hi", "imm20"): ("R_RISCV_HI20", ""),
    ("lo", "imm"): ("R_RISCV_LO12_I", "R_RISCV_LO12_S"),
    ("pcrel_hi", "imm20"): ("R_RISCV_PCREL_HI20", ""),
    ("pcrel_lo", "imm"): ("R_RISCV_PCREL_LO12_I", "R_RISCV_PCREL_LO12_S"),
    ("got_pcrel_hi", "imm20"): ("R_RISCV_GOT_HI20", ""),
    ("tls_ie_pcrel_hi", "imm20"): ("R_RISCV_TLS_GOT_HI20", ""),
    ("tls_gd_pcrel_hi", "imm20"): ("R_RISCV_TLS_GD_HI20", ""),
    ("tprel_hi", "imm20"): ("R_RISCV_TPREL_HI20", ""),
    ("tprel_lo", "imm"): ("R_RISCV_TPREL_LO12_I", "R_RISCV_TPREL_LO12_S"),
}
SHORT_RELOCATIONS = {Kind.BRANCH: "R_RISCV_RVC_BRANCH", Kind.JUMP: "R_RISCV_RVC_JUMP"}
_BRANCHES = {Kind.BRANCH: "R_RISCV_BRANCH", Kind.JUMP: "R_RISCV_JAL"}


class Patch(NamedTuple):
    """An operand to fill in when the statement is emitted: the instruction at `offset`."""

    offset: int
    field: Field
    tree: Tree | None  # None: the place of the statement itself


@dataclass(slots=True, eq=False)
class Prepared:
    """A matched statement: its bytes, and the operands whose values depend on symbols.

    `branch` says that it is a branch or jump whose length depends on its target, `short` is its
    16-bit form. `unknown` are operands that may turn out to be numbers: the statement is matched
    again with those, and `variants` keeps what came of it.
    """

    data: bytes
    patches: tuple[Patch, ...] = ()
    atoms: tuple[str, ...] = ()
    special: str = ""
    register: int = 0
    tree: Tree | None = None
    is_privileged: bool = False
    branch: Insn | None = None
    short: int | None = None
    breaks: bool = False  # whether GNU as begins a new frag with it
    mnemonic: str = ""
    operands: Operands | None = None
    unknown: tuple[Tree, ...] = ()
    variants: "dict[tuple[int, ...], Prepared] | None" = None
    form: Form | None = None  # the one that fitted, if it was the first to be tried


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
_NOTHING: Mapping[int, int] = MappingProxyType({})


def prepare(
    mnemonic: str,
    operands: Operands,
    arch: Architecture,
    known: Mapping[int, int] = _NOTHING,
) -> Prepared:
    """Match a statement with the forms of its mnemonic; raise Complaint when none fits.

    `known` gives the values of operands by the identity of their trees.
    """
    found = forms().get(mnemonic)
    if found is None:
        raise Complaint(f"unknown instruction {mnemonic!r}{nearest(mnemonic, forms())}")
    failure: Complaint | None = None
    missing = ""
    count = len(operands.trees)
    fitting = [form for form in found if len(form.slots) == count]
    for form in fitting:
        try:
            bound = bind(form, operands)
            lacking = [ext for ext in form.exts if not arch.has(ext)]
            if lacking:
                missing = missing or " or ".join(lacking[0].removesuffix("|I").split("|"))
                continue
            prepared = _Assembler(form, bound, operands, arch, known).assemble(mnemonic)
            has_plan = form is fitting[0] and not mnemonic.startswith(_PAIRED)
            prepared.form = form if has_plan else None
            return prepared
        except Complaint as complaint:
            failure = failure or complaint
    if missing:
        raise Complaint(f"{mnemonic} needs extension {missing}, which {arch.text} has not")
    if failure is not None and len(fitting) == 1:
        raise failure
    written = " or ".join(dict.fromkeys(repr(form.syntax) for form in found))
    reason = f": {failure.message}" if failure else ""
    column = failure.column if failure else None
    raise Complaint(f"operands of {mnemonic} are {written}{reason}", column)


def load(arch: Architecture, register: int, value: int) -> Prepared:
    """Prepare `li` with a number."""
    data = constant(arch, register, value)
    return Prepared(data, breaks=data[0] & 0x7F == _LUI)


# ---- from slots to bits


class _Assembler:
    """Makes the bytes and patches of one statement that matched a form."""

    def __init__(
        self,
        form: Form,
        bound: dict[str, Bound],
        operands: Operands,
        arch: Architecture,
        known: Mapping[int, int],
    ) -> None:
        self.form, self.bound, self.operands = form, bound, operands
        self.arch, self.known = arch, known
        self.data = bytearray()
        self.patches: list[Patch] = []
        self.unknown: list[Tree] = []

    def assemble(self, mnemonic: str) -> Prepared:
        """Give the statement as it can be kept."""
        form, bound = self.form, self.bound
        if form.special:
            register, tree = bound[form.slots[0].name], bound[form.slots[1].name]
            assert isinstance(register, int)
            assert not isinstance(tree, int)
            number = self._literal(tree) if form.special == "constant" else None
            if number is not None:
                return load(self.arch, register, number)
            return Prepared(b"", (), self.operands.atoms, form.special, register, tree)
        for step in form.steps:
            self._step(step)
        if mnemonic.startswith(_PAIRED) and any(bound[name] in _ODD for name in ("rd", "rs2")):
            raise Complaint(f"{mnemonic} takes pairs of registers, of which the first is even")
        self._tprel()
        prepared = Prepared(bytes(self.data), tuple(self.patches), self.operands.atoms)
        prepared.mnemonic = mnemonic
        prepared.operands = self.operands
        prepared.unknown = tuple(self.unknown)
        prepared.breaks = any(
            step.insn is not None and step.insn.name in _UPPER for step in form.steps
        )
        prepared.is_privileged = any(slot.kind == "csr" for slot in form.slots) or any(
            step.insn is not None and step.insn.ext in _PRIVILEGED for step in form.steps
        )
        first = form.steps[0].insn
        if isinstance(first, ShortForm):
            self._check_short(first)
        if isinstance(first, ShortForm) and first.target in ("beq", "bne", "jal"):
            self._lengthen(prepared, first)
        elif self.patches and self.patches[0].field.relocation in _BRANCHES.values():
            assert isinstance(first, Insn)
            prepared.branch = first
        if self.arch.has_compressed:
            self._shorten(prepared, candidates(mnemonic, form))
        return prepared

    def _step(self, step: Step) -> None:
        word = step.word
        for move in step.moves:
            value = None if move.source == PAIR else self.bound[move.source]
            try:
                assert step.insn is not None
                word |= self._place(step.insn, move, value)
            except Complaint as complaint:
                is_tree = value is not None and not isinstance(value, int)
                column = self.operands.column(value) if is_tree else None  # type: ignore[arg-type]
                raise Complaint(complaint.message, column) from None
        is_own = len(self.form.steps) > 1 and not any(move.function for move in step.moves)
        if is_own and self.arch.has_compressed and isinstance(step.insn, Insn):
            self.data += self._short_step(step.insn, word)
        else:
            self.data += word.to_bytes(step.length, "little")

    def _short_step(self, insn: Insn, word: int) -> bytes:
        """Give one instruction of several, which GNU as assembles like one of its own."""
        values = insn.extract(word)
        rows = candidates(insn.name, forms()[insn.name][0])
        found = compress(rows, [values[operand.name] for operand in insn.operands], self.arch)
        return word.to_bytes(4, "little") if found is None else found[1].to_bytes(2, "little")

    def _tprel(self) -> None:
        """Note what marks an addition of the thread pointer."""
        tree = self.bound.get("tprel")
        if isinstance(tree, Modifier):
            self.patches.append(Patch(0, Field(0, "R_RISCV_TPREL_ADD"), tree.value))

    def _place(self, insn: Described, move: Move, value: Bound | None) -> int:
        """Give the bits of an operand known now; note a patch and give 0 for another."""
        operand = move.operand
        if isinstance(value, int):
            return self._insert(insn, operand, value)
        function = move.function
        if isinstance(value, Modifier):
            if function:
                raise Complaint("a relocation function is not allowed here")
            function = self.operands.atoms[value.name.index].lower()
            value = value.value
            if function == _CALL:
                raise Complaint("unknown relocation function %call")
        elif function == "pcrel_hi" and value is not None and self._literal(value) is not None:
            raise Complaint("expected a memory operand, such as 8(sp)")
        made = _make_field(insn, operand, function)
        if value is not None and not made.is_relative:
            number = self._literal(value)
            if number is not None:
                return self._insert(insn, operand, made.part(number))
            if not function:
                self.unknown.append(value)
        self.patches.append(Patch(len(self.data), made, value))
        return 0

    def _insert(self, insn: Described, operand: Operand, value: int) -> int:
        try:
            return operand.insert(value)
        except OperandError:
            if insn.name == "c.lui" and value > operand.hi:
                return self._insert(insn, operand, value - (1 << 20))
            raise Complaint(range_message(insn.name, operand, value)) from None

    def _literal(self, tree: Tree) -> int | None:
        known = self.known.get(id(tree))
        if known is not None:
            return known
        try:
            value = evaluate(tree, self.operands.atoms, _LITERALS)
        except _NotLiteralError:
            return None
        return value if isinstance(value, int) else None

    # ---- short forms

    def _lengthen(self, prepared: Prepared, short: ShortForm) -> None:
        """Give a branch written in its short form the long one, if its target is far."""
        parcel = int.from_bytes(prepared.data, "little")
        expanded = FORMS.expand(parcel)
        if expanded is None:
            raise Complaint(f"{short.name} cannot have these operands")
        insn = TABLE.by_name[short.target]
        prepared.short, prepared.branch = parcel, insn
        prepared.data = (expanded[1] & ~_offset_bits(insn)).to_bytes(4, "little")
        made = _make_field(insn, insn.pattern.operands["offset"], "")
        prepared.patches = (Patch(0, made, prepared.patches[0].tree),)

    def _check_short(self, short: ShortForm) -> None:
        """Refuse operands with which a short form would be another one, or none."""
        values = {}
        for move in self.form.steps[0].moves:
            value = self.bound[move.source]
            number = value if isinstance(value, int) else self._literal(value)
            if number is not None:
                values[move.operand.name] = number
        if len(values) < len(short.operands):
            return
        if short.name in _SHIFTS and not values["shamt"] and len(self.form.slots) > 1:
            raise Complaint(f"{short.name} cannot shift by 0")
        parcel = int.from_bytes(self.data, "little")
        is_negative = short.name == "c.lui" and values["imm"] < 0
        if is_negative or not short.is_legal(values) or is_another(short, parcel):
            raise Complaint(f"{short.name} cannot have these operands")

    def _shorten(self, prepared: Prepared, shorts: tuple[Short, ...]) -> None:
        if not shorts:
            return
        values = self._flat_values()
        found = compress(shorts, values, self.arch) if values is not None else None
        if found is None:
            return
        _, parcel = found
        if prepared.branch is not None:
            prepared.short = parcel
        else:
            prepared.breaks = False
            prepared.data, prepared.patches = parcel.to_bytes(2, "little"), ()
            prepared.unknown = ()

    def _flat_values(self) -> list[int | None] | None:
        """List the values of all operands, None for targets; None when one is not known yet."""
        values: list[int | None] = []
        for slot in self.form.slots:
            for name in (slot.name, slot.base) if slot.kind == "memory" else (slot.name,):
                value = self.bound[name]
                if isinstance(value, int):
                    values.append(x_number(name) if slot.kind == "fixed" else value)
                elif slot.kind == "offset":
                    values.append(None)
                elif isinstance(value, Modifier):
                    values.append(_TOO_LARGE)
                else:
                    number = self._literal(value)
                    if number is None:
                        return None
                    values.append(number)
        return values


def _offset_bits(insn: Insn) -> int:
    return sum(((1 << s.width) - 1) << s.at for s in insn.pattern.operands["offset"].slices)


def _make_field(insn: Described, operand: Operand, function: str) -> Field:
    if isinstance(insn, ShortForm):
        if function:
            raise Complaint(f"%{function} does not fit {operand.name} of {insn.name}")
        kind = TABLE.by_name[insn.target].kind if operand.kind == "offset" else None
        return Field(2, SHORT_RELOCATIONS[kind] if kind else "", operand, insn=insn.name)
    if not function:
        relocation = ""
        if operand.kind == "offset":
            kinds = SHORT_RELOCATIONS if insn.length == 2 else _BRANCHES
            relocation = kinds.get(insn.kind, "")
        return Field(insn.length, relocation, operand, insn=insn.name)
    if function == _CALL:
        return Field(8, "R_RISCV_CALL_PLT", operand, insn=insn.name)
    names = _FUNCTIONS.get((function, operand.name.removeprefix("s")))
    if names is None:
        known = [name for name, place in _FUNCTIONS if place == operand.name]
        hint = f", which takes {_listed(known)}" if known else ""
        raise Complaint(f"%{function} does not fit {operand.name} of {insn.name}{hint}")
    is_store = "rd" not in insn.pattern.operands and "fd" not in insn.pattern.operands
    name = names[1] if is_store and names[1] else names[0]
    return Field(4, name, operand, types_by_name()[name].part, insn.name)


def _listed(names: Iterable[str]) -> str:
    return " or ".join(f"%{name}" for name in names)
