"""Interrupts: which are pending, when the next timer goes off, and which one is taken.

Written in the words that every engine executes. Follows the chapters "Machine-Level ISA",
"Supervisor-Level ISA", "Sstc" and "Hypervisor Extension" of the RISC-V Privileged Architecture.
"""

from isa import mstatus as ms
from isa.causes import INTERRUPT, Irq, Priv
from isa.counters import recount, until_overflow
from isa.state import Slot
from isa.trap import delegated_interrupts, take
from isa.words import Page, divu, remu

STIP, VSTIP = 1 << Irq.STI, 1 << Irq.VSTI
ENVCFG_STCE = 1 << 63


def now(hart: Page) -> int:
    """Give the hart's clock: instructions retired, and the worth of time spent waiting."""
    return hart[Slot.INSTRET] + hart[Slot.IDLE]


def time_of(hart: Page) -> int:
    """Give the time in timebase ticks."""
    return divu(now(hart), hart[Slot.TICK]) + hart[Slot.TIME_OFFSET]


def has_guest_timer(hart: Page) -> bool:
    """Say whether vstimecmp makes the guest's timer interrupt."""
    return hart[Slot.HENVCFG] & hart[Slot.MENVCFG] & ENVCFG_STCE != 0


def current_mip(hart: Page) -> int:
    """Give mip: what software and the board have set, and what follows from other registers."""
    mip = hart[Slot.MIP] | hart[Slot.LINES] | hart[Slot.HVIP]
    if hart[Slot.MENVCFG] & ENVCFG_STCE:
        time = time_of(hart)
        mip = mip & ~STIP
        if time >= hart[Slot.STIMECMP]:
            mip = mip | STIP
        if has_guest_timer(hart) and time + hart[Slot.HTIMEDELTA] >= hart[Slot.VSTIMECMP]:
            mip = mip | VSTIP
    return mip


def until_timer(hart: Page, fuel: int) -> int:
    """Give the instructions until a timer or a counter makes an interrupt, at most `fuel`."""
    if hart[Slot.HPM_RUNNING]:
        fuel = until_overflow(hart, fuel)
    if hart[Slot.MENVCFG] & ENVCFG_STCE == 0:
        return fuel
    time = time_of(hart)
    fuel = until_tick(hart, fuel, time, hart[Slot.STIMECMP])
    if has_guest_timer(hart):
        return until_tick(hart, fuel, time + hart[Slot.HTIMEDELTA], hart[Slot.VSTIMECMP])
    return fuel


def until_tick(hart: Page, fuel: int, time: int, goal: int) -> int:
    """Give the instructions until it is `goal` by a clock that shows `time`, at most `fuel`."""
    if goal <= time or goal - time >= fuel:
        return fuel
    left = (goal - time) * hart[Slot.TICK] - remu(now(hart), hart[Slot.TICK])
    if left < fuel:
        return left
    return fuel


def pending_interrupt(hart: Page) -> int:
    """Give the cause of the interrupt to take now, or 0."""
    if hart[Slot.HPM_RUNNING]:
        recount(hart)
    ready = current_mip(hart) & hart[Slot.MIE]
    if ready == 0:
        return 0
    priv = hart[Slot.PRIV]
    delegated = delegated_interrupts(hart)
    for_m = ready & ~delegated
    if for_m != 0 and (priv != Priv.M or hart[Slot.MSTATUS] & ms.MIE != 0):
        return INTERRUPT | highest(for_m)
    if priv == Priv.M:
        return 0
    in_guest = hart[Slot.V] != 0
    for_s = ready & delegated & ~hart[Slot.HIDELEG]
    if for_s != 0 and (in_guest or priv == Priv.U or hart[Slot.MSTATUS] & ms.SIE != 0):
        return INTERRUPT | highest(for_s)
    for_vs = ready & delegated & hart[Slot.HIDELEG]
    if for_vs != 0 and in_guest and (priv == Priv.U or hart[Slot.VSSTATUS] & ms.SIE != 0):
        return INTERRUPT | highest(for_vs)
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
    if ready & 1 << Irq.STI:
        return Irq.STI
    if ready & 1 << Irq.SGEI:
        return Irq.SGEI
    if ready & 1 << Irq.VSEI:
        return Irq.VSEI
    if ready & 1 << Irq.VSSI:
        return Irq.VSSI
    if ready & 1 << Irq.VSTI:
        return Irq.VSTI
    return Irq.LCOFI


def take_interrupt(hart: Page) -> bool:
    """Take an interrupt if one is pending and enabled; says whether one was."""
    cause = pending_interrupt(hart)
    if cause == 0:
        return False
    hart[Slot.CAUSE] = cause
    hart[Slot.TVAL] = 0
    hart[Slot.TVAL2] = 0
    hart[Slot.TINST] = 0
    hart[Slot.TVAL_IN_GUEST] = 0
    take(hart)
    return True
