"""Sections while they are being filled: bytes, fixups, and the points whose size is not final.

A point (a branch that may be out of reach, an alignment, a gap) is assumed to have its smallest
size while statements are read; `layout` then lets points grow until all sizes agree. A `Place`
counts the points before it, so its final offset is a sum and never a search.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, count, islice
from typing import TYPE_CHECKING, NamedTuple

from assembler.errors import Complaint
from assembler.nops import nop_fill
from assembler.reloc import Field
from assembler.source import Spot

if TYPE_CHECKING:
    from assembler.expr import Value

MAX_SECTION = 1 << 28  # bytes that are really stored
MAX_NOBITS = 1 << 48
MAX_ROUNDS = 200
_ANYWHERE, _NOWHERE = 1 << 60, 1 << 59  # shifts: of some other place, and of none


class Place(NamedTuple):
    """A spot in a section: an offset as if no point grew, and how many points stand before it."""

    section: "Section"
    offset: int
    points: int

    def final(self) -> int:
        """Give the offset in the section, exact once the layout is done."""
        return self.offset + self.section.shifts[self.points]


@dataclass(slots=True)
class Fixup:
    """A field whose value is known only later: an instruction's operand or a datum."""

    place: Place
    field: Field
    value: "Value"
    spot: Spot
    branch: "Point | None" = None  # the branch whose target this is, if its length may vary
    relax: bool = False  # whether a linker may relax the code at it


class Goal(NamedTuple):
    """Where a branch goes, as a place of its section, and its size by how far that is.

    Each reach is a least distance, one too far, and the size; nothing else than `far` is left.
    """

    offset: int
    points: int
    reaches: tuple[tuple[int, int, int], ...]
    far: int


@dataclass(slots=True)
class Point:
    """Something at `offset` whose size is `size`, and was `first` while statements were read.

    `measure` gives the size needed at an address; `fill` gives the bytes of a size.
    """

    offset: int
    first: int
    measure: Callable[[int], int]
    fill: Callable[[int], bytes]
    is_firm: bool  # whether `first` is already known to be the final size
    spot: Spot
    kind: str  # "branch", "align", "gap", or "leb": a number whose bytes wait for the layout
    aim: Callable[[], Goal | None] | None = None  # finds the goal when all symbols are known
    size: int = 0
    goal: Goal | None = None

    def __post_init__(self) -> None:
        self.size = self.first


