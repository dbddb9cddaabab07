"""A: atomic read-modify-write operations, and load-reserved with store-conditional.

Follows the chapter '"A" Extension for Atomic Instructions' of the RISC-V Unprivileged ISA. Harts
here are sequentially consistent, so the ordering bits aq and rl have nothing left to do. A
misaligned address is a misaligned-address exception, a device an access fault.
"""

from isa.atomics import amo_load, amo_store, load_reserved, store_conditional
from isa.insn import system
from isa.machine import MachinePage
from isa.words import Word, s, sext, zext


@system("lr.w rd, (rs1)", "00010 aqrl 00000 rs1 010 rd 0101111", ext="A", size=4)
def lr_w(hart: MachinePage, rs1: Word) -> int:
    """Load 32 bits, sign-extended, and reserve their address."""
    return sext(load_reserved(hart, rs1, 4), 32)


@system("sc.w rd, rs2, (rs1)", "00011 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def sc_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Store 32 bits if the address is still reserved; rd is 0 if it was, else 1."""
    return store_conditional(hart, rs1, 4, rs2)


@system("lr.d rd, (rs1)", "00010 aqrl 00000 rs1 011 rd 0101111", ext="A", size=8)
def lr_d(hart: MachinePage, rs1: Word) -> int:
    """Load 64 bits and reserve their address."""
    return load_reserved(hart, rs1, 8)


@system("sc.d rd, rs2, (rs1)", "00011 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def sc_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Store 64 bits if the address is still reserved; rd is 0 if it was, else 1."""
    return store_conditional(hart, rs1, 8, rs2)


@system("amoswap.w rd, rs2, (rs1)", "00001 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amoswap_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Swap with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    return amo_store(hart, 4, old, rs2)


@system("amoadd.w rd, rs2, (rs1)", "00000 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amoadd_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Add rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    return amo_store(hart, 4, old, old + rs2)


@system("amoxor.w rd, rs2, (rs1)", "00100 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amoxor_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Exclusive-or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    return amo_store(hart, 4, old, old ^ rs2)


@system("amoand.w rd, rs2, (rs1)", "01100 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amoand_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """And with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    return amo_store(hart, 4, old, old & rs2)


@system("amoor.w rd, rs2, (rs1)", "01000 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amoor_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Or with rs2; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    return amo_store(hart, 4, old, old | rs2)


@system("amomin.w rd, rs2, (rs1)", "10000 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amomin_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    if s(sext(old, 32)) < s(sext(rs2, 32)):
        return amo_store(hart, 4, old, old)
    return amo_store(hart, 4, old, rs2)


@system("amomax.w rd, rs2, (rs1)", "10100 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amomax_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, signed; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    if s(sext(old, 32)) > s(sext(rs2, 32)):
        return amo_store(hart, 4, old, old)
    return amo_store(hart, 4, old, rs2)


@system("amominu.w rd, rs2, (rs1)", "11000 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amominu_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    if old < zext(rs2, 32):
        return amo_store(hart, 4, old, old)
    return amo_store(hart, 4, old, rs2)


@system("amomaxu.w rd, rs2, (rs1)", "11100 aqrl rs2 rs1 010 rd 0101111", ext="A", size=4)
def amomaxu_w(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, unsigned; rd takes the old value, sign-extended."""
    old = amo_load(hart, rs1, 4)
    if old > zext(rs2, 32):
        return amo_store(hart, 4, old, old)
    return amo_store(hart, 4, old, rs2)


@system("amoswap.d rd, rs2, (rs1)", "00001 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amoswap_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Swap with rs2; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    return amo_store(hart, 8, old, rs2)


@system("amoadd.d rd, rs2, (rs1)", "00000 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amoadd_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Add rs2; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    return amo_store(hart, 8, old, old + rs2)


@system("amoxor.d rd, rs2, (rs1)", "00100 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amoxor_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Exclusive-or with rs2; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    return amo_store(hart, 8, old, old ^ rs2)


@system("amoand.d rd, rs2, (rs1)", "01100 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amoand_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """And with rs2; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    return amo_store(hart, 8, old, old & rs2)


@system("amoor.d rd, rs2, (rs1)", "01000 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amoor_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Or with rs2; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    return amo_store(hart, 8, old, old | rs2)


@system("amomin.d rd, rs2, (rs1)", "10000 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amomin_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, signed; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    if s(old) < s(rs2):
        return amo_store(hart, 8, old, old)
    return amo_store(hart, 8, old, rs2)


@system("amomax.d rd, rs2, (rs1)", "10100 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amomax_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, signed; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    if s(old) > s(rs2):
        return amo_store(hart, 8, old, old)
    return amo_store(hart, 8, old, rs2)


@system("amominu.d rd, rs2, (rs1)", "11000 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amominu_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the lesser of it and rs2, unsigned; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    if old < rs2:
        return amo_store(hart, 8, old, old)
    return amo_store(hart, 8, old, rs2)


@system("amomaxu.d rd, rs2, (rs1)", "11100 aqrl rs2 rs1 011 rd 0101111", ext="A", size=8)
def amomaxu_d(hart: MachinePage, rs1: Word, rs2: Word) -> int:
    """Keep the greater of it and rs2, unsigned; rd takes the old value."""
    old = amo_load(hart, rs1, 8)
    if old > rs2:
        return amo_store(hart, 8, old, old)
    return amo_store(hart, 8, old, rs2)
