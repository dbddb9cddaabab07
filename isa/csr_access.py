"""CSR accesses that do more than read or write a slot, and the rules of CSR access.

Written in the words that every engine executes. Follows the chapters "Machine-Level ISA" and
"Supervisor-Level ISA" of the RISC-V Privileged Architecture.
"""

from isa import mstatus as ms
from isa.causes import Cause, Irq
from isa.counters import recount
from isa.extensions import BITS
from isa.interrupts import ENVCFG_STCE, current_mip, time_of
from isa.machine import MachinePage, drop_all_inline
from isa.pte import MODE_BARE, MODE_SHIFT, MODE_SV39, MODE_SV48, MODE_SV57
from isa.softfloat.status import note_write
from isa.state import Slot
from isa.trap import HYPER_IRQS, ISA_H
from isa.walk import ENVCFG_ADUE, ENVCFG_PBMTE, SVADU
from isa.words import Page

MISA_ISU = 1 << 8 | 1 << 18 | 1 << 20
ISA_M, ISA_A, ISA_C = BITS["M"], BITS["A"], BITS["C"]
ISA_F, ISA_D = BITS["F"], BITS["D"]
ISA_SV48, ISA_SV57, ISA_PBMT = BITS["Sv48"], BITS["Sv57"], BITS["Svpbmt"]
ISA_STC, ISA_OVERFLOW = BITS["Sstc"], BITS["Sscofpmf"]
ISA_CNTR, ISA_HPM = BITS["Zicntr"], BITS["Zihpm"]
BLOCK_MANAGEMENT, BLOCK_ZERO = BITS["Zicbom"], BITS["Zicboz"]
ISA_B = BITS["Zba"] | BITS["Zbb"] | BITS["Zbs"]
EXCEPTIONS = 0xCB3FF  # every exception of M, S and U that may come from below M-mode
GUEST_EXCEPTIONS = 1 << 10 | 0xF << 20
S_IRQS = 1 << Irq.SSI | 1 << Irq.STI | 1 << Irq.SEI
M_IRQS = 1 << Irq.MSI | 1 << Irq.MTI | 1 << Irq.MEI
LCOFI = 1 << Irq.LCOFI
VSSIP = 1 << Irq.VSSI
FIOM, CBIE, CBCFE, CBZE = 1, 3 << 4, 1 << 6, 1 << 7
CBIE_RESERVED = 2 << 4
COUNT_CYCLES = 1
COUNT_INSTRET = 4
BASE_COUNTERS, EVENT_COUNTERS, TIME = 7, (1 << 32) - 8, 2


def read_misa(hart: Page) -> int:
    """Read misa: RV64, and the letters of the extensions that this hart has."""
    isa = hart[Slot.ISA]
    value = 2 << 62 | MISA_ISU
    if isa & ISA_M:
        value = value | 1 << 12
    if isa & ISA_A:
        value = value | 1
    if isa & ISA_C:
        value = value | 1 << 2
    if isa & ISA_F:
        value = value | 1 << 5
    if isa & ISA_D:
        value = value | 1 << 3
    if isa & ISA_H:
        value = value | 1 << 7
    if isa & ISA_B == ISA_B:
        value = value | 1 << 1
    return value


def write_fflags(hart: Page, value: int) -> None:
    """Write the accrued floating-point exception flags."""
    hart[Slot.FFLAGS] = value & 0x1F
    note_write(hart)


def write_frm(hart: Page, value: int) -> None:
    """Write the dynamic rounding mode; a reserved one makes instructions that use it illegal."""
    hart[Slot.FRM] = value & 7
    note_write(hart)


def read_fcsr(hart: Page) -> int:
    """Read rounding mode and flags."""
    return hart[Slot.FRM] << 5 | hart[Slot.FFLAGS]


def write_fcsr(hart: Page, value: int) -> None:
    """Write rounding mode and flags."""
    write_frm(hart, value >> 5)
    write_fflags(hart, value)


def write_mepc(hart: Page, value: int) -> None:
    """Write mepc, which holds an address where an instruction can be."""
    hart[Slot.MEPC] = value & ~hart[Slot.UNALIGNED]


def write_sepc(hart: Page, value: int) -> None:
    """Write sepc, which holds an address where an instruction can be."""
    hart[Slot.SEPC] = value & ~hart[Slot.UNALIGNED]


def read_sstatus(hart: Page) -> int:
    """Read mstatus as S-mode sees it."""
    return hart[Slot.MSTATUS] & (ms.SSTATUS_VISIBLE | ms.FS | ms.SD)


def write_sstatus(hart: Page, value: int) -> None:
    """Write the bits of mstatus that S-mode sees."""
    kept = hart[Slot.MSTATUS] & ~ms.SSTATUS_WRITABLE
    hart[Slot.MSTATUS] = with_fs(hart, kept | value & ms.SSTATUS_WRITABLE, value)


