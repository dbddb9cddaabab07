"""A copy of a hart's state on which things can be tried that nobody else sees.

RAM is not copied: what is stored stays in the copy. It has the words that the reference engine and
`isa/mmu.py` execute on, and notes what is read.
"""

from array import array

from isa.hart import NO_WORDS, Hart
from isa.state import NO_WINDOW, Slot
from isa.words import Word


class Ram:
    """RAM seen through changes that stay here; notes which doublewords are read."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._changed: dict[int, int] = {}
        self.read: list[int] = []

    def __len__(self) -> int:
        return len(self._view)

    def __getitem__(self, where: slice) -> bytes:
        if where.stop - where.start == 8 and where.start % 8 == 0:
            self.read.append(where.start)
        data = bytearray(self._view[where])
        for at in range(where.start, where.stop):
            if at in self._changed:
                data[at - where.start] = self._changed[at]
        return bytes(data)

    def __setitem__(self, where: slice, data: bytes) -> None:
        self._changed.update(zip(range(where.start, where.stop), data, strict=True))


class Probe:
    """A copy of a hart's state that can be tried things on."""

    engine: object = None
    window = NO_WORDS

    def __init__(self, hart: Hart) -> None:
        self.slots = array("Q", hart.slots.tobytes())
        self.ram = Ram(hart.ram)
        self.frames = hart.frames
        self.tlb = array("Q", hart.tlb.tobytes())
        self.read: dict[int, None] = {}
        self.slots[Slot.TLB_WAYS] = 0  # walk: what a TLB still knows explains nothing
        self.slots[Slot.PENDING] = self.slots[Slot.EXIT] = 0
        self.slots[Slot.WINDOW_AT] = NO_WINDOW
        self.slots[Slot.POINTS] = self.slots[Slot.MOVES_WATCHED] = 0

    def __getitem__(self, slot: int) -> Word:
        self.read[int(slot)] = None
        return Word(self.slots[slot])

    def __setitem__(self, slot: int, value: int) -> None:
        self.slots[slot] = value & (1 << 64) - 1
