"""Breakpoints and watchpoints: what gdb asks for, put into the words that harts look at.

Breakpoints are not written into memory: both kinds are addresses (`isa/points.py`), so that they
can be set before there is a page, and the guest never sees one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from isa.exits import Exit
from isa.hart import Hart
from isa.mmu import Access
from isa.points import MOST_POINTS, POINT_WORDS
from isa.state import Slot

MASK = (1 << 64) - 1
MOST_WATCHED = 1 << 32


class Kind(IntEnum):
    """What a point is for, as the packets Z0 to Z4 number it."""

    SOFTWARE = 0
    HARDWARE = 1
    WRITE = 2
    READ = 3
    ACCESS = 4


_ACCESSES = {
    Kind.SOFTWARE: 1 << Access.FETCH,
    Kind.HARDWARE: 1 << Access.FETCH,
    Kind.WRITE: 1 << Access.STORE,
    Kind.READ: 1 << Access.LOAD,
    Kind.ACCESS: 1 << Access.LOAD | 1 << Access.STORE,
}
TOLD = {
    Kind.SOFTWARE: "swbreak",
    Kind.HARDWARE: "hwbreak",
    Kind.WRITE: "watch",
    Kind.READ: "rwatch",
    Kind.ACCESS: "awatch",
}
"""How a stop reply names each."""


@dataclass(frozen=True)
class Point:
    """A range of addresses that stops harts."""

    kind: Kind
    first: int
    last: int

    def has(self, at: int, size: int, access: int) -> bool:
        """Say whether an access touches it."""
        is_kind = _ACCESSES[self.kind] >> access & 1
        return bool(is_kind) and at <= self.last and self.first < at + size


class Points:
    """The points that are set; only while a debugger's run lasts do harts know of them."""

    def __init__(self) -> None:
        self._set: dict[Point, None] = {}

    def add(self, kind: int, at: int, size: int) -> bool:
        """Set a point; say whether there is such a kind, and room."""
        point = _make(kind, at, size)
        if point is None or (len(self._set) >= MOST_POINTS and point not in self._set):
            return False
        self._set[point] = None
        return True

    def remove(self, kind: int, at: int, size: int) -> bool:
        """Remove a point; one that is not set may be removed too."""
        point = _make(kind, at, size)
        if point is not None:
            self._set.pop(point, None)
        return point is not None

    def clear(self) -> None:
        """Remove all."""
        self._set.clear()

    def __bool__(self) -> bool:
        return bool(self._set)

    def arm(self, pages: Iterable[Hart], *, with_code: bool = True) -> None:
        """Have harts stop at the points, or at those for data only."""
        words: list[int] = []
        for point in self._set:
            if with_code or point.kind > Kind.HARDWARE:
                words += [point.first, point.last, _ACCESSES[point.kind]]
        for hart in pages:
            count = len(words) // POINT_WORDS
            if count == 0 and hart.slots[Slot.POINTS] == 0:
                continue
            at = hart.slots[Slot.POINTS_AT]
            for n, value in enumerate(words):
                hart.tlb[at + n] = value
            hart.slots[Slot.POINTS] = count
            hart.slots[Slot.INLINE_STALE] = 1

    def hit(self, exit_: Exit) -> tuple[Point, int] | None:
        """Give the point that an exit is for, and the address in it."""
        for point in self._set:
            if point.has(exit_.tval, max(exit_.size, 1), exit_.access):
                return point, max(point.first, exit_.tval)
        return None


def _make(kind: int, at: int, size: int) -> Point | None:
    if kind not in tuple(Kind) or not 0 <= at <= MASK:
        return None
    if kind <= Kind.HARDWARE:
        return Point(Kind(kind), at, at)
    if not 1 <= size <= MOST_WATCHED or at + size - 1 > MASK:
        return None
    return Point(Kind(kind), at, at + size - 1)
