"""F, D and Zfh: floating-point arithmetic, comparison, loads, stores and moves.

Follows the chapters '"F"', '"D"' and '"Zfh" and "Zfhmin"' of the RISC-V Unprivileged ISA. An
operation that three formats have is described once (`isa/family.py`); conversions are in `fcvt.py`.
"""

from isa.family import floats
from isa.insn import floating, load, store
from isa.softfloat.arithmetic import add, divide, fused, multiply, negate, square_root
from isa.softfloat.compare import (
    classify,
    equal,
    less,
    less_or_equal,
    maximum_number,
    minimum_number,
)
from isa.softfloat.formats import HALF, SINGLE, box, sign_of, signed, unbox
from isa.words import Page, Word, sext

# Loads and stores: narrower values are boxed in registers


@load("flh fd, imm(rs1)", "imm[11:0] rs1 001 fd 0000111", ext="Zfhmin", size=2)
def flh(value: Word) -> int:
    """Load a half-precision value."""
    return box(HALF, value)


@load("flw fd, imm(rs1)", "imm[11:0] rs1 010 fd 0000111", ext="F", size=4)
def flw(value: Word) -> int:
    """Load a single-precision value."""
    return box(SINGLE, value)


@load("fld fd, imm(rs1)", "imm[11:0] rs1 011 fd 0000111", ext="D", size=8)
def fld(value: Word) -> Word:
    """Load a double-precision value."""
    return value


@store("fsh fs2, imm(rs1)", "imm[11:5] fs2 rs1 001 imm[4:0] 0100111", ext="Zfhmin", size=2)
def fsh(fs2: Word) -> Word:
    """Store the low 16 bits, whatever is above them."""
    return fs2


@store("fsw fs2, imm(rs1)", "imm[11:5] fs2 rs1 010 imm[4:0] 0100111", ext="F", size=4)
def fsw(fs2: Word) -> Word:
    """Store the low 32 bits, whatever is above them."""
    return fs2


@store("fsd fs2, imm(rs1)", "imm[11:5] fs2 rs1 011 imm[4:0] 0100111", ext="D", size=8)
def fsd(fs2: Word) -> Word:
    """Store 64 bits."""
    return fs2


# Arithmetic


@floats("fadd.{f} fd, fs1, fs2, rm", "00000 {fmt} fs2 fs1 rm fd 1010011")
def fadd(hart: Page, fmt: Word, fs1: Word, fs2: Word, rm: Word) -> int:
    """Add."""
    return box(fmt, add(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), rm))


@floats("fsub.{f} fd, fs1, fs2, rm", "00001 {fmt} fs2 fs1 rm fd 1010011")
def fsub(hart: Page, fmt: Word, fs1: Word, fs2: Word, rm: Word) -> int:
    """Subtract fs2 from fs1."""
    return box(fmt, add(hart, fmt, unbox(fmt, fs1), negate(fmt, unbox(fmt, fs2)), rm))


@floats("fmul.{f} fd, fs1, fs2, rm", "00010 {fmt} fs2 fs1 rm fd 1010011")
def fmul(hart: Page, fmt: Word, fs1: Word, fs2: Word, rm: Word) -> int:
    """Multiply."""
    return box(fmt, multiply(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), rm))


@floats("fdiv.{f} fd, fs1, fs2, rm", "00011 {fmt} fs2 fs1 rm fd 1010011")
def fdiv(hart: Page, fmt: Word, fs1: Word, fs2: Word, rm: Word) -> int:
    """Divide fs1 by fs2."""
    return box(fmt, divide(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), rm))


