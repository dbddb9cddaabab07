"""H: a hypervisor's accesses to its guest's memory, and its fences.

Follows the chapter "Hypervisor Extension", section "Hypervisor Instructions", of the RISC-V
Privileged Architecture. A guest's attempt is a virtual instruction, U-mode's is illegal unless
hstatus.HU lets it.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Priv
from isa.insn import system
from isa.machine import MachinePage
from isa.mmu import load, store
from isa.state import Slot
from isa.tlb import flush_guest, flush_guests
from isa.trap import ISA_H, pend_illegal, pend_virtual
from isa.walk import BY_HLV, BY_HLVX
from isa.words import Page, Word, sext


def is_kept_from_guest(hart: Page, word: int, lent_by: int) -> bool:
    """Pend the trap of a hypervisor instruction that is not allowed; say whether it is not.

    U-mode may when hstatus has the bit `lent_by`.
    """
    if hart[Slot.ISA] & ISA_H == 0:
        pend_illegal(hart, word)
        return True
    if hart[Slot.V]:
        pend_virtual(hart, word)
        return True
    if hart[Slot.PRIV] == Priv.U and hart[Slot.HSTATUS] & lent_by == 0:
        pend_illegal(hart, word)
        return True
    return False


def guest_load(hart: MachinePage, word: int, va: int, size: int, how: int) -> int:
    """Load in the guest's place: its translation, and the privilege in hstatus.SPVP."""
    if is_kept_from_guest(hart, word, hs.HU):
        return 0
    hart[Slot.HYPER_ACCESS] = how
    value = load(hart, va, size)
    hart[Slot.HYPER_ACCESS] = 0
    return value


def guest_store(hart: MachinePage, word: int, va: int, size: int, value: int) -> None:
    """Store in the guest's place."""
    if is_kept_from_guest(hart, word, hs.HU):
        return
    hart[Slot.HYPER_ACCESS] = BY_HLV
    store(hart, va, size, value)
    hart[Slot.HYPER_ACCESS] = 0


def may_fence_guests(hart: Page, word: int) -> bool:
    """Say whether the fences of the second stage are allowed: mstatus.TVM forbids them too."""
    if is_kept_from_guest(hart, word, 0):
        return False
    if hart[Slot.PRIV] == Priv.S and hart[Slot.MSTATUS] & ms.TVM != 0:
        pend_illegal(hart, word)
        return False
    return True


