"""Emission: prepared instructions and data become bytes and fixups in the current section.

Not here: matching (`forms.py`), and what becomes of fixups at the end (`finish.py`).
"""

from assembler.errors import Complaint
from assembler.expr import Linear, Value, describe, evaluate, fold
from assembler.forms import Patch, Prepared
from assembler.parse import Tree
from assembler.pseudo import load_constant
from assembler.reloc import (
    Field,
    high_part,
    low_part,
    patch_field,
)
from assembler.sections import Fixup, Place, Point, Section
from assembler.source import Spot
from assembler.symbols import Symbol, SymbolTable
from isa.insn import Insn
from isa.spec import TABLE

_INVERSE = {"beq": "bne", "bne": "beq", "blt": "bge", "bge": "blt", "bltu": "bgeu", "bgeu": "bltu"}
_BREAKS = frozenset(  # GNU as begins a new frag behind what a linker may shorten
    f"R_RISCV_{name}" for name in ("CALL", "CALL_PLT", "HI20", "PCREL_HI20", "TPREL_HI20")
)
FAR = 8  # a branch around a jump
_DATA_RELOCATIONS = {4: "R_RISCV_32", 8: "R_RISCV_64"}


class Emitter:
    """Puts statements into the current section; is the context that expressions are read in."""

    def __init__(self) -> None:
        self.symbols = SymbolTable()
        self.section = Section(".text", "ax")
        self.uses_privileged = False
        self.is_marking = False  # whether the next instruction gets a row in the line table
        self.spot: Spot

    # ---- the context of expressions

    def symbol(self, name: str) -> Symbol:
        """Give a symbol by name, noting where it was first used."""
        symbol = self.symbols.get(name)
        if symbol.used_at is None:
            symbol.used_at = self.spot
        return symbol

    def here(self) -> Symbol:
        """Give a symbol for the current place."""
        return self.symbols.mark_place(self.section.here())

    def numeric(self, number: int, direction: str) -> Symbol:
        """Give the label meant by `1b` or `1f`."""
        symbol = self.symbols.numeric(number, direction)
        symbol.used_at = symbol.used_at or self.spot
        return symbol

    def evaluate(self, tree: Tree, atoms: tuple[str, ...]) -> Value:
        """Evaluate an expression as far as it is known here."""
        return evaluate(tree, atoms, self)

    # ---- instructions

    def emit(self, prepared: Prepared) -> None:
        """Emit a prepared instruction."""
        if self.is_marking:
            self.mark_line()
        section = self.section
        if section.mark != "x":
            section.set_mark("x")
        if prepared.is_privileged:
            self.uses_privileged = True
        if prepared.special:
            self._emit_special(prepared)
            return
        if not prepared.patches:
            section.emit(prepared.data)
            return
        start = section.here()
        values = [self._patch_value(patch, prepared, start) for patch in prepared.patches]
        if prepared.patches[0].kind == "branch":
            self._emit_branch(prepared, values[0], start)
            return
        section.emit(prepared.data)
        for patch, value in zip(prepared.patches, values, strict=True):
            self._patch(
                patch.field, Place(section, start.offset + patch.offset, start.points), value
            )
            if patch.field.relocation in _BREAKS:
                section.stretch += 1

    def _patch_value(self, patch: Patch, prepared: Prepared, start: Place) -> Value:
        if patch.tree is None:
            return Linear(self.symbols.mark_place(start), None, 0)
        return self.evaluate(patch.tree, prepared.atoms)

    def _patch(self, field: Field, place: Place, value: Value) -> None:
        """Patch a value that is known, note a fixup for another."""
        if isinstance(value, int) and not field.is_relative:
            patch_field(place.section.data, place.offset, field, value)
        else:
            place.section.fixups.append(Fixup(place, field, value, self.spot))

    def _emit_branch(self, prepared: Prepared, value: Value, start: Place) -> None:
        """Emit a branch that may have to become a branch around a jump."""
        field = prepared.patches[0].field
        word = int.from_bytes(prepared.data, "little")
        point = branch_point(TABLE.by_name[field.insn], word, value, start, self.spot)
        self.section.add_point(point)
        self.section.fixups.append(Fixup(start, field, value, self.spot, point))

    def _emit_special(self, prepared: Prepared) -> None:
        """Emit `li` and `la`, whose length depends on their value."""
        assert prepared.tree is not None
        written = self.evaluate(prepared.tree, prepared.atoms)
        value = fold(written, is_final=False)
        if isinstance(value, int):
            is_address = prepared.special == "address"
            self.section.emit(constant_words(prepared.register, value, is_address))
        elif prepared.special == "constant":
            names = describe(value)
            raise Complaint(
                f"li needs a constant known here, and {names} is not; use la for an address"
            )
        else:
            self._emit_address(prepared.register, written)

    def _emit_address(self, register: int, value: Value) -> None:
        start = self.section.here()
        auipc, addi = TABLE.by_name["auipc"], TABLE.by_name["addi"]
        first = auipc.encode(rd=register, imm20=0)
        second = addi.encode(rd=register, rs1=register, imm=0)
        self.section.emit(first.to_bytes(4, "little") + second.to_bytes(4, "little"))
        high = Field(4, "R_RISCV_PCREL_HI20", auipc.pattern.operands["imm20"], high_part, "la")
        low = Field(4, "R_RISCV_PCREL_LO12_I", addi.pattern.operands["imm"], low_part, "la")
        self._patch(high, start, value)
        pair = Linear(self.symbols.mark_place(start), None, 0)
        self._patch(low, Place(self.section, start.offset + 4, start.points), pair)
        self.section.stretch += 1

    def mark_line(self) -> None:
        """Add a row to the line table; the assembly knows how."""
        raise NotImplementedError

    # ---- data

    def emit_datum(self, size: int, value: Value) -> None:
        """Emit `size` bytes of data."""
        section = self.section
        if isinstance(value, int):
            self.emit_bytes((value & (1 << 8 * size) - 1).to_bytes(size, "little"))
            return
        place = section.here()
        self.emit_bytes(bytes(size))
        if section.is_nobits:
            raise Complaint(f"section {section.name} takes no contents, only space")
        field = Field(size, _DATA_RELOCATIONS.get(size, ""))
        section.fixups.append(Fixup(place, field, value, self.spot))

    def emit_bytes(self, data: bytes) -> None:
        """Emit bytes of data."""
        self.section.set_mark("d")
        self.section.emit(data)

    def absolute(self, tree: Tree, atoms: tuple[str, ...], what: str) -> int:
        """Evaluate an expression that must be a number here."""
        value = fold(self.evaluate(tree, atoms), is_final=False)
        if isinstance(value, int):
            return value
        raise Complaint(f"{what} must be a number known here; it depends on {describe(value)}")