@dataclass(eq=False)
class Section:
    """One section being assembled."""

    name: str
    flags: str = ""
    type: str = "progbits"
    entsize: int = 0
    align: int = 1
    data: bytearray = field(default_factory=bytearray)
    points: list[Point] = field(default_factory=list)
    fixups: list[Fixup] = field(default_factory=list)
    # Mapping symbols $x and $d: place, name, and when they were made: None is after all else.
    marks: list[tuple[Place, str, int | None]] = field(default_factory=list)
    clock: Iterator[int] = field(default_factory=count)  # says in which order symbols are made
    order: int | None = None  # when a directive opened it
    shifts: list[int] = field(default_factory=lambda: [0])
    reserved: int = 0  # bytes of a section without contents
    mark: str = ""
    arch: str = ""  # the architecture of the code at this place
    marked_arch: str = ""  # the one that a mapping symbol named last
    is_firm: bool = True  # no point so far may change its size
    is_relaxed: bool = False  # at the end: GNU as then leaves padding in code to the linker
    group: str = ""  # the signature of the group it belongs to
    is_comdat: bool = False  # whether only one group of that signature is linked
    parent: "Section | None" = None  # of a subsection
    parts: dict[int, "Section"] = field(default_factory=dict)  # subsections by number
    latest: "Section | None" = None  # which of them was entered last
    is_absolute: bool = False  # a layout: labels in it are numbers
    linked: str = ""  # the symbol or section whose section it describes
    more_flags: int = 0  # bits that have no letter
    closed_at: Place | None = None  # where padding at the end begins
    moved_from: int = 0  # the first shift that the last round of the layout changed
    farthest: list[int] = field(default_factory=list)  # shift that a point or one before looks to
    stretch: int = 0  # counts the places so far where GNU as begins a new frag

    @property
    def root(self) -> "Section":
        """The whole section that this is a part of."""
        return self.parent or self

    def part(self, number: int) -> "Section":
        """Give a subsection, made now if it is new; number 0 is the section itself."""
        if not number:
            return self
        part = self.parts.get(number)
        if part is None:
            part = self.parts[number] = Section(self.name, self.flags, self.type, self.entsize)
            part.parent = self
            part.clock = self.clock
        return part

    def take_over_marks(self) -> None:
        """Go on with the mapping symbols where the part of the section entered last left off."""
        root = self.root
        latest = root.latest or root
        if latest is not self:
            self.mark, self.marked_arch = latest.mark, latest.marked_arch
        root.latest = self

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return "x" in self.flags

    @property
    def is_nobits(self) -> bool:
        """Whether it takes no room in the file."""
        return self.type == "nobits"

    @property
    def size(self) -> int:
        """The size so far."""
        return self.reserved if self.type == "nobits" else len(self.data)

    def here(self) -> Place:
        """Give the current place."""
        return Place(self, self.size, len(self.points))

    def end(self) -> Place:
        """Give the place behind everything but padding, once the layout is done."""
        if self.closed_at is not None:
            return self.closed_at
        return Place(self, self.size - self.shifts[-1], len(self.points))

    def emit(self, data: bytes) -> None:
        """Append bytes."""
        if self.type == "nobits":
            if data.strip(b"\0"):
                raise Complaint(f"section {self.name} takes no contents, only space")
            self.reserve(len(data))
            return
        self.data += data
        if len(self.data) > MAX_SECTION:
            raise Complaint(f"section {self.name} would be larger than {MAX_SECTION:#x} bytes")

    def reserve(self, count: int, pattern: bytes = b"\0") -> None:
        """Append `count` bytes of a repeated pattern, which starts anew at this place."""
        limit = MAX_NOBITS if self.is_nobits else MAX_SECTION
        if count < 0 or self.size + count > limit:
            raise Complaint(f"{count} bytes more would make {self.name} larger than {limit:#x}")
        if not self.is_nobits:
            self.emit((pattern * (count // len(pattern) + 1))[:count])
            return
        if pattern.strip(b"\0"):
            raise Complaint(f"section {self.name} takes no contents, only space")
        self.reserved += count

    def set_mark(self, mark: str, is_padding: bool = False) -> None:
        """Note that what follows is instructions (x) or data (d), for disassemblers."""
        if not self.is_code:
            return
        is_new = mark == "x" and self.arch != self.marked_arch
        if is_new and (not is_padding or not self.marked_arch):
            self.marked_arch = self.arch
            self.marks.append((self.here(), mark + self.arch, next(self.clock)))
            self.mark = mark
        elif mark != self.mark.rstrip("?"):
            self.marks.append((self.here(), mark, next(self.clock)))
            self.mark = mark + "?" * is_new

    def set_architecture(self, text: str) -> None:
        """Note what the code from here on is for; a mark with a question mark is out of date."""
        self.arch = text
        if self.mark in ("x", "x?"):
            self.mark = "x" if text == self.marked_arch else "x?"

    def distance(self, start: Place, end: Place, is_final: bool) -> int | None:
        """Give end minus start, or None while points between them may still grow."""
        if is_final:
            return end.final() - start.final()
        low, high = sorted((start.points, end.points))
        if all(point.is_firm for point in self.points[low:high]):
            return end.offset - start.offset
        return None

    def add_point(self, point: Point) -> None:
        """Append a point and the bytes of its first size."""
        if point.first > MAX_SECTION and not self.is_nobits:
            raise Complaint(f"section {self.name} would be larger than {MAX_SECTION:#x} bytes")
        self.points.append(point)
        self.stretch += 1
        self.is_firm = self.is_firm and point.is_firm
        if self.is_nobits:
            self.reserve(point.first)
        else:
            self.emit(point.fill(point.first))

    def align_to(self, alignment: int, fill: bytes | None, most: int | None, spot: Spot) -> None:
        """Align the current place; `fill` None means nops in code and zeros elsewhere."""
        self.align = max(self.align, alignment)

        def measure(address: int) -> int:
            gap = -address % alignment
            return 0 if most is not None and gap > most else gap

        def pad(size: int) -> bytes:
            if fill is None:
                return nop_fill(size) if self.is_code and not self.root.is_relaxed else bytes(size)
            return pad_pattern(fill, size)

        at = self.size
        if fill is None and self.is_code:
            self._mark_padding(measure(at))
        self.add_point(Point(at, measure(at), measure, pad, self.is_firm, spot, "align"))

    def _mark_padding(self, size: int) -> None:
        """Note that nops follow, after a byte of data where they do not start on a boundary."""
        if size % 2 == 0 or self.root.is_relaxed:
            self.set_mark("x", is_padding=True)
            return
        self.marks.append((self.here(), "d", None))
        name = "x"
        if not self.marked_arch:
            name += self.arch
            self.marked_arch = self.arch
        self.mark = "x" if self.arch == self.marked_arch else "x?"
        place = Place(self, self.size + 1, len(self.points))
        self.marks.append((place, name, None))

    def close(self, spot: Spot) -> None:
        """Pad code to its own alignment, so that what is linked behind it is aligned."""
        if self.is_code and self.size:
            self.closed_at = self.here()
            self.align_to(self.align, None, None, spot)

    def estimate(self) -> None:
        """Give points a first size, those before a point known and those after it not.

        GNU as starts like this: a branch forward over more than it can reach counts as far until
        sizes are known, and stays far where its own second half is what makes it so.
        """
        for point in self.points:
            if point.aim is not None:
                point.goal = point.aim()
        self.farthest = list(accumulate((_looks_to(point) for point in self.points), max))
        ends = [point.offset + point.first for point in self.points]
        self.shifts = [0, *(-end for end in ends)]
        self.measure(skips_gaps=True)
        self.moved_from = 0

    def measure(self, may_shrink: bool = True, skips_gaps: bool = False) -> bool:
        """Size every point once, each where those before it put it; say whether anything moved.

        Nothing is new to the points before the first that looks to where something moved last.
        """
        shifts = self.shifts
        start = bisect_left(self.farthest, self.moved_from)
        total = shifts[start]
        moved_from = _NOWHERE
        for index, point in enumerate(islice(self.points, start, None), start + 1):
            goal = point.goal
            if goal is not None:
                offset, behind, reaches, size = goal
                distance = offset + shifts[behind] - point.offset - total
                for low, high, near in reaches:
                    if low <= distance < high:
                        size = near
                        break
            elif skips_gaps and point.kind == "gap":
                size = point.size
            else:
                size = max(0, _measured(point, point.offset + total))
            if may_shrink or point.kind != "branch" or size > point.size:
                point.size = size
            total += point.size - point.first
            if shifts[index] != total:
                shifts[index] = total
                moved_from = min(moved_from, index)
        self.moved_from = moved_from
        return moved_from != _NOWHERE

    def check(self) -> None:
        """Raise Complaint for a gap that would have to be negative."""
        for index, point in enumerate(self.points):
            if point.kind == "gap":
                short = -_measured(point, point.offset + self.shifts[index])
                if short > 0:
                    complaint = Complaint(f".org cannot move back by {short:#x} bytes")
                    complaint.spot = point.spot
                    raise complaint

    def rebuild(self) -> None:
        """Put the bytes where the final sizes say."""
        if self.is_nobits:
            self.reserved += self.shifts[-1]
            return
        if all(self._is_kept(point) for point in self.points):
            return
        pieces, start = [], 0
        for point in self.points:
            pieces.append(bytes(self.data[start : point.offset]))
            start = point.offset + point.first
            here = self.data[point.offset : start]
            pieces.append(bytes(here) if self._is_kept(point) else _filled(point))
        pieces.append(bytes(self.data[start:]))
        self.data = bytearray().join(pieces)

    def _is_kept(self, point: Point) -> bool:
        """Whether the bytes of a point's first size are those it keeps."""
        if point.kind == "leb" or (self.is_relaxed and point.kind == "align"):
            return False
        return point.size == point.first


def _looks_to(point: Point) -> int:
    """Give which shift the size of a point depends on beside its own."""
    if point.goal is not None:
        return point.goal.points
    return 0 if point.kind == "align" else _ANYWHERE


def _measured(point: Point, address: int) -> int:
    try:
        return point.measure(address)
    except Complaint as complaint:
        complaint.spot = point.spot
        raise


def _filled(point: Point) -> bytes:
    try:
        return point.fill(point.size)
    except Complaint as complaint:
        complaint.spot = point.spot
        raise


def pad_pattern(fill: bytes, size: int) -> bytes:
    """Repeat a pattern at the end of a gap, zeros before it where it does not fit."""
    return bytes(size % len(fill)) + fill * (size // len(fill))


def layout(sections: Iterable[Section]) -> None:
    """Let the points of all sections grow until nothing moves, then place the bytes."""
    sections = [section for section in sections if section.points]
    for section in sections:
        section.shifts = [0] * (len(section.points) + 1)
    for section in sections:
        section.estimate()
    for round_number in range(MAX_ROUNDS):
        may_shrink = round_number < MAX_ROUNDS // 2
        moved = [section.measure(may_shrink) for section in sections]
        if not any(moved):
            break
    else:
        names = ", ".join(section.name for section in sections)
        raise Complaint(f"sizes in {names} depend on each other in a circle")
    for section in sections:
        section.check()
        section.rebuild()
