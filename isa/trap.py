"""Taking traps, and returning from them.

Written in the words that every engine executes (see `isa/words.py`); a hart page is the only state.
Follows the chapters "Machine-Level ISA", "Supervisor-Level ISA" and "Hypervisor Extension" of the
RISC-V Privileged Architecture. When an interrupt is taken is in `isa/interrupts.py`.
"""

from enum import IntEnum

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import INTERRUPT, Cause, Irq, Priv
from isa.counters import recount
from isa.exits import ExitReason
from isa.extensions import BITS
from isa.state import Slot
from isa.words import Page

ISA_H = BITS["H"]
GUEST_IRQS = 1 << Irq.VSSI | 1 << Irq.VSTI | 1 << Irq.VSEI
HYPER_IRQS = GUEST_IRQS | 1 << Irq.SGEI
TO_M, TO_S, TO_VS = 0, 1, 2
"""Where a trap goes."""

TRANSFORMED_CAUSES = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 13 | 1 << 15 | 1 << 21 | 1 << 23
"""Exceptions of explicit loads and stores: misaligned, access, page and guest-page faults."""


class Detail(IntEnum):
    """What htval, htinst, mtval2 and mtinst tell; all are legal, and hypervisors must take all."""

    RICH = 0  # addresses and transformed instructions
    ADDRESSES = 1  # addresses, and pseudo-instructions where they must go with them
    MINIMAL = 2  # nothing


def pend(hart: Page, cause: int, tval: int) -> int:
    """Note that the current instruction traps; gives 0 for the caller to return."""
    hart[Slot.PENDING] = 1
    hart[Slot.CAUSE] = cause
    hart[Slot.TVAL] = tval
    hart[Slot.TVAL2] = 0
    hart[Slot.TINST] = 0
    hart[Slot.TVAL_IN_GUEST] = 0
    return 0


def pend_address(hart: Page, cause: int, tval: int, in_guest: bool) -> int:
    """Note a trap whose tval is a virtual address, in a guest or not."""
    pend(hart, cause, tval)
    if in_guest:
        hart[Slot.TVAL_IN_GUEST] = 1
    return 0


def pend_guest(hart: Page, cause: int, tval: int, tval2: int, pseudo: int) -> int:
    """Note a guest-page fault, with what the hart was doing if it did it of its own."""
    pend_address(hart, cause, tval, True)
    if hart[Slot.TRAP_DETAIL] != Detail.MINIMAL:
        hart[Slot.TVAL2] = tval2
        hart[Slot.TINST] = pseudo
    return 0


def pend_illegal(hart: Page, word: int) -> int:
    """Note that the current instruction is illegal; tval takes 16 bits of a 16-bit encoding."""
    if word & 3 != 3:
        word = word & 0xFFFF
    return pend(hart, Cause.ILLEGAL, word)


def pend_virtual(hart: Page, word: int) -> int:
    """Note that the current instruction is one that a hypervisor must carry out for its guest."""
    return pend(hart, Cause.VIRTUAL, word)


def take(hart: Page) -> None:
    """Take the pending trap: enter its handler, or exit when the environment is the handler."""
    hart[Slot.PENDING] = 0
    cause = hart[Slot.CAUSE]
    target = destination(hart, cause)
    if target == TO_VS:
        enter_vs(hart, cause, hart[Slot.TVAL])
    elif target == TO_S:
        enter_s(hart, cause, hart[Slot.TVAL])
    elif hart[Slot.HOSTED]:
        hart[Slot.EXIT] = ExitReason.TRAP
    else:
        enter_m(hart, cause, hart[Slot.TVAL])


def destination(hart: Page, cause: int) -> int:
    """Say where a trap taken now goes."""
    if hart[Slot.PRIV] == Priv.M:
        return TO_M
    to_s = hart[Slot.MEDELEG]
    to_vs = hart[Slot.HEDELEG]
    if cause & INTERRUPT:
        to_s = delegated_interrupts(hart)
        to_vs = hart[Slot.HIDELEG]
    bit = cause & 63
    if to_s >> bit & 1 == 0:
        return TO_M
    if hart[Slot.V] != 0 and to_vs >> bit & 1 != 0:
        return TO_VS
    return TO_S


