"""Writing the output: contents, section headers, relocations that are kept.

Follows the System V Application Binary Interface, chapters "Object Files" and "Program Loading".
"""

import struct
from collections.abc import Sequence

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.compression import compress
from assembler.linking.context import Context
from assembler.linking.frame_editing import FrameEditor
from assembler.linking.got import GlobalOffsetTable
from assembler.linking.model import (
    ALLOC,
    CODE,
    READONLY,
    OutSection,
)
from assembler.linking.names import NameTable
from assembler.linking.relocatable import group_contents, table_of
from assembler.linking.relocation import Relocator
from assembler.linking.segments import ProgramHeader, is_nobits
from assembler.linking.symbol_table import ENTRY, SymbolWriter, is_linked

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_EM_RISCV, _ET_REL, _ET_EXEC = 243, 1, 2
MAX_FILE = 1 << 29
_SHF_KEPT = model.SHF_WRITE | model.SHF_ALLOC | model.SHF_EXEC | model.SHF_TLS
_ENTRY_SIZES = {
    model.SHT_RELA: 24,
    model.SHT_PREINIT_ARRAY: 8,
    model.SHT_INIT_ARRAY: 8,
    model.SHT_FINI_ARRAY: 8,
}
_TYPES = {
    ".preinit_array": model.SHT_PREINIT_ARRAY,
    ".init_array": model.SHT_INIT_ARRAY,
    ".fini_array": model.SHT_FINI_ARRAY,
}


