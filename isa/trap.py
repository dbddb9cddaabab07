"""Taking traps and interrupts, and returning from them.

Written in the words that every engine executes (see `isa/words.py`); a hart page is the only state.
Follows the chapters "Machine-Level ISA" and "Supervisor-Level ISA" of the RISC-V Privileged
Architecture.
"""

from isa import mstatus as ms
from isa.causes import INTERRUPT, Cause, Irq, Priv
from isa.exits import ExitReason
from isa.state import Slot
from isa.words import Page

S_BITS = 1 << Irq.SSI | 1 << Irq.STI | 1 << Irq.SEI
M_BITS = 1 << Irq.MSI | 1 << Irq.MTI | 1 << Irq.MEI


def pend(hart: Page, cause: int, tval: int) -> int:
    """Note that the current instruction traps; gives 0 for the caller to return."""
    hart[Slot.PENDING] = 1
    hart[Slot.CAUSE] = cause
    hart[Slot.TVAL] = tval
    return 0


def pend_illegal(hart: Page, word: int) -> int:
    """Note that the current instruction is illegal; tval takes 16 bits of a 16-bit encoding."""
    if word & 3 != 3:
        word = word & 0xFFFF
    return pend(hart, Cause.ILLEGAL, word)


def take(hart: Page) -> None:
    """Take the pending trap: enter its handler, or exit when the environment is the handler."""
    hart[Slot.PENDING] = 0
    cause = hart[Slot.CAUSE]
    if is_delegated(hart, cause):
        enter_s(hart, cause, hart[Slot.TVAL])
    elif hart[Slot.HOSTED]:
        hart[Slot.EXIT] = ExitReason.TRAP
    else:
        enter_m(hart, cause, hart[Slot.TVAL])


def is_delegated(hart: Page, cause: int) -> bool:
    """Say whether a trap taken now goes to S-mode."""
    if hart[Slot.PRIV] == Priv.M:
        return False
    delegated = hart[Slot.MEDELEG]
    if cause & INTERRUPT:
        delegated = hart[Slot.MIDELEG]
    return delegated >> (cause & 63) & 1 != 0


def enter_s(hart: Page, cause: int, tval: int) -> None:
    """Enter the S-mode trap handler."""
    status = hart[Slot.MSTATUS]
    hart[Slot.SEPC] = hart[Slot.PC]
    hart[Slot.SCAUSE] = cause
    hart[Slot.STVAL] = tval
    new = status & ~(ms.SIE | ms.SPIE | ms.SPP)
    if status & ms.SIE:
        new = new | ms.SPIE
    if hart[Slot.PRIV] == Priv.S:
        new = new | ms.SPP
    hart[Slot.MSTATUS] = new
    hart[Slot.PRIV] = Priv.S
    hart[Slot.TRAPS] += 1
    hart[Slot.PC] = vector(hart[Slot.STVEC], cause)


def enter_m(hart: Page, cause: int, tval: int) -> None:
    """Enter the M-mode trap handler."""
    status = hart[Slot.MSTATUS]
    hart[Slot.MEPC] = hart[Slot.PC]
    hart[Slot.MCAUSE] = cause
    hart[Slot.MTVAL] = tval
    new = status & ~(ms.MIE | ms.MPIE | ms.MPP)
    if status & ms.MIE:
        new = new | ms.MPIE
    hart[Slot.MSTATUS] = new | hart[Slot.PRIV] << ms.MPP_SHIFT
    hart[Slot.PRIV] = Priv.M
    hart[Slot.TRAPS] += 1
    hart[Slot.PC] = vector(hart[Slot.MTVEC], cause)


def vector(tvec: int, cause: int) -> int:
    """Give the handler's address: interrupts are vectored in mode 1."""
    base = tvec & ~3
    if tvec & 1 and cause & INTERRUPT:
        return base + (cause & 63) * 4
    return base


def return_m(hart: Page) -> int:
    """Undo the M-mode trap entry; gives the pc to go on at."""
    status = hart[Slot.MSTATUS]
    priv = (status & ms.MPP) >> ms.MPP_SHIFT
    new = status & ~(ms.MIE | ms.MPP) | ms.MPIE
    if status & ms.MPIE:
        new = new | ms.MIE
    if priv != Priv.M:
        new = new & ~ms.MPRV
    hart[Slot.MSTATUS] = new
    hart[Slot.PRIV] = priv
    return hart[Slot.MEPC]


def return_s(hart: Page) -> int:
    """Undo the S-mode trap entry; gives the pc to go on at."""
    status = hart[Slot.MSTATUS]
    new = status & ~(ms.SIE | ms.SPP | ms.MPRV) | ms.SPIE
    if status & ms.SPIE:
        new = new | ms.SIE
    hart[Slot.MSTATUS] = new
    hart[Slot.PRIV] = Priv.U
    if status & ms.SPP:
        hart[Slot.PRIV] = Priv.S
    return hart[Slot.SEPC]


def pending_interrupt(hart: Page) -> int:
    """Give the cause of the interrupt to take now, or 0."""
    ready = hart[Slot.MIP] & hart[Slot.MIE]
    if ready == 0:
        return 0
    priv = hart[Slot.PRIV]
    status = hart[Slot.MSTATUS]
    for_m = ready & ~hart[Slot.MIDELEG]
    if for_m != 0 and (priv != Priv.M or status & ms.MIE != 0):
        return INTERRUPT | highest(for_m)
    for_s = ready & hart[Slot.MIDELEG]
    if for_s != 0 and (priv == Priv.U or (priv == Priv.S and status & ms.SIE != 0)):
        return INTERRUPT | highest(for_s)
    return 0


def highest(ready: int) -> int:
    """Give the code of the interrupt of highest priority among the bits of `ready`."""
    if ready & 1 << Irq.MEI:
        return Irq.MEI
    if ready & 1 << Irq.MSI:
        return Irq.MSI
    if ready & 1 << Irq.MTI:
        return Irq.MTI
    if ready & 1 << Irq.SEI:
        return Irq.SEI
    if ready & 1 << Irq.SSI:
        return Irq.SSI
    return Irq.STI


def take_interrupt(hart: Page) -> bool:
    """Take an interrupt if one is pending and enabled; says whether one was."""
    cause = pending_interrupt(hart)
    if cause == 0:
        return False
    hart[Slot.CAUSE] = cause
    hart[Slot.TVAL] = 0
    take(hart)
    return True
