"""Arithmetic in GF(2^8) on eight bytes side by side, and the S-boxes, computed from it.

An S-box is the inverse in a field between linear maps; computing it takes the same time for all
bytes, as Zkt asks. Written in the words that every engine executes. Follows FIPS 197 (AES) and
GB/T 32907-2016 (SM4).
"""

from isa.bitwise import EACH_BYTE, LOW_SEVEN
from isa.words import Word, word

AES_FIELD = 0x1B  # x^8 = x^4 + x^3 + x + 1
SM4_FIELD = 0xF5  # x^8 = x^7 + x^6 + x^5 + x^4 + x^2 + 1


def gf_double(value: Word, field: int) -> Word:
    """Multiply each byte by x; `field` is what x^8 is equal to."""
    return (value & LOW_SEVEN) << 1 ^ (value >> 7 & EACH_BYTE) * field


def gf_multiply(a: Word, b: Word, field: int) -> Word:
    """Multiply the bytes of two words, each with its counterpart."""
    product = word(0)
    at = word(0)
    while at < 8:
        product = product ^ a & (b >> at & EACH_BYTE) * 255
        a = gf_double(a, field)
        at = at + 1
    return product


def gf_invert(value: Word, field: int) -> Word:
    """Invert each byte; 0 stays 0. The inverse is the power 254 = 2 + 4 + ... + 128."""
    power = gf_multiply(value, value, field)
    inverse = power
    count = word(6)
    while count > 0:
        power = gf_multiply(power, power, field)
        inverse = gf_multiply(inverse, power, field)
        count = count - 1
    return inverse


def rotate_bytes(value: Word, amount: int) -> Word:
    """Rotate each byte left, by 1 to 7."""
    moved_up = (value & EACH_BYTE * (255 >> amount)) << amount
    return moved_up | value >> (8 - amount) & EACH_BYTE * (255 >> 8 - amount)


def aes_substitute(value: Word) -> Word:
    """Apply the S-box of AES to each byte."""
    value = gf_invert(value, AES_FIELD)
    rotated = rotate_bytes(value, 1) ^ rotate_bytes(value, 2)
    rotated = rotated ^ rotate_bytes(value, 3) ^ rotate_bytes(value, 4)
    return value ^ rotated ^ EACH_BYTE * 0x63


def aes_unsubstitute(value: Word) -> Word:
    """Apply the inverse S-box of AES to each byte."""
    rotated = rotate_bytes(value, 1) ^ rotate_bytes(value, 3) ^ rotate_bytes(value, 6)
    return gf_invert(rotated ^ EACH_BYTE * 0x05, AES_FIELD)


def sm4_map(value: Word) -> Word:
    """Apply to each byte the affine map that stands on both sides of SM4's inversion."""
    rotated = rotate_bytes(value, 1) ^ rotate_bytes(value, 3)
    rotated = rotated ^ rotate_bytes(value, 6) ^ rotate_bytes(value, 7)
    return value ^ rotated ^ EACH_BYTE * 0xD3


def sm4_substitute(value: Word) -> Word:
    """Apply the S-box of SM4 to each byte."""
    return sm4_map(gf_invert(sm4_map(value), SM4_FIELD))
