"""Unwinding tables in a link: equal headers are shared, and dropped functions leave no trace.

Also `.eh_frame_hdr`, the sorted table of all functions that `--eh-frame-hdr` asks for. Follows the
Linux Standard Base, "Exception Frames", and GNU ld in the order and padding of what stays.
"""

import struct
from dataclasses import dataclass
from itertools import chain

from assembler.linking import kinds, model
from assembler.linking.context import Context
from assembler.linking.frames import PC_RELATIVE, Frame, read_frames
from assembler.linking.indirect import make_section
from assembler.linking.model import MASK64, InputFile, OutSection, Reloc, Section

TABLE, SEARCH_TABLE = ".eh_frame", ".eh_frame_hdr"
_NEEDED = 8  # a table of no more bytes has no entry
_START = 8
_HEADER = struct.Struct("<BBBBi")
_PC_SIGNED4, _UNSIGNED4, _DATA_SIGNED4, _OMIT = 0x1B, 0x03, 0x3B, 0xFF


@dataclass(eq=False, slots=True)
class Edited:
    """The entries that stay in one input section."""

    frames: list[Frame]


class FrameEditor:
    """Edits the unwinding tables of one link."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self._kept: list[tuple[Section, Edited]] = []
        self._headers: dict[tuple[object, ...], Frame] = {}
        self._search: Section | None = None
        self._is_known = True  # whether every table was understood
        self._out: OutSection | None = None

    # ---- before sections are mapped

    def prepare(self) -> None:
        """Make the section for the table of functions."""
        if not self._link.options.eh_frame_header or self._link.options.relocatable:
            return
        for file in self._link.files:
            if any(_is_table(one) and one.size > _NEEDED for one in file.all_sections()):
                self._make(file)
                return

    def _make(self, file: InputFile) -> None:
        self._search = make_section(file, SEARCH_TABLE, model.SHT_PROGBITS, model.SHF_ALLOC, 2)
        self._search.size = self._search.raw_size = _START
        self._search.data = bytearray(_START)

    # ---- once they are

    def trim(self) -> None:
        """Leave the table of functions out when there is nothing to put into it."""
        self._out = next((one for one in self._link.outputs if one.name == TABLE), None)
        search = self._search
        if search is not None and (self._out is None or search.is_discarded):
            search.flags |= model.EXCLUDE
            search.size = 0
            self._search = None

    def edit(self) -> None:
        """Drop and share entries, and give sections their new contents."""
        sections = [one for one in self._out.inputs if one.size] if self._out is not None else []
        for number, section in enumerate(sections):
            self._edit(section, number == len(sections) - 1)
        if self._out is not None:
            self._pad(sections, 1 << self._out.align_power)
        for section, edited in self._kept:
            _rewrite(section, edited)
        self._size_search()

    def _edit(self, section: Section, is_last: bool) -> None:
        if section.type == model.SHT_NOBITS or len(section.data) != section.size:
            return
        frames = read_frames(section)
        if frames is None or any(_is_foreign(one, section) for one in frames):
            self._is_known = False
            message = f"error in {section.file.name}({section.name}); "
            self._link.warn(f"{message}no .eh_frame_hdr table will be created")
            return
        for frame in frames:
            frame.home = section
            if frame.is_end:
                frame.is_removed = not is_last
            elif frame.header is not None and not _is_dropped(frame):
                frame.is_removed = False
                frame.header = self._shared(frame.header)
        if self._link.options.emit_relocs:
            _blank_removed(frames)
        self._kept.append((section, Edited([one for one in frames if not one.is_removed])))
        section.size = _place(self._kept[-1][1].frames)

    def _shared(self, header: Frame) -> Frame:
        """Find the header that stands for one, itself if it is the first of its kind."""
        if not header.is_removed:
            return header
        if header.alike is None or self._link.options.relocatable:
            header.is_removed = False
            return header
        first = self._headers.setdefault(header.alike, header)
        first.is_removed = False
        return first

    def _pad(self, sections: list[Section], align: int) -> None:
        """Make entries fill what alignment leaves, which would read as the table's end."""
        edited = {id(section) for section, _ in self._kept}
        has_last = False
        for section in reversed(sections):
            if not section.size:
                section.flags |= model.EXCLUDE
            elif has_last and id(section) in edited:
                section.size += -section.size % align
            has_last = has_last or section.size > 4

    def _size_search(self) -> None:
        if self._search is None:
            return
        count = sum(one.header is not None for _, edited in self._kept for one in edited.frames)
        self._search.size = _START + (4 + 8 * count if self._is_known else 0)
        self._search.raw_size = self._search.size
        self._search.data = bytearray(self._search.size)

    # ---- contents

    def finish(self) -> None:
        """Point descriptions to their headers, and fill the table of functions."""
        out = self._out
        if out is None or not self._kept:
            return
        functions: list[tuple[int, int]] = []
        body = bytearray(out.contents)
        for section, edited in self._kept:
            functions += _point(section, out, edited, body)
        out.contents = bytes(body)
        if self._search is not None:
            self._fill_search(self._search, functions)

    def _fill_search(self, search: Section, functions: list[tuple[int, int]]) -> None:
        assert self._out is not None
        data, base = search.data, search.base
        assert isinstance(data, bytearray)
        kinds = (_UNSIGNED4, _DATA_SIGNED4) if self._is_known else (_OMIT, _OMIT)
        distance = _signed32(self._out.vma - base - 4)
        data[:_START] = _HEADER.pack(1, _PC_SIGNED4, *kinds, distance)
        if not self._is_known:
            return
        data[_START : _START + 4] = len(functions).to_bytes(4, "little")
        for at, pair in enumerate(sorted(functions)):
            start, place = (_signed32(address - base) for address in pair)
            struct.pack_into("<ii", data, _START + 4 + 8 * at, start, place)


