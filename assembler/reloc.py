"""Relocations: their numbers, how a value becomes bits, and the fields they patch.

Follows the chapter "Relocations" of the RISC-V ELF psABI. Where the bits go and which values fit is
taken from the instruction table, never written here a second time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from assembler.errors import Complaint
from isa.errors import OperandError
from isa.spec import TABLE, Operand

MASK64 = (1 << 64) - 1


def high_part(value: int) -> int:
    """Give what `lui` or `auipc` must hold so that adding `low_part` makes the value."""
    return ((value + 0x800) >> 12) & 0xFFFFF


def low_part(value: int) -> int:
    """Give the low 12 bits, sign-extended."""
    return ((value + 0x800) & 0xFFF) - 0x800


def whole(value: int) -> int:
    """Give the value itself."""
    return value


@dataclass(frozen=True)
class RelocType:
    """One relocation type.

    `base` says what is added up: "abs" S+A, "pc" S+A-P, "add" and "sub" the old contents plus or
    minus S+A, "set" S+A, "hint" nothing. `insn` and `operand` name the field patched, else it is
    `size` bytes of data; `part` takes the field's share of the value.
    """

    name: str
    number: int
    base: str
    size: int = 4
    insn: str = ""
    operand: str = ""
    part: Callable[[int], int] = whole

    @property
    def field(self) -> Operand:
        """The operand that is patched."""
        return TABLE.by_name[self.insn].pattern.operands[self.operand]


_TYPES = (
    RelocType("R_RISCV_NONE", 0, "hint", 0),
    RelocType("R_RISCV_32", 1, "abs"),
    RelocType("R_RISCV_64", 2, "abs", 8),
    RelocType("R_RISCV_BRANCH", 16, "pc", 4, "beq", "offset"),
    RelocType("R_RISCV_JAL", 17, "pc", 4, "jal", "offset"),
    RelocType("R_RISCV_CALL", 18, "call", 8),
    RelocType("R_RISCV_CALL_PLT", 19, "call", 8),
    RelocType("R_RISCV_PCREL_HI20", 23, "pc", 4, "auipc", "imm20", high_part),
    RelocType("R_RISCV_PCREL_LO12_I", 24, "pair", 4, "addi", "imm", low_part),
    RelocType("R_RISCV_PCREL_LO12_S", 25, "pair", 4, "sd", "imm", low_part),
    RelocType("R_RISCV_HI20", 26, "abs", 4, "lui", "imm20", high_part),
    RelocType("R_RISCV_LO12_I", 27, "abs", 4, "addi", "imm", low_part),
    RelocType("R_RISCV_LO12_S", 28, "abs", 4, "sd", "imm", low_part),
    RelocType("R_RISCV_ADD8", 33, "add", 1),
    RelocType("R_RISCV_ADD16", 34, "add", 2),
    RelocType("R_RISCV_ADD32", 35, "add", 4),
    RelocType("R_RISCV_ADD64", 36, "add", 8),
    RelocType("R_RISCV_SUB8", 37, "sub", 1),
    RelocType("R_RISCV_SUB16", 38, "sub", 2),
    RelocType("R_RISCV_SUB32", 39, "sub", 4),
    RelocType("R_RISCV_SUB64", 40, "sub", 8),
    RelocType("R_RISCV_ALIGN", 43, "hint", 0),
    RelocType("R_RISCV_RELAX", 51, "hint", 0),
    RelocType("R_RISCV_SUB6", 52, "sub6", 1),
    RelocType("R_RISCV_SET6", 53, "set6", 1),
    RelocType("R_RISCV_SET8", 54, "set", 1),
    RelocType("R_RISCV_SET16", 55, "set", 2),
    RelocType("R_RISCV_SET32", 56, "set", 4),
    RelocType("R_RISCV_32_PCREL", 57, "pc"),
)


@cache
def types_by_name() -> dict[str, RelocType]:
    """Give all relocation types by name."""
    return {kind.name: kind for kind in _TYPES}


@cache
def types_by_number() -> dict[int, RelocType]:
    """Give all relocation types by number."""
    return {kind.number: kind for kind in _TYPES}


class Field(NamedTuple):
    """What a fixup patches: `size` bytes of data, or an operand of an instruction.

    `relocation` is the type to emit when the value is not known here; empty when there is none.
    """

    size: int
    relocation: str = ""
    operand: Operand | None = None
    part: Callable[[int], int] = whole
    insn: str = ""

    @property
    def is_relative(self) -> bool:
        """Whether the value is a target and the field holds its distance."""
        return bool(self.relocation) and types_by_name()[self.relocation].base in ("pc", "call")


def patch_operand(data: bytearray, offset: int, operand: Operand, value: int) -> None:
    """Put an operand into the instruction at `offset`; raise OperandError when it does not fit."""
    cleared = ~sum(((1 << s.width) - 1) << s.at for s in operand.slices)
    word = int.from_bytes(data[offset : offset + 4], "little")
    word = word & cleared | operand.insert(value)
    data[offset : offset + 4] = word.to_bytes(4, "little")


def patch_data(data: bytearray, offset: int, size: int, value: int) -> None:
    """Put a datum, cut to its size."""
    value &= (1 << 8 * size) - 1
    data[offset : offset + size] = value.to_bytes(size, "little")


def check_data(size: int, value: int) -> None:
    """Raise Complaint when a datum's value fits neither as signed nor as unsigned number."""
    bits = 8 * size
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise Complaint(f"{value:#x} does not fit in {size} byte{'s' * (size > 1)}")


def range_message(insn: str, operand: Operand, value: int) -> str:
    """Say which values an operand takes."""
    shown = f"{value:#x}" if abs(value) > 0xFFFF else str(value)
    what = f"{insn}: {operand.name} {shown}" if insn else f"{operand.name} {shown}"
    if operand.lo <= value <= operand.hi:
        return f"{what} is not a multiple of {operand.align}"
    return f"{what} is outside {operand.lo}..{operand.hi}"


def patch_field(data: bytearray, offset: int, field: Field, value: int) -> None:
    """Patch a field with a known value; raise Complaint when it does not fit."""
    if field.operand is None:
        check_data(field.size, value)
        patch_data(data, offset, field.size, value)
        return
    try:
        patch_operand(data, offset, field.operand, field.part(value))
    except OperandError:
        message = range_message(field.insn, field.operand, field.part(value))
        raise Complaint(message) from None
