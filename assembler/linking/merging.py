"""Merging equal strings and constants of SHF_MERGE sections.

Follows the ELF specification, "Section Attribute Flags", and GNU ld for the order: strings keep the
place of their first occurrence, and a string that ends another one lives inside it.
"""

from collections.abc import Iterator

from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import EXCLUDE, MERGE, STRINGS, Section


class _Entry:
    """One string or constant, and the section that keeps it."""

    __slots__ = ("align", "at", "data", "inside", "section")

    def __init__(self, data: bytes, align: int, section: Section) -> None:
        self.data = data
        self.align = align
        self.section = section
        self.inside: _Entry | None = None
        self.at = 0


def merge_sections(link: Context) -> None:
    """Merge what may be merged; relocations then ask `Section.merge` for places."""
    groups: dict[tuple[int, int, int, int], list[Section]] = {}
    for file in link.files:
        for section in file.all_sections():
            if _is_mergeable(section):
                kind = section.flags & (MERGE | STRINGS)
                key = (id(section.output), kind, section.entsize, section.align_power)
                groups.setdefault(key, []).append(section)
    for sections in groups.values():
        _Merger(sections).merge()


def _is_mergeable(section: Section) -> bool:
    flags, size, align = section.flags, section.entsize, 1 << section.align_power
    if not flags & MERGE or flags & EXCLUDE or not section.size or not size:
        return False
    if section.output is None or section.is_discarded or section.size % size or section.relocs:
        return False
    if section.type == model.SHT_NOBITS or len(section.data) != section.size:
        return False
    if size < align and (size & size - 1 or not flags & STRINGS):
        return False
    return not (size > align and size & align - 1)


class _Merger:
    """Merges the sections of one kind in one output section."""

    def __init__(self, sections: list[Section]) -> None:
        self._sections = sections
        self._is_text = bool(sections[0].flags & STRINGS)
        self._size = sections[0].entsize
        self._known: dict[bytes, _Entry] = {}
        self._entries: list[_Entry] = []

    def merge(self) -> None:
        """Record all entries, give them places, and shrink the sections."""
        for section in self._sections:
            source = bytes(section.data)
            pieces = self._strings(section) if self._is_text else self._constants(section)
            for data, align in pieces:
                self._record(data, align, section)
            section.merge = self._places(section, source)
        self._entries = [entry for entry in self._entries if entry.align]
        if self._is_text:
            self._nest()
        self._place()

    def _constants(self, section: Section) -> Iterator[tuple[bytes, int]]:
        data, size = section.data, self._size
        for at in range(0, len(data), size):
            yield bytes(data[at : at + size]), 1

    def _strings(self, section: Section) -> Iterator[tuple[bytes, int]]:
        """Give a section's strings with the alignment that their places promise."""
        data, size, largest = bytes(section.data), self._size, 1 << section.align_power
        at, has_padding = 0, False
        while at < len(data):
            text = self._string(data, at)
            yield text, min(at & -at, largest) if at else largest
            at += len(text)
            while size == 1 and at < len(data) and not data[at]:
                if not has_padding and not at & largest - 1:
                    has_padding = True
                    yield b"\0", largest
                at += 1

    def _string(self, data: bytes, at: int) -> bytes:
        """Cut the string at a place, with its terminator."""
        if self._size == 1:
            end = data.find(b"\0", at)
            return data[at : end + 1] if end >= 0 else data[at:] + b"\0"
        zero = bytes(self._size)
        end = at
        while end < len(data) and data[end : end + self._size] != zero:
            end += self._size
        return data[at:end] + zero

    def _record(self, data: bytes, align: int, section: Section) -> None:
        known = self._known.get(data)
        if known is not None:
            if known.align >= align:
                return
            known.align = 0
        self._known[data] = entry = _Entry(data, align, section)
        self._entries.append(entry)

    def _nest(self) -> None:
        """Find strings that are the end of another one."""
        size = self._size
        aligns = {entry.align for entry in self._entries}
        align = aligns.pop() if len(aligns) == 1 else 0

        def key(entry: _Entry) -> tuple[int, bytes]:
            text = entry.data[:-size]
            tail = len(text) & align - 1 if align > size else 0
            return tail, text[::-1]

        ordered = sorted(self._entries, key=key, reverse=True)
        outer = ordered[0]
        for entry in ordered[1:]:
            distance = len(outer.data) - len(entry.data)
            is_end = outer.align >= entry.align and not distance & entry.align - 1
            if is_end and outer.data.endswith(entry.data):
                entry.inside = outer
            else:
                outer = entry

    def _place(self) -> None:
        """Give the entries places, each in the section where it came first."""
        last: dict[int, bytearray] = {id(section): bytearray() for section in self._sections}
        for entry in self._entries:
            if entry.inside is not None:
                continue
            home = last[id(entry.section)]
            home += bytes(-len(home) % entry.align)
            entry.at = len(home)
            home += entry.data
        for entry in self._entries:
            if entry.inside is not None:
                entry.section = entry.inside.section
                entry.at = entry.inside.at + len(entry.inside.data) - len(entry.data)
        for section in self._sections:
            data = last[id(section)]
            section.data, section.size = bytes(data), len(data)
            if not data:
                section.flags |= EXCLUDE

    def _places(self, section: Section, source: bytes) -> "_Places":
        return _Places(self, section, source)

    def find(self, source: bytes, offset: int) -> tuple[_Entry, int]:
        """Find the entry at an old offset, and the offset inside it."""
        size = self._size
        if not self._is_text:
            start = offset // size * size
            return self._known[source[start : start + size]], offset - start
        if size == 1:
            start = source.rfind(b"\0", 0, offset) + 1
        else:
            start = offset // size * size
            while start and any(source[start - size : start]):
                start -= size
        text = self._string(source, start)
        entry = self._known.get(text)
        if entry is None:
            return self._entries[0], 0
        return entry, offset - start


class _Places:
    """Says where what stood at an offset of a merged section is now."""

    def __init__(self, merger: _Merger, section: Section, source: bytes) -> None:
        self._merger = merger
        self._section = section
        self._source = source

    def __call__(self, offset: int) -> tuple[Section, int]:
        if offset >= len(self._source):
            return self._section, self._section.size
        entry, inside = self._merger.find(self._source, offset)
        return entry.section, entry.at + inside
