"""Physical memory protection: which bytes of physical memory a privilege level may reach.

Sixteen entries of a grain of 4 bytes, and Smepmp. Written in the words that every engine executes.
Follows the chapters "Machine-Level ISA", section "Physical Memory Protection", and '"Smepmp"
Extension for PMP Enhancements for memory access and execution prevention in Machine mode' of the
RISC-V Privileged Architecture. Out of reset entry 0 opens all of memory.
"""

from isa.causes import Priv
from isa.machine import MachinePage, drop_all_inline
from isa.pte import PAGE_SHIFT, PAGE_SIZE
from isa.state import Slot
from isa.words import Page

PMP_ENTRIES = 16
PMP_R, PMP_W, PMP_X, PMP_L = 1, 2, 4, 1 << 7
PMP_RWX = PMP_R | PMP_W | PMP_X
PMP_MODE = 3 << 3
PMP_OFF, PMP_TOR, PMP_NA4, PMP_NAPOT = 0, 1 << 3, 2 << 3, 3 << 3
PMP_CONFIG = PMP_RWX | PMP_MODE | PMP_L
ALL_LOCKS = 0x8080_8080_8080_8080

MML, MMWP, RLB = 1, 2, 4
"""Fields of mseccfg."""

ALL_ADDRESSES = (1 << 54) - 1
OPEN_CONFIG = PMP_RWX | PMP_NAPOT

NO_ENTRY = PMP_ENTRIES
IN_PART = 32
"""Added to the number of an entry that matches some bytes of a range and not all."""


def is_guarded(hart: Page) -> bool:
    """Say whether PMP decides anything: not while entry 0 opens all of memory to all."""
    return (
        hart[Slot.PMPCFG0] & 0xFF != OPEN_CONFIG
        or hart[Slot.PMPADDR0] != ALL_ADDRESSES
        or hart[Slot.MSECCFG] != 0
    )


def pmp_config(hart: Page, index: int) -> int:
    """Give the configuration byte of an entry."""
    return hart[Slot.PMPCFG0 + (index >> 3)] >> (index & 7) * 8 & 0xFF


def find_entry(hart: Page, pa: int, size: int) -> int:
    """Give the lowest entry that matches any byte of a range, plus IN_PART unless it has all."""
    index = 0
    below = 0
    while index < PMP_ENTRIES:
        mode = pmp_config(hart, index) & PMP_MODE
        address = hart[Slot.PMPADDR0 + index]
        first = below << 2
        end = address << 2
        if mode == PMP_NA4:
            first = end
            end = end + 4
        elif mode == PMP_NAPOT:
            ones = address ^ address + 1
            first = (address & ~ones) << 2
            end = first + (ones + 1 << 2)
        if mode != PMP_OFF and first < end and pa < end and pa + (size - 1) >= first:
            if pa >= first and pa + (size - 1) < end:
                return index
            return index + IN_PART
        below = address
        index = index + 1
    return NO_ENTRY


def entry_rights(hart: Page, index: int, priv: int) -> int:
    """Give the rights that an entry, or none, gives to a privilege level."""
    security = hart[Slot.MSECCFG]
    if index == NO_ENTRY:
        if priv != Priv.M or security & MMWP != 0:
            return 0
        if security & MML:
            return PMP_R | PMP_W
        return PMP_RWX
    config = pmp_config(hart, index)
    if security & MML:
        return lockdown_rights(config, priv == Priv.M)
    if priv == Priv.M and config & PMP_L == 0:
        return PMP_RWX
    return config & PMP_RWX


