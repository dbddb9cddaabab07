"""Emission: prepared instructions and data become bytes and fixups in the current section.

Not here: matching (`match.py`), branches whose length is not known yet (`branches.py`), and what
becomes of fixups at the end (`finish.py`).
"""

from assembler.branches import branch_point
from assembler.constants import constant
from assembler.errors import Complaint
from assembler.expr import Linear, Value, describe, evaluate, fold
from assembler.match import Patch, Prepared, prepare
from assembler.nops import nop_fill
from assembler.options import Target
from assembler.parse import Tree
from assembler.reloc import Field, high_part, low_part, patch_field
from assembler.sections import Fixup, Place, Section
from assembler.source import Frame, Spot, Statement
from assembler.symbols import Symbol, SymbolTable
from isa.spec import TABLE

_BREAKS = frozenset(  # GNU as begins a new frag behind what a linker may shorten
    f"R_RISCV_{name}"
    for name in ("CALL", "CALL_PLT", "HI20", "PCREL_HI20", "TPREL_HI20", "TPREL_ADD", "JAL")
)
_DATA_RELOCATIONS = {4: "R_RISCV_32", 8: "R_RISCV_64"}
_ALIGN = "R_RISCV_ALIGN"
_LUI = 0x37  # the opcode, behind which GNU as begins a new frag too
# How the address pseudo-instructions get at a symbol: what `auipc` adds, and what follows it.
_ADDRESSES = {
    "la": ("R_RISCV_PCREL_HI20", "addi"),
    "lla": ("R_RISCV_PCREL_HI20", "addi"),
    "lga": ("R_RISCV_GOT_HI20", "ld"),
    "la.tls.ie": ("R_RISCV_TLS_GOT_HI20", "ld"),
    "la.tls.gd": ("R_RISCV_TLS_GD_HI20", "addi"),
}


