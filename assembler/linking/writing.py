"""Writing the executable: contents, section headers, symbols.

Follows the System V Application Binary Interface, chapters "Object Files" and "Program Loading".
"""

import struct
from collections.abc import Iterator, Sequence

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.got import GlobalOffsetTable
from assembler.linking.model import (
    ALLOC,
    CODE,
    READONLY,
    InputFile,
    OutSection,
    Section,
    Symbol,
)
from assembler.linking.names import NameTable
from assembler.linking.relocatable import group_contents, referenced, table_of
from assembler.linking.relocation import Relocator
from assembler.linking.segments import ProgramHeader, is_nobits

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_EM_RISCV, _ET_REL, _ET_EXEC = 243, 1, 2
_SHN_ABS, _SHN_COMMON = 0xFFF1, 0xFFF2
MAX_FILE = 1 << 30
_LOCAL_PREFIXES = (".L", "..", "_.L_")
_SHF_KEPT = model.SHF_WRITE | model.SHF_ALLOC | model.SHF_EXEC | model.SHF_TLS
_TYPES = {
    ".preinit_array": model.SHT_PREINIT_ARRAY,
    ".init_array": model.SHT_INIT_ARRAY,
    ".fini_array": model.SHT_FINI_ARRAY,
}


def fill_contents(link: Context, got: GlobalOffsetTable) -> None:
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
    for out, section in late:
        body = bytearray(out.contents)
        body[section.offset : section.offset + len(section.data)] = section.data
        out.contents = bytes(body)


def is_linked(section: Section) -> bool:
    """Whether an input section is in the output."""
    is_kept = not section.flags & model.EXCLUDE or section.is_kept
    return is_kept and section.output is not None


class SymbolWriter:
    """Makes the symbol table of the output."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self.names = NameTable()
        self._entries: list[tuple[str, int, int, int, int, int]] = []
        self._file_count = 0
        self.local_count = 1
        self.index: dict[int, int] = {}  # of symbols, by identity
        self.signatures: dict[int, int] = {}  # of groups without global symbol
        keeps = link.options.relocatable or link.options.emit_relocs
        self._needed = referenced(link) if keeps else set()

    def write(self) -> None:
        """List section symbols, each file's local symbols, then the global ones."""
        for section in self._link.outputs:
            self._put("", 3, 0, section, section.vma, 0)
        for section, group in self._link.groups:
            known = self._link.symbols.get(group.signature)
            if known is None or known.kind == model.NEW:
                self.signatures[id(group)] = len(self._entries) + 1
                self._put(group.signature, 0, 0, section, 0, 0)
        first = (one.file for out in self._link.outputs for one in out.inputs if is_linked(one))
        for file in {id(file): file for file in first}.values():
            self._add_locals(file)
        hidden = [s for s in self._globals() if self._is_local(s)]
        if hidden and self._file_count:
            self._put("", model.STT_FILE, 0, self._link.absolute, 0, 0)
        for symbol in hidden:
            self._add(symbol, 0)
        self.local_count = len(self._entries) + 1
        for symbol in self._globals():
            if not self._is_local(symbol):
                self._add(symbol, 2 if symbol.kind in (model.DEFWEAK, model.UNDEFWEAK) else 1)

    def _is_local(self, symbol: Symbol) -> bool:
        """Whether nobody else sees a symbol, as one that is hidden in an executable."""
        return symbol.is_hidden and symbol.is_defined and not self._link.options.relocatable

    def _globals(self) -> Iterator[Symbol]:
        is_partial = self._link.options.relocatable
        for symbol in self._link.symbols.in_table_order():
            if symbol.kind == model.NEW:
                continue
            if symbol.kind == model.UNDEFWEAK and id(symbol) not in self._needed:
                continue
            is_used = symbol.is_referenced if is_partial else id(symbol) in self._needed
            if symbol.kind == model.UNDEFINED and not is_used:
                continue
            section = symbol.section
            if isinstance(section, Section) and section.is_discarded:
                continue
            yield symbol

    def _add_locals(self, file: InputFile) -> None:
        discard = self._link.options.discard
        has_name = False
        for symbol in file.symbols[1 : file.first_global]:
            section = symbol.section
            if symbol.type == model.STT_SECTION or symbol.kind != model.DEFINED:
                continue
            is_label = symbol.name.startswith(_LOCAL_PREFIXES)
            is_dropped = discard == "all" or (discard == "locals" and is_label)
            if is_dropped and id(symbol) not in self._needed:
                continue
            if isinstance(section, Section) and (section.output is None or section.is_discarded):
                continue
            is_debug = isinstance(section, Section) and section.flags & model.DEBUGGING
            if is_debug and self._link.options.strip == "debug":
                continue
            if not has_name:
                self._file_count += 1
                if symbol.type != model.STT_FILE:
                    base = file.filename.rpartition("/")[2]
                    self._put(base, model.STT_FILE, 0, self._link.absolute, 0, 0)
            has_name = True
            self._add(symbol, 0)

    def _add(self, symbol: Symbol, binding: int) -> None:
        section, value = symbol.section, symbol.value
        if isinstance(section, Section) and section.merge is not None:
            section, value = section.merge(value)
        out = section.out if section is not None else None
        if section is not None and out is not None and symbol.is_defined:
            value += section.base
        is_thread = symbol.type == model.STT_TLS and not self._link.options.relocatable
        if is_thread and self._link.tls is not None and symbol.is_defined:
            value -= self._link.tls.vma
        place = out if symbol.is_defined else None
        if place is not None and place.is_removed:
            place = self._link.neighbour(place, value)
        if symbol.kind == model.COMMON:
            value = symbol.align
        self.index[id(symbol)] = len(self._entries) + 1
        other = symbol.other
        self._put(symbol.name, symbol.type, binding, place, value, symbol.size, other, symbol)

    def _put(
        self,
        name: str,
        kind: int,
        binding: int,
        place: OutSection | None,
        value: int,
        size: int,
        other: int = 0,
        symbol: Symbol | None = None,
    ) -> None:
        number = 0 if symbol is not None and not symbol.is_defined else _SHN_ABS
        if symbol is not None and symbol.kind == model.COMMON:
            number = _SHN_COMMON
        if place is not None and not place.is_absolute:
            number = place.index if place.index else _SHN_ABS
        self.names.add(name)
        info, value = binding << 4 | kind, value & model.MASK64
        self._entries.append((name, info, other, min(number, 0xFFFF), value, size))

    def table(self) -> bytes:
        """Give the table's bytes."""
        self.names.finish()
        data = bytearray(_SYMBOL.size)
        for name, *rest in self._entries:
            data += _SYMBOL.pack(self.names.offset(name), *rest)
        return bytes(data)


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


