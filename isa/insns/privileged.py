"""Privileged instructions, and the calls into the environment.

Follows the chapters "Machine-Level ISA" and "Supervisor-Level ISA" of the RISC-V Privileged
Architecture, and "Environment Call and Breakpoints" of the Unprivileged ISA. A meaning that changes
where execution goes on writes `Slot.NEXT_PC`.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.exits import ExitReason
from isa.insn import system
from isa.interrupts import current_mip
from isa.machine import MachinePage
from isa.state import Slot
from isa.tlb import flush, flush_guest
from isa.trap import pend, pend_illegal, pend_virtual, return_m, return_s
from isa.words import Page, Word


@system("ecall", "000000000000 00000 000 00000 1110011", ext="I")
def ecall(hart: Page) -> None:
    """Call the environment: trap with the cause of the current privilege."""
    cause = Cause.ECALL_U + hart[Slot.PRIV]
    if cause == Cause.ECALL_S and hart[Slot.V] != 0:
        cause = Cause.ECALL_VS
    pend(hart, cause, 0)


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
    """Return from an S-mode trap handler; mstatus.TSR and hstatus.VTSR forbid it."""
    if not is_withheld(hart, word, ms.TSR, hs.VTSR):
        hart[Slot.NEXT_PC] = return_s(hart)


@system("wfi", "0001000 00101 00000 000 00000 1110011", ext="M-mode")
def wfi(hart: Page, word: Word) -> None:
    """Wait until an enabled interrupt is pending; mstatus.TW and hstatus.VTW forbid it."""
    if hart[Slot.V] != 0 and hart[Slot.MSTATUS] & ms.TW != 0:
        pend_illegal(hart, word)
        return
    if is_withheld(hart, word, ms.TW, hs.VTW):
        return
    if current_mip(hart) & hart[Slot.MIE] == 0:
        hart[Slot.WAITING] = 1


@system("sfence.vma rs1, rs2", "0001001 rs2 rs1 000 00000 1110011", ext="S-mode")
def sfence_vma(
    hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs1_index: Word, rs2_index: Word
) -> None:
    """Order table writes before later translations: drop what is cached of them.

    rs1 other than x0 limits it to one virtual address, rs2 other than x0 to one ASID (then global
    entries stay). mstatus.TVM and hstatus.VTVM forbid it. In a guest it concerns the guest only.
    """
    if not is_withheld(hart, word, ms.TVM, hs.VTVM):
        fence_current(hart, rs1_index != 0, rs1, rs2_index != 0, rs2)


@system("sinval.vma rs1, rs2", "0001011 rs2 rs1 000 00000 1110011", ext="Svinval")
def sinval_vma(
    hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs1_index: Word, rs2_index: Word
) -> None:
    """Do what SFENCE.VMA does, without its ordering, which the two fences around give."""
    if not is_withheld(hart, word, ms.TVM, hs.VTVM):
        fence_current(hart, rs1_index != 0, rs1, rs2_index != 0, rs2)


@system("sfence.w.inval", "0001100 00000 00000 000 00000 1110011", ext="Svinval")
def sfence_w_inval(hart: Page, word: Word) -> None:
    """Order stores before later invalidations, which they always are here."""
    is_withheld(hart, word, 0, 0)


@system("sfence.inval.ir", "0001100 00001 00000 000 00000 1110011", ext="Svinval")
def sfence_inval_ir(hart: Page, word: Word) -> None:
    """Order invalidations before later implicit accesses, which they always are here."""
    is_withheld(hart, word, 0, 0)


def is_withheld(hart: Page, word: int, trap_bit: int, guest_bit: int) -> bool:
    """Pend the trap of a supervisor instruction that is not allowed now; say whether it is not.

    U-mode never may; `trap_bit` of mstatus keeps S-mode from it, `guest_bit` of hstatus a guest.
    """
    priv = hart[Slot.PRIV]
    if hart[Slot.V]:
        if priv == Priv.U or hart[Slot.HSTATUS] & guest_bit != 0:
            pend_virtual(hart, word)
            return True
        return False
    if priv == Priv.U or (priv == Priv.S and hart[Slot.MSTATUS] & trap_bit != 0):
        pend_illegal(hart, word)
        return True
    return False


def fence_current(hart: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int) -> None:
    """Fence the translations of the world that is current."""
    if hart[Slot.V]:
        flush_guest(hart, by_va, va, by_asid, asid)
    else:
        flush(hart, by_va, va, by_asid, asid)
