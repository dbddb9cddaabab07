"""Zba: address generation.

Follows the chapter '"B" Extension for Bit Manipulation' of the RISC-V Unprivileged ISA.
"""

from isa.insn import insn
from isa.words import Word, zext


@insn("add.uw rd, rs1, rs2", "0000100 rs2 rs1 000 rd 0111011", ext="Zba")
def add_uw(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to the low 32 bits of rs1, zero-extended."""
    return zext(rs1, 32) + rs2


@insn("sh1add rd, rs1, rs2", "0010000 rs2 rs1 010 rd 0110011", ext="Zba")
def sh1add(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to twice rs1."""
    return (rs1 << 1) + rs2


@insn("sh2add rd, rs1, rs2", "0010000 rs2 rs1 100 rd 0110011", ext="Zba")
def sh2add(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to four times rs1."""
    return (rs1 << 2) + rs2


@insn("sh3add rd, rs1, rs2", "0010000 rs2 rs1 110 rd 0110011", ext="Zba")
def sh3add(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to eight times rs1."""
    return (rs1 << 3) + rs2


@insn("sh1add.uw rd, rs1, rs2", "0010000 rs2 rs1 010 rd 0111011", ext="Zba")
def sh1add_uw(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to twice the low 32 bits of rs1, zero-extended."""
    return (zext(rs1, 32) << 1) + rs2


@insn("sh2add.uw rd, rs1, rs2", "0010000 rs2 rs1 100 rd 0111011", ext="Zba")
def sh2add_uw(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to four times the low 32 bits of rs1, zero-extended."""
    return (zext(rs1, 32) << 2) + rs2


@insn("sh3add.uw rd, rs1, rs2", "0010000 rs2 rs1 110 rd 0111011", ext="Zba")
def sh3add_uw(rs1: Word, rs2: Word) -> Word:
    """Add rs2 to eight times the low 32 bits of rs1, zero-extended."""
    return (zext(rs1, 32) << 3) + rs2


@insn("slli.uw rd, rs1, shamt", "000010 shamt rs1 001 rd 0011011", ext="Zba")
def slli_uw(rs1: Word, shamt: Word) -> Word:
    """Shift the low 32 bits of rs1, zero-extended, left by the 6-bit immediate."""
    return zext(rs1, 32) << shamt
