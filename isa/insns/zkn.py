"""Zknd, Zkne, Zknh: AES decryption, encryption, and the SHA2 hash functions, for RV64.

Follows the chapter "Cryptography Extensions: Scalar & Entropy Source Instructions" of the RISC-V
Unprivileged ISA. An AES state is two registers of two columns each, the first row in the low bytes.
"""

from isa.bitwise import rotate_right, rotate_right_32, swap_fields
from isa.galois import AES_FIELD, aes_substitute, aes_unsubstitute, gf_double
from isa.insn import insn, system
from isa.trap import pend_illegal
from isa.words import Page, Word, sext, word, zext

ROW_0 = 0x0000_00FF_0000_00FF
ROW_2 = 0x00FF_0000_00FF_0000
ODD_UPPER = 0x0000_FF00_FF00_0000  # row 1 of the second column, row 3 of the first
ODD_LOWER = 0xFF00_0000_0000_FF00  # row 3 of the second column, row 1 of the first
COLUMN = 0x0000_0000_FFFF_FFFF
LAST_ROUND = 10
REDUCTION = 0x11B  # the polynomial of the field, with its top term


def shift_rows(low: Word, high: Word) -> Word:
    """Give the first two columns of a state with each row rotated left by its number."""
    odd = swap_fields(low & ODD_UPPER | high & ODD_LOWER, 32, COLUMN)
    return low & ROW_0 | high & ROW_2 | odd


def unshift_rows(low: Word, high: Word) -> Word:
    """Give the first two columns of a state with each row rotated right by its number."""
    odd = swap_fields(low & ODD_LOWER | high & ODD_UPPER, 32, COLUMN)
    return low & ROW_0 | high & ROW_2 | odd


def rotate_columns(state: Word, amount: int) -> Word:
    """Rotate both columns right by 8, 16 or 24 bits."""
    return rotate_right_32(state, amount) | rotate_right_32(state >> 32, amount) << 32


def mix_columns(state: Word) -> Word:
    """Multiply each column by the circulant matrix of 2, 3, 1, 1."""
    next_row = rotate_columns(state, 8)
    others = rotate_columns(next_row, 8) ^ rotate_columns(next_row, 16)
    return gf_double(state ^ next_row, AES_FIELD) ^ next_row ^ others


def unmix_columns(state: Word) -> Word:
    """Multiply each column by the circulant matrix of 14, 11, 13, 9, the inverse of the other."""
    opposite = state ^ rotate_columns(state, 16)
    return mix_columns(state ^ gf_double(gf_double(opposite, AES_FIELD), AES_FIELD))


@insn("aes64es rd, rs1, rs2", "0011001 rs2 rs1 000 rd 0110011", ext="Zkne")
def aes64es(rs1: Word, rs2: Word) -> Word:
    """Do half of the last round of encryption: shift rows, substitute."""
    return aes_substitute(shift_rows(rs1, rs2))


@insn("aes64esm rd, rs1, rs2", "0011011 rs2 rs1 000 rd 0110011", ext="Zkne")
def aes64esm(rs1: Word, rs2: Word) -> Word:
    """Do half of a middle round of encryption: shift rows, substitute, mix columns."""
    return mix_columns(aes_substitute(shift_rows(rs1, rs2)))


@insn("aes64ds rd, rs1, rs2", "0011101 rs2 rs1 000 rd 0110011", ext="Zknd")
def aes64ds(rs1: Word, rs2: Word) -> Word:
    """Do half of the last round of decryption: unshift rows, substitute backwards."""
    return aes_unsubstitute(unshift_rows(rs1, rs2))


@insn("aes64dsm rd, rs1, rs2", "0011111 rs2 rs1 000 rd 0110011", ext="Zknd")
def aes64dsm(rs1: Word, rs2: Word) -> Word:
    """Do half of a middle round of decryption: unshift rows, substitute, unmix columns."""
    return unmix_columns(aes_unsubstitute(unshift_rows(rs1, rs2)))


@insn("aes64im rd, rs1", "0011000 00000 rs1 001 rd 0010011", ext="Zknd")
def aes64im(rs1: Word) -> Word:
    """Unmix two columns of a round key, for decryption."""
    return unmix_columns(rs1)


