"""Directives that choose the section that is filled.

Follows the manual "Using as", section "Section", for ELF targets.
"""

from typing import TYPE_CHECKING

from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.objects import SECTION_FLAGS
from assembler.parse import Operands, SectionHeader
from assembler.sections import Section

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_POINTER = 8
_SHORT = (".text", ".data", ".bss", ".rodata")
_TYPES = ("progbits", "nobits", "note", "init_array", "fini_array", "preinit_array")
# What sections of well-known names are, unless their header says otherwise.
_KNOWN = (
    (".text", "ax", "progbits"),
    (".init_array", "wa", "init_array"),
    (".fini_array", "wa", "fini_array"),
    (".preinit_array", "wa", "preinit_array"),
    (".init", "ax", "progbits"),
    (".fini", "ax", "progbits"),
    (".data", "wa", "progbits"),
    (".sdata", "wa", "progbits"),
    (".tdata", "waT", "progbits"),
    (".bss", "wa", "nobits"),
    (".sbss", "wa", "nobits"),
    (".tbss", "waT", "nobits"),
    (".rodata", "a", "progbits"),
    (".note", "", "note"),
)


def _known(name: str) -> tuple[str, str]:
    for prefix, flags, kind in _KNOWN:
        if name == prefix or name.startswith(prefix + "."):
            return flags, kind
    return "", "progbits"


def _read(assembly: "Assembly", header: SectionHeader) -> Section:
    flags, kind = _known(header.name)
    if header.flags is not None:
        for letter in header.flags:
            if letter not in SECTION_FLAGS:
                raise Complaint(f"unknown section flag {letter!r} in {header.flags!r}")
        flags = "".join(sorted(set(flags) | set(header.flags)))
        if flags and not header.flags and header.name not in _SHORT:
            flags = ""
    if header.type is not None:
        if header.type not in _TYPES:
            raise Complaint(f"unknown section type {header.type!r}{nearest(header.type, _TYPES)}")
        kind = header.type
    entsize = _entry_size(header, flags, kind)
    found = assembly.sections.get(header.name)
    if found is not None:
        same = header.flags is None or set(found.flags) == set(flags)
        if not same or (header.type is not None and found.type != kind):
            raise Complaint(
                f"section {header.name} had flags {found.flags!r} and type {found.type}"
            )
    return assembly.read_section(header.name, flags, kind, entsize)


def _entry_size(header: SectionHeader, flags: str, kind: str) -> int:
    if "M" not in flags:
        if kind.endswith("_array"):
            return _POINTER
        if header.rest:
            raise Complaint(f"section {header.name}: only a mergeable section has an entry size")
        return 0
    if not header.rest or not header.rest[0].isdigit():
        raise Complaint(f"section {header.name}: a mergeable section needs an entry size")
    return int(header.rest[0])


def _section(assembly: "Assembly", name: str, header: SectionHeader) -> None:
    assembly.enter(_read(assembly, header))


def _short(assembly: "Assembly", name: str, operands: Operands) -> None:
    if operands.trees:
        raise Complaint(f"{name} takes no operands")
    assembly.enter(_read(assembly, SectionHeader(name, None, None, ())))


def _push(assembly: "Assembly", name: str, header: SectionHeader) -> None:
    section = _read(assembly, header)
    assembly.section_stack.append((assembly.section, assembly.previous))
    assembly.enter(section)


def _pop(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not assembly.section_stack:
        raise Complaint(".popsection without .pushsection")
    assembly.section, assembly.previous = assembly.section_stack.pop()


def _previous(assembly: "Assembly", name: str, operands: Operands) -> None:
    assembly.enter(assembly.previous)


TABLE: Table = {
    **{name: Directive("operands", _short) for name in _SHORT},
    ".section": Directive("section", _section),
    ".pushsection": Directive("section", _push),
    ".popsection": Directive("operands", _pop),
    ".previous": Directive("operands", _previous),
}
