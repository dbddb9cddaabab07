"""Zfa: more floating-point instructions.

Follows the chapter '"Zfa" Extension for Additional Floating-Point Instructions' of the RISC-V
Unprivileged ISA. What only RV32 has (FMVH.X.D, FMVP.D.X) is not here.
"""

from isa.family import floats
from isa.insn import floating
from isa.softfloat.compare import less, less_or_equal, maximum, minimum
from isa.softfloat.constants import constant
from isa.softfloat.convert import to_integral, to_signed_modulo
from isa.softfloat.formats import DOUBLE, box, unbox
from isa.softfloat.status import INEXACT
from isa.words import Page, Word


@floats("fli.{f} fd, fli", "11110 {fmt} 00001 fli 000 fd 1010011", ext="Zfa")
def fli(fmt: Word, fli: Word) -> int:
    """Load one of 32 constants."""
    return box(fmt, constant(fmt, fli))


@floats("fminm.{f} fd, fs1, fs2", "00101 {fmt} fs2 fs1 010 fd 1010011", ext="Zfa")
def fminm(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Take the smaller value, -0 below +0; a NaN if either is."""
    return box(fmt, minimum(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2)))


@floats("fmaxm.{f} fd, fs1, fs2", "00101 {fmt} fs2 fs1 011 fd 1010011", ext="Zfa")
def fmaxm(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Take the larger value, -0 below +0; a NaN if either is."""
    return box(fmt, maximum(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2)))


@floats("fround.{f} fd, fs1, rm", "01000 {fmt} 00100 fs1 rm fd 1010011", ext="Zfa")
def fround(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Round to an integral value; that it changes is not told."""
    return box(fmt, to_integral(hart, fmt, unbox(fmt, fs1), rm, 0))


@floats("froundnx.{f} fd, fs1, rm", "01000 {fmt} 00101 fs1 rm fd 1010011", ext="Zfa")
def froundnx(hart: Page, fmt: Word, fs1: Word, rm: Word) -> int:
    """Round to an integral value, inexact if it changes."""
    return box(fmt, to_integral(hart, fmt, unbox(fmt, fs1), rm, INEXACT))


@floating("fcvtmod.w.d rd, fs1, rtz", "1100001 01000 fs1 001 rd 1010011", ext="Zfa&D")
def fcvtmod_w_d(hart: Page, fs1: Word) -> int:
    """Convert to an integer, towards zero, and keep its low 32 bits, sign-extended."""
    return to_signed_modulo(hart, DOUBLE, fs1)


@floats("fleq.{f} rd, fs1, fs2", "10100 {fmt} fs2 fs1 100 rd 1010011", ext="Zfa")
def fleq(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Set rd to 1 if fs1 is at most fs2, else to 0; only signalling NaNs are invalid."""
    return less_or_equal(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), True)


@floats("fltq.{f} rd, fs1, fs2", "10100 {fmt} fs2 fs1 101 rd 1010011", ext="Zfa")
def fltq(hart: Page, fmt: Word, fs1: Word, fs2: Word) -> int:
    """Set rd to 1 if fs1 is less than fs2, else to 0; only signalling NaNs are invalid."""
    return less(hart, fmt, unbox(fmt, fs1), unbox(fmt, fs2), True)
