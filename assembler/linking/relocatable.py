"""Keeping relocations in the output: relocatable objects (-r), and --emit-relocs.

Follows the ELF specification, chapters "Relocation" and "Section Groups". What a relocation meant
by a section of an input, it means by the output section, a little further in.
"""

import struct

from assembler.linking import kinds, model
from assembler.linking.context import Context
from assembler.linking.model import Group, OutSection, Reloc, Section, Symbol
from assembler.linking.statements import Number, Output, Pattern, Wild

_RELA = struct.Struct("<QQq")
# In the order of the output; after a slash: only when all such sections are read-only or are not.
_USUAL = (
    ".interp .note.gnu.build-id .init .plt .text .fini .rodata .rodata1 .sdata2 .sbss2 "
    ".eh_frame_hdr .eh_frame/r .sframe/r .gcc_except_table/r .gnu_extab/r .exception_ranges/r "
    ".eh_frame/w .sframe/w .gnu_extab/w .gcc_except_table/w .exception_ranges/w .tdata .tbss "
    ".jcr .dynamic .data .data1 .got .sdata .sbss .bss .stab .stabstr .stab.excl .stab.exclstr "
    ".stab.index .stab.indexstr .comment .gnu.build.attributes .debug .line .debug_srcinfo "
    ".debug_sfnames .debug_aranges .debug_pubnames .debug_info .debug_abbrev .debug_line "
    ".debug_frame .debug_str .debug_loc .debug_macinfo .debug_weaknames .debug_funcnames "
    ".debug_typenames .debug_varnames .debug_pubtypes .debug_ranges .debug_addr .debug_line_str "
    ".debug_loclists .debug_macro .debug_names .debug_rnglists .debug_str_offsets .debug_sup "
    ".gnu.attributes "
).split()
_KEPT = (".init", ".fini", ".eh_frame", ".jcr", ".gnu.attributes")


def usual_sections() -> list[Output]:
    """Give the layout of relocatable output: sections of one name are joined."""
    return [_usual(*word.partition("/")[::2]) for word in _USUAL]


def _usual(name: str, constraint: str) -> Output:
    wild = Wild("*", (Pattern(name),), is_kept=name in _KEPT)
    made = Output(name, [wild], address=Number(0))
    made.constraint = {"r": "RO", "w": "RW"}.get(constraint, "")
    return made


def make_groups(link: Context) -> list[tuple[OutSection, Group]]:
    """Give each group that stays one a section, before all others."""
    found = []
    for file in link.files:
        for group in file.groups:
            members = [one for one in group.members if not one.is_discarded]
            if not members:
                continue
            made = OutSection(".group", model.HAS_CONTENTS | model.READONLY, type=model.SHT_GROUP)
            made.align_power, made.entsize = 2, 4
            made.size = 4 + 4 * (len(members) + sum(bool(one.relocs) for one in members))
            found.append((made, group))
            for member in members:
                if member.output is not None:
                    member.output.keeps_group = True
    link.outputs[:0] = [made for made, _ in found]
    return found


def referenced(link: Context) -> set[int]:
    """Give the symbols that relocations need, by identity."""
    return {
        id(reloc.symbol)
        for out in link.outputs
        for section in out.inputs
        for reloc in section.relocs
        if reloc.symbol is not None
    }


def table_of(out: OutSection, index: dict[int, int], sections: dict[int, int]) -> bytes:
    """Give the relocations of an output section."""
    data = bytearray()
    for section in out.inputs:
        for reloc in section.relocs:
            data += _entry(out, section, reloc, (index, sections))
    return bytes(data)


def _entry(
    out: OutSection, section: Section, reloc: Reloc, tables: tuple[dict[int, int], dict[int, int]]
) -> bytes:
    index, sections = tables
    at = (0 if section.is_kept else out.vma) + section.offset + reloc.offset
    symbol, addend, kind = reloc.symbol, reloc.addend, reloc.kind
    number = 0
    if symbol is not None:
        number = index.get(id(symbol), 0)
        if not number:
            place = _place(symbol, addend)
            if place is None:
                kind, addend = kinds.NONE, 0
            else:
                home, addend = place
                number = sections.get(id(home), 0)
    return _RELA.pack(at, number << 32 | kind, (addend + (1 << 63)) % (1 << 64) - (1 << 63))


def _place(symbol: Symbol, addend: int) -> tuple[OutSection, int] | None:
    """Say a symbol without entry as a place in an output section."""
    section = symbol.section
    if not isinstance(section, Section) or section.output is None or section.is_discarded:
        return None
    if section.merge is not None:
        is_section = symbol.type == model.STT_SECTION
        home, at = section.merge(max(0, symbol.value + (addend if is_section else 0)))
        assert home.output is not None
        return home.output, home.offset + at + (0 if is_section else addend)
    return section.output, section.offset + symbol.value + addend


def group_contents(group: Group) -> bytes:
    """Give the contents of a group's section: its members and their relocations."""
    words = [int(group.is_comdat)]
    for member in group.members:
        if member.output is not None and not member.is_discarded:
            words.append(member.output.index)
            if member.output.has_table:
                words.append(member.output.index + 1)
    return struct.pack(f"<{len(words)}I", *words)