def constant_words(register: int, value: int, is_address: bool = False) -> bytes:
    """Give the instructions of `li`."""
    data = bytearray()
    source = 0
    for name, immediate in load_constant(value, is_address):
        insn = TABLE.by_name[name]
        fields = {"rd": register, insn.operands[-1].name: immediate}
        if "rs1" in insn.pattern.operands:
            fields["rs1"] = source
        data += insn.encode(**fields).to_bytes(4, "little")
        source = register
    return bytes(data)


def branch_point(insn: Insn, word: int, value: Value, start: Place, spot: Spot) -> Point:
    """Make the point of a branch: 4 bytes, or 8 when its target turns out to be far."""
    reach = insn.pattern.operands["offset"]
    inverse = TABLE.by_name[_INVERSE[insn.name]]
    far_word = word ^ insn.pattern.match ^ inverse.pattern.match | reach.insert(FAR)
    jump = TABLE.by_name["jal"].encode(rd=0, offset=0)
    far_bytes = far_word.to_bytes(4, "little") + jump.to_bytes(4, "little")

    def measure(address: int) -> int:
        target = local_target(value, start.section)
        near = target is not None and reach.lo <= target - address <= reach.hi
        return 4 if near else FAR

    def fill(size: int) -> bytes:
        return far_bytes if size == FAR else word.to_bytes(4, "little")

    return Point(start.offset, 4, measure, fill, False, spot, "branch")


def local_target(value: Value, section: Section) -> int | None:
    """Give a target's offset when it is sure to stay in this section: defined here and not weak."""
    if isinstance(value, Linear) and value.plus is not None and value.plus.binding == "weak":
        return None
    folded = fold(value, is_final=True)
    if not isinstance(folded, Linear) or folded.minus is not None or folded.plus is None:
        return None
    place = folded.plus.place
    is_here = place is not None and place.section.root is section.root
    if place is None or not is_here or folded.plus.binding == "weak":
        return None
    return place.final() + folded.constant
