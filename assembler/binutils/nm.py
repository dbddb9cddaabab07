"""What `nm` prints: symbols with a letter for their kind, in the formats bsd, posix and sysv.

Follows the output of GNU nm 2.40. Not here: the options' spelling (`trapline.commands.nm`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from assembler.binutils.elf_file import (
    NOBITS,
    SHF_ALLOC,
    SHF_EXEC,
    SHF_WRITE,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    STB_GLOBAL,
    STB_LOCAL,
    STB_UNIQUE,
    STB_WEAK,
    STT_COMMON,
    STT_FILE,
    STT_IFUNC,
    STT_OBJECT,
    STT_SECTION,
    ElfFile,
    Section,
    Symbol,
)
from assembler.binutils.headers import place_name
from assembler.binutils.opening import open_file
from assembler.binutils.symbol_search import address_of, is_special

_TYPES = ("NOTYPE", "OBJECT", "FUNC", "SECTION", "FILE", "COMMON", "TLS")
_SYSV_HEAD = (
    "Name                  Value           Class        Type         Size             Line  Section"
)
_WIDTH = 16


@dataclass(frozen=True)
class Choice:
    """Which symbols to print, in which order and form."""

    form: str = "bsd"  # bsd, posix, sysv, just-symbols
    radix: str = "x"
    has_size: bool = False
    has_filename: bool = False
    has_index: bool = False
    has_debug: bool = False
    has_special: bool = False
    has_weak: bool = True
    dynamic: bool = False
    only: str = ""  # "extern", "undefined" or "defined"; several with spaces between
    order: str = "name"  # name, address, size, none
    is_reversed: bool = False


def symbol_class(symbol: Symbol) -> str:
    """Give the letter of a symbol's kind: upper case for a global one."""
    is_object = symbol.type in (STT_OBJECT, STT_COMMON)
    if symbol.place == SHN_COMMON:
        return "C"
    if symbol.place == SHN_UNDEF:
        return ("v" if is_object else "w") if symbol.binding == STB_WEAK else "U"
    if symbol.type == STT_IFUNC:
        return "i"
    if symbol.binding == STB_WEAK:
        return "V" if is_object else "W"
    if symbol.binding == STB_UNIQUE:
        return "u"
    if symbol.binding not in (STB_LOCAL, STB_GLOBAL):
        return "?"
    letter = _section_class(symbol.section) if symbol.place != SHN_ABS else "a"
    return letter.upper() if symbol.binding == STB_GLOBAL else letter


def _section_class(section: Section | None) -> str:
    if section is None:
        return "?"
    if section.flags & SHF_EXEC:
        return "t"
    if section.type == NOBITS:
        return "b"
    is_read_only = not section.flags & SHF_WRITE
    if section.flags & SHF_ALLOC:
        return "r" if is_read_only else "d"
    if section.name.startswith((".debug", ".zdebug", ".line", ".stab", ".gnu.linkonce.wi.")):
        return "N"
    return "n" if is_read_only else "?"


def list_symbols(name: str, choice: Choice, *, is_one_of_many: bool = False) -> Iterator[str]:
    """Give the lines that nm prints of a file or an archive."""
    opened = open_file(name)
    if not opened.is_archive:
        yield from _head(name, choice, is_one_of_many)
        yield from _listing(opened.elf(), choice, name)
        return
    if choice.has_index:
        yield from _archive_index(name, opened.data)
    for member, _, data in opened.members():
        if data[:4] != b"\x7fELF":
            continue
        shown = f"{name}[{member}]" if choice.form in ("posix", "sysv") else member
        yield from _head(shown, choice, is_needed=True)
        prefix = f"{name}[{member}]" if choice.form == "posix" else f"{name}:{member}"
        yield from _listing(ElfFile(data, member), choice, prefix)


def _archive_index(name: str, data: bytes) -> Iterator[str]:
    from assembler.linking.archive import Archive

    archive = Archive(data, name)
    yield from ("", "Archive index:")
    for symbol, offset in archive.index:
        yield f"{symbol} in {archive.members[offset].name}"