def with_fs(hart: Page, status: int, value: int) -> int:
    """Give a new mstatus the FS field of a written value, and SD, which follows from it."""
    if hart[Slot.ISA] & ISA_F == 0:
        return status
    status = status & ~(ms.FS | ms.SD) | value & ms.FS
    if status & ms.FS == ms.FS:
        return status | ms.SD
    return status


def write_mstatus(hart: Page, value: int) -> None:
    """Write mstatus; MPP keeps its value when the new one names no privilege level."""
    writable = ms.MSTATUS_WRITABLE
    if hart[Slot.ISA] & ISA_H:
        writable = writable | ms.MPV | ms.GVA
    kept = hart[Slot.MSTATUS] & ~writable
    if value & ms.MPP != 2 << ms.MPP_SHIFT:
        kept = kept & ~ms.MPP | value & ms.MPP
    hart[Slot.MSTATUS] = with_fs(hart, kept | value & writable, value)


def write_medeleg(hart: Page, value: int) -> None:
    """Write medeleg: the exceptions that there are; no instruction is misaligned with C."""
    there = EXCEPTIONS
    if hart[Slot.ISA] & ISA_H:
        there = there | GUEST_EXCEPTIONS
    if hart[Slot.ISA] & ISA_C:
        there = there & ~(1 << Cause.FETCH_MISALIGNED)
    hart[Slot.MEDELEG] = value & there


def overflow_irq(hart: Page) -> int:
    """Give the bit of the counter-overflow interrupt, if there is one."""
    if hart[Slot.ISA] & ISA_OVERFLOW:
        return LCOFI
    return 0


def read_mideleg(hart: Page) -> int:
    """Read mideleg, in which a hypervisor's interrupts are always set."""
    if hart[Slot.ISA] & ISA_H:
        return hart[Slot.MIDELEG] | HYPER_IRQS
    return hart[Slot.MIDELEG]


def write_mideleg(hart: Page, value: int) -> None:
    """Write mideleg: the interrupts of S-mode."""
    hart[Slot.MIDELEG] = value & (S_IRQS | overflow_irq(hart))


def write_mie(hart: Page, value: int) -> None:
    """Write mie: the interrupts that there are."""
    there = S_IRQS | M_IRQS | overflow_irq(hart)
    if hart[Slot.ISA] & ISA_H:
        there = there | HYPER_IRQS
    hart[Slot.MIE] = value & there


def write_mip(hart: Page, value: int) -> None:
    """Write the bits of mip that software sets; STIP is none of them under Sstc."""
    writable = S_IRQS | overflow_irq(hart)
    if hart[Slot.MENVCFG] & ENVCFG_STCE:
        writable = writable & ~(1 << Irq.STI)
    hart[Slot.MIP] = hart[Slot.MIP] & ~writable | value & writable
    if hart[Slot.ISA] & ISA_H:
        hart[Slot.HVIP] = hart[Slot.HVIP] & ~VSSIP | value & VSSIP


def read_sie(hart: Page) -> int:
    """Read mie as S-mode sees it: delegated interrupts."""
    return hart[Slot.MIE] & hart[Slot.MIDELEG]


def write_sie(hart: Page, value: int) -> None:
    """Write the delegated bits of mie."""
    delegated = hart[Slot.MIDELEG]
    hart[Slot.MIE] = hart[Slot.MIE] & ~delegated | value & delegated


def read_sip(hart: Page) -> int:
    """Read mip as S-mode sees it: delegated interrupts."""
    return current_mip(hart) & hart[Slot.MIDELEG]


def write_sip(hart: Page, value: int) -> None:
    """Write the only bits of sip that software sets: a delegated SSIP and LCOFIP."""
    writable = hart[Slot.MIDELEG] & (1 << Irq.SSI | LCOFI)
    hart[Slot.MIP] = hart[Slot.MIP] & ~writable | value & writable


def is_translation_mode(hart: Page, mode: int) -> bool:
    """Say whether satp may hold a mode that translates."""
    if mode == MODE_SV39:
        return True
    if mode == MODE_SV48:
        return hart[Slot.ISA] & (ISA_SV48 | ISA_SV57) != 0
    return mode == MODE_SV57 and hart[Slot.ISA] & ISA_SV57 != 0


def write_satp(hart: Page, value: int) -> None:
    """Write satp; an unsupported mode leaves all of it unchanged."""
    mode = value >> MODE_SHIFT
    if mode == MODE_BARE or is_translation_mode(hart, mode):
        hart[Slot.SATP] = value


def environment_bits(hart: Page, value: int) -> int:
    """Give what menvcfg, senvcfg and henvcfg keep alike of a written value."""
    there = FIOM
    if hart[Slot.ISA] & BLOCK_ZERO:
        there = there | CBZE
    if hart[Slot.ISA] & BLOCK_MANAGEMENT:
        there = there | CBCFE
        if value & CBIE != CBIE_RESERVED:
            there = there | CBIE
    return value & there


