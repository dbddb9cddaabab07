"""The world switch of assisted execution: a vCPU's state into a hart's VS-mode, and back.

A vCPU's page is that of a complete hart (docs/decisions/0004): its S-mode CSRs go into the hart's
VS twins, what its M-mode allows becomes what the hypervisor allows, and its clock and counters go
on in the hart. Written in the words that every engine executes.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Irq, Priv
from isa.counters import FIRST_EVENT, LAST_EVENT, OVERFLOWED
from isa.interrupts import ENVCFG_STCE
from isa.machine import MachinePage
from isa.points import has_moved
from isa.state import Slot
from isa.trap import ISA_H, TRANSFORMED_CAUSES
from vmm.cpu.deprivileged import FS_CLEAN, copy_floats

S_IRQS = 1 << Irq.SSI | 1 << Irq.STI | 1 << Irq.SEI
SSIP, STIP, LCOFIP = 1 << Irq.SSI, 1 << Irq.STI, 1 << Irq.LCOFI
PASSED_EXCEPTIONS = 0xB1FF
"""What S-mode can take by itself: all but its own calls."""
BREAKPOINT = 1 << 3
STATUS = ms.SSTATUS_WRITABLE | ms.FS | ms.SD
ALL = (1 << 64) - 1
ENVCFG_OWN = 0xFF
BASE_COUNTERS = 7
NEVER = ALL
MODE_FILTERS = 0x1F << 58  # mhpmevent: not in M, S, U, VS, VU
TO_GUEST_FILTERS = 2  # from the filters of S and U to those of VS and VU
SU_FILTERS = 3 << 60


def load_world(hart: MachinePage, vcpu: MachinePage) -> None:
    """Put the vCPU's state into the hart, to run in VS, VU, or as M-mode in VU."""
    status = vcpu[Slot.MSTATUS]
    hart[Slot.MSTATUS] = ms.MSTATUS_FIXED
    if status & ms.FS:
        hart[Slot.MSTATUS] = ms.MSTATUS_FIXED | FS_CLEAN
    copy_floats(hart, vcpu)
    load_clock(hart, vcpu)
    hart[Slot.V] = 1
    hart[Slot.MENVCFG] = vcpu[Slot.MENVCFG]
    hart[Slot.HENVCFG] = vcpu[Slot.MENVCFG] | ENVCFG_OWN
    hart[Slot.VSTIMECMP] = vcpu[Slot.STIMECMP]
    hart[Slot.HSTATUS] = hs.VSXL_64 | withheld(vcpu)
    if vcpu[Slot.PRIV] == Priv.M:
        load_machine_world(hart, status)
    else:
        load_supervisor_world(hart, vcpu, status)
    hart[Slot.MOVES_WATCHED] = vcpu[Slot.MOVES_WATCHED]
    has_moved(hart)  # not by this


def load_clock(hart: MachinePage, vcpu: MachinePage) -> None:
    """Let the hart go on with the vCPU's clock and counts."""
    hart[Slot.INSTRET] = vcpu[Slot.INSTRET]
    hart[Slot.IDLE] = vcpu[Slot.IDLE]
    hart[Slot.TIME_OFFSET] = vcpu[Slot.TIME_OFFSET]
    hart[Slot.MCYCLE] = vcpu[Slot.MCYCLE]
    hart[Slot.MINSTRET] = vcpu[Slot.MINSTRET]
    hart[Slot.MCOUNTINHIBIT] = vcpu[Slot.MCOUNTINHIBIT]
    hart[Slot.TRAPS] = vcpu[Slot.TRAPS]
    hart[Slot.CLOCK_READS] = vcpu[Slot.CLOCK_READS]
    hart[Slot.STIMECMP] = NEVER
    hart[Slot.HPM_RUNNING] = 0
    hart[Slot.HPM_CHOSEN] = 0


def withheld(vcpu: MachinePage) -> int:
    """Give the bits of hstatus that make instructions exit which M-mode keeps from the guest."""
    status = vcpu[Slot.MSTATUS]
    bits = 0
    if status & ms.TW:
        bits = bits | hs.VTW
    if status & ms.TVM:
        bits = bits | hs.VTVM
    if status & (ms.TSR | ms.MPRV) != 0 or vcpu[Slot.HSTATUS] & hs.SPV != 0:
        bits = bits | hs.VTSR
    return bits