def write_image(link: Context, headers: Sequence[ProgramHeader], entry: int, offset: int) -> bytes:
    """Write the whole file."""
    sections = [_output_header(out) for out in link.outputs]
    for out, section in zip(link.outputs, sections, strict=True):
        if not out.flags & ALLOC:
            if section.kind == model.SHT_NOBITS:
                continue
            offset += -offset % max(1, section.align)
            section.offset = out.file_offset = offset
            offset += section.size
        else:
            section.offset = out.file_offset
    for header in headers:
        if header.type == 0x70000003 and header.sections:
            header.offset = header.sections[0].file_offset
    if link.options.strip != "all" or link.options.relocatable:
        sections += _symbol_sections(link, sections)
    names = NameTable()
    table = _Section(".shstrtab", model.SHT_STRTAB, b"", 1)
    sections.append(table)
    for section in (*sections[len(link.outputs) :], *sections[: len(link.outputs)]):
        names.add(section.name)
    names.finish()
    name_offsets = [names.offset(section.name) for section in sections]
    table.data, table.size = names.data, len(names.data)
    for section in sections[len(link.outputs) :]:
        offset += -offset % section.align
        section.offset = offset
        offset += section.size
    at = offset + -offset % 8
    if at > MAX_FILE:
        raise LinkError(f"a file of {at:#x} bytes is larger than {MAX_FILE:#x}")
    body = bytearray(at)
    for section in sections:
        body[section.offset : section.offset + len(section.data)] = section.data
    body = body[:at]
    body += bytes(_SECTION.size)
    for name, one in zip(name_offsets, sections, strict=True):
        body += _SECTION.pack(
            *(name, one.kind, one.flags, one.address, one.offset, one.size),
            *(one.link, one.info, one.align, one.entsize),
        )
    kind = _ET_REL if link.options.relocatable else _ET_EXEC
    _write_headers(body, link, headers, (entry, kind, at, len(sections) + 1))
    return bytes(body)


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
    if made.kind == model.SHT_RELA:
        made.entsize = 24
        return made
    if any(one.name == ".got" and one.flags & model.LINKER_CREATED for one in out.inputs):
        sizes = {8}
    made.entsize = out.entsize if is_merged else sizes.pop() if len(sizes) == 1 else 0
    return made


def _symbol_sections(link: Context, sections: list[_Section]) -> list[_Section]:
    writer = SymbolWriter(link)
    writer.write()
    relocations = _relocations(link, sections, writer)
    count = len(sections) + len(relocations)
    for one in relocations:
        one.link = count + 1
    for number, (out, group) in enumerate(link.groups):
        symbol = link.symbols.get(group.signature)
        sections[number].link, sections[number].entsize = count + 1, 4
        index = writer.signatures.get(id(group)) or writer.index.get(id(symbol))
        sections[number].info = index or out.index
    for out, one in zip(link.outputs, sections, strict=False):
        if one.kind == model.SHT_RELA and out.flags & ALLOC:
            one.link = count + 1
            _say_target(link, one)
    symtab = _Section(".symtab", model.SHT_SYMTAB, writer.table(), 8)
    symtab.link, symtab.info, symtab.entsize = count + 2, writer.local_count, _SYMBOL.size
    return [*relocations, symtab, _Section(".strtab", model.SHT_STRTAB, writer.names.data, 1)]


def _say_target(link: Context, table: _Section) -> None:
    """Note which section the relocations of a loaded table speak of, by its name."""
    made = {one.name: one for one in reversed(link.all_outputs)}
    name = table.name[5:]
    wanted = (".got.plt", ".got") if name == ".plt" else (name,)
    target = next((made[one] for one in wanted if one in made), None)
    if target is not None:
        table.info = 0 if target.is_removed else target.index
        table.flags |= model.SHF_INFO_LINK


def _relocations(link: Context, sections: list[_Section], writer: SymbolWriter) -> list[_Section]:
    """Make the relocation sections, where they are to be kept, and fill in the groups."""
    found: list[_Section] = []
    if not (link.options.relocatable or link.options.emit_relocs):
        return found
    numbers = {id(out): out.index for out in link.outputs}
    tables: dict[int, int] = {}
    for out in link.outputs:
        data = table_of(out, writer.index, numbers)
        if data:
            made = _Section(f".rela{out.name}", model.SHT_RELA, data, 8)
            made.flags, made.info, made.entsize = model.SHF_INFO_LINK, out.index, 24
            found.append(made)
            tables[id(out)] = len(sections) + len(found)
            if any(one.group is not None for one in out.inputs) and link.options.relocatable:
                made.flags |= model.SHF_GROUP
    for (_, group), section in zip(link.groups, sections, strict=False):
        section.data = group_contents(group, numbers, tables)
        section.size = len(section.data)
    return found
