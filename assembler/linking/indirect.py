"""Indirect functions (STT_GNU_IFUNC) of a static link: stubs, their table, and R_RISCV_IRELATIVE.

Who calls such a function goes through a stub that jumps where its slot of `.igot.plt` says. What
runs before main fills the slots, by the relocations between `__rela_iplt_start` and
`__rela_iplt_end`. Follows the RISC-V ELF psABI, "Procedure Linkage Table"; which references need a
stub, and which a relocation in place, is as in GNU ld.
"""

import struct

from assembler.errors import LinkError
from assembler.linking import kinds, model
from assembler.linking.context import Context
from assembler.linking.model import MASK64, InputFile, Reloc, Section, Symbol
from assembler.reloc import high_part, low_part, types_by_number
from isa.spec import TABLE

WORD, ENTRY, STUB = 8, 24, 16
_T1, _T3 = 6, 28
_RELA = struct.Struct("<QQQ")
_CALLS = frozenset((kinds.CALL, kinds.CALL_PLT))
_JUMPS = frozenset((kinds.JAL, kinds.BRANCH, kinds.RVC_BRANCH, kinds.RVC_JUMP))
_RELATIVE = _JUMPS | {kinds.PCREL_HI20}
_ABSOLUTE = frozenset((kinds.ABS32, kinds.ABS64, kinds.HI20))
_WITHOUT_STUB = _ABSOLUTE | {kinds.GOT_HI20, kinds.LO12_I, kinds.LO12_S}
_KNOWN = _WITHOUT_STUB | _CALLS | {kinds.PCREL_HI20}
_MAY_BE_INDIRECT = (
    *(kinds.ABS64, kinds.CALL, kinds.CALL_PLT, kinds.GOT_HI20),
    *(kinds.PCREL_HI20, kinds.HI20),
)


