"""Zbb: basic bit manipulation; some of it is in Zbkb too, whose own instructions come last.

Follows the chapters '"B" Extension for Bit Manipulation' and "Cryptography Extensions: Scalar &
Entropy Source Instructions" of the RISC-V Unprivileged ISA.
"""

from isa.bitwise import (
    fill_bytes,
    reverse_bytes,
    reverse_in_bytes,
    rotate_right,
    rotate_right_32,
)
from isa.insn import insn
from isa.words import Word, clz, cpop, ctz, s, sext, zext

# Logic with an inverted operand, and rotations


@insn("andn rd, rs1, rs2", "0100000 rs2 rs1 111 rd 0110011", ext="Zbb|Zbkb")
def andn(rs1: Word, rs2: Word) -> Word:
    """And with the inverse of rs2."""
    return rs1 & ~rs2


@insn("orn rd, rs1, rs2", "0100000 rs2 rs1 110 rd 0110011", ext="Zbb|Zbkb")
def orn(rs1: Word, rs2: Word) -> Word:
    """Or with the inverse of rs2."""
    return rs1 | ~rs2


@insn("xnor rd, rs1, rs2", "0100000 rs2 rs1 100 rd 0110011", ext="Zbb|Zbkb")
def xnor(rs1: Word, rs2: Word) -> Word:
    """Give the inverse of the exclusive or."""
    return ~(rs1 ^ rs2)


@insn("rol rd, rs1, rs2", "0110000 rs2 rs1 001 rd 0110011", ext="Zbb|Zbkb")
def rol(rs1: Word, rs2: Word) -> Word:
    """Rotate left by the low 6 bits of rs2."""
    return rotate_right(rs1, 64 - rs2 & 63)


@insn("ror rd, rs1, rs2", "0110000 rs2 rs1 101 rd 0110011", ext="Zbb|Zbkb")
def ror(rs1: Word, rs2: Word) -> Word:
    """Rotate right by the low 6 bits of rs2."""
    return rotate_right(rs1, rs2 & 63)


@insn("rori rd, rs1, shamt", "011000 shamt rs1 101 rd 0010011", ext="Zbb|Zbkb")
def rori(rs1: Word, shamt: Word) -> Word:
    """Rotate right by the 6-bit immediate."""
    return rotate_right(rs1, shamt)


@insn("rolw rd, rs1, rs2", "0110000 rs2 rs1 001 rd 0111011", ext="Zbb|Zbkb")
def rolw(rs1: Word, rs2: Word) -> Word:
    """Rotate the low 32 bits left by the low 5 bits of rs2; sign-extend the result."""
    return sext(rotate_right_32(rs1, 32 - rs2 & 31), 32)


@insn("rorw rd, rs1, rs2", "0110000 rs2 rs1 101 rd 0111011", ext="Zbb|Zbkb")
def rorw(rs1: Word, rs2: Word) -> Word:
    """Rotate the low 32 bits right by the low 5 bits of rs2; sign-extend the result."""
    return sext(rotate_right_32(rs1, rs2 & 31), 32)


@insn("roriw rd, rs1, shamtw", "0110000 shamtw rs1 101 rd 0011011", ext="Zbb|Zbkb")
def roriw(rs1: Word, shamtw: Word) -> Word:
    """Rotate the low 32 bits right by the 5-bit immediate; sign-extend the result."""
    return sext(rotate_right_32(rs1, shamtw), 32)


@insn("rev8 rd, rs1", "011010111000 rs1 101 rd 0010011", ext="Zbb|Zbkb")
def rev8(rs1: Word) -> Word:
    """Reverse the order of the bytes."""
    return reverse_bytes(rs1)


# Counting


@insn("clz rd, rs1", "011000000000 rs1 001 rd 0010011", ext="Zbb")
def clz_(rs1: Word) -> Word:
    """Count leading zeros; 64 for 0."""
    return clz(rs1)


@insn("clzw rd, rs1", "011000000000 rs1 001 rd 0011011", ext="Zbb")
def clzw(rs1: Word) -> Word:
    """Count the leading zeros of the low 32 bits; 32 for 0."""
    return clz(zext(rs1, 32)) - 32


