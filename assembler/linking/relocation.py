"""Applying the relocations of placed input sections.

Follows the RISC-V ELF psABI, chapter "Relocations". An address that `auipc` cannot reach but `lui`
can (an undefined weak symbol, or a small constant) is reached from zero instead.
"""

from assembler.errors import LinkError
from assembler.linking import kinds, model
from assembler.linking.context import Context
from assembler.linking.encoding import (
    Patch,
    ReachError,
    data_patches,
    has_high,
    instruction_patches,
    put_uleb128,
    read_uleb128,
    uleb128_length,
)
from assembler.linking.got import GlobalOffsetTable
from assembler.linking.indirect import is_indirect
from assembler.linking.model import MASK64, Reloc, Section, Symbol
from assembler.linking.relaxation import GP, fits_signed
from assembler.reloc import types_by_number

_LUI_BIT = 0x20  # what tells lui from auipc
_IGNORED = frozenset((kinds.NONE, kinds.RELAX, kinds.ALIGN, kinds.TPREL_ADD, kinds.RELATIVE))
_PC_RELATIVE = frozenset(
    (kinds.BRANCH, kinds.JAL, kinds.CALL, kinds.CALL_PLT, kinds.RVC_BRANCH, kinds.RVC_JUMP)
) | {kinds.PCREL_HI20, kinds.PCREL32, kinds.PLT32}
_FROM_TABLE = frozenset((kinds.GOT_HI20, kinds.TLS_GOT_HI20, kinds.TLS_GD_HI20))
_THREAD = frozenset((kinds.TPREL_HI20, kinds.TPREL_LO12_I, kinds.TPREL_LO12_S))
_THREAD |= {kinds.TPREL_I, kinds.TPREL_S}
_LOWS = frozenset((kinds.PCREL_LO12_I, kinds.PCREL_LO12_S))
_BASED = frozenset((kinds.GPREL_I, kinds.GPREL_S, kinds.TPREL_I, kinds.TPREL_S))
_GP_REGISTER, _TP_REGISTER = 3, 4


