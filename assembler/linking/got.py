"""The global offset table of a static link, and addresses of thread-local symbols.

Follows the RISC-V ELF psABI, chapters "Relocations" and "Thread Local Storage". In a static link
the table's entries are constants, known when everything is placed.
"""

from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.model import HAS_CONTENTS, LINKER_CREATED, InputFile, Reloc, Section, Symbol

GOT_HI20, TLS_GOT_HI20, TLS_GD_HI20 = 20, 21, 22
WORD = 8
_RELA_SIZE = 24  # of what GNU ld leaves blank in static links, a place for each TLS entry
NORMAL, TLS_IE, TLS_GD = 1, 2, 4
_WANTED = ((GOT_HI20, NORMAL), (TLS_GOT_HI20, TLS_IE), (TLS_GD_HI20, TLS_GD))

_MAY_BE_INDIRECT = (2, 18, 19, GOT_HI20, 23, 26)  # 64, CALL, CALL_PLT, GOT, PCREL_HI20, HI20


class GlobalOffsetTable:
    """The table; made when a relocation asks for it."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self.section: Section | None = None
        self._plt_section: Section | None = None
        self._locals: list[Symbol] = []
        self._globals: set[int] = set()
        self._indirect: list[Section] = []
        self._rela: Section | None = None

    def scan(self) -> None:
        """Find what relocations want in the table, and make its sections."""
        for file in self._link.files:
            for section in file.all_sections():
                if not section.is_discarded and section.relocs:
                    self._scan_section(file, section)
        self._link_symbol()

    def _scan_section(self, file: InputFile, section: Section) -> None:
        if not self._indirect and any(_is_indirect(one) for one in section.relocs):
            self._create_indirect(file)
        wanted = dict(_WANTED)
        for reloc in section.relocs:
            kind = wanted.get(reloc.kind)
            symbol = reloc.symbol
            if kind is None or symbol is None:
                continue
            self._create(file)
            symbol.got_kind |= kind
            if symbol.is_local and symbol not in self._locals:
                self._locals.append(symbol)
            elif not symbol.is_local:
                self._globals.add(id(symbol))

    def _link_symbol(self) -> None:
        """Make the table also for who names it."""
        symbol = self._link.symbols.get("_GLOBAL_OFFSET_TABLE_")
        is_wanted = symbol is not None and symbol.kind in (model.UNDEFINED, model.UNDEFWEAK)
        if is_wanted and self.section is None and self._link.files:
            self._create(self._link.files[0])
        if self.section is not None:
            symbol = self._link.symbols.intern("_GLOBAL_OFFSET_TABLE_")
            if not symbol.is_defined:
                symbol.kind, symbol.section, symbol.value = model.DEFINED, self.section, 0
                symbol.type, symbol.is_hidden = model.STT_OBJECT, True

    def _create(self, file: InputFile) -> None:
        if self.section is not None:
            return
        made = []
        for name, size in ((".got", WORD), (".got.plt", 2 * WORD)):
            flags = model.SHF_ALLOC | model.SHF_WRITE
            section = _make(file, name, model.SHT_PROGBITS, flags, 3)
            section.entsize = WORD
            section.size = section.raw_size = size
            made.append(section)
        self.section, self._plt_section = made
        rela = _make(file, ".rela.got", model.SHT_RELA, model.SHF_ALLOC, 3)
        rela.entsize = _RELA_SIZE
        self._rela = rela

    def _create_indirect(self, file: InputFile) -> None:
        """Make the empty sections of indirect functions, whose flags their output sections get."""
        code = model.SHF_ALLOC | model.SHF_EXEC
        for name, kind, flags, power in (
            (".iplt", model.SHT_PROGBITS, code, 4),
            (".rela.iplt", model.SHT_RELA, model.SHF_ALLOC, 3),
            (".igot.plt", model.SHT_PROGBITS, model.SHF_ALLOC | model.SHF_WRITE, 3),
        ):
            self._indirect.append(_make(file, name, kind, flags, power))

    def allocate(self) -> None:
        """Give each symbol its entries."""
        for section in self._indirect:
            section.flags |= model.EXCLUDE
        table = self.section
        if table is None:
            return
        wanted = [s for s in self._link.symbols.in_table_order() if id(s) in self._globals]
        ordered = sorted(self._locals, key=lambda s: s.file.order if s.file else 0)
        by_file: dict[int, list[Symbol]] = {}
        for symbol in ordered:
            by_file.setdefault(symbol.file.order if symbol.file else 0, []).append(symbol)
        for _, symbols in sorted(by_file.items()):
            numbers = {id(s): n for n, s in enumerate(symbols[0].file.symbols)}  # type: ignore[union-attr]
            for symbol in sorted(symbols, key=lambda s: numbers.get(id(s), 0)):
                self._give(symbol, table)
        for symbol in wanted:
            self._give(symbol, table)
        table.data = bytearray(table.size)
        plt, rela = self._plt_section, self._rela
        assert plt is not None
        assert rela is not None
        rela.data, rela.raw_size = bytes(rela.size), rela.size
        rela.flags |= 0 if rela.size else model.EXCLUDE
        self._trim(table, plt)
        plt.data = (b"\xff" * WORD + bytes(WORD))[: plt.size]

    def _trim(self, table: Section, plt: Section) -> None:
        symbol = self._link.symbols.get("_GLOBAL_OFFSET_TABLE_")
        is_named = symbol is not None and symbol.is_referenced
        if table.size == WORD and not is_named:
            plt.size = 0

    def _give(self, symbol: Symbol, table: Section) -> None:
        symbol.got = table.size
        kind = symbol.got_kind
        table.size += WORD if kind & NORMAL else 0
        table.size += 2 * WORD if kind & TLS_GD else 0
        table.size += WORD if kind & TLS_IE else 0
        rela = self._rela
        assert rela is not None
        rela.size += _RELA_SIZE if kind & TLS_IE else 0
        rela.size += 2 * _RELA_SIZE if kind & TLS_GD else 0
        table.raw_size = table.size

    def entry(self, symbol: Symbol, kind: int, value: int) -> int:
        """Fill a symbol's entry; give the entry's address."""
        table = self.section
        assert table is not None
        assert isinstance(table.data, bytearray)
        at = symbol.got
        tls = self._link.tls
        base = tls.vma if tls is not None else 0
        if kind == TLS_GD_HI20:
            self._put(at, 1)
            self._put(at + WORD, (value - base - 0x800) & model.MASK64)
        elif kind == TLS_GOT_HI20:
            at += 2 * WORD if symbol.got_kind & TLS_GD else 0
            self._put(at, (value - base) & model.MASK64)
        else:
            self._put(at, value)
        return table.base + at

    def _put(self, at: int, value: int) -> None:
        assert self.section is not None
        assert isinstance(self.section.data, bytearray)
        self.section.data[at : at + WORD] = (value & model.MASK64).to_bytes(WORD, "little")


def _make(file: InputFile, name: str, kind: int, flags: int, power: int) -> Section:
    """Make a section that no file has, as if it were the last of one."""
    section = Section(file, name, kind, flags)
    section.flags |= LINKER_CREATED | HAS_CONTENTS
    section.align_power = power
    section.index = len(file.sections)
    file.sections.append(section)
    return section


def _is_indirect(reloc: Reloc) -> bool:
    """Whether a relocation might mean an indirect function."""
    symbol = reloc.symbol
    return reloc.kind in _MAY_BE_INDIRECT and symbol is not None and not symbol.is_local