def lockdown_rights(config: int, is_machine: bool) -> int:
    """Give an entry's rights under mseccfg.MML: W without R says that both sides share."""
    bits = config & PMP_RWX
    is_locked = config & PMP_L != 0
    if bits == PMP_W and is_locked:
        return PMP_X
    if bits == PMP_W | PMP_X and is_locked:
        if is_machine:
            return PMP_R | PMP_X
        return PMP_X
    if bits == PMP_W:
        if is_machine:
            return PMP_R | PMP_W
        return PMP_R
    if bits == PMP_W | PMP_X:
        return PMP_R | PMP_W
    if bits == PMP_RWX and is_locked:
        return PMP_R
    if is_locked == is_machine:
        return bits
    return 0


def may_reach(hart: Page, pa: int, size: int, right: int, priv: int) -> bool:
    """Say whether PMP lets a privilege level access a range of bytes, all at once."""
    if not is_guarded(hart):
        return True
    index = find_entry(hart, pa, size)
    if index >= IN_PART:
        return False
    return entry_rights(hart, index, priv) & right == right


def is_split(hart: Page, pa: int) -> bool:
    """Say whether PMP may decide differently on bytes of one page."""
    if not is_guarded(hart):
        return False
    return find_entry(hart, pa >> PAGE_SHIFT << PAGE_SHIFT, PAGE_SIZE) >= IN_PART


def page_rights(hart: Page, pa: int, priv: int) -> int:
    """Give the rights to a page that is not split."""
    if not is_guarded(hart):
        return PMP_RWX
    index = find_entry(hart, pa >> PAGE_SHIFT << PAGE_SHIFT, PAGE_SIZE)
    return entry_rights(hart, index & ~IN_PART, priv)


# CSRs


def write_pmpcfg(hart: MachinePage, index: int, value: int) -> None:
    """Write pmpcfg0 or pmpcfg2, entry by entry: locked ones keep their configuration."""
    shift = 0
    while shift < 64:
        old = hart[Slot.PMPCFG0 + index] >> shift & 0xFF
        new = legal_config(hart, old, value >> shift & PMP_CONFIG)
        hart[Slot.PMPCFG0 + index] = hart[Slot.PMPCFG0 + index] ^ (old ^ new) << shift
        shift = shift + 8
    drop_all_inline(hart)


def legal_config(hart: Page, old: int, new: int) -> int:
    """Give what becomes of an entry's configuration when a new one is written."""
    security = hart[Slot.MSECCFG]
    if old & PMP_L != 0 and security & RLB == 0:
        return old
    if security & MML == 0:
        if new & PMP_R == 0:
            return new & ~PMP_W
        return new
    is_code = new & PMP_X != 0 and new & PMP_RWX != PMP_RWX
    is_shared = new & (PMP_R | PMP_W) == PMP_W
    if security & RLB == 0 and new & PMP_L != 0 and (is_code or is_shared):
        return old
    return new


def write_pmpaddr(hart: MachinePage, index: int, value: int) -> None:
    """Write pmpaddr, unless the entry is locked, or is the base of a locked range."""
    above = index + 1
    is_base = above < PMP_ENTRIES and pmp_config(hart, above) & PMP_MODE == PMP_TOR
    if is_locked_entry(hart, index) or (is_base and is_locked_entry(hart, above)):
        return
    hart[Slot.PMPADDR0 + index] = value & ALL_ADDRESSES
    drop_all_inline(hart)


def is_locked_entry(hart: Page, index: int) -> bool:
    """Say whether an entry cannot be written."""
    return pmp_config(hart, index) & PMP_L != 0 and hart[Slot.MSECCFG] & RLB == 0


def write_mseccfg(hart: MachinePage, value: int) -> None:
    """Write mseccfg: MML and MMWP stay once set, RLB is gone once an entry is locked without it."""
    old = hart[Slot.MSECCFG]
    new = value & (MML | MMWP | RLB) | old & (MML | MMWP)
    locks = (hart[Slot.PMPCFG0] | hart[Slot.PMPCFG2]) & ALL_LOCKS
    if old & RLB == 0 and locks != 0:
        new = new & ~RLB
    hart[Slot.MSECCFG] = new
    drop_all_inline(hart)