def write_senvcfg(hart: Page, value: int) -> None:
    """Write senvcfg."""
    hart[Slot.SENVCFG] = environment_bits(hart, value)


def write_menvcfg(hart: MachinePage, value: int) -> None:
    """Write menvcfg: what the extensions that are there put into it."""
    there = 0
    if hart[Slot.ISA] & ISA_STC:
        there = there | ENVCFG_STCE
    if hart[Slot.ISA] & ISA_PBMT:
        there = there | ENVCFG_PBMTE
    if hart[Slot.ISA] & SVADU:
        there = there | ENVCFG_ADUE
    hart[Slot.MENVCFG] = environment_bits(hart, value) | value & there
    drop_all_inline(hart)


def write_stateen(hart: Page, index: int, value: int) -> None:
    """Write mstateen0 to 3: what they guard here is each other's copies, and xenvcfg."""
    there = 1 << 63
    if index == 0:
        there = 3 << 62
    hart[Slot.MSTATEEN0 + index] = value & there


def read_hstateen(hart: Page, index: int) -> int:
    """Read hstateen0 to 3, in which what mstateen does not have is zero."""
    return hart[Slot.HSTATEEN0 + index] & hart[Slot.MSTATEEN0 + index]


def write_hstateen(hart: Page, index: int, value: int) -> None:
    """Write hstateen0 to 3; bits that mstateen does not have keep their zero."""
    hart[Slot.HSTATEEN0 + index] = value & hart[Slot.MSTATEEN0 + index]


def read_time(hart: Page) -> int:
    """Read the time in timebase ticks; a guest's has its hypervisor's offset."""
    hart[Slot.CLOCK_READS] += 1
    if hart[Slot.V]:
        return time_of(hart) + hart[Slot.HTIMEDELTA]
    return time_of(hart)


def read_mcycle(hart: Page) -> int:
    """Read mcycle: one cycle per retired instruction."""
    hart[Slot.CLOCK_READS] += 1
    if hart[Slot.MCOUNTINHIBIT] & COUNT_CYCLES:
        return hart[Slot.MCYCLE]
    return hart[Slot.INSTRET] + hart[Slot.MCYCLE]


def read_minstret(hart: Page) -> int:
    """Read minstret, which does not count the reading instruction."""
    hart[Slot.CLOCK_READS] += 1
    if hart[Slot.MCOUNTINHIBIT] & COUNT_INSTRET:
        return hart[Slot.MINSTRET]
    return hart[Slot.INSTRET] + hart[Slot.MINSTRET]


def write_mcycle(hart: Page, value: int) -> None:
    """Set mcycle as the next instruction reads it."""
    if hart[Slot.MCOUNTINHIBIT] & COUNT_CYCLES == 0:
        value = value - hart[Slot.INSTRET] - 1
    hart[Slot.MCYCLE] = value


def write_minstret(hart: Page, value: int) -> None:
    """Set minstret as the next instruction reads it."""
    if hart[Slot.MCOUNTINHIBIT] & COUNT_INSTRET == 0:
        value = value - hart[Slot.INSTRET] - 1
    hart[Slot.MINSTRET] = value


def counters_there(hart: Page) -> int:
    """Give the bits of the counters that user code can be let read."""
    there = 0
    if hart[Slot.ISA] & ISA_CNTR:
        there = BASE_COUNTERS
    if hart[Slot.ISA] & ISA_HPM:
        there = there | EVENT_COUNTERS
    if hart[Slot.ISA] & ISA_STC:
        there = there | TIME
    return there


def write_mcounteren(hart: Page, value: int) -> None:
    """Write mcounteren: the counters that there are."""
    hart[Slot.MCOUNTEREN] = value & counters_there(hart)


def write_scounteren(hart: Page, value: int) -> None:
    """Write scounteren: likewise."""
    hart[Slot.SCOUNTEREN] = value & counters_there(hart)


def write_hcounteren(hart: Page, value: int) -> None:
    """Write hcounteren: likewise."""
    hart[Slot.HCOUNTEREN] = value & counters_there(hart)


def write_mcountinhibit(hart: Page, value: int) -> None:
    """Stop or restart counters; a counter keeps its value across either."""
    cycles = read_mcycle(hart)
    instret = read_minstret(hart)
    recount(hart)
    hart[Slot.MCOUNTINHIBIT] = value & counters_there(hart) & ~TIME
    recount(hart)
    keep_counter(hart, Slot.MCYCLE, COUNT_CYCLES, cycles)
    keep_counter(hart, Slot.MINSTRET, COUNT_INSTRET, instret)


def keep_counter(hart: Page, slot: int, bit: int, value: int) -> None:
    """Store a counter's current value in the form that mcountinhibit now asks for."""
    hart[slot] = value
    if hart[Slot.MCOUNTINHIBIT] & bit == 0:
        hart[slot] = value - hart[Slot.INSTRET]