def _is_table(section: Section) -> bool:
    return section.name == TABLE and not section.is_discarded


def _is_foreign(frame: Frame, section: Section) -> bool:
    """Whether a description speaks of another file's function, which no compiler writes."""
    target = _function(frame)
    return target is not None and target.file is not section.file and not _is_dropped(frame)


def _function(frame: Frame) -> Section | None:
    """Find the section of the function that an entry describes."""
    if frame.header is None or not frame.relocs or frame.relocs[0].symbol is None:
        return None
    section = frame.relocs[0].symbol.section
    return section if isinstance(section, Section) else None


def _is_dropped(frame: Frame) -> bool:
    """Whether the function that an entry describes is not in the output."""
    start = next((one for one in frame.relocs if one.offset == frame.offset + 8), None)
    if start is None or start.symbol is None:
        return True
    section = start.symbol.section
    if not isinstance(section, Section):
        return False
    is_elsewhere = frame.home is not None and section.file is not frame.home.file
    return section.is_discarded or section.kept is not None or is_elsewhere


def descriptions(section: Section) -> dict[int, list[Frame]]:
    """Give the entries of an unwinding table by the section, by identity, that they describe."""
    found: dict[int, list[Frame]] = {}
    for frame in read_frames(section) or ():
        target = _function(frame)
        if target is not None:
            found.setdefault(id(target), []).append(frame)
    return found


def reached_by(frame: Frame) -> list[Reloc]:
    """Give what an entry, and its header the first time, refers to."""
    header = frame.header
    if header is None or header.is_marked:
        return frame.relocs
    header.is_marked = True
    return [*chain(frame.relocs, header.relocs)]


def _place(frames: list[Frame]) -> int:
    """Give entries their new places; say where the next one would be."""
    at = 0
    for frame in frames:
        align = 4
        if frame.is_header:
            align = 8 if frame.is_aligned8 else 4
        elif not frame.is_end:
            align = max(4, frame.width)
        at += -at % align
        frame.place = at
        at += frame.size
    return at + -at % 4


def _rewrite(section: Section, edited: Edited) -> None:
    """Move entries, their relocations and the symbols among them to the new places."""
    old, frames = bytes(section.data), edited.frames
    data = bytearray(section.size)
    ends = [*(one.place for one in frames[1:]), section.size][: len(frames)]
    relocs = []
    for frame, end in zip(frames, ends, strict=True):
        data[frame.place : frame.place + frame.size] = old[frame.offset :][: frame.size]
        if not frame.is_end:
            data[frame.place : frame.place + 4] = (end - frame.place - 4).to_bytes(4, "little")
        for reloc in frame.relocs:
            reloc.offset += frame.place - frame.offset
            relocs.append(reloc)
    _move_symbols(section, frames)
    section.data, section.relocs = data, relocs


def _blank_removed(frames: list[Frame]) -> None:
    """Let relocations of removed entries stay, without meaning, behind those before them."""
    before: Frame | None = None
    first: list[Reloc] = []
    for frame in frames:
        if not frame.is_removed:
            before = frame
            for reloc in first:
                reloc.offset = frame.offset
            frame.relocs[:0], first = first, []
            continue
        offset = before.relocs[-1].offset if before is not None and before.relocs else 0
        blank = [Reloc(offset, kinds.NONE, None, 0) for _ in frame.relocs]
        if before is not None:
            before.relocs += blank
        else:
            first += blank


def _move_symbols(section: Section, frames: list[Frame]) -> None:
    for symbol in section.file.symbols:
        if symbol.section is not section or symbol.type > model.STT_OBJECT:
            continue
        frame = next((one for one in reversed(frames) if one.offset <= symbol.value), None)
        if frame is not None:
            symbol.value += frame.place - frame.offset
        else:
            symbol.value = 0


def _point(
    section: Section, out: OutSection, edited: Edited, body: bytearray
) -> list[tuple[int, int]]:
    """Write where each description's header is; give functions and their descriptions."""
    found = []
    for frame in edited.frames:
        header = frame.header
        if header is None:
            continue
        assert header.home is not None
        at = section.offset + frame.place
        distance = at + 4 - (header.home.offset + header.place)
        body[at + 4 : at + 8] = distance.to_bytes(4, "little")
        start = int.from_bytes(body[at + 8 : at + 8 + frame.width], "little")
        is_signed = frame.encoding & 8
        if is_signed and start >> 8 * frame.width - 1:
            start -= 1 << 8 * frame.width
        if start and frame.encoding & 0x70 == PC_RELATIVE:
            start += out.vma + at + 8
        found.append((start & MASK64, out.vma + at))
    return found


def _signed32(value: int) -> int:
    return (value + (1 << 31) & 0xFFFF_FFFF) - (1 << 31)
