"""Event counters: mhpmcounter3 to 31 count cycles or instructions, in the modes that are chosen.

A counter's slot holds its value as of `Slot.HPM_SINCE`; changes of mode and of what is counted
bring all up to date first. Written in the words that every engine executes. Follows the chapters
"Machine-Level ISA", section "Hardware Performance Monitor", and "Sscofpmf" of the RISC-V Privileged
Architecture.
"""

from isa.causes import Irq, Priv
from isa.extensions import BITS
from isa.state import Slot
from isa.words import Page

FIRST_EVENT, LAST_EVENT = 3, 31
EVENT_CYCLES, EVENT_INSTRUCTIONS = 1, 2
"""Event numbers, those of QEMU's `virt` board and of the SBI's hardware events."""
EVENT_MASK = 0xFF
OVERFLOWED = 1 << 63
NOT_IN_M, NOT_IN_S, NOT_IN_U, NOT_IN_VS, NOT_IN_VU = 1 << 62, 1 << 61, 1 << 60, 1 << 59, 1 << 58
MODE_BITS = NOT_IN_M | NOT_IN_S | NOT_IN_U
GUEST_MODE_BITS = NOT_IN_VS | NOT_IN_VU
LCOFIP = 1 << Irq.LCOFI
ISA_OVERFLOW, ISA_HYPER = BITS["Sscofpmf"], BITS["H"]


def mode_bit(hart: Page) -> int:
    """Give the bit of mhpmevent that stops a counter in the current mode."""
    priv = hart[Slot.PRIV]
    if priv == Priv.M:
        return NOT_IN_M
    if priv == Priv.S:
        if hart[Slot.V]:
            return NOT_IN_VS
        return NOT_IN_S
    if hart[Slot.V]:
        return NOT_IN_VU
    return NOT_IN_U


def recount(hart: Page) -> None:
    """Bring the event counters up to date, note overflows, and see which count from now on."""
    elapsed = hart[Slot.INSTRET] - hart[Slot.HPM_SINCE]
    hart[Slot.HPM_SINCE] = hart[Slot.INSTRET]
    stopping = mode_bit(hart)
    running = 0
    chosen = 0
    index = FIRST_EVENT
    while index <= LAST_EVENT:
        event = hart[Slot.HPMEVENT3 + (index - FIRST_EVENT)]
        if hart[Slot.HPM_RUNNING] >> index & 1:
            old = hart[Slot.HPMCOUNTER3 + (index - FIRST_EVENT)]
            hart[Slot.HPMCOUNTER3 + (index - FIRST_EVENT)] = old + elapsed
            if old + elapsed < old and hart[Slot.ISA] & ISA_OVERFLOW and event & OVERFLOWED == 0:
                hart[Slot.HPMEVENT3 + (index - FIRST_EVENT)] = event | OVERFLOWED
                hart[Slot.MIP] |= LCOFIP
        if event & EVENT_MASK:
            chosen = chosen | 1 << index
            if event & stopping == 0 and hart[Slot.MCOUNTINHIBIT] >> index & 1 == 0:
                running = running | 1 << index
        index = index + 1
    hart[Slot.HPM_RUNNING] = running
    hart[Slot.HPM_CHOSEN] = chosen


def until_overflow(hart: Page, fuel: int) -> int:
    """Give the instructions until an event counter overflows, at most `fuel`."""
    elapsed = hart[Slot.INSTRET] - hart[Slot.HPM_SINCE]
    index = FIRST_EVENT
    while index <= LAST_EVENT:
        if hart[Slot.HPM_RUNNING] >> index & 1:
            left = 0 - (hart[Slot.HPMCOUNTER3 + (index - FIRST_EVENT)] + elapsed)
            if left != 0 and left < fuel:
                fuel = left
        index = index + 1
    return fuel


def read_hpmcounter(hart: Page, index: int) -> int:
    """Read an event counter, which does not count the reading instruction."""
    hart[Slot.CLOCK_READS] += 1
    value = hart[Slot.HPMCOUNTER3 + (index - FIRST_EVENT)]
    if hart[Slot.HPM_RUNNING] >> index & 1:
        return value + (hart[Slot.INSTRET] - hart[Slot.HPM_SINCE])
    return value


def write_hpmcounter(hart: Page, index: int, value: int) -> None:
    """Set an event counter as the next instruction reads it."""
    recount(hart)
    if hart[Slot.HPM_RUNNING] >> index & 1:
        value = value - 1
    hart[Slot.HPMCOUNTER3 + (index - FIRST_EVENT)] = value


def write_hpmevent(hart: Page, index: int, value: int) -> None:
    """Choose what a counter counts; events that are not there count nothing."""
    recount(hart)
    event = value & EVENT_MASK
    if event > EVENT_INSTRUCTIONS:
        event = 0
    if hart[Slot.ISA] & ISA_OVERFLOW:
        event = event | value & (OVERFLOWED | MODE_BITS)
        if hart[Slot.ISA] & ISA_HYPER:
            event = event | value & GUEST_MODE_BITS
    hart[Slot.HPMEVENT3 + (index - FIRST_EVENT)] = event
    recount(hart)


def read_scountovf(hart: Page) -> int:
    """Read which counters have overflowed, of those that the current mode may read."""
    found = 0
    index = FIRST_EVENT
    while index <= LAST_EVENT:
        found = found | hart[Slot.HPMEVENT3 + (index - FIRST_EVENT)] >> 63 << index
        index = index + 1
    if hart[Slot.PRIV] != Priv.M:
        found = found & hart[Slot.MCOUNTEREN]
    if hart[Slot.V]:
        found = found & hart[Slot.HCOUNTEREN]
    return found
