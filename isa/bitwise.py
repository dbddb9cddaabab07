"""Rearranging and combining the bits of words: what the meanings of the Zb* extensions share.

Written in the words that every engine executes. Fields of a word are worked on side by side; a mask
says which are meant.
"""

from isa.words import Word, word, zext

EACH_BYTE = 0x0101_0101_0101_0101
LOW_SEVEN = 0x7F7F_7F7F_7F7F_7F7F
EVERY_FOURTH = 0x1111_1111_1111_1111
NIBBLES = 0x0F0F_0F0F_0F0F_0F0F
PAIRS = 0x3333_3333_3333_3333
SINGLES = 0x5555_5555_5555_5555
BYTES = 0x00FF_00FF_00FF_00FF
HALVES = 0x0000_FFFF_0000_FFFF
WORDS = 0x0000_0000_FFFF_FFFF


def rotate_right(value: Word, amount: int) -> Word:
    """Rotate 64 bits right, by an amount below 64."""
    return value >> amount | value << (64 - amount & 63)


def rotate_right_32(value: Word, amount: int) -> Word:
    """Rotate the low 32 bits right, by an amount up to 32; the upper bits of the result are 0."""
    low = zext(value, 32)
    return zext(low >> amount | low << (32 - amount), 32)


def swap_fields(value: Word, size: int, lower: int) -> Word:
    """Swap neighbours of `size` bits; `lower` has the bits of the lower one of each pair."""
    return value >> size & lower | (value & lower) << size


def reverse_bytes(value: Word) -> Word:
    """Reverse the order of the eight bytes."""
    value = swap_fields(value, 8, BYTES)
    value = swap_fields(value, 16, HALVES)
    return swap_fields(value, 32, WORDS)


def reverse_in_bytes(value: Word) -> Word:
    """Reverse the order of the bits in each byte."""
    value = swap_fields(value, 1, SINGLES)
    value = swap_fields(value, 2, PAIRS)
    return swap_fields(value, 4, NIBBLES)


def reverse_bits(value: Word) -> Word:
    """Reverse the order of all 64 bits."""
    return reverse_bytes(reverse_in_bytes(value))


def fill_bytes(value: Word) -> Word:
    """Set all bits of each byte that has one set."""
    has_one = ((value & LOW_SEVEN) + LOW_SEVEN | value) >> 7 & EACH_BYTE
    return has_one * 255


def carryless_product(a: Word, b: Word) -> Word:
    """Low 64 bits of the product of two polynomials over GF(2).

    A plain product adds up what this one exclusive-ors. Operands are therefore taken apart, so that
    three zeros follow each bit: a column of their product sums up to 15 ones without reaching the
    next bit that counts (the sixteenth one can only be in the top column).
    """
    product = word(0)
    part = word(0)
    while part < 4:
        i = word(0)
        total = word(0)
        while i < 4:
            mine = a & EVERY_FOURTH << i
            theirs = b & EVERY_FOURTH << (part - i & 3)
            total = total ^ mine * theirs
            i = i + 1
        product = product | total & EVERY_FOURTH << part
        part = part + 1
    return product


def carryless_reversed(a: Word, b: Word) -> Word:
    """Bits 126 to 63 of the product: that of the reversed polynomials, reversed."""
    return reverse_bits(carryless_product(reverse_bits(a), reverse_bits(b)))


def look_up_fields(table: Word, indices: Word, width: int) -> Word:
    """Replace each field of `indices` by the field of `table` it numbers, 0 when there is none."""
    found = word(0)
    at = word(0)
    while at < 64:
        start = zext(indices >> at, width) * width
        if start < 64:
            found = found | zext(table >> start, width) << at
        at = at + width
    return found
