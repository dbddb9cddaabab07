"""The symbol table of the output: section symbols, each file's local symbols, the global ones.

Follows the System V Application Binary Interface, chapter "Symbol Table"; the order is GNU ld's.
"""

import struct
from collections.abc import Iterator

from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import InputFile, OutSection, Section, Symbol
from assembler.linking.names import NameTable
from assembler.linking.relocatable import referenced

ENTRY = struct.Struct("<IBBHQQ")
_SHN_ABS, _SHN_COMMON = 0xFFF1, 0xFFF2
_LOCAL_PREFIXES = (".L", "..", "_.L_")


def is_linked(section: Section) -> bool:
    """Whether an input section is in the output."""
    is_kept = not section.flags & model.EXCLUDE or section.is_kept
    return is_kept and section.output is not None and not section.is_discarded


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
        self._groups = {id(group.symbol): made for made, group in link.groups}
        self._chosen = link.options.kept_symbols
        self._is_stripped = link.options.strip == "all"

    def write(self) -> None:
        """List section symbols, each file's local symbols, then the global ones."""
        is_partial = self._link.options.relocatable
        for section in self._link.outputs:
            self._put("", 3, 0, section, 0 if is_partial else section.vma, 0)
        for section, group in self._link.groups:
            if group.symbol is None or group.symbol.type == model.STT_SECTION:
                self.signatures[id(group)] = len(self._entries) + 1
                self._put(group.signature, 0, 0, section, 0, 0)
        first = (one.file for out in self._link.outputs for one in out.inputs if is_linked(one))
        for file in {id(file): file for file in first}.values():
            self._add_locals(file)
        hidden = [s for s in self._globals() if self._is_local(s)]
        if hidden and self._file_count:
            self._put("", model.STT_FILE, 0, self._link.absolute, 0, 0)
        for symbol in hidden:
            symbol.other &= ~3
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
            is_used = is_partial or id(symbol) in self._needed or symbol.is_marked
            is_used = is_used or symbol.name in self._link.roots
            if symbol.kind == model.UNDEFINED and not is_used:
                continue
            is_chosen = self._chosen is None or symbol.name in self._chosen
            if (self._is_stripped or not is_chosen) and id(symbol) not in self._needed:
                continue
            section = symbol.section
            if isinstance(section, Section) and section.is_discarded:
                continue
            yield symbol

    def _add_locals(self, file: InputFile) -> None:
        discard = self._link.options.discard
        has_name = False
        for symbol in file.symbols[1 : file.first_global] if not self._is_stripped else ():
            section = symbol.section
            if self._chosen is not None and symbol.name not in self._chosen:
                continue
            if symbol.type == model.STT_SECTION or symbol.kind != model.DEFINED:
                continue
            is_label = symbol.name.startswith(_LOCAL_PREFIXES)
            is_dropped = discard == "all" or (discard == "locals" and is_label)
            if is_dropped:
                continue
            group = self._groups.get(id(symbol))
            is_gone = isinstance(section, Section) and (
                section.output is None or section.is_discarded
            )
            if is_gone and group is None:
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
            if is_gone and group is not None:
                self.index[id(symbol)] = len(self._entries) + 1
                self._put(symbol.name, symbol.type, 0, group, 0, symbol.size)
            else:
                self._add(symbol, 0)
        if self._needed:
            self._add_labels(file)

    def _add_labels(self, file: InputFile) -> None:
        """List labels that only relocations need, in the order in which these do."""
        for section in file.all_sections():
            for reloc in section.relocs if is_linked(section) else ():
                symbol = reloc.symbol
                if symbol is None or not symbol.is_local or id(symbol) in self.index:
                    continue
                home = symbol.section
                is_gone = isinstance(home, Section) and (home.is_discarded or home.output is None)
                if symbol.type != model.STT_SECTION and symbol.is_defined and not is_gone:
                    self._add(symbol, 0)

    def _add(self, symbol: Symbol, binding: int) -> None:
        section, value = symbol.section, symbol.value
        if isinstance(section, Section) and section.merge is not None:
            section, value = section.merge(value)
        out = section.out if section is not None else None
        if section is not None and out is not None and symbol.is_defined:
            value += section.base - (out.vma if self._link.options.relocatable else 0)
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
        data = bytearray(ENTRY.size)
        for name, *rest in self._entries:
            data += ENTRY.pack(self.names.offset(name), *rest)
        return bytes(data)
