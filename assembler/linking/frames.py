"""Reading unwinding tables (`.eh_frame`): their entries, and how long each really is.

Follows the Linux Standard Base, "Exception Frames", and DWARF 5, "Call Frame Instructions". What
is not understood is None: such a section is linked as it is. Not here: what a link does to the
tables (`frame_editing.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from assembler.linking.model import Reloc, Section, Symbol

AUGMENTATION_AT_MOST = 19  # characters of an augmentation
INSTRUCTIONS_AT_MOST = 50  # bytes of a header's instructions that headers are compared by
OMIT, ALIGNED, PC_RELATIVE = 0xFF, 0x50, 0x10
_WIDTHS = {0: 8, 2: 2, 3: 4, 4: 8}
_SET_LOCATION = 0x01
# How many operands in LEB128 an instruction has; the upper two bits say it for some.
_ONE, _TWO = (0x06, 0x07, 0x08, 0x0D, 0x0E, 0x13, 0x2E), (0x05, 0x09, 0x0C, 0x11, 0x12, 0x14, 0x15)
_LEBS = {0x00: 0, 0x0A: 0, 0x0B: 0, 0x2D: 0, 0x40: 0, 0xC0: 0, 0x80: 1, 0x2F: 2}
_LEBS |= dict.fromkeys(_ONE, 1) | dict.fromkeys(_TWO, 2)
_FIXED = {0x02: 1, 0x03: 2, 0x04: 4, 0x1D: 8}
_BLOCKS = {0x0F: 0, 0x10: 1, 0x16: 1}  # with a block behind so many LEB128


class _UnknownError(Exception):
    """Something that cannot be changed because it is not understood."""


@dataclass(eq=False, slots=True)
class Frame:
    """One entry: a header (CIE), the description of a function (FDE), or the end."""

    offset: int
    size: int  # without padding
    is_header: bool = False
    header: "Frame | None" = None  # whose description this is
    relocs: list[Reloc] = field(default_factory=list)
    encoding: int = 0  # of addresses
    lsda_encoding: int = OMIT
    is_aligned8: bool = False
    is_sized: bool = False  # whether the augmentation of its descriptions says its size
    alike: tuple[object, ...] | None = None  # what headers that may be shared have in common
    is_removed: bool = True
    home: Section | None = None
    place: int = 0  # its offset in the output's section, once edited
    is_marked: bool = False

    @property
    def is_end(self) -> bool:
        """Whether it ends the table."""
        return self.size == 4

    @property
    def width(self) -> int:
        """The bytes of an address."""
        return width_of(self.encoding)


def width_of(encoding: int) -> int:
    """Give the bytes of an encoded address; 0 when that varies."""
    return 0 if encoding & 0x60 == 0x60 else _WIDTHS.get(encoding & 7, 0)


def read_frames(section: Section) -> list[Frame] | None:
    """Read all entries of a section; None when something is not understood."""
    try:
        return _Reader(section).read()
    except (_UnknownError, IndexError):
        return None


class _Reader:
    """Reads one section from its start."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._data = bytes(section.data)
        self._at = self._end = 0
        self._headers: dict[int, Frame] = {}
        self._relocs = sorted(section.relocs, key=lambda one: one.offset)
        self._next = 0

    def read(self) -> list[Frame]:
        found = list(self._frames())
        require(self._next == len(self._relocs))
        return found

    def _frames(self) -> Iterator[Frame]:
        data, size = self._data, len(self._data)
        while self._at < size:
            start = self._at
            require(start + 4 <= size)
            length = int.from_bytes(data[start : start + 4], "little")
            self._end = end = start + 4 + length
            if not length:
                require(not any(data[start:]) and (size - start) % 4 == 0)
                self._end = size
                yield self._finished(Frame(start, 4))
                return
            require(end <= size and length >= 4)
            self._at = start + 8
            frame = Frame(start, 4 + length)
            back = int.from_bytes(data[start + 4 : start + 8], "little")
            if back:
                frame.header = self._headers.get(start + 4 - back)
                require(frame.header is not None)
                self._description(frame)
            else:
                self._header(frame)
                self._headers[start] = frame
            yield self._finished(frame)

    def _finished(self, frame: Frame) -> Frame:
        """Hand an entry the relocations that are in it, and go behind it."""
        first = self._next
        while self._next < len(self._relocs) and self._relocs[self._next].offset < self._end:
            self._next += 1
        frame.relocs = list(islice(self._relocs, first, self._next))
        require(not frame.relocs or not frame.is_end)
        self._at = self._end
        return frame

    # ---- small things

    def _byte(self) -> int:
        require(self._at < self._end)
        self._at += 1
        return self._data[self._at - 1]

    def _leb(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def _skip(self, count: int) -> None:
        require(self._at + count <= self._end)
        self._at += count

    def _reloc_here(self) -> Reloc | None:
        """Find the relocation at the place being read."""
        for reloc in islice(self._relocs, self._next, None):
            if reloc.offset >= self._at:
                return reloc if reloc.offset == self._at else None
        return None

    # ---- headers

    def _header(self, frame: Frame) -> None:
        frame.is_header = True
        version = self._byte()
        require(version in (1, 3, 4))
        stop = self._data.index(0, self._at) if 0 in self._data[self._at : self._end] else -1
        require(0 <= stop - self._at <= AUGMENTATION_AT_MOST)
        text = self._data[self._at : stop]
        self._at = stop + 1
        if text.startswith(b"eh"):
            self._skip(8)
        if version >= 4:
            require(self._byte() == 8 and self._byte() == 0)
        factors = self._leb(), self._leb()
        column = self._byte() if version == 1 else self._leb()
        facts: list[object] = [version, text, *factors, column]
        facts += [] if text.startswith(b"eh") else self._augmentation(frame, text)
        frame.is_sized = text[:1] == b"z"
        start = self._at
        self._instructions(frame)
        body = self._data[start : frame.offset + frame.size]
        if len(body) <= INSTRUCTIONS_AT_MOST and text != b"eh":
            frame.alike = (frame.size, *facts, body)

    def _augmentation(self, frame: Frame, text: bytes) -> list[object]:
        facts: list[object] = [self._leb() if text[:1] == b"z" else -1]
        frame.encoding = OMIT
        personality, encoding = None, OMIT
        for letter in text.removeprefix(b"z").decode("latin-1"):
            if letter == "L":
                frame.lsda_encoding = self._encoding()
            elif letter == "R":
                frame.encoding = self._encoding()
            elif letter == "P":
                encoding = self._encoding()
                personality = self._personality(frame, encoding)
            else:
                require(letter in "BS")
        frame.encoding = 0 if frame.encoding == OMIT else frame.encoding
        return [*facts, personality, encoding, frame.lsda_encoding, frame.encoding]

    def _encoding(self) -> int:
        found = self._byte()
        require(width_of(found) > 0)
        return found

    def _personality(self, frame: Frame, encoding: int) -> Symbol | None:
        width = width_of(encoding)
        if encoding & 0x70 == ALIGNED:
            self._skip(-self._at & width - 1)
            frame.is_aligned8 = width == 8
        reloc = self._reloc_here()
        require(reloc is not None)
        self._skip(width)
        return reloc.symbol if reloc is not None else None

    # ---- descriptions

    def _description(self, frame: Frame) -> None:
        header = frame.header
        assert header is not None
        frame.encoding, frame.lsda_encoding = header.encoding, header.lsda_encoding
        reloc = self._reloc_here()
        require(reloc is not None)
        self._skip(2 * frame.width)
        if not any(self._data[self._at - frame.width : self._at]) and not self._has_range(frame):
            frame.header = None
        length = self._leb() if header.is_sized else 0
        if header.lsda_encoding != OMIT and not header.is_sized:
            length = self._end - self._at
        self._skip(length)
        self._instructions(frame)

    def _has_range(self, frame: Frame) -> bool:
        """Whether a relocation says how long the function is."""
        at = self._at - frame.width
        return any(one.offset == at for one in islice(self._relocs, self._next, self._next + 4))

    def _instructions(self, frame: Frame) -> None:
        """Step over the instructions, and leave the padding behind them out of the entry."""
        last = self._at
        while self._at < self._end:
            if not self._data[self._at]:
                self._at += 1
                continue
            self._instruction(frame)
            last = self._at
        frame.size -= self._end - last
        self._at = last

    def _instruction(self, frame: Frame) -> None:
        code = self._byte()
        code = code & 0xC0 or code
        if code in _FIXED:
            self._skip(_FIXED[code])
        elif code == _SET_LOCATION:
            require(not frame.is_header)
            self._skip(frame.width)
        elif code in _BLOCKS:
            for _ in range(_BLOCKS[code]):
                self._leb()
            self._skip(self._leb())
        else:
            require(code in _LEBS)
            for _ in range(_LEBS[code]):
                self._leb()


def require(holds: object) -> None:
    """Give up on a section unless something holds."""
    if not holds:
        raise _UnknownError
