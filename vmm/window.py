"""The device's side of a window: which registers harts may use without asking, and how often.

The harts' side, and what the words of a window are, is in `isa/window.py`.
"""

import mmap
from array import array
from collections.abc import Mapping

from isa.hart import Hart
from isa.memory import address_of, map_lazily
from isa.state import Slot
from isa.window import (
    LINKED,
    LOAD_LEAVES_AT,
    LOADS_AT,
    LOG_AT,
    LOG_WORDS,
    MANY,
    POSTED,
    STORE_LEAVES_AT,
    STORES_AT,
    USES,
    VALUES_AT,
)


class Window:
    """The device's side of a window."""

    def __init__(self) -> None:
        self._map: mmap.mmap = map_lazily((LOG_AT + LOG_WORDS) * 8)
        self.words = memoryview(self._map).cast("Q")

    def link(self, offset: int) -> None:
        """Say which register accesses may leave with another value."""
        self.words[LINKED] = offset

    def show(self, hart: Hart, base: int) -> None:
        """Let a hart look through the window at a physical address."""
        hart.window = self.words
        hart.slots[Slot.HOST_WINDOW] = address_of(self._map)
        hart.slots[Slot.WINDOW_AT] = base

    @property
    def uses(self) -> int:
        """How many accesses have been made through it."""
        return self.words[USES]

    def face(self, view: memoryview, looks: tuple[int, int]) -> None:
        """Let harts use what a view says; of one register, given with the times, only as often."""
        self.words[VALUES_AT:LOG_AT] = view
        offset, times = looks
        self.words[LOADS_AT + offset] = times

    def loads_left(self, offset: int) -> int:
        """Give how often a register may still be read."""
        return self.words[LOADS_AT + offset]

    def value(self, offset: int) -> int:
        """Give what a register reads as now."""
        return self.words[VALUES_AT + offset]

    def take(self) -> list[int]:
        """Take what was written: offset << 8 | value each, in order."""
        posted = self.words[POSTED]
        if not posted:
            return []
        self.words[POSTED] = 0
        return self.words[LOG_AT : LOG_AT + posted].tolist()


def make_view(
    values: Mapping[int, int],
    written: int | None = None,
    leaves: tuple[int, int, int] | None = None,
) -> memoryview:
    """Make what a window shows: registers that read as `values`, and one that may be written.

    `leaves` is a register among the values, which is left with the second value when it was read
    and with the third when the other one was written.
    """
    view = array("Q", bytes((LOG_AT - VALUES_AT) * 8))
    for offset, value in values.items():
        view[offset] = value
        view[LOADS_AT - VALUES_AT + offset] = MANY
    if written is not None:
        view[STORES_AT - VALUES_AT + written] = LOG_WORDS
    if leaves is not None and written is not None:
        linked, when_read, when_written = leaves
        view[LOAD_LEAVES_AT - VALUES_AT + linked] = when_read
        view[STORE_LEAVES_AT - VALUES_AT + written] = when_written
    return memoryview(view)
