"""`trapline nm`: list the symbols of objects, executables and archives, as GNU nm does.

Not here: the list itself (`assembler.binutils.nm`).
"""

import argparse

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser, each_file, say

EXAMPLES = """\
  trapline nm kernel.elf
  trapline nm -n -S kernel.elf
  trapline nm -g --defined-only lib.a"""
OPTIONS = (
    Option("-n -v --numeric-sort", "", "sort by address"),
    Option("--size-sort", "", "sort by size"),
    Option("-p --no-sort", "", "do not sort"),
    Option("-r --reverse-sort", "", "sort in reverse"),
    Option("-g --extern-only", "", "only global symbols"),
    Option("-u --undefined-only", "", "only undefined symbols"),
    Option("-U --defined-only", "", "only defined symbols"),
    Option("-W --no-weak", "", "no weak symbols"),
    Option("-a --debug-syms", "", "symbols of sections and files too"),
    Option("--special-syms", "", "the assembler's own labels and marks too"),
    Option("-D --dynamic", "", "the dynamic symbols instead"),
    Option("-S --print-size", "", "sizes too"),
    Option("-A -o --print-file-name", "", "the file's name on each line"),
    Option("-s --print-armap", "", "the index of an archive too"),
    Option("-P --portability", "", "POSIX's format"),
    Option("-B", "", "BSD's format"),
    Option("-f --format", "FORMAT", "bsd, posix, sysv, just-symbols"),
    Option("-j --just-symbols", "", "names only"),
    Option("-t --radix", "RADIX", "d, o or x"),
    *(Option("-C --demangle", "[=STYLE]"), Option("--no-demangle"), Option("--quiet")),
    *(Option("-l --line-numbers"), Option("--target", "FORMAT"), Option("--synthetic")),
    *(Option("-V --version"), Option("-h -H --help"), Option("--plugin", "NAME")),
)
PARSER = GnuParser("trapline nm", OPTIONS, "[OPTION]... [FILE]...", EXAMPLES)
_FORMS = ("bsd", "posix", "sysv", "just-symbols")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline nm`."""
    return add_raw_parser(subparsers, "nm", "list the symbols of an ELF file")


def run(args: argparse.Namespace) -> int:
    """Print the symbols of each file."""
    from assembler.binutils.nm import Choice, list_symbols

    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU nm compatible (trapline) 2.40")
        return 0
    only = [word for word in ("extern", "undefined", "defined") if parsed.has(f"{word}-only")]
    choice = Choice(
        form=_form(parsed),
        radix=_radix(parsed),
        has_size=parsed.has("print-size"),
        has_filename=parsed.has("print-file-name"),
        has_index=parsed.has("print-armap"),
        has_debug=parsed.has("debug-syms"),
        has_special=parsed.has("special-syms"),
        has_weak=not parsed.has("no-weak"),
        dynamic=parsed.has("dynamic"),
        only=" ".join(only),
        order=_order(parsed),
        is_reversed=parsed.has("reverse-sort"),
    )
    names = parsed.operands or ["a.out"]

    is_many = len(names) > 1
    each_file(names, lambda name: say(list_symbols(name, choice, is_one_of_many=is_many)))
    return 0


def _order(parsed: Parsed) -> str:
    if parsed.has("no-sort"):
        return "none"
    if parsed.has("size-sort"):
        return "size"
    return "address" if parsed.has("numeric-sort") else "name"


def _form(parsed: Parsed) -> str:
    if parsed.has("just-symbols"):
        return "just-symbols"
    text = parsed.last("format", "posix" if parsed.has("portability") else "bsd")
    fitting = [form for form in _FORMS if text and form.startswith(text)]
    if not fitting:
        raise TraplineError(f"--format={text}: there are {', '.join(_FORMS)}")
    return fitting[0]


def _radix(parsed: Parsed) -> str:
    text = parsed.last("radix", "x")
    if text not in ("d", "o", "x"):
        raise TraplineError(f"--radix={text}: there are d, o and x")
    return text