@system("aes64ks1i rd, rs1, rnum", "0011000 1 rnum rs1 001 rd 0010011", ext="Zkne|Zknd")
def aes64ks1i(hart: Page, word: Word, rs1: Word, rnum: Word) -> int:
    """Key schedule: substitute the last column of a round key, add the constant of round rnum.

    In round 10 (of a 256-bit key) the column is neither rotated nor added to. Further round numbers
    are reserved.
    """
    if rnum > LAST_ROUND:
        return pend_illegal(hart, word)
    column = next_key_column(rs1 >> 32, rnum)
    return column | column << 32


def next_key_column(column: Word, rnum: Word) -> Word:
    """Rotate and substitute a column, and add a round constant."""
    if rnum == LAST_ROUND:
        return zext(aes_substitute(column), 32)
    constant = word(1) << rnum
    if constant > 0xFF:
        constant = constant ^ REDUCTION << rnum - 8
    return zext(aes_substitute(rotate_right_32(column, 8)), 32) ^ constant


@insn("aes64ks2 rd, rs1, rs2", "0111111 rs2 rs1 000 rd 0110011", ext="Zkne|Zknd")
def aes64ks2(rs1: Word, rs2: Word) -> Word:
    """Key schedule: chain two columns of the next round key."""
    return rs2 ^ rs2 << 32 ^ rs1 >> 32 ^ rs1 >> 32 << 32


# SHA-256 and SHA-512


@insn("sha256sum0 rd, rs1", "000100000000 rs1 001 rd 0010011", ext="Zknh")
def sha256sum0(rs1: Word) -> Word:
    """Compute what the standard of SHA-256 calls upper-case sigma 0; sign-extended."""
    return sext(rotate_right_32(rs1, 2) ^ rotate_right_32(rs1, 13) ^ rotate_right_32(rs1, 22), 32)


@insn("sha256sum1 rd, rs1", "000100000001 rs1 001 rd 0010011", ext="Zknh")
def sha256sum1(rs1: Word) -> Word:
    """Compute what the standard of SHA-256 calls upper-case sigma 1; sign-extended."""
    return sext(rotate_right_32(rs1, 6) ^ rotate_right_32(rs1, 11) ^ rotate_right_32(rs1, 25), 32)


@insn("sha256sig0 rd, rs1", "000100000010 rs1 001 rd 0010011", ext="Zknh")
def sha256sig0(rs1: Word) -> Word:
    """Compute what the standard of SHA-256 calls lower-case sigma 0; sign-extended."""
    return sext(rotate_right_32(rs1, 7) ^ rotate_right_32(rs1, 18) ^ zext(rs1, 32) >> 3, 32)


@insn("sha256sig1 rd, rs1", "000100000011 rs1 001 rd 0010011", ext="Zknh")
def sha256sig1(rs1: Word) -> Word:
    """Compute what the standard of SHA-256 calls lower-case sigma 1; sign-extended."""
    return sext(rotate_right_32(rs1, 17) ^ rotate_right_32(rs1, 19) ^ zext(rs1, 32) >> 10, 32)


@insn("sha512sum0 rd, rs1", "000100000100 rs1 001 rd 0010011", ext="Zknh")
def sha512sum0(rs1: Word) -> Word:
    """Compute what the standard of SHA-512 calls upper-case sigma 0."""
    return rotate_right(rs1, 28) ^ rotate_right(rs1, 34) ^ rotate_right(rs1, 39)


@insn("sha512sum1 rd, rs1", "000100000101 rs1 001 rd 0010011", ext="Zknh")
def sha512sum1(rs1: Word) -> Word:
    """Compute what the standard of SHA-512 calls upper-case sigma 1."""
    return rotate_right(rs1, 14) ^ rotate_right(rs1, 18) ^ rotate_right(rs1, 41)


@insn("sha512sig0 rd, rs1", "000100000110 rs1 001 rd 0010011", ext="Zknh")
def sha512sig0(rs1: Word) -> Word:
    """Compute what the standard of SHA-512 calls lower-case sigma 0."""
    return rotate_right(rs1, 1) ^ rotate_right(rs1, 8) ^ rs1 >> 7


@insn("sha512sig1 rd, rs1", "000100000111 rs1 001 rd 0010011", ext="Zknh")
def sha512sig1(rs1: Word) -> Word:
    """Compute what the standard of SHA-512 calls lower-case sigma 1."""
    return rotate_right(rs1, 19) ^ rotate_right(rs1, 61) ^ rs1 >> 6
