"""Zicsr: control and status register instructions.

Follows the chapter '"Zicsr" Extension for Control and Status Register (CSR) Instructions' of the
RISC-V Unprivileged ISA. An access that is not allowed pends an illegal-instruction or a
virtual-instruction trap before anything is written.
"""

from isa.causes import Irq
from isa.csr_file import read_csr, write_csr
from isa.csr_rules import is_refused, meant
from isa.insn import system
from isa.state import Slot
from isa.words import Page, Word

MIP = 0x344
SEIP = 1 << Irq.SEI


def swap(hart: Page, word: int, csr: int, value: int, is_write: bool) -> int:
    """Give the old value of a CSR and write the new one, or pend the trap of it."""
    if is_refused(hart, word, csr, is_write):
        return 0
    csr = meant(hart, csr)
    old = read_csr(hart, csr)
    if is_write:
        write_csr(hart, csr, value)
    return old


def change(hart: Page, word: int, csr: int, on: int, off: int, is_write: bool) -> int:
    """Set and clear bits of a CSR and give its old value, or pend the trap of it."""
    if is_refused(hart, word, csr, is_write):
        return 0
    csr = meant(hart, csr)
    old = read_csr(hart, csr)
    if is_write:
        write_csr(hart, csr, changeable(hart, csr, old) & ~off | on)
    return old


def changeable(hart: Page, csr: int, value: int) -> int:
    """Give what of a CSR's value is changed: of SEIP in mip, what was written, not the line."""
    if csr == MIP:
        return value & ~SEIP | hart[Slot.MIP] & SEIP
    return value


@system("csrrw rd, csr, rs1", "csr rs1 001 rd 1110011", ext="Zicsr")
def csrrw(hart: Page, word: Word, csr: Word, rs1: Word) -> int:
    """Read a CSR into rd and write rs1 to it."""
    return swap(hart, word, csr, rs1, True)


@system("csrrs rd, csr, rs1", "csr rs1 010 rd 1110011", ext="Zicsr")
def csrrs(hart: Page, word: Word, csr: Word, rs1: Word, rs1_index: Word) -> int:
    """Read a CSR into rd and set the bits that are set in rs1; x0 does not write."""
    return change(hart, word, csr, rs1, 0, rs1_index != 0)


@system("csrrc rd, csr, rs1", "csr rs1 011 rd 1110011", ext="Zicsr")
def csrrc(hart: Page, word: Word, csr: Word, rs1: Word, rs1_index: Word) -> int:
    """Read a CSR into rd and clear the bits that are set in rs1; x0 does not write."""
    return change(hart, word, csr, 0, rs1, rs1_index != 0)


@system("csrrwi rd, csr, uimm", "csr uimm 101 rd 1110011", ext="Zicsr")
def csrrwi(hart: Page, word: Word, csr: Word, uimm: Word) -> int:
    """Read a CSR into rd and write the 5-bit immediate to it."""
    return swap(hart, word, csr, uimm, True)


@system("csrrsi rd, csr, uimm", "csr uimm 110 rd 1110011", ext="Zicsr")
def csrrsi(hart: Page, word: Word, csr: Word, uimm: Word) -> int:
    """Read a CSR into rd and set the bits of the 5-bit immediate; 0 does not write."""
    return change(hart, word, csr, uimm, 0, uimm != 0)


@system("csrrci rd, csr, uimm", "csr uimm 111 rd 1110011", ext="Zicsr")
def csrrci(hart: Page, word: Word, csr: Word, uimm: Word) -> int:
    """Read a CSR into rd and clear the bits of the 5-bit immediate; 0 does not write."""
    return change(hart, word, csr, 0, uimm, uimm != 0)
