"""Zabha: atomic operations on bytes and halfwords.

Follows the chapter '"Zabha" Extension for Byte and Halfword Atomic Memory Operations' of the RISC-V
Unprivileged ISA; they are those of A, and Zacas's compare and swap, at smaller sizes.
"""

from isa.atomics import amo_load, amo_store
from isa.insn import system
from isa.insns.zacas import compare_and_swap
from isa.machine import MachinePage
from isa.words import Word, s, sext, zext


@system("amoswap.b rd, rs2, (rs1)", "00001 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amoswap_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Swap with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    return amo_store(hart, 1, old, rs2)


@system("amoadd.b rd, rs2, (rs1)", "00000 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amoadd_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Add rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    return amo_store(hart, 1, old, old + rs2)


@system("amoxor.b rd, rs2, (rs1)", "00100 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amoxor_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Exclusive-or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    return amo_store(hart, 1, old, old ^ rs2)


@system("amoand.b rd, rs2, (rs1)", "01100 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amoand_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """And with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    return amo_store(hart, 1, old, old & rs2)


@system("amoor.b rd, rs2, (rs1)", "01000 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amoor_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    return amo_store(hart, 1, old, old | rs2)


@system("amomin.b rd, rs2, (rs1)", "10000 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amomin_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    if s(sext(old, 8)) < s(sext(rs2, 8)):
        return amo_store(hart, 1, old, old)
    return amo_store(hart, 1, old, rs2)


@system("amomax.b rd, rs2, (rs1)", "10100 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amomax_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    if s(sext(old, 8)) > s(sext(rs2, 8)):
        return amo_store(hart, 1, old, old)
    return amo_store(hart, 1, old, rs2)


@system("amominu.b rd, rs2, (rs1)", "11000 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amominu_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    if old < zext(rs2, 8):
        return amo_store(hart, 1, old, old)
    return amo_store(hart, 1, old, rs2)


@system("amomaxu.b rd, rs2, (rs1)", "11100 aqrl rs2 rs1 000 rd 0101111", ext="Zabha", size=1)
def amomaxu_b(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 1)
    if old > zext(rs2, 8):
        return amo_store(hart, 1, old, old)
    return amo_store(hart, 1, old, rs2)


@system("amocas.b rd, rs2, (rs1)", "00101 aqrl rs2 rs1 000 rd 0101111", ext="Zabha&Zacas", size=1)
def amocas_b(hart: MachinePage, rs1: Word, rs2: Word, rd: Word) -> int:
    """Store rs2 if memory holds the low byte of rd; rd takes the old value, sign-extended."""
    return compare_and_swap(hart, rs1, 1, hart[rd], rs2)


@system("amoswap.h rd, rs2, (rs1)", "00001 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amoswap_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Swap with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    return amo_store(hart, 2, old, rs2)


@system("amoadd.h rd, rs2, (rs1)", "00000 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amoadd_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Add rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    return amo_store(hart, 2, old, old + rs2)


@system("amoxor.h rd, rs2, (rs1)", "00100 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amoxor_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Exclusive-or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    return amo_store(hart, 2, old, old ^ rs2)


@system("amoand.h rd, rs2, (rs1)", "01100 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amoand_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """And with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    return amo_store(hart, 2, old, old & rs2)


@system("amoor.h rd, rs2, (rs1)", "01000 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amoor_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    return amo_store(hart, 2, old, old | rs2)


@system("amomin.h rd, rs2, (rs1)", "10000 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amomin_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    if s(sext(old, 16)) < s(sext(rs2, 16)):
        return amo_store(hart, 2, old, old)
    return amo_store(hart, 2, old, rs2)


@system("amomax.h rd, rs2, (rs1)", "10100 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amomax_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    if s(sext(old, 16)) > s(sext(rs2, 16)):
        return amo_store(hart, 2, old, old)
    return amo_store(hart, 2, old, rs2)


@system("amominu.h rd, rs2, (rs1)", "11000 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amominu_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    if old < zext(rs2, 16):
        return amo_store(hart, 2, old, old)
    return amo_store(hart, 2, old, rs2)


@system("amomaxu.h rd, rs2, (rs1)", "11100 aqrl rs2 rs1 001 rd 0101111", ext="Zabha", size=2)
def amomaxu_h(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 2)
    if old > zext(rs2, 16):
        return amo_store(hart, 2, old, old)
    return amo_store(hart, 2, old, rs2)


@system("amocas.h rd, rs2, (rs1)", "00101 aqrl rs2 rs1 001 rd 0101111", ext="Zabha&Zacas", size=2)
def amocas_h(hart: MachinePage, rs1: Word, rs2: Word, rd: Word) -> int:
    """Store rs2 if memory holds the low 16 bits of rd; rd takes the old value, sign-extended."""
    return compare_and_swap(hart, rs1, 2, hart[rd], rs2)
