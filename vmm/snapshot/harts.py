"""The state of harts in a snapshot: their slots, and the words of their modelled TLBs.

A snapshot may be hostile, and compiled code trusts what is in a hart page. So nothing is taken that
no hart could have come to: what is not checked here is bounded where it is used.
"""

from array import array
from dataclasses import dataclass

from isa import mstatus as ms
from isa.causes import Priv
from isa.csr_file import write_csr
from isa.csrs import CSRS
from isa.hart import Hart
from isa.pte import MODE_SHIFT
from isa.state import Slot
from isa.tlb import ENTRY
from isa.triggers import TRIGGERS
from isa.words import Word
from vmm.contracts import StateError

KEPT = int(Slot.HOST_RAM)
"""Slots from here on are host addresses, and what engines derive."""
FIXED = (
    *(Slot.MHARTID, Slot.RAM_BASE, Slot.RAM_SIZE, Slot.TICK, Slot.ISA, Slot.UNALIGNED),
    *(Slot.SEMIHOSTED, Slot.TRAP_DETAIL, Slot.ALIGNED_ONLY),
    *(Slot.TLB_SETS, Slot.TLB_WAYS, Slot.TLB_SOFT),
)
"""What the machine's configuration decides."""
DROPPED = (Slot.PENDING, Slot.EXIT, Slot.POINTS, Slot.MOVES_WATCHED, Slot.MOVES_SEEN)
CODE_ADDRESSES = (Slot.PC, Slot.MEPC, Slot.SEPC, Slot.VSEPC)
TABLES = ("satp", "vsatp", "hgatp")
MOST = {
    Slot.X0: 0,
    **dict.fromkeys((Slot.V, Slot.WAITING, Slot.HOSTED, Slot.FLOATS_LENT), 1),
    Slot.FRM: 7,
    Slot.FFLAGS: 31,
    Slot.TSELECT: TRIGGERS - 1,
    Slot.ARMED: 15,
}
"""Slots and the greatest value of each."""
BAD_MPP = 2 << ms.MPP_SHIFT


@dataclass(frozen=True)
class HartState:
    """A hart's slots and TLB words, as bytes."""

    slots: bytes
    words: bytes


def save_hart(hart: Hart) -> HartState:
    """Give a hart's state."""
    slots = array("Q", hart.slots[:KEPT].tobytes())
    for slot in DROPPED:
        slots[slot] = 0
    return HartState(slots.tobytes(), hart.tlb[: _words(hart)].tobytes())


def check_hart(hart: Hart, state: HartState) -> None:
    """Raise StateError unless a state is one that this hart could be in."""
    if len(state.slots) != KEPT * 8 or len(state.words) != _words(hart) * 8:
        raise StateError(f"the saved state of hart {hart.id} has another size")
    slots, words = array("Q", state.slots), array("Q", state.words)
    for slot in FIXED:
        if slots[slot] != hart.slots[slot]:
            raise StateError(f"saved {slot.name} of hart {hart.id} is another machine's")
    bad = [slot for slot in CODE_ADDRESSES if slots[slot] & slots[Slot.UNALIGNED]]
    bad += [slot for slot, most in MOST.items() if slots[slot] > most]
    if slots[Slot.PRIV] not in tuple(Priv):
        bad.append(Slot.PRIV)
    if slots[Slot.MSTATUS] & ms.MPP == BAD_MPP:
        bad.append(Slot.MSTATUS)
    bad += [Slot[name.upper()] for name in TABLES if not _is_mode(hart, slots, name)]
    if bad:
        raise StateError(f"saved {bad[0].name} of hart {hart.id} is impossible")
    sets, ways = slots[Slot.TLB_SETS], slots[Slot.TLB_WAYS]
    turns = words[sets * ways * ENTRY : sets * ways * ENTRY + sets]
    if any(turn >= max(ways, 1) for turn in turns):
        raise StateError(f"the saved TLB of hart {hart.id} is impossible")


def restore_hart(hart: Hart, state: HartState) -> None:
    """Take a state that `check_hart` has found good."""
    hart.slots[:KEPT] = memoryview(state.slots).cast("Q")
    hart.tlb[: _words(hart)] = memoryview(state.words).cast("Q")
    for slot in DROPPED:
        hart.slots[slot] = 0
    hart.slots[Slot.INLINE_STALE] = 1


def _words(hart: Hart) -> int:
    return hart.slots[Slot.POINTS_AT]


class _Trial:
    """Slots to write a CSR of."""

    def __init__(self, slots: "array[int]") -> None:
        self._slots = array("Q", slots)

    def __getitem__(self, slot: int) -> Word:
        return Word(self._slots[slot])

    def __setitem__(self, slot: int, value: int) -> None:
        self._slots[slot] = value & (1 << 64) - 1


def _is_mode(hart: Hart, slots: "array[int]", name: str) -> bool:
    """Say whether a register that points to tables names a mode that there is."""
    slot = Slot[name.upper()]
    if slots[slot] >> MODE_SHIFT == 0:
        return True
    trial = _Trial(slots)
    trial[slot] = 0
    write_csr(trial, CSRS.by_name[name].number, Word(slots[slot]))
    return trial[slot] >> MODE_SHIFT == slots[slot] >> MODE_SHIFT
