"""Who may access which CSR, and which one a guest's instruction means.

Written in the words that every engine executes. Follows the chapters "Control and Status Registers
(CSRs)", "Hypervisor Extension", section "Traps" (virtual instructions), "Sstc" and "Smstateen" of
the RISC-V Privileged Architecture.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Priv
from isa.csr_file import csr_exists
from isa.extensions import BITS
from isa.interrupts import ENVCFG_STCE
from isa.softfloat.status import is_off
from isa.state import Slot
from isa.trap import pend_illegal, pend_virtual
from isa.words import Page

FFLAGS, FCSR = 0x001, 0x003
SATP, HGATP = 0x180, 0x680
STIMECMP, VSTIMECMP = 0x14D, 0x24D
SENVCFG, HENVCFG = 0x10A, 0x60A
SSTATEEN0, HSTATEEN0 = 0x10C, 0x60C
COUNTERS = 0xC00  # 32 of them
TIME_BIT = 2
VS_LESS_S = 0x100  # from the number of an S-mode CSR to that of its twin

ALLOWED, ILLEGAL, VIRTUAL = 0, 1, 2
USER_LEVEL, SUPERVISOR_LEVEL, HYPER_LEVEL, MACHINE_LEVEL = range(4)
STATEEN_ITSELF, STATEEN_ENVCFG = 63, 62
ISA_STATEEN, ISA_STC = BITS["Smstateen"], BITS["Sstc"]


def is_refused(hart: Page, word: int, number: int, is_write: bool) -> bool:
    """Pend the trap of a CSR access that is not allowed; say whether it is not."""
    verdict = judge(hart, number, is_write)
    if verdict == ILLEGAL:
        pend_illegal(hart, word)
        return True
    if verdict == VIRTUAL:
        pend_virtual(hart, word)
        return True
    return False


def judge(hart: Page, number: int, is_write: bool) -> int:
    """Say whether an access is allowed, illegal, or one that a hypervisor carries out."""
    if not csr_exists(hart, number) or (is_write and number >> 10 == 3):
        return ILLEGAL
    if number >= FFLAGS and number <= FCSR and is_off(hart):
        return ILLEGAL
    level = number >> 8 & 3
    priv = hart[Slot.PRIV]
    if hart[Slot.V] == 0:
        if level == HYPER_LEVEL:
            level = Priv.S
        if level > priv:
            return ILLEGAL
        is_table = is_either(number, SATP, HGATP)
        if is_table and priv == Priv.S and hart[Slot.MSTATUS] & ms.TVM != 0:
            return ILLEGAL
        return judge_state(hart, number, priv)
    if level == MACHINE_LEVEL:
        return ILLEGAL
    if level > priv:  # a guest's access that a hypervisor could make
        if judge_state(hart, number, Priv.S) == ALLOWED:
            return VIRTUAL
        return ILLEGAL
    return judge_in_guest(hart, number, priv)


def judge_state(hart: Page, number: int, priv: int) -> int:
    """Say what the enables of M-mode, and of S-mode for U-mode, say of an access with V=0."""
    if priv == Priv.M:
        return ALLOWED
    if number >> 5 == COUNTERS >> 5:
        if hart[Slot.MCOUNTEREN] >> (number & 31) & 1 == 0:
            return ILLEGAL
        if priv == Priv.U and hart[Slot.SCOUNTEREN] >> (number & 31) & 1 == 0:
            return ILLEGAL
    is_timer = is_either(number, STIMECMP, VSTIMECMP)
    if is_timer and not has_timer(hart[Slot.MENVCFG], hart[Slot.MCOUNTEREN]):
        return ILLEGAL
    gate = state_gate(hart, number)
    if gate != 0 and hart[Slot.MSTATEEN0 + (gate >> 6)] >> (gate & 63) & 1 == 0:
        return ILLEGAL
    return ALLOWED


def judge_in_guest(hart: Page, number: int, priv: int) -> int:
    """Say what is said of an access with V=1 that the privilege level allows."""
    if judge_state(hart, number, Priv.S) == ILLEGAL:
        return ILLEGAL
    if number >> 5 == COUNTERS >> 5:
        if hart[Slot.HCOUNTEREN] >> (number & 31) & 1 == 0:
            return VIRTUAL
        if priv == Priv.U and hart[Slot.SCOUNTEREN] >> (number & 31) & 1 == 0:
            return VIRTUAL
    if number == STIMECMP and not has_timer(hart[Slot.HENVCFG], hart[Slot.HCOUNTEREN]):
        return VIRTUAL
    if number == SATP and hart[Slot.HSTATUS] & hs.VTVM != 0:
        return VIRTUAL
    gate = state_gate(hart, number)
    if gate != 0 and hart[Slot.HSTATEEN0 + (gate >> 6)] >> (gate & 63) & 1 == 0:
        return VIRTUAL
    return ALLOWED


def is_either(number: int, one: int, other: int) -> bool:
    """Say whether a number is one of two."""
    return not (number != one and number != other)


def has_timer(config: int, enables: int) -> bool:
    """Say whether an xenvcfg and an xcounteren together let the level below use its timer."""
    return config & ENVCFG_STCE != 0 and enables & TIME_BIT != 0


def state_gate(hart: Page, number: int) -> int:
    """Give the state-enable bit that an access needs, counted through all four registers, or 0."""
    if hart[Slot.ISA] & ISA_STATEEN == 0:
        return 0
    if is_either(number, SENVCFG, HENVCFG):
        return STATEEN_ENVCFG
    if number & ~3 == SSTATEEN0 or number & ~3 == HSTATEEN0:
        return (number & 3) << 6 | STATEEN_ITSELF
    return 0


def meant(hart: Page, number: int) -> int:
    """Give the CSR that an access means: in a guest, S-mode's own are their VS twins."""
    if hart[Slot.V] == 0:
        return number
    is_trap_csr = number >= 0x140 and number <= 0x144
    is_set_up = number == 0x100 or number == 0x104 or number == 0x105
    if is_trap_csr or is_set_up or is_either(number, SATP, STIMECMP):
        return number + VS_LESS_S
    return number