def _head(name: str, choice: Choice, is_needed: bool) -> Iterator[str]:
    if choice.form == "just-symbols" or (choice.has_filename and choice.form != "sysv"):
        return
    if choice.form == "sysv":
        what = "Undefined symbols" if "undefined" in choice.only else "Symbols"
        yield from ("", "", f"{what} from {name}:", "", _SYSV_HEAD, "")
    elif is_needed:
        yield from ("", f"{name}:") if choice.form != "posix" else (f"{name}:",)


def _listing(elf: ElfFile, choice: Choice, name: str) -> Iterator[str]:
    symbols = elf.dynamic_symbols if choice.dynamic else elf.symbols
    found = [symbol for symbol in symbols if _is_wanted(symbol, choice)]
    if choice.order == "size":
        found = [s for s in found if s.size and s.place != SHN_UNDEF]
    for symbol in _sorted(elf, found, choice):
        prefix = ""
        if choice.has_filename:
            prefix = f"{name}: " if choice.form == "posix" else f"{name}:"
        yield prefix + _line(elf, symbol, choice)


def _is_wanted(symbol: Symbol, choice: Choice) -> bool:
    is_undefined = symbol.place == SHN_UNDEF
    if symbol.type in (STT_SECTION, STT_FILE):
        if not choice.has_debug:
            return False
    elif not choice.has_special and is_special(symbol):
        return False
    if "extern" in choice.only and symbol.binding == STB_LOCAL:
        return False
    if ("undefined" in choice.only and not is_undefined) or (
        "defined" in choice.only.split() and is_undefined
    ):
        return False
    return choice.has_weak or symbol.binding != STB_WEAK


def _sorted(elf: ElfFile, symbols: list[Symbol], choice: Choice) -> list[Symbol]:
    def by_name(symbol: Symbol) -> bytes:
        return _name(symbol).encode("utf-8", "surrogateescape")

    def by_address(symbol: Symbol) -> tuple[bool, int, bytes]:
        is_defined = symbol.place != SHN_UNDEF
        return is_defined, _value(elf, symbol) if is_defined else 0, by_name(symbol)

    def by_size(symbol: Symbol) -> tuple[int, bytes]:
        return symbol.size, by_name(symbol)

    if choice.order == "none":
        return symbols
    if choice.order == "address":
        return sorted(symbols, key=by_address, reverse=choice.is_reversed)
    if choice.order == "size":
        return sorted(symbols, key=by_size, reverse=choice.is_reversed)
    return sorted(symbols, key=by_name, reverse=choice.is_reversed)


def _name(symbol: Symbol) -> str:
    if symbol.type == STT_SECTION and not symbol.name and symbol.section is not None:
        return symbol.section.name
    return symbol.name


def _value(elf: ElfFile, symbol: Symbol) -> int:
    return symbol.size if symbol.place == SHN_COMMON else address_of(elf, symbol)


def _line(elf: ElfFile, symbol: Symbol, choice: Choice) -> str:
    name, letter = _name(symbol), symbol_class(symbol)
    is_defined = symbol.place != SHN_UNDEF
    value = _value(elf, symbol)
    if choice.form == "just-symbols":
        return name
    if choice.form == "posix":
        return _posix_line(name, letter, value, symbol.size, choice, is_defined)
    shown = f"{value:0{_WIDTH}{choice.radix}}" if is_defined else " " * _WIDTH
    size = f"{symbol.size:0{_WIDTH}{choice.radix}}" if symbol.size else ""
    if choice.form == "sysv":
        kind = _TYPES[symbol.type] if symbol.type < len(_TYPES) else f"<OS specific>: {symbol.type}"
        kind = "OBJECT" if symbol.place == SHN_COMMON else kind
        place = place_name(symbol)
        return f"{name:<20}|{shown}|   {letter}  |{kind:>18}|{size:>{_WIDTH}}|     |{place}"
    if choice.order == "size" and not choice.has_size:
        shown = size
    elif choice.has_size and size and is_defined:
        shown = f"{shown} {size}"
    return f"{shown} {letter} {name}"


def _posix_line(
    name: str, letter: str, value: int, size: int, choice: Choice, is_defined: bool
) -> str:
    if not is_defined:
        return f"{name} {letter} {'':8}"
    shown = f"{size:{choice.radix}}" if size else ""
    return f"{name} {letter} {value:{choice.radix}} {shown}"