@insn("ctz rd, rs1", "011000000001 rs1 001 rd 0010011", ext="Zbb")
def ctz_(rs1: Word) -> Word:
    """Count trailing zeros; 64 for 0."""
    return ctz(rs1)


@insn("ctzw rd, rs1", "011000000001 rs1 001 rd 0011011", ext="Zbb")
def ctzw(rs1: Word) -> Word:
    """Count the trailing zeros of the low 32 bits; 32 for 0."""
    return ctz(rs1 | 1 << 32)


@insn("cpop rd, rs1", "011000000010 rs1 001 rd 0010011", ext="Zbb")
def cpop_(rs1: Word) -> Word:
    """Count the bits that are set."""
    return cpop(rs1)


@insn("cpopw rd, rs1", "011000000010 rs1 001 rd 0011011", ext="Zbb")
def cpopw(rs1: Word) -> Word:
    """Count the bits that are set among the low 32."""
    return cpop(zext(rs1, 32))


# Comparing and extending


@insn("max rd, rs1, rs2", "0000101 rs2 rs1 110 rd 0110011", ext="Zbb")
def max_(rs1: Word, rs2: Word) -> Word:
    """Give the greater, signed."""
    if s(rs1) < s(rs2):
        return rs2
    return rs1


@insn("maxu rd, rs1, rs2", "0000101 rs2 rs1 111 rd 0110011", ext="Zbb")
def maxu(rs1: Word, rs2: Word) -> Word:
    """Give the greater, unsigned."""
    if rs1 < rs2:
        return rs2
    return rs1


@insn("min rd, rs1, rs2", "0000101 rs2 rs1 100 rd 0110011", ext="Zbb")
def min_(rs1: Word, rs2: Word) -> Word:
    """Give the lesser, signed."""
    if s(rs1) < s(rs2):
        return rs1
    return rs2


@insn("minu rd, rs1, rs2", "0000101 rs2 rs1 101 rd 0110011", ext="Zbb")
def minu(rs1: Word, rs2: Word) -> Word:
    """Give the lesser, unsigned."""
    if rs1 < rs2:
        return rs1
    return rs2


@insn("sext.b rd, rs1", "011000000100 rs1 001 rd 0010011", ext="Zbb")
def sext_b(rs1: Word) -> Word:
    """Sign-extend the low byte."""
    return sext(rs1, 8)


@insn("sext.h rd, rs1", "011000000101 rs1 001 rd 0010011", ext="Zbb")
def sext_h(rs1: Word) -> Word:
    """Sign-extend the low 16 bits."""
    return sext(rs1, 16)


@insn("orc.b rd, rs1", "001010000111 rs1 101 rd 0010011", ext="Zbb")
def orc_b(rs1: Word) -> Word:
    """Set all bits of each byte that has a bit set."""
    return fill_bytes(rs1)


# Only in Zbkb


@insn("pack rd, rs1, rs2", "0000100 rs2 rs1 100 rd 0110011", ext="Zbkb")
def pack(rs1: Word, rs2: Word) -> Word:
    """Put the low half of rs2 above the low half of rs1."""
    return zext(rs1, 32) | rs2 << 32


@insn("packh rd, rs1, rs2", "0000100 rs2 rs1 111 rd 0110011", ext="Zbkb")
def packh(rs1: Word, rs2: Word) -> Word:
    """Put the low byte of rs2 above the low byte of rs1; zero-extend the result."""
    return zext(rs1, 8) | zext(rs2, 8) << 8


@insn("packw rd, rs1, rs2", "0000100 rs2 rs1 100 rd 0111011", ext="Zbkb")
def packw(rs1: Word, rs2: Word) -> Word:
    """Put the low 16 bits of rs2 above those of rs1; sign-extend the 32-bit result."""
    return sext(zext(rs1, 16) | rs2 << 16, 32)


@insn("brev8 rd, rs1", "011010000111 rs1 101 rd 0010011", ext="Zbkb")
def brev8(rs1: Word) -> Word:
    """Reverse the order of the bits in each byte."""
    return reverse_in_bytes(rs1)


@insn("zext.h rd, rs1", "0000100 00000 rs1 100 rd 0111011", ext="Zbb", refines="packw")
def zext_h(rs1: Word) -> Word:
    """Zero-extend the low 16 bits."""
    return zext(rs1, 16)