def delegated_interrupts(hart: Page) -> int:
    """Give mideleg: a hypervisor's interrupts are always delegated."""
    if hart[Slot.ISA] & ISA_H:
        return hart[Slot.MIDELEG] | HYPER_IRQS
    return hart[Slot.MIDELEG]


def enter_s(hart: Page, cause: int, tval: int) -> None:
    """Enter the S-mode trap handler, which is HS-mode's where there is a hypervisor."""
    status = hart[Slot.MSTATUS]
    hart[Slot.SEPC] = hart[Slot.PC]
    hart[Slot.SCAUSE] = cause
    hart[Slot.STVAL] = tval
    if hart[Slot.ISA] & ISA_H:
        leave_guest(hart, cause)
    hart[Slot.MSTATUS] = stacked_s(status, hart[Slot.PRIV])
    hart[Slot.PRIV] = Priv.S
    hart[Slot.TRAPS] += 1
    if hart[Slot.HPM_CHOSEN]:
        recount(hart)
    hart[Slot.PC] = vector(hart[Slot.STVEC], cause)


def stacked_s(status: int, priv: int) -> int:
    """Give mstatus or vsstatus after a trap that S or VS-mode takes."""
    new = status & ~(ms.SIE | ms.SPIE | ms.SPP)
    if status & ms.SIE:
        new = new | ms.SPIE
    if priv == Priv.S:
        new = new | ms.SPP
    return new


def leave_guest(hart: Page, cause: int) -> None:
    """Note for a hypervisor where the trap comes from, and switch V off."""
    status = hart[Slot.HSTATUS] & ~(hs.SPV | hs.GVA)
    if hart[Slot.V]:
        status = status & ~hs.SPVP | hs.SPV
        if hart[Slot.PRIV] == Priv.S:
            status = status | hs.SPVP
    hart[Slot.HTVAL] = 0
    hart[Slot.HTINST] = 0
    if cause & INTERRUPT == 0:
        if has_guest_address(hart, cause):
            status = status | hs.GVA
        hart[Slot.HTVAL] = hart[Slot.TVAL2]
        hart[Slot.HTINST] = told_instruction(hart, cause)
    hart[Slot.HSTATUS] = status
    hart[Slot.V] = 0


def enter_vs(hart: Page, cause: int, tval: int) -> None:
    """Enter a guest's S-mode trap handler; its interrupts have the numbers of S-mode's."""
    if cause & INTERRUPT and GUEST_IRQS >> (cause & 63) & 1 != 0:
        cause = cause - 1
    hart[Slot.VSEPC] = hart[Slot.PC]
    hart[Slot.VSCAUSE] = cause
    hart[Slot.VSTVAL] = tval
    hart[Slot.VSSTATUS] = stacked_s(hart[Slot.VSSTATUS], hart[Slot.PRIV])
    hart[Slot.PRIV] = Priv.S
    hart[Slot.TRAPS] += 1
    if hart[Slot.HPM_CHOSEN]:
        recount(hart)
    hart[Slot.PC] = vector(hart[Slot.VSTVEC], cause)


def enter_m(hart: Page, cause: int, tval: int) -> None:
    """Enter the M-mode trap handler."""
    status = hart[Slot.MSTATUS]
    hart[Slot.MEPC] = hart[Slot.PC]
    hart[Slot.MCAUSE] = cause
    hart[Slot.MTVAL] = tval
    new = status & ~(ms.MIE | ms.MPIE | ms.MPP | ms.MPV | ms.GVA)
    if status & ms.MIE:
        new = new | ms.MPIE
    if hart[Slot.ISA] & ISA_H:
        hart[Slot.MTVAL2] = 0
        hart[Slot.MTINST] = 0
        if hart[Slot.V]:
            new = new | ms.MPV
        if cause & INTERRUPT == 0:
            if has_guest_address(hart, cause):
                new = new | ms.GVA
            hart[Slot.MTVAL2] = hart[Slot.TVAL2]
            hart[Slot.MTINST] = told_instruction(hart, cause)
        hart[Slot.V] = 0
    hart[Slot.MSTATUS] = new | hart[Slot.PRIV] << ms.MPP_SHIFT
    hart[Slot.PRIV] = Priv.M
    hart[Slot.TRAPS] += 1
    if hart[Slot.HPM_CHOSEN]:
        recount(hart)
    hart[Slot.PC] = vector(hart[Slot.MTVEC], cause)


