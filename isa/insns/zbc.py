"""Zbc, Zbkc: carry-less multiplication; and Zbkx: looking up fields of a register.

Follows the chapters '"B" Extension for Bit Manipulation' and "Cryptography Extensions: Scalar &
Entropy Source Instructions" of the RISC-V Unprivileged ISA.
"""

from isa.bitwise import carryless_product, carryless_reversed, look_up_fields
from isa.insn import insn
from isa.words import Word


@insn("clmul rd, rs1, rs2", "0000101 rs2 rs1 001 rd 0110011", ext="Zbc|Zbkc")
def clmul(rs1: Word, rs2: Word) -> Word:
    """Low 64 bits of the carry-less product."""
    return carryless_product(rs1, rs2)


@insn("clmulh rd, rs1, rs2", "0000101 rs2 rs1 011 rd 0110011", ext="Zbc|Zbkc")
def clmulh(rs1: Word, rs2: Word) -> Word:
    """High 64 bits of the carry-less product."""
    return carryless_reversed(rs1, rs2) >> 1


@insn("clmulr rd, rs1, rs2", "0000101 rs2 rs1 010 rd 0110011", ext="Zbc")
def clmulr(rs1: Word, rs2: Word) -> Word:
    """Bits 126 to 63 of the carry-less product."""
    return carryless_reversed(rs1, rs2)


@insn("xperm4 rd, rs1, rs2", "0010100 rs2 rs1 010 rd 0110011", ext="Zbkx")
def xperm4(rs1: Word, rs2: Word) -> Word:
    """Replace each 4-bit field of rs2 by the field of rs1 that it numbers."""
    return look_up_fields(rs1, rs2, 4)


@insn("xperm8 rd, rs1, rs2", "0010100 rs2 rs1 100 rd 0110011", ext="Zbkx")
def xperm8(rs1: Word, rs2: Word) -> Word:
    """Replace each byte of rs2 by the byte of rs1 that it numbers, by 0 when there is none."""
    return look_up_fields(rs1, rs2, 8)
