"""CSR accesses that do more than read or write a slot, and the rules of CSR access.

Written in the words that every engine executes. Follows the chapters "Machine-Level ISA" and
"Supervisor-Level ISA" of the RISC-V Privileged Architecture.
"""

from isa import mstatus as ms
from isa.causes import Irq, Priv
from isa.extensions import BITS
from isa.softfloat.status import is_off, note_write
from isa.state import Slot
from isa.words import Page, divu

SATP = 0x180
CYCLE = 0xC00
SATP_BARE = 0
SATP_SV39 = 8
MISA_ISU = 1 << 8 | 1 << 18 | 1 << 20
ISA_M, ISA_A, ISA_C = BITS["M"], BITS["A"], BITS["C"]
ISA_F, ISA_D = BITS["F"], BITS["D"]
FFLAGS, FCSR = 0x001, 0x003
COUNT_CYCLES = 1
COUNT_INSTRET = 4


def may_access(hart: Page, number: int, is_write: bool) -> bool:
    """Say whether privilege, read-only numbers, TVM and the counter enables allow the access."""
    priv = hart[Slot.PRIV]
    if number >> 8 & 3 > priv:
        return False
    if is_write and number >> 10 == 3:
        return False
    if number == SATP and priv == Priv.S and hart[Slot.MSTATUS] & ms.TVM != 0:
        return False
    if number >= FFLAGS and number <= FCSR and is_off(hart):
        return False
    if number & 0xFE0 == CYCLE:
        return may_count(hart, number & 31)
    return True


def may_count(hart: Page, counter: int) -> bool:
    """Say whether the counter-enable registers let the current privilege read a counter."""
    priv = hart[Slot.PRIV]
    if priv < Priv.M and hart[Slot.MCOUNTEREN] >> counter & 1 == 0:
        return False
    return priv != Priv.U or hart[Slot.SCOUNTEREN] >> counter & 1 != 0


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
    kept = hart[Slot.MSTATUS] & ~ms.MSTATUS_WRITABLE
    if value & ms.MPP != 2 << ms.MPP_SHIFT:
        kept = kept & ~ms.MPP | value & ms.MPP
    hart[Slot.MSTATUS] = with_fs(hart, kept | value & ms.MSTATUS_WRITABLE, value)


def read_sie(hart: Page) -> int:
    """Read mie as S-mode sees it: delegated interrupts."""
    return hart[Slot.MIE] & hart[Slot.MIDELEG]


def write_sie(hart: Page, value: int) -> None:
    """Write the delegated bits of mie."""
    delegated = hart[Slot.MIDELEG]
    hart[Slot.MIE] = hart[Slot.MIE] & ~delegated | value & delegated


def read_sip(hart: Page) -> int:
    """Read mip as S-mode sees it: delegated interrupts."""
    return hart[Slot.MIP] & hart[Slot.MIDELEG]


def write_sip(hart: Page, value: int) -> None:
    """Write the only bit of sip that software sets: a delegated SSIP."""
    writable = hart[Slot.MIDELEG] & 1 << Irq.SSI
    hart[Slot.MIP] = hart[Slot.MIP] & ~writable | value & writable


def write_satp(hart: Page, value: int) -> None:
    """Write satp; an unsupported mode leaves all of it unchanged."""
    if value >> 60 == SATP_BARE or value >> 60 == SATP_SV39:
        hart[Slot.SATP] = value


def now(hart: Page) -> int:
    """Give the hart's clock: instructions retired, and the worth of time spent waiting."""
    return hart[Slot.INSTRET] + hart[Slot.IDLE]


def read_time(hart: Page) -> int:
    """Read the time in timebase ticks."""
    hart[Slot.CLOCK_READS] += 1
    return divu(now(hart), hart[Slot.TICK]) + hart[Slot.TIME_OFFSET]


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


def write_mcountinhibit(hart: Page, value: int) -> None:
    """Stop or restart counters; a counter keeps its value across either."""
    cycles = read_mcycle(hart)
    instret = read_minstret(hart)
    hart[Slot.MCOUNTINHIBIT] = value & (COUNT_CYCLES | COUNT_INSTRET)
    keep_counter(hart, Slot.MCYCLE, COUNT_CYCLES, cycles)
    keep_counter(hart, Slot.MINSTRET, COUNT_INSTRET, instret)


def keep_counter(hart: Page, slot: int, bit: int, value: int) -> None:
    """Store a counter's current value in the form that mcountinhibit now asks for."""
    hart[slot] = value
    if hart[Slot.MCOUNTINHIBIT] & bit == 0:
        hart[slot] = value - hart[Slot.INSTRET]
