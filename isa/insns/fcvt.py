"""Conversions of F, D, Zfh and Zfhmin: between formats, and to and from integers.

Follows the same chapters as `f.py`. Integers that do not fit become the nearest that does.
"""

from isa.family import floats
from isa.insn import floating
from isa.softfloat.convert import (
    from_magnitude,
    from_signed,
    to_format,
    to_signed,
    to_unsigned,
)
from isa.softfloat.formats import DOUBLE, HALF, SINGLE, box, unbox
from isa.words import Page, Word, sext, zext

# Between formats; a wider format holds every value of a narrower one


@floating("fcvt.s.d fd, fs1, rm", "0100000 00001 fs1 rm fd 1010011", ext="D")
def fcvt_s_d(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert double to single precision."""
    return box(SINGLE, to_format(hart, SINGLE, DOUBLE, fs1, rm))


@floating("fcvt.d.s fd, fs1, rmx", "0100001 00000 fs1 rmx fd 1010011", ext="D")
def fcvt_d_s(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert single to double precision."""
    return to_format(hart, DOUBLE, SINGLE, unbox(SINGLE, fs1), rm)


@floating("fcvt.s.h fd, fs1, rmx", "0100000 00010 fs1 rmx fd 1010011", ext="Zfhmin")
def fcvt_s_h(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert half to single precision."""
    return box(SINGLE, to_format(hart, SINGLE, HALF, unbox(HALF, fs1), rm))


@floating("fcvt.h.s fd, fs1, rm", "0100010 00000 fs1 rm fd 1010011", ext="Zfhmin")
def fcvt_h_s(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert single to half precision."""
    return box(HALF, to_format(hart, HALF, SINGLE, unbox(SINGLE, fs1), rm))


@floating("fcvt.d.h fd, fs1, rmx", "0100001 00010 fs1 rmx fd 1010011", ext="Zfhmin&D")
def fcvt_d_h(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert half to double precision."""
    return to_format(hart, DOUBLE, HALF, unbox(HALF, fs1), rm)


@floating("fcvt.h.d fd, fs1, rm", "0100010 00001 fs1 rm fd 1010011", ext="Zfhmin&D")
def fcvt_h_d(hart: Page, fs1: Word, rm: Word) -> int:
    """Convert double to half precision."""
    return box(HALF, to_format(hart, HALF, DOUBLE, fs1, rm))


# To integers


@floats("fcvt.w.{f} rd, fs1, rm", "11000 {fmt} 00000 fs1 rm rd 1010011")
def fcvt_w(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Convert to a signed 32-bit integer, sign-extended."""
    return to_signed(hart, fmt, unbox(fmt, fs1), 32, rm)


@floats("fcvt.wu.{f} rd, fs1, rm", "11000 {fmt} 00001 fs1 rm rd 1010011")
def fcvt_wu(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Convert to an unsigned 32-bit integer, sign-extended."""
    return to_unsigned(hart, fmt, unbox(fmt, fs1), 32, rm)


@floats("fcvt.l.{f} rd, fs1, rm", "11000 {fmt} 00010 fs1 rm rd 1010011")
def fcvt_l(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Convert to a signed 64-bit integer."""
    return to_signed(hart, fmt, unbox(fmt, fs1), 64, rm)


@floats("fcvt.lu.{f} rd, fs1, rm", "11000 {fmt} 00011 fs1 rm rd 1010011")
def fcvt_lu(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Convert to an unsigned 64-bit integer."""
    return to_unsigned(hart, fmt, unbox(fmt, fs1), 64, rm)


# From integers


@floats("fcvt.{f}.w fd, rs1, rm", "11010 {fmt} 00000 rs1 rm fd 1010011", exact=("d",))
def fcvt_from_w(hart: Page, fmt: Word, rs1: Word, rm: Word) -> int:
    """Convert a signed 32-bit integer."""
    return box(fmt, from_signed(hart, fmt, sext(rs1, 32), rm))


@floats("fcvt.{f}.wu fd, rs1, rm", "11010 {fmt} 00001 rs1 rm fd 1010011", exact=("d",))
def fcvt_from_wu(hart: Page, fmt: Word, rs1: Word, rm: Word) -> int:
    """Convert an unsigned 32-bit integer."""
    return box(fmt, from_magnitude(hart, fmt, 0, zext(rs1, 32), rm))


@floats("fcvt.{f}.l fd, rs1, rm", "11010 {fmt} 00010 rs1 rm fd 1010011")
def fcvt_from_l(hart: Page, fmt: Word, rs1: Word, rm: Word) -> int:
    """Convert a signed 64-bit integer."""
    return box(fmt, from_signed(hart, fmt, rs1, rm))


@floats("fcvt.{f}.lu fd, rs1, rm", "11010 {fmt} 00011 rs1 rm fd 1010011")
def fcvt_from_lu(hart: Page, fmt: Word, rs1: Word, rm: Word) -> int:
    """Convert an unsigned 64-bit integer."""
    return box(fmt, from_magnitude(hart, fmt, 0, rs1, rm))
