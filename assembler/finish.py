"""The end of an assembly: places become offsets, fixups become bytes or relocations, an `Object`.

Which values stay relocations follows GNU as: jumps and branches always do, and so do differences
of labels in code, because a linker may relax it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from assembler.artifacts import Object
from assembler.attributes import attributes_section
from assembler.branches import PLAIN, SHORT
from assembler.errors import Complaint, nearest
from assembler.expr import Linear, Value, describe, fold, symbols_of
from assembler.match import SHORT_RELOCATIONS
from assembler.naming import is_elsewhere, keep_name, listed_name
from assembler.objects import ObjGroup, ObjSection, ObjSymbol, Relocation
from assembler.options import Target
from assembler.reloc import Field, patch_field, patch_operand, types_by_name
from assembler.sections import Fixup, Section
from assembler.source import Spot
from assembler.symbols import FAKE_NAME, LATE, Symbol, SymbolTable, display_name
from isa.csrs import CSRS
from isa.errors import OperandError
from isa.spec import TABLE

Report = Callable[[Complaint, Spot], None]
_PREFILLED_BY_ADDEND = ("R_RISCV_HI20", "R_RISCV_LO12_I", "R_RISCV_LO12_S")
_TPREL = tuple(f"R_RISCV_TPREL_{name}" for name in ("HI20", "LO12_I", "LO12_S", "ADD"))
_PAIRS = tuple(f"R_RISCV_PCREL_{name}" for name in ("HI20", "LO12_I", "LO12_S"))
_RELAXABLE = frozenset((*_PREFILLED_BY_ADDEND, *_TPREL, *_PAIRS, "R_RISCV_CALL_PLT"))
_THREAD_LOCAL = frozenset((*_TPREL, "R_RISCV_TLS_GOT_HI20", "R_RISCV_TLS_GD_HI20"))


class Finisher:
    """Turns laid-out sections and symbols into an object."""

    def __init__(self, symbols: SymbolTable, sections: Iterable[Section], target: Target) -> None:
        self._table = symbols
        self._sections = list(sections)
        self._target = target
        self._made: dict[int, ObjSymbol] = {}
        self._heads: dict[int, ObjSymbol] = {}
        self._versions: list[ObjSymbol] = []
        self._order: dict[int, int] = {}  # of output symbols in the table
        self._outputs = {id(section): _output(section) for section in self._sections}
        self._numbers = {name: kind.number for name, kind in types_by_name().items()}
        self._object = Object("")

    def finish(self, report: Report) -> Object:
        """Make the object; errors are reported with their places."""
        self._object.flags = self._target.elf_flags
        for section in self._sections:
            self._object.sections.append(self._outputs[id(section)])
        for symbol in self._table.by_name.values():
            try:
                self._list(symbol)
            except Complaint as complaint:
                spot = symbol.defined_at or symbol.used_at
                assert spot is not None
                report(complaint, spot)
        marks = self._mapping_symbols()
        for section in self._sections:
            output = self._outputs[id(section)]
            if section.order is not None:
                self._order[id(self._head(output))] = section.order
            for fixup in sorted(section.fixups, key=_is_branch):
                try:
                    self._fix(fixup)
                except Complaint as complaint:
                    complaint.column = _column_of(fixup)
                    report(complaint, fixup.spot)
            output.data = bytes(section.data)
            output.relocations.sort(key=_offset)
        self._object.groups = self._groups()
        signatures = self._signatures()
        for version in self._versions:
            self._order[id(version)] = next(self._table.clock)
        self._object.sections.append(attributes_section(self._target))
        for output in self._object.sections:
            self._order.setdefault(id(self._head(output)), next(self._table.clock))
        names = [ObjSymbol(name, type="file", section="absolute") for name in self._table.sources]
        listed = [*marks, *self._heads.values(), *self._made.values(), *signatures, *self._versions]
        listed.sort(key=lambda symbol: self._order[id(symbol)])
        for section in self._sections:
            if section.linked:
                self._outputs[id(section)].linked = self._linked(section)
        self._object.symbols = [*names, *listed]
        return self._object

    def _mapping_symbols(self) -> list[ObjSymbol]:
        """Make `$x` and `$d`; of several at one place the last counts."""
        found = []
        for section in self._sections:
            output = self._outputs[id(section)]
            at = {place.final(): (mark, order) for place, mark, order in section.marks}
            for offset, (mark, order) in at.items():
                if offset < section.size:
                    found.append(ObjSymbol(f"${mark}", offset, section=output))
                    made_at = next(self._table.clock) if order is None else order
                    self._order[id(found[-1])] = made_at
        return found

    def _linked(self, section: Section) -> ObjSection:
        """Find the section that another one describes, by a symbol in it or by its name."""
        symbol = self._table.by_name.get(section.linked)
        if symbol is not None and symbol.place is not None:
            return self._outputs[id(symbol.place.section)]
        for other in self._object.sections:
            if other.name == section.linked:
                return other
        raise Complaint(f"undefined linked-to symbol {section.linked!r} on section {section.name}")

    def _groups(self) -> list[ObjGroup]:
        """Collect the sections that say they belong to groups."""
        groups: dict[str, ObjGroup] = {}
        for section in self._sections:
            if section.group:
                group = groups.get(section.group)
                if group is None:
                    signature = self._signature(section.group)
                    group = groups[section.group] = ObjGroup(signature, section.is_comdat)
                group.members.append(self._outputs[id(section)])
        return list(groups.values())

    def _signatures(self) -> list[ObjSymbol]:
        """Give the names of groups that are no symbols of their own, and put them in order."""
        made = {id(symbol) for symbol in self._made.values()}
        found = []
        for group in self._object.groups:
            if id(group.signature) not in made:
                group.signature.section = group
                self._order[id(group.signature)] = next(self._table.clock)
                found.append(group.signature)
        return found

    def _signature(self, name: str) -> ObjSymbol:
        symbol = self._table.by_name.get(name)
        made = None if symbol is None else self._made.get(id(symbol))
        return ObjSymbol(name) if made is None else made

    # ---- symbols

    def _list(self, symbol: Symbol) -> None:
        """Put a symbol into the table unless nothing asks for it."""
        if "\x02" in symbol.name and not symbol.is_defined:
            raise Complaint(f"label {display_name(symbol)} is used but not defined after this")
        is_mentioned = symbol.used_at is not None or (
            symbol.defined_at is not None and symbol.binding != "weak"
        )
        if symbol.is_removed or symbol.weak_target is not None or is_elsewhere(symbol):
            return
        if symbol.versions and not symbol.is_defined and symbol.used_at is None:
            return
        is_left_out = symbol.is_temporary and not self._target.keeps_locals
        if not is_left_out and (symbol.is_defined or is_mentioned):
            self._make(symbol)
        if symbol.versions and symbol.is_defined:
            self._list_versions(symbol)

    def _list_versions(self, symbol: Symbol) -> None:
        """Give a defined symbol its further names."""
        made = self._make(symbol)
        for name in symbol.versions:
            if name != made.name and "@@@" not in name:
                self._versions.append(replace(made, name=name))

    def _head(self, section: ObjSection) -> ObjSymbol:
        """Give the symbol of a whole section, made now if it is new."""
        head = self._heads.get(id(section))
        if head is None:
            head = self._heads[id(section)] = ObjSymbol("", type="section", section=section)
        return head

    def _make(self, symbol: Symbol) -> ObjSymbol:
        """Give the output symbol, made now if it is new."""
        if symbol.type == "section" and symbol.place is not None:
            return self._head(self._outputs[id(symbol.place.section)])
        made = self._made.get(id(symbol))
        if made is None:
            made = self._made[id(symbol)] = self._convert(symbol)
            is_local = symbol.is_temporary and symbol.name != FAKE_NAME
            if symbol.order == LATE or (is_local and not symbol.is_touched):
                self._order[id(made)] = next(self._table.clock)
            else:
                self._order[id(made)] = symbol.order
        return made

    def _convert(self, symbol: Symbol) -> ObjSymbol:
        binding = symbol.binding
        if binding == "local" and (not symbol.is_defined or symbol.common):
            binding = "global"
        if symbol.is_weakly_used and symbol.used_at is None and not symbol.is_defined:
            binding = "weak" if symbol.binding == "local" else binding
        made = ObjSymbol(listed_name(symbol), 0, 0, binding, symbol.type, symbol.visibility)
        made.other = symbol.other
        size = fold(symbol.size, is_final=True)
        if not isinstance(size, int):
            raise Complaint(f"the size of {symbol.name} depends on {describe(size)}")
        made.size = size
        if symbol.common:
            made.size, made.value = symbol.common
            made.section = "common"
            made.type = "tls" if symbol.type == "tls" else "object"
            return made
        self._locate(symbol, made)
        return made

    def _locate(self, symbol: Symbol, made: ObjSymbol) -> None:
        value: Value = Linear(symbol, None, 0) if symbol.value is None else symbol.value
        if not symbol.is_defined:
            return
        folded = fold(value, is_final=True)
        if isinstance(folded, int):
            made.value, made.section = folded, "absolute"
            return
        base = folded.plus if isinstance(folded, Linear) and folded.minus is None else None
        if base is None or base.place is None:
            raise Complaint(f"{symbol.name} cannot be expressed: it depends on {describe(folded)}")
        assert isinstance(folded, Linear)
        if base is not symbol and not symbol.has_inherited:
            self._inherit(base, made)
        made.value = base.place.final() + folded.constant
        made.section = self._outputs[id(base.place.section)]
        if "T" in base.place.section.flags:
            made.type = "tls"

    def _inherit(self, base: Symbol, made: ObjSymbol) -> None:
        """Give a symbol assigned from another one its type and size, where it has none."""
        if made.type == "notype":
            made.type = base.type
        size = fold(base.size, is_final=True)
        if not made.size and isinstance(size, int):
            made.size = size

    # ---- fixups

    def _fix(self, fixup: Fixup) -> None:
        for symbol in symbols_of(fixup.value):
            if "\x02" in symbol.name and not symbol.is_defined:
                return  # told already, at the symbol
        if not fixup.field.size:
            self._fix_hint(fixup)
        elif fixup.field.operand is None:
            self._fix_datum(fixup)
        else:
            self._fix_operand(fixup)

    def _fix_hint(self, fixup: Fixup) -> None:
        """Give a relocation that fills nothing in."""
        section, value = fixup.place.section, keep_name(fixup.value)
        symbol, addend = None, value
        if isinstance(value, Linear) and value.minus is None:
            symbol, addend = value.plus, value.constant
        if not isinstance(addend, int):
            raise Complaint(f"no relocation can express this; it depends on {describe(value)}")
        offset = fixup.place.final()
        self._relocate(section, offset, fixup.field.relocation, symbol, addend)
        if fixup.field.relocation in _THREAD_LOCAL and symbol is not None:
            self._make(symbol).type = "tls"
        self._mark_relaxable(fixup, offset, symbol, addend)

    def _mark_relaxable(
        self, fixup: Fixup, offset: int, symbol: Symbol | None, addend: int
    ) -> None:
        """Let a linker relax the code here; for pairs, GNU as asks the switch at the end."""
        name = fixup.field.relocation
        if not fixup.relax or symbol is None or name not in _RELAXABLE:
            return
        if name.startswith("R_RISCV_PCREL") and not self._target.switches.relax:
            return
        self._relocate(fixup.place.section, offset, "R_RISCV_RELAX", None, addend)

    def _fix_datum(self, fixup: Fixup) -> None:
        field, section = fixup.field, fixup.place.section
        offset = fixup.place.final()
        value = fixup.value
        if not _is_code_difference(value):
            value = keep_name(value)
        if isinstance(value, int):
            patch_field(section.data, offset, field, value)
            return
        if not isinstance(value, Linear) or value.plus is None:
            raise Complaint(f"no relocation can express this; it depends on {describe(value)}")
        if value.minus is not None:
            bits = 8 * field.size
            self._relocate(section, offset, f"R_RISCV_ADD{bits}", value.plus, value.constant)
            self._relocate(section, offset, f"R_RISCV_SUB{bits}", value.minus, 0)
        elif not field.relocation:
            raise Complaint(f"an address does not fit in {field.size} bytes: {describe(value)}")
        else:
            self._relocate(section, offset, field.relocation, value.plus, value.constant)

    def _fix_operand(self, fixup: Fixup) -> None:
        field, section = fixup.field, fixup.place.section
        offset = fixup.place.final()
        if fixup.branch is not None:
            field, behind = _branch_field(field, fixup.branch.size)
            offset += behind
        value = keep_name(fixup.value)
        if isinstance(value, int) and not field.is_relative:
            patch_field(section.data, offset, field, value)
            return
        if not field.relocation:
            raise Complaint(self._needs_constant(value, field))
        if isinstance(value, int):
            self._relocate(section, offset, field.relocation, None, value)
            return
        if not isinstance(value, Linear) or value.minus is not None or value.plus is None:
            raise Complaint(f"no relocation can express this; it depends on {describe(value)}")
        self._relocate(section, offset, field.relocation, value.plus, value.constant)
        if field.relocation in _THREAD_LOCAL:
            self._make(value.plus).type = "tls"
        self._prefill(section, offset, field, value)
        self._mark_relaxable(fixup, offset, value.plus, value.constant)

    def _needs_constant(self, value: Value, field: Field) -> str:
        names = [symbol for symbol in symbols_of(value) if not symbol.is_defined]
        if not names:
            return f"a constant is needed here, and {describe(value)} is an address"
        name = display_name(names[0])
        if field.operand is not None and field.operand.kind == "csr":
            return (
                f"{name!r} is neither a CSR nor a symbol with a value{nearest(name, CSRS.by_name)}"
            )
        return f"symbol {name!r} is not defined{self._table.suggestion(name)}"

    def _prefill(self, section: Section, offset: int, field: Field, value: Linear) -> None:
        """Fill in what the field would be if the section stood alone, as GNU as does."""
        assert field.operand is not None
        assert value.plus is not None
        base = self._made[id(value.plus)]
        if field.relocation in _PREFILLED_BY_ADDEND:
            number = field.part(value.constant)
        elif types_by_name()[field.relocation].base == "pc" and not field.relocation.endswith(
            "HI20"
        ):
            if base.section == "absolute":
                return
            number = base.value + value.constant - offset
            number -= number % field.operand.align  # code at odd places is the source's business
        else:
            return
        try:
            patch_operand(section.data, offset, field.operand, number, field.length)
        except OperandError:
            if base.section is self._outputs[id(section)] and base.binding == "local":
                raise Complaint(f"the target is out of reach: {number:#x} bytes away") from None

    def _relocate(
        self, section: Section, offset: int, name: str, symbol: Symbol | None, addend: int
    ) -> None:
        made = None if symbol is None else self._make(symbol)
        entry = Relocation(offset, self._numbers[name], made, addend)
        self._outputs[id(section)].relocations.append(entry)


def _branch_field(field: Field, size: int) -> tuple[Field, int]:
    """Give the field of a branch of a size, and how far behind the branch's beginning it is."""
    if size == SHORT:
        name = SHORT_RELOCATIONS[TABLE.by_name[field.insn].kind]
        return Field(2, name, types_by_name()[name].field, insn=field.insn), 0
    if size == PLAIN:
        return field, 0
    return Field(4, "R_RISCV_JAL", TABLE.by_name["jal"].pattern.operands["offset"]), size - PLAIN


def _is_branch(fixup: Fixup) -> bool:
    """Whether GNU as makes this fixup only when sizes are known, behind all others."""
    return fixup.field.relocation in ("R_RISCV_BRANCH", "R_RISCV_JAL")


def _offset(entry: Relocation) -> int:
    return entry.offset


def _column_of(fixup: Fixup) -> int | None:
    """Find the first symbol of a fixup in its statement."""
    text = fixup.spot.statement.text
    for symbol in symbols_of(fixup.value):
        pattern = rf"(?<![\w.$]){re.escape(display_name(symbol))}(?![\w.$])"
        if found := re.search(pattern, text):
            return found.start()
    return None


def _output(section: Section) -> ObjSection:
    output = ObjSection(section.name, section.type, section.flags, b"", section.size)
    output.align, output.entsize = section.align, section.entsize
    output.more_flags = section.more_flags
    return output


def _is_code_difference(value: Value) -> bool:
    """Whether this is the difference of two places in code, which a linker may change."""
    if not isinstance(value, Linear) or value.plus is None or value.minus is None:
        return False
    places = [symbol.place for symbol in (value.plus, value.minus)]
    return all(place is not None and place.section.is_code for place in places)
