"""The global offset table of a static link, and addresses of thread-local symbols.

Follows the RISC-V ELF psABI, chapters "Relocations" and "Thread Local Storage". In a static link
the table's entries are constants, known when everything is placed.
"""

from collections.abc import Iterator

from assembler.linking import model
from assembler.linking.context import Context
from assembler.linking.indirect import IndirectFunctions, is_indirect, make_section
from assembler.linking.model import InputFile, Section, Symbol

GOT_HI20, TLS_GOT_HI20, TLS_GD_HI20 = 20, 21, 22
WORD = 8
_RELA_SIZE = 24  # of what GNU ld leaves blank in static links, a place for each TLS entry
NORMAL, TLS_IE, TLS_GD = 1, 2, 4
_WANTED = ((GOT_HI20, NORMAL), (TLS_GOT_HI20, TLS_IE), (TLS_GD_HI20, TLS_GD))


class GlobalOffsetTable:
    """The table; made when a relocation asks for it."""

    def __init__(self, link: Context) -> None:
        self._link = link
        self.section: Section | None = None
        self._plt_section: Section | None = None
        self._locals: dict[Symbol, tuple[int, int]] = {}  # with file and number there
        self._globals: set[int] = set()
        self.indirect = IndirectFunctions(link)
        self._rela: Section | None = None
        self._home: InputFile | None = None  # whose sections the made ones seem to be

    def scan(self) -> None:
        """Find what relocations want in the table, and make its sections."""
        for file in self._link.files:
            for section in file.all_sections():
                if not section.is_discarded and section.relocs:
                    self._scan_section(file, section)
        self._link_symbol()

    def _scan_section(self, file: InputFile, section: Section) -> None:
        if self._home is None:
            self._home = file
        self.indirect.scan(self._home, section)
        assert self._home is not None
        wanted = dict(_WANTED)
        numbers: dict[int, int] = {}
        for reloc in section.relocs:
            kind = wanted.get(reloc.kind)
            symbol = reloc.symbol
            if kind is None or symbol is None:
                continue
            self._create(self._home)
            symbol.got_kind |= kind
            if not symbol.is_local:
                self._globals.add(id(symbol))
            elif symbol not in self._locals:
                numbers = numbers or {id(one): at for at, one in enumerate(file.symbols)}
                self._locals[symbol] = file.order, numbers[id(symbol)]

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
            section = make_section(file, name, model.SHT_PROGBITS, flags, 3)
            section.entsize = WORD
            section.size = section.raw_size = size
            made.append(section)
        self.section, self._plt_section = made
        rela = make_section(file, ".rela.got", model.SHT_RELA, model.SHF_ALLOC, 3)
        rela.entsize = _RELA_SIZE
        self._rela = rela

    def allocate(self) -> None:
        """Give each symbol its entries."""
        table = self.section
        if table is None:
            self.indirect.allocate(None)
            return
        for symbol in (*sorted(self._locals, key=self._locals.__getitem__), *self._in_order()):
            is_seen = symbol.visibility not in (model.STV_INTERNAL, model.STV_HIDDEN)
            symbol.is_hidden = symbol.is_hidden or not (is_seen or symbol.is_local)
            if not is_indirect(symbol):
                self._give(symbol, table)
        self.indirect.allocate(table)
        table.data = bytearray(table.size)
        plt, rela = self._plt_section, self._rela
        assert plt is not None
        assert rela is not None
        rela.data, rela.raw_size = bytes(rela.size), rela.size
        rela.flags |= 0 if rela.size else model.EXCLUDE
        self._trim(table, plt)
        plt.data = (b"\xff" * WORD + bytes(WORD))[: plt.size]

    def _in_order(self) -> Iterator[Symbol]:
        return (one for one in self._link.symbols.in_table_order() if id(one) in self._globals)

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
        if symbol.is_local:
            rela.size += _RELA_SIZE if kind & (TLS_IE | TLS_GD) else 0
        else:
            rela.size += _RELA_SIZE if kind & TLS_IE else 0
            rela.size += 2 * _RELA_SIZE if kind & TLS_GD else 0
        table.raw_size = table.size

    def entry(self, symbol: Symbol, kind: int, value: int) -> int:
        """Fill a symbol's entry; give the entry's address."""
        table = self.section
        assert table is not None
        assert isinstance(table.data, bytearray)
        if is_indirect(symbol):
            return self.indirect.table_entry(symbol, table)
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
