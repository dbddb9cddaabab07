"""Subsections: parts of a section that are filled in any order and joined in the order of numbers.

Parts are sections of their own while statements are read. They are joined before the layout, and
every place in a part becomes a place of the whole.
"""

from collections.abc import Iterable

from assembler.dwarf.line import LineTable
from assembler.sections import Place, Section
from assembler.symbols import SymbolTable


def join_subsections(sections: Iterable[Section], symbols: SymbolTable, lines: LineTable) -> None:
    """Append the parts of every section to it."""
    bases: dict[int, Place] = {}
    for section in sections:
        for _, part in sorted(section.parts.items()):
            bases[id(part)] = section.here()
            _append(section, part)
            lines.join(section, part)
    if not bases:
        return
    for symbol in (*symbols.by_name.values(), *symbols.fakes):
        if symbol.place is not None and id(symbol.place.section) in bases:
            symbol.place = _moved(symbol.place, bases[id(symbol.place.section)])


def _moved(place: Place, base: Place) -> Place:
    return Place(base.section, base.offset + place.offset, base.points + place.points)


def _append(section: Section, part: Section) -> None:
    base = section.here()
    section.align = max(section.align, part.align)
    for point in part.points:
        point.offset += base.offset
    section.points += part.points
    section.is_firm = section.is_firm and part.is_firm
    for fixup in part.fixups:
        fixup.place = _moved(fixup.place, base)
    section.fixups += part.fixups
    section.marks += [(_moved(place, base), mark, order) for place, mark, order in part.marks]
    if section.is_nobits:
        section.reserved += part.reserved
    else:
        section.emit(bytes(part.data))
