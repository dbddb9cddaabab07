"""Zacas: atomic compare and swap; and Zawrs: waiting for a reservation.

Follows the chapters '"Zacas" Extension for Atomic Compare-and-Swap (CAS) Instructions' and
'"Zawrs" Extension for Wait-on-Reservation-Set instructions' of the RISC-V Unprivileged ISA. A swap
needs permission to store even when it does not take place.
"""

from isa import hstatus as hs
from isa import mstatus as ms
from isa.atomics import amo_load, amo_store, is_held_up, reach_both
from isa.causes import Priv
from isa.insn import system
from isa.machine import MachinePage, ram_load, ram_store
from isa.state import Slot
from isa.trap import pend_illegal, pend_virtual
from isa.words import Page, Word, zext


@system("amocas.w rd, rs2, (rs1)", "00101 aqrl rs2 rs1 010 rd 0101111", ext="Zacas", size=4)
def amocas_w(hart: MachinePage, rs1: Word, rs2: Word, rd: Word) -> int:
    """Store rs2 if memory holds the low 32 bits of rd; rd takes the old value, sign-extended."""
    return compare_and_swap(hart, rs1, 4, hart[rd], rs2)


@system("amocas.d rd, rs2, (rs1)", "00101 aqrl rs2 rs1 011 rd 0101111", ext="Zacas", size=8)
def amocas_d(hart: MachinePage, rs1: Word, rs2: Word, rd: Word) -> int:
    """Store rs2 if memory holds rd; rd takes the old value."""
    return compare_and_swap(hart, rs1, 8, hart[rd], rs2)


@system("amocas.q rd, rs2, (rs1)", "00101 aqrl rs2 rs1 100 rd 0101111", ext="Zacas", size=16)
def amocas_q(hart: MachinePage, word: Word, rs1: Word, rs2: Word, rs2_index: Word, rd: Word) -> int:
    """Store a pair of registers from rs2 if memory holds the pair from rd, which takes the old one.

    The first register of a pair is even; of x0, both are zero. Odd ones are reserved.
    """
    if (rd | rs2_index) & 1:
        return pend_illegal(hart, word)
    at = reach_both(hart, rs1, 16)
    if is_held_up(hart):
        return 0
    low = ram_load(hart, at, 8)
    high = ram_load(hart, at + 8, 8)
    if low == hart[rd] and high == second_of_pair(hart, rd):
        new_high = second_of_pair(hart, rs2_index)
        ram_store(hart, at, 8, rs2)
        ram_store(hart, at + 8, 8, new_high)
    if rd != 0:
        hart[rd + 1] = high
    return low


def second_of_pair(hart: Page, first: int) -> int:
    """Give the register after an even one; after x0, zero."""
    if first == 0:
        return 0
    return hart[first + 1]


def compare_and_swap(hart: MachinePage, va: int, size: int, expected: int, new: int) -> int:
    """Store the new value if memory holds the expected one; gives the old one, sign-extended."""
    old = amo_load(hart, va, size)
    if old == zext(expected, size * 8):
        return amo_store(hart, size, old, new)
    return amo_store(hart, size, old, old)


@system("wrs.nto", "000000001101 00000 000 00000 1110011", ext="Zawrs")
def wrs_nto(hart: Page, word: Word) -> None:
    """Wait for a change of the reserved memory; mstatus.TW and hstatus.VTW forbid it.

    Another hart runs only between instructions: there is nothing to wait for here.
    """
    if hart[Slot.PRIV] != Priv.M and hart[Slot.MSTATUS] & ms.TW != 0:
        pend_illegal(hart, word)
    elif hart[Slot.V] != 0 and hart[Slot.HSTATUS] & hs.VTW != 0:
        pend_virtual(hart, word)


@system("wrs.sto", "000000011101 00000 000 00000 1110011", ext="Zawrs")
def wrs_sto() -> None:
    """Wait for a change of the reserved memory, for a short time at most."""
