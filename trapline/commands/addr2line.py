"""`trapline addr2line`: turn addresses into file names and lines, as GNU addr2line does.

Not here: reading the line tables (`assembler.binutils.source_lines`).
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser, say

if TYPE_CHECKING:
    from assembler.binutils.elf_file import ElfFile
    from assembler.binutils.source_lines import SourceLines

EXAMPLES = """\
  trapline addr2line -e kernel.elf 0x80200014
  trapline addr2line -f -e kernel.elf 0x80200014 80200018"""
OPTIONS = (
    Option("-e --exe", "FILE", "the executable, by default a.out"),
    Option("-f --functions", "", "function names too"),
    Option("-s --basenames", "", "file names without folders"),
    Option("-a --addresses", "", "the addresses too"),
    Option("-p --pretty-print", "", "one line for each address"),
    Option("-j --section", "NAME", "addresses are offsets in this section"),
    *(Option("-i --inlines"), Option("-C --demangle", "[=STYLE]"), Option("-b --target", "F")),
    *(Option("-v -V --version"), Option("-h -H --help")),
)
PARSER = GnuParser("trapline addr2line", OPTIONS, "[OPTION]... [ADDRESS]...", EXAMPLES)


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline addr2line`."""
    return add_raw_parser(subparsers, "addr2line", "turn addresses into source lines")


def run(args: argparse.Namespace) -> int:
    """Print the place of each address; they come from standard input when none is given."""
    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU addr2line compatible (trapline) 2.40")
        return 0
    from assembler.binutils.opening import open_file
    from assembler.binutils.source_lines import SourceLines

    elf = open_file(parsed.last("exe", "a.out")).elf()
    lines = SourceLines(elf)
    given: Iterable[str] = parsed.operands or (w for line in sys.stdin for w in line.split())
    for text in given:
        say(_answer(elf, lines, text, parsed))
    return 0


def _answer(elf: "ElfFile", lines: "SourceLines", text: str, parsed: Parsed) -> Iterator[str]:
    try:
        address = int(text, 16)
    except ValueError:
        raise TraplineError(f"{text!r} is not a hexadecimal address") from None
    function, filename, line, note = "??", "??", "?", ""
    wanted = parsed.last("section")
    for section in elf.listed:
        base = 0 if wanted else section.address
        is_chosen = section.name == wanted if wanted else bool(section.flags & 2)
        if is_chosen and base <= address < base + section.size:
            place = lines.find(section, address - base)
            function = place.function or "??"
            filename, line = place.filename or "??", str(place.line or "?")
            note = f" (discriminator {place.discriminator})" if place.discriminator else ""
            break
    if filename == "??":
        line = "0" if function == "??" else "?"
    name = PurePosixPath(filename).name if parsed.has("basenames") else filename
    shown = f"{name}:{line}{note}"
    if parsed.has("pretty-print"):
        head = f"{address:#018x}: " if parsed.has("addresses") else ""
        yield head + (f"{function} at {shown}" if parsed.has("functions") else shown)
        return
    if parsed.has("addresses"):
        yield f"{address:#018x}"
    if parsed.has("functions"):
        yield function
    yield shown
