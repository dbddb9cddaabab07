"""Accesses to the CSRs of the hypervisor extension that do more than read or write a slot.

Written in the words that every engine executes. Follows the chapter "Hypervisor Extension" of the
RISC-V Privileged Architecture.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Irq
from isa.csr_access import LCOFI, environment_bits, is_translation_mode, with_fs
from isa.interrupts import current_mip
from isa.machine import MachinePage, drop_all_inline
from isa.pte import MODE_BARE, MODE_SHIFT, PPN_BITS, VMID_MASK
from isa.state import Slot
from isa.trap import HYPER_IRQS
from isa.words import Page

VSSIP = 1 << Irq.VSSI
SSIP = 1 << Irq.SSI
ENVCFG_OWN = 0xFF
"""FIOM, CBIE, CBCFE and CBZE."""
ENVCFG_SHARED = 7 << 61
"""ADUE, PBMTE and STCE: a guest has them only if its hypervisor has."""
VMID_SHIFT = 44


def write_hstatus(hart: Page, value: int) -> None:
    """Write hstatus; VSXL is fixed and there are no guest external interrupts to choose."""
    kept = hart[Slot.HSTATUS] & ~hs.WRITABLE
    hart[Slot.HSTATUS] = kept | value & hs.WRITABLE


def read_hip(hart: Page) -> int:
    """Read the guest's pending interrupts and the guest external one."""
    return current_mip(hart) & HYPER_IRQS


def write_hip(hart: Page, value: int) -> None:
    """Write the only bit of hip that is writable, which is hvip's."""
    hart[Slot.HVIP] = hart[Slot.HVIP] & ~VSSIP | value & VSSIP


def read_hie(hart: Page) -> int:
    """Read the enables of a guest's interrupts."""
    return hart[Slot.MIE] & HYPER_IRQS


def write_hie(hart: Page, value: int) -> None:
    """Write the enables of a guest's interrupts."""
    hart[Slot.MIE] = hart[Slot.MIE] & ~HYPER_IRQS | value & HYPER_IRQS


def read_vsip(hart: Page) -> int:
    """Read the guest's sip: what hideleg passes on, by the guest's numbers."""
    return by_guest_numbers(current_mip(hart) & hart[Slot.HIDELEG])


def by_guest_numbers(passed: int) -> int:
    """Give interrupts their numbers in the guest; that of counter overflows is the same there."""
    return (passed & ~LCOFI) >> 1 | passed & LCOFI


def by_own_numbers(value: int) -> int:
    """Give a guest's interrupts their own numbers."""
    return (value & ~LCOFI) << 1 | value & LCOFI


def write_vsip(hart: Page, value: int) -> None:
    """Write the only bits of a guest's sip that it may write: SSIP, and LCOFIP if it has that."""
    overflow = hart[Slot.HIDELEG] & LCOFI
    hart[Slot.MIP] = hart[Slot.MIP] & ~overflow | value & overflow
    if hart[Slot.HIDELEG] & VSSIP:
        hart[Slot.HVIP] = hart[Slot.HVIP] & ~VSSIP | (value & SSIP) << 1


def read_vsie(hart: Page) -> int:
    """Read the guest's sie: what hideleg passes on, by the guest's numbers."""
    return by_guest_numbers(hart[Slot.MIE] & hart[Slot.HIDELEG])


def write_vsie(hart: Page, value: int) -> None:
    """Write the guest's sie."""
    passed = hart[Slot.HIDELEG]
    hart[Slot.MIE] = hart[Slot.MIE] & ~passed | by_own_numbers(value) & passed


def read_henvcfg(hart: Page) -> int:
    """Read henvcfg: what menvcfg does not have, it has not either."""
    return hart[Slot.HENVCFG] & (hart[Slot.MENVCFG] | ENVCFG_OWN)


def write_henvcfg(hart: MachinePage, value: int) -> None:
    """Write henvcfg; bits that menvcfg does not have keep their zero."""
    shared = hart[Slot.MENVCFG] & ENVCFG_SHARED
    hart[Slot.HENVCFG] = environment_bits(hart, value) | value & shared
    drop_all_inline(hart)


def write_hgatp(hart: Page, value: int) -> None:
    """Write hgatp; a mode that is not there leaves the old one, the rest is written."""
    kept = (1 << PPN_BITS) - 4 | VMID_MASK << VMID_SHIFT
    mode = value >> MODE_SHIFT
    if mode == MODE_BARE or is_translation_mode(hart, mode):
        kept = kept | 15 << MODE_SHIFT
    hart[Slot.HGATP] = hart[Slot.HGATP] & ~kept | value & kept


def write_vsatp(hart: Page, value: int) -> None:
    """Write vsatp; a mode that is not there keeps the old one, in a guest all of the old value."""
    mode = value >> MODE_SHIFT
    if mode == MODE_BARE or is_translation_mode(hart, mode):
        hart[Slot.VSATP] = value
    elif hart[Slot.V] == 0:
        kept = 15 << MODE_SHIFT
        hart[Slot.VSATP] = hart[Slot.VSATP] & kept | value & ~kept


def write_vsepc(hart: Page, value: int) -> None:
    """Write vsepc, which holds an address where an instruction can be."""
    hart[Slot.VSEPC] = value & ~hart[Slot.UNALIGNED]


def write_vsstatus(hart: Page, value: int) -> None:
    """Write the guest's sstatus."""
    kept = hart[Slot.VSSTATUS] & ~ms.SSTATUS_WRITABLE
    hart[Slot.VSSTATUS] = with_fs(hart, kept | value & ms.SSTATUS_WRITABLE, value)