class Relocator:
    """Relocates the sections of one link."""

    def __init__(self, link: Context, got: GlobalOffsetTable) -> None:
        self._link = link
        self._got = got
        self._gp = link.symbol_address(GP) or 0
        self._tls = link.tls.vma if link.tls is not None else 0
        self._patches: dict[int, tuple[Patch, int]] = instruction_patches() | data_patches()
        self._section: Section | None = None
        self._highs: dict[int, int] = {}
        self._lows: list[tuple[Reloc, int]] = []

    def relocate(self, section: Section) -> bytearray:
        """Give a section's bytes with all relocations applied."""
        data = bytearray(section.data)
        self._section = section
        self._highs, self._lows = {}, []
        for reloc in section.relocs:
            if reloc.kind in _IGNORED:
                continue
            self._guarded(reloc, data, None)
        for reloc, place in self._lows:
            self._guarded(reloc, data, place)
        return data

    def _guarded(self, reloc: Reloc, data: bytearray, place: int | None) -> None:
        """Apply one relocation, or the low part that belongs to a place; note what is wrong."""
        try:
            if place is None:
                self._apply(reloc, data)
            else:
                self._apply_low(reloc, place, data)
        except ReachError:
            target = reloc.symbol
            what = "" if target is None or not target.name else f" against symbol `{target.name}'"
            where = _definition(target)
            kind = self._kind_name(reloc)
            message = f"relocation truncated to fit: {kind}{what}{where}"
            self._link.complain(self._error(reloc, message))
        except LinkError as error:
            self._link.complain(self._error(reloc, error.message))

    def _kind_name(self, reloc: Reloc) -> str:
        found = types_by_number().get(reloc.kind)
        return found.name if found is not None else f"relocation type {reloc.kind}"

    def _error(self, reloc: Reloc, message: str) -> LinkError:
        section = self._section
        assert section is not None
        place = f"{section.file.name}:({section.name}+{reloc.offset:#x})"
        return LinkError(f"{place}: {message}")

    def _apply(self, reloc: Reloc, data: bytearray) -> None:
        section, kind, at = self._section, reloc.kind, reloc.offset
        assert section is not None
        if kind in (kinds.SET_ULEB128, kinds.SUB_ULEB128):
            self._apply_uleb128(reloc, data)
            return
        found = self._patches.get(kind)
        if found is None:
            raise LinkError(f"{self._kind_name(reloc)} is not supported in a static link")
        patch, size = found
        if at + size > len(data):
            raise LinkError("the relocation reaches past the end of its section")
        if reloc.symbol is not None and is_indirect(reloc.symbol) and section.flags & model.ALLOC:
            value = self._got.indirect.resolve(reloc, section)
            if value is None:
                return
        else:
            value = self._value(reloc)
        if value is None:
            _clear(section, data, reloc, size)
            return
        pc = (section.base + at) & MASK64
        if kind in _LOWS:
            self._lows.append((reloc, value))
            return
        if kind in _FROM_TABLE:
            value = self._from_table(reloc, value, pc)
        elif kind in _THREAD or kind in (kinds.DTPREL32, kinds.DTPREL64):
            value -= self._tls + (0x800 if kind in (kinds.DTPREL32, kinds.DTPREL64) else 0)
        elif kind == kinds.PCREL_HI20:
            value = self._high(value, pc, data, at)
        elif kind in (kinds.CALL, kinds.CALL_PLT):
            value = self._call(reloc, value, pc, data)
        elif kind in _PC_RELATIVE:
            value -= pc
        if kind in _BASED:
            value = self._based(reloc, value, data)
        patch(data, at, value)

    def _value(self, reloc: Reloc) -> int | None:
        """Give S + A; None when the symbol's section was dropped."""
        symbol = reloc.symbol
        if symbol is None:
            return reloc.addend & MASK64
        section = symbol.section
        if section is None:
            if symbol.kind in (model.DEFINED, model.DEFWEAK):
                return (symbol.value + reloc.addend) & MASK64
            return self._undefined(symbol, reloc)
        if isinstance(section, Section):
            if section.is_discarded:
                section = self._stand_in(section, symbol)
                if section is None:
                    return None
            if section.merge is not None:
                return self._merged(section, symbol, reloc.addend)
        elif not symbol.is_defined:
            return self._undefined(symbol, reloc)
        return (section.base + symbol.value + reloc.addend) & MASK64

    def _merged(self, section: Section, symbol: Symbol, addend: int) -> int:
        assert section.merge is not None
        if symbol.type == model.STT_SECTION:
            home, at = section.merge(max(0, symbol.value + addend))
            return (home.base + at) & MASK64
        home, at = section.merge(symbol.value)
        return (home.base + at + addend) & MASK64

    def _stand_in(self, section: Section, symbol: Symbol) -> Section | None:
        """Find what replaces a dropped section: only debug information may speak of it."""
        here = self._section
        assert here is not None
        is_loaded = here.flags & model.ALLOC and not here.name.startswith((".eh_frame", ".gcc_exc"))
        if is_loaded:
            name = symbol.name or section.name
            message = f"`{name}' referenced in section `{here.name}' of {here.file.name}: "
            message += f"defined in discarded section `{section.name}' of {section.file.name}"
            raise LinkError(message)
        kept = section.kept
        if kept is not None and kept.size == section.size and not kept.is_discarded:
            return kept
        return None

    def _undefined(self, symbol: Symbol, reloc: Reloc) -> int:
        link = self._link
        if symbol.kind != model.UNDEFWEAK:
            message = f"undefined reference to `{symbol.name}'{link.suggest(symbol.name)}"
            if not link.options.allows_undefined:
                if link.options.warns_undefined:
                    link.warn(str(self._error(reloc, f"warning: {message}")))
                else:
                    link.complain(self._error(reloc, message))
                assert self._section is not None
                assert self._section.output is not None
                return self._section.output.vma + reloc.addend & MASK64
        return reloc.addend & MASK64

    # ---- one kind each

    def _from_table(self, reloc: Reloc, value: int, pc: int) -> int:
        symbol = reloc.symbol
        if symbol is None or (symbol.got < 0 and not is_indirect(symbol)):
            raise LinkError("a relocation for the global offset table without symbol")
        entry = self._got.entry(symbol, reloc.kind, (value - reloc.addend) & MASK64)
        distance = (entry - pc) & MASK64
        self._highs[pc] = distance
        return distance

    def _high(self, value: int, pc: int, data: bytearray, at: int) -> int:
        distance = (value - pc) & MASK64
        if not has_high(distance) and has_high(value):
            data[at] |= _LUI_BIT
            distance = value
        self._highs[pc] = distance
        return distance

    def _call(self, reloc: Reloc, value: int, pc: int, data: bytearray) -> int:
        symbol = reloc.symbol
        if symbol is not None and symbol.kind == model.UNDEFWEAK:
            _set_base(data, reloc.offset + 4, 0)
            return reloc.addend
        return value - pc

    def _apply_low(self, reloc: Reloc, place: int, data: bytearray) -> None:
        symbol = reloc.symbol
        if symbol is not None and symbol.type == model.STT_SECTION and reloc.addend:
            raise LinkError("dangerous relocation: %pcrel_lo section symbol with an addend")
        high = self._highs.get((place - reloc.addend) & MASK64)
        if high is None:
            raise LinkError("dangerous relocation: %pcrel_lo missing matching %pcrel_hi")
        value = high + reloc.addend
        if (value + 0x800) >> 12 != (high + 0x800) >> 12:
            raise LinkError("dangerous relocation: %pcrel_lo overflow with an addend")
        patch, _ = self._patches[reloc.kind]
        patch(data, reloc.offset, value)

    def _based(self, reloc: Reloc, value: int, data: bytearray) -> int:
        """Choose the register that a shortened address counts from."""
        value &= MASK64
        if reloc.kind in (kinds.TPREL_I, kinds.TPREL_S):
            if not fits_signed(value, 12):
                raise ReachError
            _set_base(data, reloc.offset, _TP_REGISTER)
            return value
        if fits_signed(value, 12):
            _set_base(data, reloc.offset, 0)
            return value
        if not fits_signed(value - self._gp, 12):
            raise ReachError
        _set_base(data, reloc.offset, _GP_REGISTER)
        if self._link.options.emit_relocs:
            reloc.addend -= self._gp
        return value - self._gp

    def _apply_uleb128(self, reloc: Reloc, data: bytearray) -> None:
        at = reloc.offset
        if at + uleb128_length(data, at) > len(data):
            raise LinkError("the relocation reaches past the end of its section")
        value = self._value(reloc) or 0
        if reloc.kind == kinds.SUB_ULEB128:
            value = read_uleb128(data, at) - value
            bits = 7 * uleb128_length(data, at)
            put_uleb128(data, at, value & (1 << bits) - 1)
        else:
            bits = 7 * uleb128_length(data, at)
            put_uleb128(data, at, value & (1 << bits) - 1)


def _set_base(data: bytearray, at: int, register: int) -> None:
    """Set the register that an instruction adds its immediate to."""
    insn = int.from_bytes(data[at : at + 4], "little") & ~(31 << 15) | register << 15
    data[at : at + 4] = insn.to_bytes(4, "little")


def _clear(section: Section, data: bytearray, reloc: Reloc, size: int) -> None:
    """Blank what spoke of a dropped section; a range of no length would end a list of ranges."""
    at = reloc.offset
    if reloc.kind in (kinds.SET6, kinds.SUB6):
        data[at] &= 0xC0
        return
    data[at : at + size] = bytes(size)
    if section.name == ".debug_ranges" and size:
        data[at] = 1


def _definition(symbol: Symbol | None) -> str:
    if symbol is None or symbol.section is None or symbol.file is None:
        return ""
    name = symbol.section.name
    return f" defined in {name} section in {symbol.file.name}"