@floats("fsqrt.{f} fd, fs1, rm", "01011 {fmt} 00000 fs1 rm fd 1010011")
def fsqrt(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Take the square root."""
    return box(fmt, square_root(hart, fmt, unbox(fmt, fs1), rm))


@floats("fmadd.{f} fd, fs1, fs2, fs3, rm", "fs3 {fmt} fs2 fs1 rm fd 1000011")
def fmadd(hart: Page, fmt: Word, fs1: Word, fs2: Word, fs3: Word, rm: Word) -> int:
    """Multiply fs1 and fs2 and add fs3, rounding once."""
    c = unbox(fmt, fs3)
    return box(fmt, fused(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), c, rm))


@floats("fmsub.{f} fd, fs1, fs2, fs3, rm", "fs3 {fmt} fs2 fs1 rm fd 1000111")
def fmsub(hart: Page, fmt: Word, fs1: Word, fs2: Word, fs3: Word, rm: Word) -> int:
    """Multiply fs1 and fs2 and subtract fs3, rounding once."""
    c = negate(fmt, unbox(fmt, fs3))
    return box(fmt, fused(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), c, rm))


@floats("fnmsub.{f} fd, fs1, fs2, fs3, rm", "fs3 {fmt} fs2 fs1 rm fd 1001011")
def fnmsub(hart: Page, fmt: Word, fs1: Word, fs2: Word, fs3: Word, rm: Word) -> int:
    """Subtract the product of fs1 and fs2 from fs3, rounding once."""
    a = negate(fmt, unbox(fmt, fs1))
    return box(fmt, fused(hart, fmt, a, unbox(fmt, fs2), unbox(fmt, fs3), rm))


@floats("fnmadd.{f} fd, fs1, fs2, fs3, rm", "fs3 {fmt} fs2 fs1 rm fd 1001111")
def fnmadd(hart: Page, fmt: Word, fs1: Word, fs2: Word, fs3: Word, rm: Word) -> int:
    """Negate the product of fs1 and fs2 and subtract fs3, rounding once."""
    a = negate(fmt, unbox(fmt, fs1))
    c = negate(fmt, unbox(fmt, fs3))
    return box(fmt, fused(hart, fmt, a, unbox(fmt, fs2), c, rm))


# Signs, minimum and maximum


@floats("fsgnj.{f} fd, fs1, fs2", "00100 {fmt} fs2 fs1 000 fd 1010011")
def fsgnj(fmt: Word, fs1: Word, fs2: Word) -> int:
    """Give fs1 the sign of fs2."""
    a = unbox(fmt, fs1)
    return box(fmt, a ^ signed(fmt, sign_of(fmt, a) ^ sign_of(fmt, unbox(fmt, fs2)), 0))


@floats("fsgnjn.{f} fd, fs1, fs2", "00100 {fmt} fs2 fs1 001 fd 1010011")
def fsgnjn(fmt: Word, fs1: Word, fs2: Word) -> int:
    """Give fs1 the opposite sign of fs2."""
    a = unbox(fmt, fs1)
    return box(fmt, a ^ signed(fmt, sign_of(fmt, a) ^ sign_of(fmt, unbox(fmt, fs2)) ^ 1, 0))


@floats("fsgnjx.{f} fd, fs1, fs2", "00100 {fmt} fs2 fs1 010 fd 1010011")
def fsgnjx(fmt: Word, fs1: Word, fs2: Word) -> int:
    """Flip the sign of fs1 if fs2 is negative."""
    return box(fmt, unbox(fmt, fs1) ^ signed(fmt, sign_of(fmt, unbox(fmt, fs2)), 0))


@floats("fmin.{f} fd, fs1, fs2", "00101 {fmt} fs2 fs1 000 fd 1010011")
def fmin(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Take the smaller number, -0 below +0; a NaN only if both are."""
    return box(fmt, minimum_number(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2)))


@floats("fmax.{f} fd, fs1, fs2", "00101 {fmt} fs2 fs1 001 fd 1010011")
def fmax(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Take the larger number, -0 below +0; a NaN only if both are."""
    return box(fmt, maximum_number(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2)))


# Comparison and classification


@floats("feq.{f} rd, fs1, fs2", "10100 {fmt} fs2 fs1 010 rd 1010011")
def feq(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Set rd to 1 if fs1 equals fs2, else to 0; only signalling NaNs are invalid."""
    return equal(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2))


@floats("flt.{f} rd, fs1, fs2", "10100 {fmt} fs2 fs1 001 rd 1010011")
def flt(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Set rd to 1 if fs1 is less than fs2, else to 0; any NaN is invalid."""
    return less(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), False)


@floats("fle.{f} rd, fs1, fs2", "10100 {fmt} fs2 fs1 000 rd 1010011")
def fle(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Set rd to 1 if fs1 is at most fs2, else to 0; any NaN is invalid."""
    return less_or_equal(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), False)


@floats("fclass.{f} rd, fs1", "11100 {fmt} 00000 fs1 001 rd 1010011")
def fclass(fmt: Word, fs1: Word) -> int:
    """Set the one bit of rd that stands for the class of fs1."""
    return classify(fmt, unbox(fmt, fs1))


# Moves of bits between register files


@floating("fmv.x.h rd, fs1", "1110010 00000 fs1 000 rd 1010011", ext="Zfhmin")
def fmv_x_h(fs1: Word) -> int:
    """Move the low 16 bits to rd, sign-extended."""
    return sext(fs1, 16)


@floating("fmv.x.w rd, fs1", "1110000 00000 fs1 000 rd 1010011", ext="F")
def fmv_x_w(fs1: Word) -> int:
    """Move the low 32 bits to rd, sign-extended."""
    return sext(fs1, 32)


@floating("fmv.x.d rd, fs1", "1110001 00000 fs1 000 rd 1010011", ext="D")
def fmv_x_d(fs1: Word) -> Word:
    """Move 64 bits to rd."""
    return fs1


@floating("fmv.h.x fd, rs1", "1111010 00000 rs1 000 fd 1010011", ext="Zfhmin")
def fmv_h_x(rs1: Word) -> int:
    """Move the low 16 bits of rs1, boxed."""
    return box(HALF, rs1)


@floating("fmv.w.x fd, rs1", "1111000 00000 rs1 000 fd 1010011", ext="F")
def fmv_w_x(rs1: Word) -> int:
    """Move the low 32 bits of rs1, boxed."""
    return box(SINGLE, rs1)


@floating("fmv.d.x fd, rs1", "1111001 00000 rs1 000 fd 1010011", ext="D")
def fmv_d_x(rs1: Word) -> Word:
    """Move 64 bits."""
    return rs1