class _Uses:
    """How an indirect function is referred to, and what it was given."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.calls = self.table = self.places = self.relative = 0
        self.is_compared = False  # whether its address is taken
        self.stub = self.slot = -1  # offsets in .iplt and .got

    @property
    def needs_stub(self) -> bool:
        """Whether something cannot do without a stub."""
        return self.calls > 0 or self.relative > 0


class IndirectFunctions:
    """The indirect functions of a link; `sections` are made early, for the flags they bring."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self.sections: list[Section] = []
        self._uses: dict[int, _Uses] = {}
        self._entries: list[tuple[int, int]] = []
        self._last = 0

    def scan(self, file: InputFile, section: Section) -> None:
        """Count how a section's relocations refer to indirect functions."""
        if not self.sections and any(_is_possible(one) for one in section.relocs):
            self._create(file)
        for reloc in section.relocs:
            symbol = reloc.symbol
            if symbol is None or not is_indirect(symbol) or not section.flags & model.ALLOC:
                continue
            uses = self._uses.setdefault(id(symbol), _Uses(symbol))
            self._count(uses, reloc.kind, section)

    def _count(self, uses: _Uses, kind: int, section: Section) -> None:
        uses.table += kind == kinds.GOT_HI20
        uses.calls += kind in _CALLS or kind == kinds.PCREL_HI20
        if kind in _RELATIVE or kind in _ABSOLUTE:
            uses.is_compared = True
            uses.calls += bool(section.flags & (model.CODE | model.READONLY))
            uses.places += 1
            uses.relative += kind in _RELATIVE

    def _create(self, file: InputFile) -> None:
        code = model.SHF_ALLOC | model.SHF_EXEC
        for name, kind, flags, power in (
            (".iplt", model.SHT_PROGBITS, code, 4),
            (".rela.iplt", model.SHT_RELA, model.SHF_ALLOC, 3),
            (".igot.plt", model.SHT_PROGBITS, model.SHF_ALLOC | model.SHF_WRITE, 3),
        ):
            self.sections.append(make_section(file, name, kind, flags, power))

    # ---- room

    def allocate(self, table: Section | None) -> None:
        """Give each function what its uses need; exclude what stays empty."""
        if not self.sections:
            return
        relocations = self.sections[1]
        ordered = [one for one in self._link.symbols.in_table_order() if id(one) in self._uses]
        local = [one.symbol for one in self._uses.values() if one.symbol.is_local]
        for symbol in (*ordered, *local):
            self._give(self._uses[id(symbol)], table)
        for section in self.sections:
            section.data = bytearray(section.size)
            section.raw_size = section.size
            section.flags |= 0 if section.size else model.EXCLUDE
        self._entries = [(0, 0)] * (relocations.size // ENTRY)
        self._last = len(self._entries) - 1

    def _give(self, uses: _Uses, table: Section | None) -> None:
        stubs, relocations, slots = self.sections
        if uses.needs_stub:
            uses.stub = stubs.size
            stubs.size += STUB
            slots.size += WORD
            relocations.size += ENTRY
        else:
            relocations.size += ENTRY * uses.places
        is_shared = uses.needs_stub and not uses.is_compared
        if uses.table and not is_shared and table is not None:
            uses.slot = table.size
            table.size += WORD
            relocations.size += 0 if uses.needs_stub else ENTRY

    # ---- values

    def resolve(self, reloc: Reloc, section: Section) -> int | None:
        """Give the value a relocation means by an indirect function; None when startup fills it."""
        symbol = reloc.symbol
        assert symbol is not None
        uses = self._uses[id(symbol)]
        kind = reloc.kind
        if kind not in _KNOWN or (uses.stub < 0 and kind not in _WITHOUT_STUB):
            found = types_by_number().get(kind)
            name = found.name if found is not None else f"type {kind}"
            message = f"relocation {name} against STT_GNU_IFUNC symbol `{symbol.name}'"
            raise LinkError(f"{message} isn't supported")
        if kind in (kinds.ABS32, kinds.ABS64):
            if reloc.addend:
                message = f"relocation against STT_GNU_IFUNC symbol `{symbol.name}' has an addend"
                raise LinkError(message)
            if uses.stub < 0:
                self._add(section.base + reloc.offset, symbol)
                return None
        return (self.sections[0].base + uses.stub + reloc.addend) & MASK64

    def table_entry(self, symbol: Symbol, table: Section) -> int:
        """Give the address of the place that holds a function's address."""
        uses = self._uses[id(symbol)]
        if uses.slot < 0:
            return self.sections[2].base + uses.stub // STUB * WORD
        return table.base + uses.slot

    def _add(self, place: int, symbol: Symbol) -> None:
        at = next(n for n, entry in enumerate(self._entries) if not entry[0])
        self._entries[at] = place, symbol.address() or 0

    def finish(self, table: Section | None) -> None:
        """Fill stubs, slots and relocations."""
        if not self.sections:
            return
        stubs, relocations, slots = self.sections
        for uses in self._uses.values():
            if uses.stub >= 0:
                number = uses.stub // STUB
                place = slots.base + number * WORD
                self._entries[number] = place, uses.symbol.address() or 0
                _put(stubs, uses.stub, _stub(place, stubs.base + uses.stub))
                _put(slots, number * WORD, (stubs.base & MASK64).to_bytes(WORD, "little"))
            if uses.slot >= 0 and table is not None:
                self._fill_slot(uses, table)
        for number, (place, resolver) in enumerate(self._entries):
            _put(relocations, number * ENTRY, _RELA.pack(place, kinds.IRELATIVE, resolver))

    def _fill_slot(self, uses: _Uses, table: Section) -> None:
        if uses.stub < 0:
            self._entries[self._last] = table.base + uses.slot, uses.symbol.address() or 0
            self._last -= 1
            return
        address = self.sections[0].base + uses.stub
        _put(table, uses.slot, address.to_bytes(WORD, "little"))


def is_indirect(symbol: Symbol) -> bool:
    """Whether a symbol is an indirect function that the link defines."""
    return symbol.type == model.STT_GNU_IFUNC and isinstance(symbol.section, Section)


def make_section(file: InputFile, name: str, kind: int, flags: int, power: int) -> Section:
    """Make a section that no file has, as if it were the last of one."""
    section = Section(file, name, kind, flags)
    section.flags |= model.LINKER_CREATED | model.HAS_CONTENTS
    section.align_power = power
    section.index = len(file.sections)
    file.sections.append(section)
    return section


def _put(section: Section, at: int, data: bytes) -> None:
    assert isinstance(section.data, bytearray)
    section.data[at : at + len(data)] = data


def _stub(slot: int, place: int) -> bytes:
    """Write what loads a slot and jumps there."""
    distance = (slot - place) & MASK64
    auipc, load, jump, nop = (TABLE.by_name[name] for name in ("auipc", "ld", "jalr", "addi"))
    words = (
        auipc.encode(rd=_T3, imm20=high_part(distance)),
        load.encode(rd=_T3, rs1=_T3, imm=low_part(distance)),
        jump.encode(rd=_T1, rs1=_T3, imm=0),
        nop.encode(rd=0, rs1=0, imm=0),
    )
    return b"".join(word.to_bytes(4, "little") for word in words)


def _is_possible(reloc: Reloc) -> bool:
    """Whether a relocation might mean an indirect function."""
    symbol = reloc.symbol
    if reloc.kind not in _MAY_BE_INDIRECT or symbol is None:
        return False
    return not symbol.is_local or is_indirect(symbol)
