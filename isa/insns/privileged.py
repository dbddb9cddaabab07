"""Privileged instructions, and the calls into the environment.

Follows the chapters "Machine-Level ISA" and "Supervisor-Level ISA" of the RISC-V Privileged
Architecture, and "Environment Call and Breakpoints" of the Unprivileged ISA. A meaning that changes
where execution goes on writes `Slot.NEXT_PC`.
"""

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.exits import ExitReason
from isa.insn import system
from isa.machine import MachinePage
from isa.state import Slot
from isa.tlb import flush
from isa.trap import pend, pend_illegal, return_m, return_s
from isa.words import Page, Word


@system("ecall", "000000000000 00000 000 00000 1110011", ext="I")
def ecall(hart: Page) -> None:
    """Call the environment: trap with the cause of the current privilege."""
    pend(hart, Cause.ECALL_U + hart[Slot.PRIV], 0)


@system("ebreak", "000000000001 00000 000 00000 1110011", ext="I")
def ebreak(hart: Page, pc: Word) -> None:
    """Trap to the debugger with a breakpoint exception."""
    if hart[Slot.SEMIHOSTED] == 0:
        pend(hart, Cause.BREAKPOINT, pc)
        return
    hart[Slot.EXIT] = ExitReason.TRAP
    hart[Slot.CAUSE] = Cause.BREAKPOINT
    hart[Slot.TVAL] = pc


@system("mret", "0011000 00010 00000 000 00000 1110011", ext="M-mode")
def mret(hart: Page, word: Word) -> None:
    """Return from an M-mode trap handler."""
    if hart[Slot.PRIV] != Priv.M:
        pend_illegal(hart, word)
        return
    hart[Slot.NEXT_PC] = return_m(hart)


@system("sret", "0001000 00010 00000 000 00000 1110011", ext="S-mode")
def sret(hart: Page, word: Word) -> None:
    """Return from an S-mode trap handler; illegal in S-mode when mstatus.TSR is set."""
    priv = hart[Slot.PRIV]
    if priv == Priv.U or (priv == Priv.S and hart[Slot.MSTATUS] & ms.TSR != 0):
        pend_illegal(hart, word)
        return
    hart[Slot.NEXT_PC] = return_s(hart)


@system("wfi", "0001000 00101 00000 000 00000 1110011", ext="M-mode")
def wfi(hart: Page, word: Word) -> None:
    """Wait until an enabled interrupt is pending; illegal in U-mode and under mstatus.TW."""
    priv = hart[Slot.PRIV]
    if priv == Priv.U or (priv == Priv.S and hart[Slot.MSTATUS] & ms.TW != 0):
        pend_illegal(hart, word)
        return
    if hart[Slot.MIP] & hart[Slot.MIE] == 0:
        hart[Slot.WAITING] = 1


@system("sfence.vma rs1, rs2", "0001001 rs2 rs1 000 00000 1110011", ext="S-mode")
def sfence_vma(
    hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs1_index: Word, rs2_index: Word
) -> None:
    """Order table writes before later translations: drop what is cached of them.

    rs1 other than x0 limits it to one virtual address, rs2 other than x0 to one ASID (then global
    entries stay). Illegal in U-mode, and in S-mode when mstatus.TVM is set.
    """
    priv = hart[Slot.PRIV]
    if priv == Priv.U or (priv == Priv.S and hart[Slot.MSTATUS] & ms.TVM != 0):
        pend_illegal(hart, word)
        return
    flush(hart, rs1_index != 0, rs1, rs2_index != 0, rs2)