@system("hlv.b rd, (rs1)", "0110000 00000 rs1 100 rd 1110011", ext="H", size=1)
def hlv_b(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load a byte of the guest's memory, sign-extended."""
    return sext(guest_load(hart, word, rs1, 1, BY_HLV), 8)


@system("hlv.bu rd, (rs1)", "0110000 00001 rs1 100 rd 1110011", ext="H", size=1)
def hlv_bu(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load a byte of the guest's memory, zero-extended."""
    return guest_load(hart, word, rs1, 1, BY_HLV)


@system("hlv.h rd, (rs1)", "0110010 00000 rs1 100 rd 1110011", ext="H", size=2)
def hlv_h(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 16 bits of the guest's memory, sign-extended."""
    return sext(guest_load(hart, word, rs1, 2, BY_HLV), 16)


@system("hlv.hu rd, (rs1)", "0110010 00001 rs1 100 rd 1110011", ext="H", size=2)
def hlv_hu(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 16 bits of the guest's memory, zero-extended."""
    return guest_load(hart, word, rs1, 2, BY_HLV)


@system("hlv.w rd, (rs1)", "0110100 00000 rs1 100 rd 1110011", ext="H", size=4)
def hlv_w(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 32 bits of the guest's memory, sign-extended."""
    return sext(guest_load(hart, word, rs1, 4, BY_HLV), 32)


@system("hlv.wu rd, (rs1)", "0110100 00001 rs1 100 rd 1110011", ext="H", size=4)
def hlv_wu(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 32 bits of the guest's memory, zero-extended."""
    return guest_load(hart, word, rs1, 4, BY_HLV)


@system("hlv.d rd, (rs1)", "0110110 00000 rs1 100 rd 1110011", ext="H", size=8)
def hlv_d(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 64 bits of the guest's memory."""
    return guest_load(hart, word, rs1, 8, BY_HLV)


@system("hlvx.hu rd, (rs1)", "0110010 00011 rs1 100 rd 1110011", ext="H", size=2)
def hlvx_hu(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 16 bits of the guest's memory that it may execute, zero-extended."""
    return guest_load(hart, word, rs1, 2, BY_HLVX)


@system("hlvx.wu rd, (rs1)", "0110100 00011 rs1 100 rd 1110011", ext="H", size=4)
def hlvx_wu(hart: MachinePage, word: Word, rs1: Word) -> int:
    """Load 32 bits of the guest's memory that it may execute, zero-extended."""
    return guest_load(hart, word, rs1, 4, BY_HLVX)


@system("hsv.b rs2, (rs1)", "0110001 rs2 rs1 100 00000 1110011", ext="H")
def hsv_b(hart: MachinePage, word: Word, rs1: Word, rs2: Word) -> None:
    """Store a byte to the guest's memory."""
    guest_store(hart, word, rs1, 1, rs2)


@system("hsv.h rs2, (rs1)", "0110011 rs2 rs1 100 00000 1110011", ext="H")
def hsv_h(hart: MachinePage, word: Word, rs1: Word, rs2: Word) -> None:
    """Store 16 bits to the guest's memory."""
    guest_store(hart, word, rs1, 2, rs2)


@system("hsv.w rs2, (rs1)", "0110101 rs2 rs1 100 00000 1110011", ext="H")
def hsv_w(hart: MachinePage, word: Word, rs1: Word, rs2: Word) -> None:
    """Store 32 bits to the guest's memory."""
    guest_store(hart, word, rs1, 4, rs2)


@system("hsv.d rs2, (rs1)", "0110111 rs2 rs1 100 00000 1110011", ext="H")
def hsv_d(hart: MachinePage, word: Word, rs1: Word, rs2: Word) -> None:
    """Store 64 bits to the guest's memory."""
    guest_store(hart, word, rs1, 8, rs2)


@system("hfence.vvma rs1, rs2", "0010001 rs2 rs1 000 00000 1110011", ext="H")
def hfence_vvma(
    hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs1_index: Word, rs2_index: Word
) -> None:
    """Drop what is cached of the current guest's own tables: by address, by ASID, or all."""
    if not is_kept_from_guest(hart, word, 0):
        flush_guest(hart, rs1_index != 0, rs1, rs2_index != 0, rs2)


@system("hinval.vvma rs1, rs2", "0010011 rs2 rs1 000 00000 1110011", ext="Svinval")
def hinval_vvma(
    hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs1_index: Word, rs2_index: Word
) -> None:
    """Do what HFENCE.VVMA does, without its ordering."""
    if not is_kept_from_guest(hart, word, 0):
        flush_guest(hart, rs1_index != 0, rs1, rs2_index != 0, rs2)


@system("hfence.gvma rs1, rs2", "0110001 rs2 rs1 000 00000 1110011", ext="H")
def hfence_gvma(hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs2_index: Word) -> None:
    """Drop what is cached of the second stage: of one guest by its VMID, or of all.

    An address in rs1 narrows nothing here: cached translations do not tell guest addresses.
    """
    if may_fence_guests(hart, word):
        flush_guests(hart, rs2_index != 0, rs2)


@system("hinval.gvma rs1, rs2", "0110011 rs2 rs1 000 00000 1110011", ext="Svinval")
def hinval_gvma(hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs2_index: Word) -> None:
    """Do what HFENCE.GVMA does, without its ordering."""
    if may_fence_guests(hart, word):
        flush_guests(hart, rs2_index != 0, rs2)
