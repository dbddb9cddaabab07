"""The global symbols of a link: which definition a name means.

Follows the ELF specification, chapter "Symbol Table", and GNU ld where that leaves a choice.
"""

from collections.abc import Callable, Iterable, Sequence

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.model import (
    COMMON,
    DEFINED,
    DEFWEAK,
    NEW,
    UNDEFINED,
    UNDEFWEAK,
    InputFile,
    Section,
    Symbol,
)
from assembler.linking.watching import Watcher

_FIRST_BUCKETS = 4051
_PRIMES = (4093, 8191, 16381, 32749, 65521, 131071, 262139, 524287, 1048573, 2097143, 4194301)


class SymbolTable:
    """All global symbols by name; `complain` hears of names that are defined twice."""

    def __init__(self, complain: Callable[[LinkError], None]) -> None:
        self._complain = complain
        self.by_name: dict[str, Symbol] = {}
        self._ordered: list[Symbol] = []
        self.wrapped: set[str] = set()
        self.allows_multiple = False
        self.watcher: Watcher | None = None

    def get(self, name: str) -> Symbol | None:
        """Find a symbol."""
        return self.by_name.get(name)

    def intern(self, name: str) -> Symbol:
        """Find a symbol, or make it."""
        symbol = self.by_name.get(name)
        if symbol is None:
            symbol = self.by_name[name] = Symbol(name)
        return symbol

    def refer(self, name: str) -> Symbol:
        """Make sure that a name is looked for, as -u does."""
        symbol = self.intern(name)
        if symbol.kind == NEW:
            symbol.kind = UNDEFINED
        return symbol

    def add_file(self, file: InputFile) -> None:
        """Merge a file's global symbols; the file then refers to the merged ones."""
        symbols = file.symbols
        replaced: dict[int, Symbol] = {}
        for number in range(file.first_global, len(symbols)):
            raw = symbols[number]
            symbol = self._entry(raw)
            if self.watcher is not None:
                self.watcher.hear(symbol, raw, file)
            self._merge(symbol, raw, file)
            replaced[id(raw)] = symbols[number] = symbol
        for group in file.groups:
            group.symbol = replaced.get(id(group.symbol), group.symbol)
        for section in file.all_sections():
            for reloc in section.relocs:
                if reloc.symbol is not None and not reloc.symbol.is_local:
                    reloc.symbol = replaced.get(id(reloc.symbol), reloc.symbol)

    def _entry(self, raw: Symbol) -> Symbol:
        """Find what a file means by a name: --wrap redirects references, not definitions."""
        name = raw.name
        if self.wrapped and raw.kind in (UNDEFINED, UNDEFWEAK):
            if name in self.wrapped:
                name = f"__wrap_{name}"
            elif name.startswith("__real_") and name[7:] in self.wrapped:
                name = name[7:]
        return self.intern(name)

    def _merge(self, symbol: Symbol, raw: Symbol, file: InputFile) -> None:
        kind = raw.kind
        section = raw.section
        if isinstance(section, Section) and section.is_discarded:
            kind = UNDEFWEAK if raw.binding == 2 else UNDEFINED
        _merge_visibility(symbol, raw)
        old = symbol.kind
        if kind in (UNDEFINED, UNDEFWEAK):
            self._refer_from(symbol, raw, kind, file)
        elif kind == COMMON:
            self._merge_common(symbol, raw, file)
        elif old in (NEW, UNDEFINED, UNDEFWEAK) or kind == DEFINED != old:
            symbol.kind, symbol.section, symbol.value = kind, section, raw.value
            symbol.file, symbol.size = file, raw.size or symbol.size
            symbol.type = raw.type or symbol.type
            symbol.is_script = False
        elif kind == DEFINED == old and not symbol.is_script:
            self._refuse_second(symbol, raw, file)

    def _refuse_second(self, symbol: Symbol, raw: Symbol, file: InputFile) -> None:
        same = symbol.section is None and raw.section is None and symbol.value == raw.value
        if self.allows_multiple or same:
            return
        where, first = place(file, raw.section, raw.value), symbol.file
        assert first is not None
        message = f"multiple definition of `{raw.name}'"
        at = place(first, symbol.section, symbol.value)
        self._complain(LinkError(f"{where}: {message}; {at}: first defined here"))

    def _refer_from(self, symbol: Symbol, raw: Symbol, kind: int, file: InputFile) -> None:
        symbol.is_referenced = True
        if symbol.kind == NEW or (symbol.kind == UNDEFWEAK and kind == UNDEFINED):
            symbol.kind, symbol.file = kind, file
        if symbol.type == 0:
            symbol.type = raw.type

    def _merge_common(self, symbol: Symbol, raw: Symbol, file: InputFile) -> None:
        old = symbol.kind
        if old in (NEW, UNDEFINED, UNDEFWEAK, DEFWEAK):
            symbol.kind, symbol.section, symbol.value = COMMON, None, 0
            symbol.file = symbol.home = file
            symbol.size, symbol.align, symbol.type = raw.size, raw.align, raw.type
        elif old == COMMON:
            if raw.size > symbol.size:
                symbol.size, symbol.file, symbol.home = raw.size, file, file
            symbol.align = max(symbol.align, raw.align)
            symbol.type = raw.type or symbol.type
        else:  # the definition stays, but what it does not say is taken over
            symbol.size, symbol.type = symbol.size or raw.size, symbol.type or raw.type

    def in_table_order(self) -> Sequence[Symbol]:
        """Give the symbols in the order of GNU ld's hash table, which room for some follows."""
        if len(self._ordered) != len(self.by_name):
            self._ordered = _in_table_order(self.by_name.values())
        return self._ordered


_Buckets = dict[int, list[tuple[int, Symbol]]]


def _in_table_order(symbols: Iterable[Symbol]) -> list[Symbol]:
    size = _FIRST_BUCKETS
    table: _Buckets = {}
    for count, symbol in enumerate(symbols, 1):
        value = _hash(symbol.name)
        table.setdefault(value % size, []).insert(0, (value, symbol))
        if count > size * 3 // 4 and (larger := _next_size(size)):
            table, size = _grown(table, larger), larger
    return [symbol for number in sorted(table) for _, symbol in table[number]]


def _next_size(size: int) -> int:
    return next((prime for prime in _PRIMES if prime > size), 0)


def _grown(table: _Buckets, size: int) -> _Buckets:
    """Spread the buckets over a larger table; runs of one hash value stay together."""
    new: _Buckets = {}
    for number in sorted(table):
        bucket = table[number]
        at = 0
        while at < len(bucket):
            end = at + 1
            while end < len(bucket) and bucket[end][0] == bucket[at][0]:
                end += 1
            new.setdefault(bucket[at][0] % size, [])[:0] = bucket[at:end]
            at = end
    return new


def _hash(name: str) -> int:
    value = 0
    data = name.encode("utf-8", "surrogateescape")
    for byte in (*data, len(data)):
        value = (value + byte + (byte << 17)) & model.MASK64
        value ^= value >> 2
    return value & 0xFFFF_FFFF


def _merge_visibility(symbol: Symbol, raw: Symbol) -> None:
    """Keep the more constraining visibility: internal, hidden, protected, default."""
    new, old = raw.other & 3, symbol.other & 3
    chosen = new if (new - 1) & 3 < (old - 1) & 3 else old
    symbol.other = (symbol.other | raw.other) & ~3 | chosen


def place(file: InputFile, section: object, offset: int) -> str:
    """Say where something is: file, section and offset."""
    if isinstance(section, Section):
        return f"{file.name}:({section.name}+{offset:#x})"
    return file.name