def has_guest_address(hart: Page, cause: int) -> bool:
    """Say whether tval is an address in a guest; a target's or a breakpoint's is where code is."""
    is_code = cause == Cause.FETCH_MISALIGNED or cause == Cause.BREAKPOINT
    return hart[Slot.TVAL_IN_GUEST] != 0 or (is_code and hart[Slot.V] != 0)


def told_instruction(hart: Page, cause: int) -> int:
    """Give what htinst or mtinst tells of an exception: see "Transformed Instruction or Pseudo"."""
    told = hart[Slot.TINST]
    is_access = TRANSFORMED_CAUSES >> (cause & 63) & 1 != 0
    if told != 0 or not is_access or hart[Slot.TRAP_DETAIL] != Detail.RICH:
        return told
    offset = hart[Slot.TVAL] - hart[Slot.ACCESS_VA]
    is_compressed = hart[Slot.NEXT_PC] - hart[Slot.PC] == 2
    return transformed(hart[Slot.EXIT_INSN], offset, is_compressed)


def transformed(insn: int, offset: int, is_compressed: bool) -> int:
    """Give the transformation of a load, store or atomic; 0 for another instruction.

    The immediate goes; in place of rs1 stands how far the trap's address is from the access's.
    Bit 1 says that 32 bits were fetched.
    """
    opcode = insn & 0x7F
    if opcode == 0x03 or opcode == 0x07:
        kept = insn & 0x7FFF
    elif opcode == 0x23 or opcode == 0x27:
        kept = insn & 0x01F0_707F
    elif opcode == 0x2F or (opcode == 0x73 and insn >> 12 & 7 == 4):
        kept = insn & ~(0x1F << 15)
    else:
        return 0
    kept = kept | (offset & 0x1F) << 15
    if is_compressed:
        return kept & ~2
    return kept


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
    new = status & ~(ms.MIE | ms.MPP | ms.MPV) | ms.MPIE
    if status & ms.MPIE:
        new = new | ms.MIE
    hart[Slot.V] = 0
    if priv != Priv.M:
        new = new & ~ms.MPRV
        if status & ms.MPV:
            hart[Slot.V] = 1
    hart[Slot.MSTATUS] = new
    hart[Slot.PRIV] = priv
    if hart[Slot.HPM_CHOSEN]:
        recount(hart)
    return hart[Slot.MEPC]


def return_s(hart: Page) -> int:
    """Undo the S-mode trap entry, in HS or in VS-mode; gives the pc to go on at."""
    hart[Slot.MSTATUS] = hart[Slot.MSTATUS] & ~ms.MPRV
    if hart[Slot.V]:
        status = hart[Slot.VSSTATUS]
        hart[Slot.VSSTATUS] = unstacked_s(status)
        back_to = hart[Slot.VSEPC]
    else:
        status = hart[Slot.MSTATUS]
        hart[Slot.MSTATUS] = unstacked_s(status)
        back_to = hart[Slot.SEPC]
        if hart[Slot.HSTATUS] & hs.SPV:
            hart[Slot.V] = 1
        hart[Slot.HSTATUS] = hart[Slot.HSTATUS] & ~hs.SPV
    hart[Slot.PRIV] = Priv.U
    if status & ms.SPP:
        hart[Slot.PRIV] = Priv.S
    if hart[Slot.HPM_CHOSEN]:
        recount(hart)
    return back_to


def unstacked_s(status: int) -> int:
    """Give mstatus or vsstatus after a return from S or VS-mode's handler."""
    new = status & ~(ms.SIE | ms.SPP) | ms.SPIE
    if status & ms.SPIE:
        new = new | ms.SIE
    return new
