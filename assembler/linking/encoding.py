"""Putting relocated values into instructions and data.

Where the bits go and which values fit is taken from the instruction tables. Follows the RISC-V ELF
psABI, chapter "Relocations".
"""

from collections.abc import Callable
from functools import cache

from assembler.linking import kinds
from assembler.linking.arithmetic import signed
from assembler.reloc import high_part, low_part
from isa.errors import OperandError
from isa.insns.c import FORMS
from isa.spec import TABLE, Operand

_C_LI = 0x4001
Patch = Callable[[bytearray, int, int], None]


class ReachError(Exception):
    """A value that does not fit its field."""


@cache
def _operand(insn: str, name: str) -> Operand:
    return TABLE.by_name[insn].pattern.operands[name]


@cache
def _short_operand(insn: str, name: str) -> Operand:
    found = next(form for form in FORMS if form.syntax.split()[0] == insn)
    return found.pattern.operands[name]


def _mask(operand: Operand) -> int:
    return sum(((1 << one.width) - 1) << one.at for one in operand.slices)


def _into(operand: Operand, size: int, part: Callable[[int], int]) -> Patch:
    """Make what puts a share of a value into an operand."""
    mask = ~_mask(operand)

    def patch(data: bytearray, at: int, value: int) -> None:
        old = int.from_bytes(data[at : at + size], "little")
        try:
            new = old & mask | operand.insert(part(value))
        except OperandError:
            raise ReachError from None
        data[at : at + size] = new.to_bytes(size, "little")

    return patch


def _plain(value: int) -> int:
    return signed(value)


def _low(value: int) -> int:
    return low_part(value)


def _high(value: int) -> int:
    if not has_high(value):
        raise ReachError
    return high_part(value)


def has_high(value: int) -> bool:
    """Whether `lui` or `auipc` with 12 more bits makes a value."""
    return -(1 << 31) - 0x800 <= signed(value) < (1 << 31) - 0x800


def _lui(data: bytearray, at: int, value: int) -> None:
    """Patch c.lui; one that relaxation brought below a page becomes c.li of zero."""
    high = (signed(value) + 0x800) >> 12
    if high == 0:
        old = int.from_bytes(data[at : at + 2], "little")
        data[at : at + 2] = (old & 0xF80 | _C_LI).to_bytes(2, "little")
        return
    if not -32 <= high < 32:
        raise ReachError
    operand = _short_operand("c.lui", "imm")
    old = int.from_bytes(data[at : at + 2], "little")
    new = old & ~_mask(operand) | operand.insert(high & 0xFFFFF if operand.lo >= 0 else high)
    data[at : at + 2] = new.to_bytes(2, "little")


def _call(data: bytearray, at: int, value: int) -> None:
    _into(_operand("auipc", "imm20"), 4, _high)(data, at, value)
    _into(_operand("jalr", "imm"), 4, _low)(data, at + 4, value)


@cache
def instruction_patches() -> dict[int, tuple[Patch, int]]:
    """Give what patches an instruction, and its size, by relocation type."""
    high = _into(_operand("lui", "imm20"), 4, _high), 4
    load = _into(_operand("addi", "imm"), 4, _low), 4
    store = _into(_operand("sd", "imm"), 4, _low), 4
    found: dict[int, tuple[Patch, int]] = {
        kinds.BRANCH: (_into(_operand("beq", "offset"), 4, _plain), 4),
        kinds.JAL: (_into(_operand("jal", "offset"), 4, _plain), 4),
        kinds.CALL: (_call, 8),
        kinds.CALL_PLT: (_call, 8),
        kinds.RVC_BRANCH: (_into(_short_operand("c.beqz", "offset"), 2, _plain), 2),
        kinds.RVC_JUMP: (_into(_short_operand("c.j", "offset"), 2, _plain), 2),
        kinds.RVC_LUI: (_lui, 2),
    }
    for kind in (kinds.HI20, kinds.PCREL_HI20, kinds.GOT_HI20, kinds.TPREL_HI20):
        found[kind] = high
    for kind in (kinds.TLS_GOT_HI20, kinds.TLS_GD_HI20):
        found[kind] = high
    for kind in (kinds.LO12_I, kinds.PCREL_LO12_I, kinds.TPREL_LO12_I, kinds.GPREL_I):
        found[kind] = load
    for kind in (kinds.LO12_S, kinds.PCREL_LO12_S, kinds.TPREL_LO12_S, kinds.GPREL_S):
        found[kind] = store
    found[kinds.TPREL_I], found[kinds.TPREL_S] = load, store
    return found


def _set(size: int) -> Patch:
    mask = (1 << 8 * size) - 1

    def patch(data: bytearray, at: int, value: int) -> None:
        data[at : at + size] = (value & mask).to_bytes(size, "little")

    return patch


def _change(size: int, sign: int) -> Patch:
    mask = (1 << 8 * size) - 1

    def patch(data: bytearray, at: int, value: int) -> None:
        old = int.from_bytes(data[at : at + size], "little")
        data[at : at + size] = (old + sign * value & mask).to_bytes(size, "little")

    return patch


def _set6(data: bytearray, at: int, value: int) -> None:
    data[at] = data[at] & 0xC0 | value & 0x3F


def _sub6(data: bytearray, at: int, value: int) -> None:
    data[at] = data[at] & 0xC0 | data[at] - value & 0x3F


@cache
def data_patches() -> dict[int, tuple[Patch, int]]:
    """Give what patches data, and their size, by relocation type."""
    found: dict[int, tuple[Patch, int]] = {
        kinds.ABS32: (_set(4), 4),
        kinds.ABS64: (_set(8), 8),
        kinds.PCREL32: (_set(4), 4),
        kinds.PLT32: (_set(4), 4),
        kinds.SET6: (_set6, 1),
        kinds.SUB6: (_sub6, 1),
        kinds.SET8: (_set(1), 1),
        kinds.SET16: (_set(2), 2),
        kinds.SET32: (_set(4), 4),
    }
    found |= {kinds.DTPREL32: (_set(4), 4), kinds.DTPREL64: (_set(8), 8)}
    for power in range(4):
        size = 1 << power
        found[kinds.ADD8 + power] = _change(size, 1), size
        found[kinds.SUB8 + power] = _change(size, -1), size
    return found


def uleb128_length(data: bytearray | bytes, at: int) -> int:
    """Measure a variable-length number."""
    end = at
    while end < len(data) and data[end] & 0x80:
        end += 1
    return end + 1 - at


def read_uleb128(data: bytearray | bytes, at: int) -> int:
    """Read a variable-length number."""
    value = 0
    for number in range(uleb128_length(data, at)):
        value |= (data[at + number] & 0x7F) << 7 * number
    return value


def put_uleb128(data: bytearray, at: int, value: int) -> None:
    """Write a variable-length number in the room of the old one."""
    length = uleb128_length(data, at)
    if value >> 7 * length:
        raise ReachError
    for number in range(length):
        more = 0x80 if number < length - 1 else 0
        data[at + number] = value >> 7 * number & 0x7F | more
