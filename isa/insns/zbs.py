"""Zbs: single bits.

Follows the chapter '"B" Extension for Bit Manipulation' of the RISC-V Unprivileged ISA.
"""

from isa.insn import insn
from isa.words import Word


@insn("bclr rd, rs1, rs2", "0100100 rs2 rs1 001 rd 0110011", ext="Zbs")
def bclr(rs1: Word, rs2: Word) -> Word:
    """Clear the bit that the low 6 bits of rs2 number."""
    return rs1 & ~(1 << (rs2 & 63))


@insn("bext rd, rs1, rs2", "0100100 rs2 rs1 101 rd 0110011", ext="Zbs")
def bext(rs1: Word, rs2: Word) -> Word:
    """Extract the bit that the low 6 bits of rs2 number."""
    return rs1 >> (rs2 & 63) & 1


@insn("binv rd, rs1, rs2", "0110100 rs2 rs1 001 rd 0110011", ext="Zbs")
def binv(rs1: Word, rs2: Word) -> Word:
    """Invert the bit that the low 6 bits of rs2 number."""
    return rs1 ^ 1 << (rs2 & 63)


@insn("bset rd, rs1, rs2", "0010100 rs2 rs1 001 rd 0110011", ext="Zbs")
def bset(rs1: Word, rs2: Word) -> Word:
    """Set the bit that the low 6 bits of rs2 number."""
    return rs1 | 1 << (rs2 & 63)


@insn("bclri rd, rs1, shamt", "010010 shamt rs1 001 rd 0010011", ext="Zbs")
def bclri(rs1: Word, shamt: Word) -> Word:
    """Clear the bit that the immediate numbers."""
    return rs1 & ~(1 << shamt)


@insn("bexti rd, rs1, shamt", "010010 shamt rs1 101 rd 0010011", ext="Zbs")
def bexti(rs1: Word, shamt: Word) -> Word:
    """Extract the bit that the immediate numbers."""
    return rs1 >> shamt & 1


@insn("binvi rd, rs1, shamt", "011010 shamt rs1 001 rd 0010011", ext="Zbs")
def binvi(rs1: Word, shamt: Word) -> Word:
    """Invert the bit that the immediate numbers."""
    return rs1 ^ 1 << shamt


@insn("bseti rd, rs1, shamt", "001010 shamt rs1 001 rd 0010011", ext="Zbs")
def bseti(rs1: Word, shamt: Word) -> Word:
    """Set the bit that the immediate numbers."""
    return rs1 | 1 << shamt
