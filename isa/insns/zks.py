"""Zksed, Zksh: the block cipher SM4 and the hash function SM3.

Follows the chapter "Cryptography Extensions: Scalar & Entropy Source Instructions" of the RISC-V
Unprivileged ISA. An SM4 instruction substitutes one byte of rs2, which `bs` numbers;
the cipher is big-endian, registers are not.
"""

from isa.bitwise import reverse_bytes, rotate_right_32
from isa.galois import sm4_substitute
from isa.insn import insn
from isa.words import Word, sext, zext


def substitute(value: Word, bs: Word) -> Word:
    """Substitute byte `bs`: gives a big-endian column with the result in its first byte."""
    return zext(sm4_substitute(value >> bs * 8), 8) << 24


def add_column(rs1: Word, column: Word, bs: Word) -> Word:
    """Add a big-endian column, turned so that its first byte stands at `bs`; sign-extended."""
    little = reverse_bytes(column) >> 32
    return sext(rs1 ^ rotate_right_32(little, 32 - bs * 8), 32)


def sm4_mix(value: Word) -> Word:
    """Apply the linear map of a round: the sum of rotations left by 0, 2, 10, 18 and 24."""
    mixed = value ^ rotate_right_32(value, 30) ^ rotate_right_32(value, 22)
    return mixed ^ rotate_right_32(value, 14) ^ rotate_right_32(value, 8)


def sm4_mix_key(value: Word) -> Word:
    """Apply the linear map of the key schedule: the sum of rotations left by 0, 13 and 23."""
    return value ^ rotate_right_32(value, 19) ^ rotate_right_32(value, 9)


@insn("sm4ed rd, rs1, rs2, bs", "bs 11000 rs2 rs1 000 rd 0110011", ext="Zksed")
def sm4ed(rs1: Word, rs2: Word, bs: Word) -> Word:
    """Do a quarter of a round of encryption or decryption: substitute a byte, mix, add to rs1."""
    return add_column(rs1, sm4_mix(substitute(rs2, bs)), bs)


@insn("sm4ks rd, rs1, rs2, bs", "bs 11010 rs2 rs1 000 rd 0110011", ext="Zksed")
def sm4ks(rs1: Word, rs2: Word, bs: Word) -> Word:
    """Do a quarter of a round of the key schedule: substitute a byte, mix, add to rs1."""
    return add_column(rs1, sm4_mix_key(substitute(rs2, bs)), bs)


@insn("sm3p0 rd, rs1", "000100001000 rs1 001 rd 0010011", ext="Zksh")
def sm3p0(rs1: Word) -> Word:
    """Apply the permutation P0 of SM3: the sum of rotations left by 0, 9 and 17; sign-extended."""
    return sext(rs1 ^ rotate_right_32(rs1, 23) ^ rotate_right_32(rs1, 15), 32)


@insn("sm3p1 rd, rs1", "000100001001 rs1 001 rd 0010011", ext="Zksh")
def sm3p1(rs1: Word) -> Word:
    """Apply the permutation P1 of SM3: the sum of rotations left by 0, 15 and 23; sign-extended."""
    return sext(rs1 ^ rotate_right_32(rs1, 17) ^ rotate_right_32(rs1, 9), 32)
