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
from isa.spec import FORMS, TABLE, Operand

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
    minus S+A, "set" S+A, "got" what the global offset table holds for S+A, "tls_ie" and "tls_gd"
    what it holds for a thread's S, "tp" S+A from the thread pointer, "hint" nothing. `insn` and
    `operand` name the field patched, else it is `size` bytes of data; `part` takes the field's
    share of the value.
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
        described = FORMS.by_name if self.insn.startswith("c.") else TABLE.by_name
        return described[self.insn].pattern.operands[self.operand]


_TYPES = (
    RelocType("R_RISCV_NONE", 0, "hint", 0),
    RelocType("R_RISCV_32", 1, "abs"),
    RelocType("R_RISCV_64", 2, "abs", 8),
    RelocType("R_RISCV_TLS_DTPREL32", 8, "dtp"),
    RelocType("R_RISCV_TLS_DTPREL64", 9, "dtp", 8),
    RelocType("R_RISCV_BRANCH", 16, "pc", 4, "beq", "offset"),
    RelocType("R_RISCV_JAL", 17, "pc", 4, "jal", "offset"),
    RelocType("R_RISCV_CALL", 18, "call", 8),
    RelocType("R_RISCV_CALL_PLT", 19, "call", 8),
    RelocType("R_RISCV_GOT_HI20", 20, "got", 4, "auipc", "imm20", high_part),
    RelocType("R_RISCV_TLS_GOT_HI20", 21, "tls_ie", 4, "auipc", "imm20", high_part),
    RelocType("R_RISCV_TLS_GD_HI20", 22, "tls_gd", 4, "auipc", "imm20", high_part),
    RelocType("R_RISCV_PCREL_HI20", 23, "pc", 4, "auipc", "imm20", high_part),
    RelocType("R_RISCV_PCREL_LO12_I", 24, "pair", 4, "addi", "imm", low_part),
    RelocType("R_RISCV_PCREL_LO12_S", 25, "pair", 4, "sd", "imm", low_part),
    RelocType("R_RISCV_HI20", 26, "abs", 4, "lui", "imm20", high_part),
    RelocType("R_RISCV_LO12_I", 27, "abs", 4, "addi", "imm", low_part),
    RelocType("R_RISCV_LO12_S", 28, "abs", 4, "sd", "imm", low_part),
    RelocType("R_RISCV_TPREL_HI20", 29, "tp", 4, "lui", "imm20", high_part),
    RelocType("R_RISCV_TPREL_LO12_I", 30, "tp", 4, "addi", "imm", low_part),
    RelocType("R_RISCV_TPREL_LO12_S", 31, "tp", 4, "sd", "imm", low_part),
    RelocType("R_RISCV_TPREL_ADD", 32, "hint", 4),
    RelocType("R_RISCV_ADD8", 33, "add", 1),
    RelocType("R_RISCV_ADD16", 34, "add", 2),
    RelocType("R_RISCV_ADD32", 35, "add", 4),
    RelocType("R_RISCV_ADD64", 36, "add", 8),
    RelocType("R_RISCV_SUB8", 37, "sub", 1),
    RelocType("R_RISCV_SUB16", 38, "sub", 2),
    RelocType("R_RISCV_SUB32", 39, "sub", 4),
    RelocType("R_RISCV_SUB64", 40, "sub", 8),
    RelocType("R_RISCV_ALIGN", 43, "hint", 0),
    RelocType("R_RISCV_RVC_BRANCH", 44, "pc", 2, "c.beqz", "offset"),
    RelocType("R_RISCV_RVC_JUMP", 45, "pc", 2, "c.j", "offset"),
    RelocType("R_RISCV_RELAX", 51, "hint", 0),
    RelocType("R_RISCV_SUB6", 52, "sub6", 1),
    RelocType("R_RISCV_SET6", 53, "set6", 1),
    RelocType("R_RISCV_SET8", 54, "set", 1),
    RelocType("R_RISCV_SET16", 55, "set", 2),
    RelocType("R_RISCV_SET32", 56, "set", 4),
    RelocType("R_RISCV_32_PCREL", 57, "pc"),
    RelocType("R_RISCV_PLT32", 59, "pc"),
    RelocType("R_RISCV_SET_ULEB128", 60, "set_leb", 1),
    RelocType("R_RISCV_SUB_ULEB128", 61, "sub_leb", 1),
)


@cache
def types_by_name() -> dict[str, RelocType]:
    """Give all relocation types by name."""
    return {kind.name: kind for kind in _TYPES}


@cache
def types_by_number() -> dict[int, RelocType]:
    """Give all relocation types by number."""
    return {kind.number: kind for kind in _TYPES}


@cache
def _relative_types() -> frozenset[str]:
    bases = ("pc", "call", "got", "tls_ie", "tls_gd")
    return frozenset(kind.name for kind in _TYPES if kind.base in bases)


class Field(NamedTuple):
    """What a fixup patches: `size` bytes of data, or an operand of an instruction, or nothing (0).

    `relocation` is the type to emit when the value is not known here; empty when there is none.
    """

    size: int
    relocation: str = ""
    operand: Operand | None = None
    part: Callable[[int], int] = whole
    insn: str = ""

    @property
    def length(self) -> int:
        """The length of the instruction whose operand is patched."""
        return 2 if self.size == 2 else 4

    @property
    def is_relative(self) -> bool:
        """Whether the value is a target and the field holds its distance."""
        return self.relocation in _relative_types()


def patch_operand(
    data: bytearray, offset: int, operand: Operand, value: int, size: int = 4
) -> None:
    """Put an operand into the instruction at `offset`; raise OperandError when it does not fit."""
    bits = operand.insert(value)
    cleared = ~sum(((1 << s.width) - 1) << s.at for s in operand.slices)
    word = int.from_bytes(data[offset : offset + size], "little") & cleared | bits
    data[offset : offset + size] = word.to_bytes(size, "little")


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
        patch_operand(data, offset, field.operand, field.part(value), field.length)
    except OperandError:
        message = range_message(field.insn, field.operand, field.part(value))
        raise Complaint(message) from None