def load_machine_world(hart: MachinePage, status: int) -> None:
    """Make everything privileged exit, with translation off."""
    hart[Slot.PRIV] = Priv.U
    hart[Slot.VSSTATUS] = status & (ms.FS | ms.SD) | ms.UXL_64
    hart[Slot.VSATP] = 0
    hart[Slot.MEDELEG] = 0
    hart[Slot.HEDELEG] = 0
    hart[Slot.HIDELEG] = 0
    hart[Slot.MIE] = 0
    hart[Slot.MIP] = 0
    hart[Slot.HVIP] = 0
    hart[Slot.MCOUNTEREN] = 0
    hart[Slot.SENVCFG] = 0


def load_supervisor_world(hart: MachinePage, vcpu: MachinePage, status: int) -> None:
    """Give the guest's S and U the hart's VS and VU."""
    hart[Slot.PRIV] = vcpu[Slot.PRIV]
    # S-mode may switch its floating point on without an exit.
    hart[Slot.MSTATUS] = ms.MSTATUS_FIXED | FS_CLEAN
    hart[Slot.VSSTATUS] = status & STATUS | ms.UXL_64
    hart[Slot.VSTVEC] = vcpu[Slot.STVEC]
    hart[Slot.VSSCRATCH] = vcpu[Slot.SSCRATCH]
    hart[Slot.VSEPC] = vcpu[Slot.SEPC]
    hart[Slot.VSCAUSE] = vcpu[Slot.SCAUSE]
    hart[Slot.VSTVAL] = vcpu[Slot.STVAL]
    hart[Slot.VSATP] = vcpu[Slot.SATP]
    hart[Slot.MCOUNTEREN] = vcpu[Slot.MCOUNTEREN]
    hart[Slot.HCOUNTEREN] = BASE_COUNTERS
    hart[Slot.SCOUNTEREN] = vcpu[Slot.SCOUNTEREN]
    hart[Slot.SENVCFG] = vcpu[Slot.SENVCFG]
    copy_state_enables(hart, vcpu)
    passed = vcpu[Slot.MEDELEG] & PASSED_EXCEPTIONS
    if vcpu[Slot.SEMIHOSTED]:
        passed = passed & ~BREAKPOINT
    if vcpu[Slot.ISA] & ISA_H:  # a hypervisor is told the instruction, which VS-mode is not
        passed = passed & ~TRANSFORMED_CAUSES
    hart[Slot.MEDELEG] = passed
    hart[Slot.HEDELEG] = passed
    load_interrupts(hart, vcpu)
    if vcpu[Slot.HPM_CHOSEN]:
        load_events(hart, vcpu)


def copy_state_enables(hart: MachinePage, vcpu: MachinePage) -> None:
    """Let the hart enable what the guest's M-mode does, and nothing keep VS from it."""
    index = 0
    while index < 4:
        hart[Slot.MSTATEEN0 + index] = vcpu[Slot.MSTATEEN0 + index]
        hart[Slot.HSTATEEN0 + index] = ALL
        hart[Slot.SSTATEEN0 + index] = vcpu[Slot.SSTATEEN0 + index]
        index = index + 1


def load_interrupts(hart: MachinePage, vcpu: MachinePage) -> None:
    """Pass on the interrupts that the guest's M-mode has delegated, by the numbers of VS-mode."""
    passed = vcpu[Slot.MIDELEG]
    pending = (vcpu[Slot.MIP] | vcpu[Slot.LINES]) & passed
    if vcpu[Slot.MENVCFG] & ENVCFG_STCE:
        pending = pending & ~STIP  # vstimecmp makes it
    hart[Slot.HIDELEG] = (passed & S_IRQS) << 1 | passed & LCOFIP
    hart[Slot.MIDELEG] = passed & LCOFIP
    hart[Slot.MIE] = (vcpu[Slot.MIE] & passed & S_IRQS) << 1 | vcpu[Slot.MIE] & passed & LCOFIP
    hart[Slot.HVIP] = (pending & S_IRQS) << 1
    hart[Slot.MIP] = pending & LCOFIP


