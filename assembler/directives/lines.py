"""Directives about source files and lines: `.file`, `.loc` and `.loc_mark_labels`.

Follows the manual "Using as", sections "File" and "Loc". What becomes of them: `dwarf/line.py`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from assembler.directives.data import unescape
from assembler.directives.table import Directive, Table
from assembler.dwarf.line import Location
from assembler.errors import Complaint, nearest

if TYPE_CHECKING:
    from assembler.assembly import Assembly

_FILE = re.compile(
    r"""(?P<number>[^"\s]+)\s+(?P<first>"(?:[^"\\]|\\.)*")
    (?:\s*(?P<second>"(?:[^"\\]|\\.)*"))?(?:\s*md5\s+(?P<digest>0[xX][0-9A-Fa-f]+))?\s*""",
    re.VERBOSE,
)
_NAME = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^"\s]+)\s*')
_FLAGS: dict[str, Callable[[Location], Location]] = {
    "basic_block": lambda location: replace(location, is_basic_block=True),
    "prologue_end": lambda location: replace(location, is_prologue_end=True),
    "epilogue_begin": lambda location: replace(location, is_epilogue_begin=True),
}
_VALUES = ("is_stmt", "isa", "discriminator", "view")


def _text(literal: str) -> str:
    return unescape(literal).decode("utf-8", "surrogateescape")


def _file(assembly: "Assembly", name: str, text: str) -> None:
    """Name the source, or put a file into the table of the line numbers."""
    if (plain := _NAME.fullmatch(text)) and not text.strip()[:1].isdigit():
        literal = plain[1]
        source = _text(literal) if literal[0] == '"' else literal
        assembly.symbols.sources.append(source)
        return
    found = _FILE.fullmatch(text)
    if found is None:
        raise Complaint(".file takes a name, or a number, a directory and a name")
    number = _integer(assembly, found["number"])
    lines = assembly.lines_table
    if number == 0:
        lines.need(5)
    if number < 0:
        raise Complaint("file number less than one")
    folder, base = None, _text(found["first"])
    if found["second"]:
        folder, base = base, _text(found["second"])
    digest = int(found["digest"] or "0", 16)
    if digest >> 128:
        raise Complaint("an MD5 digest has 128 bits")
    if lines.is_generated:
        lines.forget()
        assembly.watch_lines()
    lines.files.put(number, folder, base, digest.to_bytes(16, "little"), lines.level)


def _integer(assembly: "Assembly", text: str) -> int:
    if text.isdecimal() and (text[0] != "0" or text == "0"):
        return int(text)
    operands = assembly.parser.operands(text)
    if len(operands.trees) != 1:
        raise Complaint("a number is expected here")
    return assembly.absolute(operands.trees[0], operands.atoms, "the number")


def _loc(assembly: "Assembly", name: str, text: str) -> None:
    """Say which source line the next instruction belongs to."""
    lines = assembly.lines_table
    if lines.is_pending:
        assembly.mark_line()
    words = iter(text.split())
    first = next(words, "")
    if not first:
        raise Complaint(".loc takes the number of a file and a line")
    file, line = _integer(assembly, first), _integer(assembly, next(words, "0"))
    if file < 0:
        raise Complaint("file number less than one")
    if file not in lines.files.entries:
        raise Complaint(f"unassigned file number {file}")
    now, column = lines.current, next(words, "")
    if column and not column[0].isdigit():
        words, column = chain((column,), words), ""
    number = _integer(assembly, column) if column else now.column
    location = Location(
        file,
        line,
        number,
        now.isa,
        now.is_statement,
        now.is_basic_block,
        now.is_prologue_end,
        now.is_epilogue_begin,
    )
    location, view = _attributes(assembly, location, words)
    lines.current = location
    lines.was_used = True
    lines.is_pending = True
    assembly.watch_lines()
    if view is not None:
        view()


def _attributes(
    assembly: "Assembly", location: Location, words: Iterator[str]
) -> tuple[Location, Callable[[], None] | None]:
    """Read what stands after file and line; give what is to be done about a view number."""
    view: Callable[[], None] | None = None
    for word in words:
        if word in _FLAGS:
            location = _FLAGS[word](location)
            assembly.lines_table.need(3)
        elif word == "view":
            location, view = _view(assembly, location, next(words, ""))
        elif word in _VALUES:
            location = _valued(assembly, location, word, next(words, ""))
        elif word[0].isdigit():
            raise Complaint(f"junk at end of line: {word}")
        else:
            hint = nearest(word, (*_FLAGS, *_VALUES))
            raise Complaint(f"unknown .loc sub-directive {word!r}{hint}")
    return location, view


def _valued(assembly: "Assembly", location: Location, word: str, text: str) -> Location:
    value = _integer(assembly, text) if text else 0
    if word == "is_stmt":
        if value not in (0, 1):
            raise Complaint("is_stmt value not 0 or 1")
        return replace(location, is_statement=bool(value))
    if value < 0:
        raise Complaint(f"{word} less than zero")
    if word == "isa":
        return replace(location, isa=value)
    return replace(location, discriminator=value)


def _view(
    assembly: "Assembly", location: Location, word: str
) -> tuple[Location, Callable[[], None]]:
    """Read a view: a symbol to be given its number, or 0 to check it, or -0 to start anew."""
    if word[:1].isdigit() or word.startswith("-"):
        if _integer(assembly, word):
            raise Complaint("numeric view can only be asserted to zero")
        if word.startswith("-"):
            return replace(location, is_reset=True), assembly.mark_line

        def check() -> None:
            assembly.mark_line()
            if assembly.lines_table.view_of(assembly.section) not in (0,):
                raise Complaint("view number mismatch")

        return location, check
    if not word:
        raise Complaint("a view takes a symbol")

    def define() -> None:
        symbol = assembly.symbol_named(word)
        assembly.symbols.refuse_second(symbol)
        assembly.mark_line()
        symbol.value = assembly.lines_table.view_of(assembly.section)

    return location, define


def _mark_labels(assembly: "Assembly", name: str, text: str) -> None:
    value = _integer(assembly, text.strip())
    if value not in (0, 1):
        raise Complaint("expected 0 or 1")
    assembly.lines_table.marks_labels = bool(value)


TABLE: Table = {
    ".file": Directive("raw", _file),
    ".loc": Directive("raw", _loc),
    ".loc_mark_labels": Directive("raw", _mark_labels),
}