class Emitter:
    """Puts statements into the current section; is the context that expressions are read in."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.symbols = SymbolTable()
        self.section = Section(".text", "ax")
        self.uses_privileged = False
        self.is_marking = False  # whether the next instruction gets a row in the line table
        self.source = Frame("")
        self.statement = Statement(1, 0, "")
        self._spot: Spot | None = None
        self._addresses: dict[tuple[str, int], tuple[bytes, Field, Field]] = {}

    @property
    def spot(self) -> Spot:
        """The statement at hand and where it stands."""
        if self._spot is None:
            self._spot = Spot(self.source, self.statement)
        return self._spot

    # ---- the context of expressions

    def symbol(self, name: str) -> Symbol:
        """Give a symbol by name, noting where it was first used."""
        symbol = self.symbols.get(name)
        if symbol.weak_target is not None:
            symbol.weak_target.is_weakly_used = True
            return symbol.weak_target
        if symbol.used_at is None:
            symbol.used_at = self.spot
        return symbol

    def here(self) -> Symbol:
        """Give a symbol for the current place."""
        symbol = self.symbols.mark_place(self.section.here())
        if self.section.is_absolute:
            symbol.value = self.section.size
        return symbol

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
        section = self.section
        if section.mark != "x":
            section.set_mark("x")
        if prepared.is_privileged:
            self.uses_privileged = True
        if prepared.special:
            self._emit_special(prepared)
        elif not prepared.patches:
            if self.is_marking:
                self.mark_line()
            section.emit(prepared.data)
            if prepared.breaks:
                section.stretch += 1
        elif prepared.unknown and (variant := self._variant(prepared)) is not None:
            self.emit(variant)
        else:
            self._emit_patched(prepared, section)

    def _variant(self, prepared: Prepared) -> Prepared | None:
        """Match again with what turns out to be numbers; None when some are not."""
        values = []
        for tree in prepared.unknown:
            value = evaluate(tree, prepared.atoms, self)
            if not isinstance(value, int):
                return None
            values.append(value)
        key = tuple(values)
        if prepared.variants is None:
            prepared.variants = {}
        variant = prepared.variants.get(key)
        if variant is None:
            assert prepared.operands is not None
            known = {id(tree): value for tree, value in zip(prepared.unknown, key, strict=True)}
            arch = self.target.switches.arch
            variant = prepare(prepared.mnemonic, prepared.operands, arch, known)
            prepared.variants[key] = variant
        return variant

    def _emit_patched(self, prepared: Prepared, section: Section) -> None:
        start = section.here()
        values = [self._patch_value(patch, prepared, start) for patch in prepared.patches]
        if self.is_marking:
            self.mark_line()
        if prepared.branch is not None:
            self._emit_branch(prepared, values[0], start)
            return
        section.emit(prepared.data)
        for patch, value in zip(prepared.patches, values, strict=True):
            place = Place(section, start.offset + patch.offset, start.points)
            self._patch(patch.field, place, value)
            if patch.field.relocation in _BREAKS:
                section.stretch += 1

    def _patch_value(self, patch: Patch, prepared: Prepared, start: Place) -> Value:
        if patch.tree is None:
            return Linear(self.symbols.mark_place(start, is_late=True), None, 0)
        return self.evaluate(patch.tree, prepared.atoms)

    def _patch(self, field: Field, place: Place, value: Value) -> None:
        """Patch a value that is known, note a fixup for another."""
        if isinstance(value, int) and field.size and not field.is_relative:
            patch_field(place.section.data, place.offset, field, value)
        else:
            relax = self.target.switches.relax
            place.section.fixups.append(Fixup(place, field, value, self.spot, None, relax))

    def _emit_branch(self, prepared: Prepared, value: Value, start: Place) -> None:
        """Emit a branch or jump whose length may depend on its target."""
        assert prepared.branch is not None
        field = prepared.patches[0].field
        point = branch_point(prepared, value, start, self.spot)
        if point is None:
            self.section.emit(prepared.data)
            self.section.stretch += 1
        else:
            self.section.add_point(point)
        self.section.fixups.append(Fixup(start, field, value, self.spot, point))

    def _emit_special(self, prepared: Prepared) -> None:
        """Emit `li` and `la`, whose length depends on their value."""
        assert prepared.tree is not None
        written = self.evaluate(prepared.tree, prepared.atoms)
        value = fold(written, is_final=False)
        if self.is_marking:
            self.mark_line()
        if isinstance(value, int):
            is_small = prepared.special == "constant"
            if not is_small and not -(1 << 31) <= value < 1 << 31:
                raise Complaint(f"{prepared.special} cannot load {value:#x}; li can")
            data = constant(self.target.switches.arch, prepared.register, value, is_small)
            self.section.emit(data)
            self.section.stretch += data[0] & 0x7F == _LUI
        elif prepared.special == "constant":
            names = describe(value)
            raise Complaint(
                f"li needs a constant known here, and {names} is not; use la for an address"
            )
        else:
            self._emit_address(prepared.special, prepared.register, written)

    def _emit_address(self, name: str, register: int, value: Value) -> None:
        if name == "la" and self.target.switches.pic:
            name = "lga"
        key = name, register
        made = self._addresses.get(key)
        if made is None:
            made = self._addresses[key] = _address_parts(name, register)
        data, high, low = made
        start = self.section.here()
        self.section.emit(data)
        self._patch(high, start, value)
        pair = Linear(self.symbols.mark_place(start, is_late=True), None, 0)
        self._patch(low, Place(self.section, start.offset + 4, start.points), pair)
        self.section.stretch += high.relocation in _BREAKS

    def align_code(self, alignment: int) -> bool:
        """Align code for a linker that relaxes it; say whether nothing else is left to do."""
        section = self.section
        unit = 2 if self.target.switches.rvc else 4
        if alignment <= unit:
            section.align = max(section.align, alignment)
            return True
        if not self.target.switches.relax:
            return False
        section.align = max(section.align, alignment)
        section.set_mark("x", is_padding=True)
        place = section.here()
        section.emit(nop_fill(alignment - unit))
        section.fixups.append(Fixup(place, Field(0, _ALIGN), alignment - unit, self.spot))
        section.stretch += 1
        return True

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


def _address_parts(name: str, register: int) -> tuple[bytes, Field, Field]:
    """Give the two instructions that load an address, and the fields of both."""
    relocation, second_name = _ADDRESSES[name]
    auipc, second = TABLE.by_name["auipc"], TABLE.by_name[second_name]
    first_word = auipc.encode(rd=register, imm20=0)
    second_word = second.encode(rd=register, rs1=register, imm=0)
    high = Field(4, relocation, auipc.pattern.operands["imm20"], high_part, name)
    low = Field(4, "R_RISCV_PCREL_LO12_I", second.pattern.operands["imm"], low_part, name)
    return first_word.to_bytes(4, "little") + second_word.to_bytes(4, "little"), high, low