def store_world(hart: MachinePage, vcpu: MachinePage) -> None:
    """Take the guest's state back from the hart."""
    vcpu[Slot.INSTRET] = hart[Slot.INSTRET]
    if hart[Slot.TRAPS] != vcpu[Slot.TRAPS]:
        vcpu[Slot.TRAPS] = hart[Slot.TRAPS]
        note_native_trap(vcpu)
    vcpu[Slot.CLOCK_READS] = hart[Slot.CLOCK_READS]
    if hart[Slot.MSTATUS] & ms.FS == ms.FS:
        copy_floats(vcpu, hart)
    if vcpu[Slot.PRIV] == Priv.M:
        vcpu[Slot.MSTATUS] = vcpu[Slot.MSTATUS] | hart[Slot.VSSTATUS] & (ms.FS | ms.SD)
        return
    vcpu[Slot.PRIV] = hart[Slot.PRIV]
    vcpu[Slot.MSTATUS] = vcpu[Slot.MSTATUS] & ~STATUS | hart[Slot.VSSTATUS] & STATUS
    vcpu[Slot.STVEC] = hart[Slot.VSTVEC]
    vcpu[Slot.SSCRATCH] = hart[Slot.VSSCRATCH]
    vcpu[Slot.SEPC] = hart[Slot.VSEPC]
    vcpu[Slot.SCAUSE] = hart[Slot.VSCAUSE]
    vcpu[Slot.STVAL] = hart[Slot.VSTVAL]
    vcpu[Slot.SATP] = hart[Slot.VSATP]
    vcpu[Slot.STIMECMP] = hart[Slot.VSTIMECMP]
    vcpu[Slot.SCOUNTEREN] = hart[Slot.SCOUNTEREN]
    vcpu[Slot.SENVCFG] = hart[Slot.SENVCFG]
    index = 0
    while index < 4:
        vcpu[Slot.SSTATEEN0 + index] = hart[Slot.SSTATEEN0 + index]
        index = index + 1
    if vcpu[Slot.HPM_CHOSEN]:
        store_events(hart, vcpu)
    store_interrupts(hart, vcpu)


def note_native_trap(vcpu: MachinePage) -> None:
    """Note what a trap that the hart took by itself leaves for a guest that is a hypervisor."""
    if vcpu[Slot.ISA] & ISA_H:
        vcpu[Slot.HTVAL] = 0
        vcpu[Slot.HTINST] = 0
        vcpu[Slot.HSTATUS] = vcpu[Slot.HSTATUS] & ~(hs.SPV | hs.GVA)


def store_interrupts(hart: MachinePage, vcpu: MachinePage) -> None:
    """Take back what the guest may change of its interrupts: enables, SSIP and LCOFIP."""
    passed = vcpu[Slot.MIDELEG]
    ours = passed & (S_IRQS | LCOFIP)
    enabled = hart[Slot.MIE] >> 1 & passed & S_IRQS | hart[Slot.MIE] & passed & LCOFIP
    vcpu[Slot.MIE] = vcpu[Slot.MIE] & ~ours | enabled
    vcpu[Slot.MIP] = vcpu[Slot.MIP] & ~(passed & SSIP) | hart[Slot.HVIP] >> 1 & passed & SSIP
    vcpu[Slot.MIP] = vcpu[Slot.MIP] & ~(passed & LCOFIP) | hart[Slot.MIP] & LCOFIP


# Event counters, when the guest has chosen events: they stop and start with its privilege.


def load_events(hart: MachinePage, vcpu: MachinePage) -> None:
    """Let the hart count the guest's events: its S and U are VS and VU there."""
    hart[Slot.HCOUNTEREN] = ALL
    copy_counters(hart, vcpu)
    index = 0
    while index <= LAST_EVENT - FIRST_EVENT:
        event = vcpu[Slot.HPMEVENT3 + index]
        filters = (event & SU_FILTERS) >> TO_GUEST_FILTERS
        hart[Slot.HPMEVENT3 + index] = event & ~MODE_FILTERS | filters
        index = index + 1


def store_events(hart: MachinePage, vcpu: MachinePage) -> None:
    """Take the counters back, and what has overflowed."""
    copy_counters(vcpu, hart)
    index = 0
    while index <= LAST_EVENT - FIRST_EVENT:
        overflowed = hart[Slot.HPMEVENT3 + index] & OVERFLOWED
        vcpu[Slot.HPMEVENT3 + index] = vcpu[Slot.HPMEVENT3 + index] | overflowed
        index = index + 1


def copy_counters(to: MachinePage, source: MachinePage) -> None:
    """Copy the event counters and what is known of them."""
    index = 0
    while index <= LAST_EVENT - FIRST_EVENT:
        to[Slot.HPMCOUNTER3 + index] = source[Slot.HPMCOUNTER3 + index]
        index = index + 1
    to[Slot.HPM_SINCE] = source[Slot.HPM_SINCE]
    to[Slot.HPM_RUNNING] = source[Slot.HPM_RUNNING]
    to[Slot.HPM_CHOSEN] = source[Slot.HPM_CHOSEN]
