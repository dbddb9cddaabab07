"""`trapline size`: print how large the parts of objects and executables are, as GNU size does.

Not here: the table itself (`assembler.binutils.size`).
"""

import argparse

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser, each_file, say

EXAMPLES = """\
  trapline size kernel.elf
  trapline size -A -x kernel.elf"""
OPTIONS = (
    Option("-A", "", "list the sections"),
    Option("-B", "", "one line for each file (the default)"),
    Option("-G", "", "as -B, but read-only data count as data"),
    Option("--format", "FORMAT", "berkeley, sysv or gnu"),
    Option("-d", "", "decimal numbers"),
    Option("-o", "", "octal numbers"),
    Option("-x", "", "hexadecimal numbers"),
    Option("--radix", "NUMBER", "8, 10 or 16"),
    Option("-t --totals", "", "a line with the sums"),
    Option("--common", "", "count common symbols"),
    *(Option("--target", "FORMAT"), Option("-f")),
    *(Option("-V -v --version"), Option("-h -H --help")),
)
PARSER = GnuParser("trapline size", OPTIONS, "[OPTION]... [FILE]...", EXAMPLES)
_FORMS = ("berkeley", "sysv", "gnu")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline size`."""
    return add_raw_parser(subparsers, "size", "print the sizes of an ELF file's sections")


def run(args: argparse.Namespace) -> int:
    """Print the sizes of each file."""
    from assembler.binutils.size import Layout, Totals, header, measure, total_line

    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU size compatible (trapline) 2.40")
        return 0
    layout = Layout(_form(parsed), _radix(parsed), parsed.has("common"))
    totals = Totals()
    say(header(layout))

    names = parsed.operands or ["a.out"]
    each_file(names, lambda name: say(measure(name, layout, totals)))
    if parsed.has("totals"):
        say(total_line(layout, totals))
    return 0


def _form(parsed: Parsed) -> str:
    form = "berkeley"
    for key, value in parsed.options:
        text = {"A": "sysv", "B": "berkeley", "G": "gnu", "format": value}.get(key)
        if text is None:
            continue
        fitting = [name for name in _FORMS if text and name.startswith(text.lower())]
        if not fitting:
            raise TraplineError(f"--format={text}: there are {', '.join(_FORMS)}")
        form = fitting[0]
    return form


def _radix(parsed: Parsed) -> int:
    radix = "10"
    for key, value in parsed.options:
        radix = {"d": "10", "o": "8", "x": "16", "radix": value}.get(key, radix)
    if radix not in ("8", "10", "16"):
        raise TraplineError(f"--radix={radix}: there are 8, 10 and 16")
    return int(radix)