def fill_contents(link: Context, got: GlobalOffsetTable, frames: FrameEditor) -> None:
    """Relocate all input sections, and put them into their output sections."""
    relocator = Relocator(link, got)
    late = []
    for out in link.outputs:
        if is_nobits(out):
            continue
        body = bytearray(out.size)
        for at, size, pattern in out.pads:
            if pattern.strip(b"\0"):
                body[at : at + size] = (pattern * (size // len(pattern) + 1))[:size]
        for at, text in out.data.items():
            body[at : at + len(text)] = text
        for section in out.inputs:
            if section.flags & model.LINKER_CREATED:
                late.append((out, section))
            elif is_linked(section) and section.type != model.SHT_NOBITS:
                applies = section.relocs and not link.options.relocatable
                data = relocator.relocate(section) if applies else section.data
                body[section.offset : section.offset + len(data)] = data
        out.contents = bytes(body)
    got.indirect.finish(got.section)
    frames.finish()
    for out, section in late:
        body = bytearray(out.contents)
        body[section.offset : section.offset + len(section.data)] = section.data
        out.contents = bytes(body)


def section_flags(out: OutSection) -> int:
    """Give an output section's ELF flags."""
    flags = out.elf_flags | (model.SHF_ALLOC if out.flags & ALLOC else 0)
    flags |= 0 if out.flags & READONLY else model.SHF_WRITE
    flags |= model.SHF_EXEC if out.flags & CODE else 0
    flags |= model.SHF_TLS if out.flags & model.THREAD_LOCAL else 0
    if out.flags & model.MERGE:
        flags |= model.SHF_MERGE
    if out.flags & model.STRINGS:
        flags |= model.SHF_STRINGS
    flags |= model.SHF_GROUP if out.keeps_group else 0
    if out.flags & model.EXCLUDE and not out.is_removed:
        flags |= model.SHF_EXCLUDE
    return flags


def section_type(out: OutSection) -> int:
    """Give an output section's ELF type."""
    kinds = {one.type for one in out.inputs if not one.flags & model.EXCLUDE or one.size}
    if is_nobits(out) and (out.flags & ALLOC or out.type == model.SHT_NOBITS):
        return model.SHT_NOBITS
    if out.name in _TYPES and (not kinds or kinds <= {*_TYPES.values(), model.SHT_PROGBITS}):
        return _TYPES[out.name]
    if out.type and out.type != model.SHT_NOBITS:
        return out.type
    return model.SHT_PROGBITS


class _Section:
    """A section header and the bytes that it describes."""

    def __init__(self, name: str, kind: int, data: bytes, align: int) -> None:
        self.name, self.kind, self.data, self.align = name, kind, data, align
        self.flags = self.address = self.offset = self.link = self.info = self.entsize = 0
        self.size = len(data)
        self.is_late = False  # whether it comes behind the symbols


def number_sections(link: Context) -> None:
    """Give the output's sections their numbers; the relocations of each come behind it."""
    number = 0
    keeps = link.options.relocatable or link.options.emit_relocs
    for out in link.outputs:
        number += 1
        out.index = number
        out.has_table = keeps and any(one.relocs for one in out.inputs if is_linked(one))
        number += out.has_table


def write_image(link: Context, headers: Sequence[ProgramHeader], entry: int, offset: int) -> bytes:
    """Write the whole file."""
    pairs = [(out, _output_header(out)) for out in link.outputs]
    is_partial = link.options.relocatable
    squeezed = _compress(pairs) if link.options.compresses_debug else []
    offset = _place_unloaded(pairs, _HEADER.size if is_partial else offset, is_partial)
    for header in headers:
        if header.sections and not header.sections[0].flags & ALLOC:
            header.offset = header.sections[0].file_offset
    symbols: list[_Section] = []
    tables: dict[int, _Section] = {}
    if link.options.strip != "all" or link.options.relocatable:
        symbols, tables = _symbol_sections(link, pairs)
    strings = _Section(".shstrtab", model.SHT_STRTAB, b"", 1)
    sections = []
    for out, section in pairs:
        sections += [section, tables[out.index]] if out.index in tables else [section]
    names = NameTable()
    for section in (*symbols, strings, *sections):
        names.add(section.name)
    names.finish()
    strings.data, strings.size = names.data, len(names.data)
    for section in (*symbols, *squeezed, *tables.values(), strings):
        offset += -offset % section.align
        section.offset = offset
        offset += section.size
    at = offset + -offset % 8
    if at > MAX_FILE:
        raise LinkError(f"a file of {at:#x} bytes is larger than {MAX_FILE:#x}")
    sections += [*symbols, strings]
    body = _file_body(sections, names, at)
    kind = _ET_REL if link.options.relocatable else _ET_EXEC
    _write_headers(body, link, headers, (entry, kind, at, len(sections) + 1))
    return bytes(body)


def _compress(pairs: Sequence[tuple[OutSection, "_Section"]]) -> list["_Section"]:
    """Compress debug information where that makes it smaller; it comes late in the file."""
    found = []
    for out, section in pairs:
        if not out.name.startswith(".debug") or out.flags & ALLOC:
            continue
        section.is_late = True
        found.append(section)
        packed = compress(bytes(section.data), section.align)
        if packed is not None:
            section.data, section.size, section.align = packed, len(packed), 8
            section.flags |= model.SHF_COMPRESSED
    return found


def _place_unloaded(
    pairs: Sequence[tuple[OutSection, "_Section"]], offset: int, is_partial: bool
) -> int:
    """Give sections in no segment their places in the file; say where the next would be."""
    for out, section in pairs:
        if out.flags & ALLOC and not is_partial:
            section.offset = out.file_offset
        elif section.is_late:
            continue
        elif is_partial or section.kind != model.SHT_NOBITS:
            offset += -offset % max(1, section.align)
            section.offset = out.file_offset = offset
            offset += len(section.data)
    return offset


def _file_body(sections: Sequence["_Section"], names: NameTable, at: int) -> bytearray:
    """Put all sections into place, and their headers at the end."""
    body = bytearray(at)
    for section in sections:
        body[section.offset : section.offset + len(section.data)] = section.data
    body = body[:at]
    body += bytes(_SECTION.size)
    for one in sections:
        body += _SECTION.pack(
            *(names.offset(one.name), one.kind, one.flags, one.address, one.offset, one.size),
            *(one.link, one.info, one.align, one.entsize),
        )
    return body


def _write_headers(
    body: bytearray, link: Context, headers: Sequence[ProgramHeader], facts: tuple[int, ...]
) -> None:
    entry, kind, at, count = facts
    body[: _HEADER.size] = _HEADER.pack(
        *(_IDENT, kind, _EM_RISCV, 1, entry, _HEADER.size if headers else 0, at, link.flags),
        *(_HEADER.size, _PROGRAM.size if headers else 0, len(headers), _SECTION.size),
        *(count, count - 1),
    )
    for number, header in enumerate(headers):
        start = _HEADER.size + number * _PROGRAM.size
        body[start : start + _PROGRAM.size] = _PROGRAM.pack(
            *(header.type, header.flags or 0, header.offset, header.va, header.pa),
            *(header.file_size, header.memory_size, header.align),
        )


def _output_header(out: OutSection) -> _Section:
    power = 1 << out.align_power | out.vma
    made = _Section(out.name, section_type(out), out.contents, power & -power)
    made.flags, made.address, made.size = section_flags(out), out.vma, out.size
    if made.kind == model.SHT_NOBITS:
        made.data = b""
    sizes = {one.entsize for one in out.inputs}
    is_merged = out.flags & model.MERGE
    if made.kind in _ENTRY_SIZES:
        made.entsize = _ENTRY_SIZES[made.kind]
        return made
    if any(one.name == ".got" and one.flags & model.LINKER_CREATED for one in out.inputs):
        sizes = {8}
    made.entsize = out.entsize if is_merged else sizes.pop() if len(sizes) == 1 else 0
    return made


def _symbol_sections(
    link: Context, pairs: Sequence[tuple[OutSection, _Section]]
) -> tuple[list[_Section], dict[int, _Section]]:
    """Make the symbol table with its names, and tables of relocations by their section's number."""
    writer = SymbolWriter(link)
    writer.write()
    count = len(pairs) + sum(out.has_table for out, _ in pairs)
    tables = _relocations(link, pairs, writer)
    for one in tables.values():
        one.link = count + 1
    for (out, group), (_, section) in zip(link.groups, pairs, strict=False):
        section.link, section.entsize = count + 1, 4
        index = writer.signatures.get(id(group)) or writer.index.get(id(group.symbol))
        section.info = index or out.index
    for out, section in pairs:
        if section.kind == model.SHT_RELA and out.flags & ALLOC:
            section.link = count + 1
            _say_target(link, section)
    symtab = _Section(".symtab", model.SHT_SYMTAB, writer.table(), 8)
    symtab.link, symtab.info, symtab.entsize = count + 2, writer.local_count, ENTRY.size
    return [symtab, _Section(".strtab", model.SHT_STRTAB, writer.names.data, 1)], tables


def _say_target(link: Context, table: _Section) -> None:
    """Note which section the relocations of a loaded table speak of, by its name."""
    made = {one.name: one for one in reversed(link.all_outputs)}
    name = table.name[5:]
    wanted = (".got.plt", ".got") if name == ".plt" else (name,)
    target = next((made[one] for one in wanted if one in made), None)
    if target is not None:
        table.info = 0 if target.is_removed else target.index
        table.flags |= model.SHF_INFO_LINK


def _relocations(
    link: Context, pairs: Sequence[tuple[OutSection, _Section]], writer: SymbolWriter
) -> dict[int, _Section]:
    """Make the relocation sections, where they are to be kept, and fill in the groups."""
    found: dict[int, _Section] = {}
    numbers = {id(out): number for number, out in enumerate(link.outputs, 1)}  # of their symbols
    for out in link.outputs:
        if not out.has_table:
            continue
        data = table_of(out, writer.index, numbers)
        made = found[out.index] = _Section(f".rela{out.name}", model.SHT_RELA, data, 8)
        made.flags, made.info, made.entsize = model.SHF_INFO_LINK, out.index, 24
        if any(one.group is not None for one in out.inputs) and link.options.keeps_groups:
            made.flags |= model.SHF_GROUP
    for (_, group), (_, section) in zip(link.groups, pairs, strict=False):
        section.data = group_contents(group)
        section.size = len(section.data)
    return found
