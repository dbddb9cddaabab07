"""Applying relocations to one placed input section.

Follows the RISC-V ELF psABI, chapter "Relocations". An address that `auipc` cannot reach but `lui`
can (an undefined weak symbol, or a small constant) is reached from zero instead.
"""

from collections.abc import Callable
from functools import cache
from typing import Protocol

from assembler.artifacts import Object
from assembler.errors import LinkError
from assembler.link_sections import Piece
from assembler.objects import ObjSymbol, Relocation
from assembler.reloc import RelocType, high_part, low_part, patch_operand, types_by_number
from isa.errors import OperandError
from isa.spec import TABLE, Operand

MASK64 = (1 << 64) - 1
_LUI_BIT = 0x20  # what tells lui from auipc


class Addresses(Protocol):
    """Who knows where symbols are."""

    def address(self, symbol: ObjSymbol, obj: Object) -> int | None:
        """Give a symbol's address."""
        ...

    def is_weak(self, symbol: ObjSymbol) -> bool:
        """Whether it may stay undefined."""
        ...


def signed(value: int) -> int:
    """Read a 64-bit word as a signed number."""
    return ((value + (1 << 63)) & MASK64) - (1 << 63)


@cache
def _field(kind: RelocType) -> Operand:
    return kind.field


class Relocator:
    """Relocates the bytes of one piece."""

    def __init__(self, addresses: Addresses, piece: Piece, data: bytearray) -> None:
        self._addresses = addresses
        self._piece = piece
        self._data = data
        self._highs: dict[int, int] | None = None

    def apply(self, complain: Callable[[LinkError], None], suggest: Callable[[str], str]) -> None:
        """Apply all relocations, reporting those that cannot be."""
        for entry in self._piece.section.relocations:
            try:
                self._apply(entry, suggest)
            except OperandError as error:
                complain(self._error(entry, f"out of reach: {error.message}"))
            except LinkError as error:
                complain(self._error(entry, error.message))

    def _error(self, entry: Relocation, message: str) -> LinkError:
        place = f"{self._piece.source.filename}:({self._piece.section.name}+{entry.offset:#x})"
        kind = types_by_number().get(entry.number)
        name = f" {kind.name}" if kind else ""
        target = f" against {entry.symbol.name!r}" if entry.symbol and entry.symbol.name else ""
        return LinkError(f"{place}:{name}{target}: {message}")

    def _apply(self, entry: Relocation, suggest: Callable[[str], str]) -> None:
        kind = types_by_number().get(entry.number)
        if kind is None:
            raise LinkError(f"relocation type {entry.number} is not supported")
        if kind.base == "hint":
            return
        if entry.offset + kind.size > len(self._data):
            raise LinkError("the relocation reaches past the end of its section")
        value = self._value(entry, suggest)
        pc = self._piece.address + entry.offset
        match kind.base:
            case "abs":
                self._put(entry.offset, kind, signed(value))
            case "pc":
                self._put_relative(entry, kind, value, pc)
            case "call":
                self._put_call(entry, value, pc)
            case "pair":
                high = self._high_value(value, suggest)
                patch_operand(self._data, entry.offset, _field(kind), low_part(high))
            case _:
                self._change(entry.offset, kind, value)

    def _value(self, entry: Relocation, suggest: Callable[[str], str]) -> int:
        symbol = entry.symbol
        if symbol is None:
            return entry.addend & MASK64
        address = self._addresses.address(symbol, self._piece.source)
        if address is None:
            if not self._addresses.is_weak(symbol):
                raise LinkError(f"symbol {symbol.name!r} is not defined{suggest(symbol.name)}")
            address = 0
        return (address + entry.addend) & MASK64

    def _put(self, offset: int, kind: RelocType, value: int) -> None:
        if not kind.insn:
            self._put_data(offset, kind, value)
            return
        if kind.part is high_part:
            _check_high(value)
        patch_operand(self._data, offset, _field(kind), kind.part(value))

    def _put_data(self, offset: int, kind: RelocType, value: int) -> None:
        size = kind.size
        if size < 8 and not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
            raise LinkError(f"{value:#x} does not fit in {size} bytes")
        self._data[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")

    def _put_relative(self, entry: Relocation, kind: RelocType, value: int, pc: int) -> None:
        distance = signed(value - pc)
        if kind.part is high_part and not _has_high(distance) and _has_high(signed(value)):
            self._data[entry.offset] |= _LUI_BIT
            distance = signed(value)
        self._put(entry.offset, kind, distance)

    def _put_call(self, entry: Relocation, value: int, pc: int) -> None:
        """Patch an auipc and the jalr after it; a call to nowhere starts from register zero."""
        distance = signed(value - pc)
        auipc, jalr = TABLE.by_name["auipc"], TABLE.by_name["jalr"]
        symbol = entry.symbol
        if symbol and self._addresses.address(symbol, self._piece.source) is None:
            distance = 0
            patch_operand(self._data, entry.offset + 4, jalr.pattern.operands["rs1"], 0)
        _check_high(distance)
        high, low = auipc.pattern.operands["imm20"], jalr.pattern.operands["imm"]
        patch_operand(self._data, entry.offset, high, high_part(distance))
        patch_operand(self._data, entry.offset + 4, low, low_part(distance))

    def _high_value(self, address: int, suggest: Callable[[str], str]) -> int:
        """Give the distance that the auipc at `address` was given."""
        if self._highs is None:
            self._highs = self._find_highs(suggest)
        value = self._highs.get(address)
        if value is None:
            raise LinkError("%pcrel_lo does not point at an auipc with %pcrel_hi in its section")
        return value

    def _find_highs(self, suggest: Callable[[str], str]) -> dict[int, int]:
        found: dict[int, int] = {}
        for entry in self._piece.section.relocations:
            kind = types_by_number().get(entry.number)
            if kind is not None and kind.base == "pc" and kind.part is high_part:
                pc = self._piece.address + entry.offset
                try:
                    value = self._value(entry, suggest)
                except LinkError:
                    found[pc] = 0  # told already, at the auipc
                    continue
                distance = signed(value - pc)
                is_absolute = not _has_high(distance) and _has_high(signed(value))
                found[pc] = signed(value) if is_absolute else distance
        return found

    def _change(self, offset: int, kind: RelocType, value: int) -> None:
        size = kind.size
        old = int.from_bytes(self._data[offset : offset + size], "little")
        match kind.base:
            case "add":
                new = old + value
            case "sub":
                new = old - value
            case "sub6":
                new = old & 0xC0 | (old - value) & 0x3F
            case "set6":
                new = old & 0xC0 | value & 0x3F
            case _:
                new = value
        self._data[offset : offset + size] = (new & (1 << 8 * size) - 1).to_bytes(size, "little")


def _has_high(value: int) -> bool:
    return -(1 << 31) - 0x800 <= value < (1 << 31) - 0x800


def _check_high(value: int) -> None:
    if not _has_high(value):
        raise LinkError(f"out of reach: {value:#x} does not fit in 32 bits")
