"""Dropping sections that nothing reaches (--gc-sections), and room for common symbols.

Follows the manual "The GNU linker", options --gc-sections and --sort-common, and the ELF
specification, "Symbol Table", for SHN_COMMON.
"""

from collections.abc import Iterable
from itertools import chain

from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.frame_editing import TABLE, descriptions, reached_by
from assembler.linking.frames import Frame
from assembler.linking.model import InputFile, Section, Symbol


def allocate_commons(link: Context) -> None:
    """Give each common symbol room in a section of the file that asks for most."""
    rooms: dict[int, Section] = {}
    symbols = [one for one in link.symbols.in_table_order() if one.kind == model.COMMON]
    if link.options.sort_common:
        sign = 1 if link.options.sort_common == "ascending" else -1
        symbols.sort(key=lambda one: sign * one.align)
    for symbol in symbols:
        home = symbol.home
        assert home is not None
        room = rooms.get(id(home))
        if room is None:
            room = rooms[id(home)] = Section(home, "COMMON", model.SHT_NOBITS, 3)
            room.index = len(home.sections)
            home.sections.append(room)
        align = symbol.align
        room.align_power = max(room.align_power, align.bit_length() - 1)
        start = (room.size + align - 1) & -align
        symbol.kind, symbol.section, symbol.value = model.DEFINED, room, start
        symbol.type = symbol.type if symbol.type not in (model.STT_NOTYPE, 5) else model.STT_OBJECT
        room.size = room.raw_size = start + symbol.size
        link.commons.append((symbol.name, symbol.size, home.name))


class Collector:
    """Marks what is reached, and drops the rest."""

    def __init__(self, link: Context, kept: Iterable[Section], roots: Iterable[str]) -> None:
        self._link = link
        self._todo: list[Section] = []
        self._named: dict[str, list[Section]] = {}
        self._frames: dict[int, dict[int, list[Frame]]] = {}  # by file, by section described
        for file in link.files:
            for section in file.all_sections():
                if section.name == TABLE:
                    self._frames.setdefault(id(file), {}).update(descriptions(section))
                if section.name.isidentifier():
                    self._named.setdefault(section.name, []).append(section)
        for section in kept:
            self._mark(section)
        for name in roots:
            symbol = link.symbols.get(name)
            if symbol is not None:
                self._reach(symbol)

    def collect(self) -> None:
        """Mark from the roots, and drop what was not reached."""
        for file in self._link.files:
            for section in file.all_sections():
                is_note = section.type == model.SHT_NOTE and section.group is None
                if section.flags & model.KEEP or is_note:
                    self._mark(section)
        self._follow()
        for file in self._link.files:
            self._keep_about(file)
        self._sweep()

    def _mark(self, section: Section) -> None:
        if section.is_marked or section.is_discarded:
            return
        section.is_marked = True
        self._todo.append(section)
        if section.group is not None:
            for member in section.group.members:
                self._mark(member)

    def _reach(self, symbol: Symbol) -> None:
        symbol.is_marked = True
        if isinstance(symbol.section, Section):
            self._mark(symbol.section)
        elif not symbol.is_defined:
            for prefix in ("__start_", "__stop_"):
                if symbol.name.startswith(prefix):
                    for section in self._named.get(symbol.name.removeprefix(prefix), ()):
                        self._mark(section)

    def _follow(self) -> None:
        while self._todo:
            section = self._todo.pop()
            described = self._frames.get(id(section.file), {})
            relocs = [] if section.name == TABLE and described else section.relocs
            frames = described.get(id(section), ())
            for reloc in chain(relocs, *map(reached_by, frames)):
                if reloc.symbol is not None:
                    self._reach(reloc.symbol)

    def _keep_about(self, file: InputFile) -> None:
        """Keep what speaks about a file of which something is kept."""
        sections = file.all_sections()
        kept = [one for one in sections if one.is_marked and one.flags & model.ALLOC]
        if not any(one.type != model.SHT_NOTE for one in kept):
            return
        for section in sections:
            is_plain = not section.flags & (model.ALLOC | model.LOAD) and not section.relocs
            if section.group is None and (section.flags & model.DEBUGGING or is_plain):
                section.is_marked = True
        for group in file.groups:
            if not any(member.flags & model.ALLOC for member in group.members):
                for member in group.members:
                    member.is_marked = not member.is_discarded

    def _sweep(self) -> None:
        for file in self._link.files:
            for section in file.all_sections():
                if section.is_marked or section.is_discarded:
                    continue
                section.output = self._link.absolute
                if section.flags & model.EXCLUDE:
                    continue
                section.flags |= model.EXCLUDE
                message = f"removing unused section '{section.name}' in file '{file.name}'"
                if self._link.options.print_gc and section.size:
                    self._link.messages.append(message)
                self._link.discarded.append(f" {section.name} {section.size:#x} {file.name}")
