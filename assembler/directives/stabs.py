"""Directives for debugging information in the old format "stabs".

Follows the manual "Using as", section "Stab". An entry has twelve bytes; strings stand in a section
of their own, and the first entry counts both.
"""

import struct
from typing import TYPE_CHECKING

from assembler.directives.data import string_operand, unescape
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint
from assembler.expr import Linear
from assembler.parse import Operands
from assembler.reloc import Field
from assembler.sections import Fixup, Section

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_ENTRY = struct.Struct("<IBBHI")
_STAB, _STRINGS = ".stab", ".stabstr"


def _sections(assembly: "Assembly") -> tuple[Section, Section]:
    """Give the entries and the strings; new ones begin with the name of the source."""
    entries = assembly.open_section(_STAB, "", "progbits", _ENTRY.size)
    strings = assembly.open_section(_STRINGS, "", "strtab")
    entries.linked = _STRINGS
    if not entries.size:
        entries.align = 4
        strings.emit(b"\0")
        entries.emit(_ENTRY.pack(_string(strings, assembly.spot.frame.filename), 0, 0, 0, 0))
    return entries, strings


def _string(strings: Section, text: str) -> int:
    """Append a string; give where it starts."""
    if not text:
        return 0
    at = strings.size
    strings.emit(text.encode("utf-8", "surrogateescape") + b"\0")
    return at


def _stab(assembly: "Assembly", name: str, operands: Operands) -> None:
    trees = list(operands.trees)
    text = ""
    if name == ".stabs":
        if not trees:
            raise Complaint(f"{name} takes a string and four numbers")
        text = unescape(string_operand(trees.pop(0), operands)).decode("utf-8", "surrogateescape")
    wanted = 3 if name == ".stabd" else 4
    if len(trees) != wanted:
        raise Complaint(f"{name} takes {wanted} numbers, not {len(trees)}")
    numbers = [assembly.absolute(t, operands.atoms, "the operand") for t in trees[:3]]
    kind, other, desc = numbers[0] & 0xFF, numbers[1] & 0xFF, numbers[2] & 0xFFFF
    value = (
        Linear(assembly.here(), None, 0)
        if name == ".stabd"
        else assembly.evaluate(trees[3], operands.atoms)
    )
    entries, strings = _sections(assembly)
    known = value & 0xFFFF_FFFF if isinstance(value, int) else 0
    place = entries.here()._replace(offset=entries.size + 8)
    entries.emit(_ENTRY.pack(_string(strings, text), kind, other, desc, known))
    if not isinstance(value, int):
        entries.fixups.append(Fixup(place, Field(4, "R_RISCV_32"), value, assembly.spot))
    _ENTRY.pack_into(
        entries.data,
        0,
        *(1, 0, 0, entries.size // _ENTRY.size - 1, strings.size),
    )


TABLE: Table = {name: Directive("operands", _stab) for name in (".stabs", ".stabn", ".stabd")}
