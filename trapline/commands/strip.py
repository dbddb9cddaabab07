"""`trapline strip`: take symbols and debug information out of files, as GNU strip does.

Not here: the copy itself (`assembler.binutils.objcopy`).
"""

import argparse

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.commands.objcopy import STRIPPING, copy_file, read_changes
from trapline.gnu_options import GnuParser, Option, add_raw_parser, each_file

EXAMPLES = """\
  trapline strip kernel.elf
  trapline strip -g -o small.o main.o"""
OPTIONS = (
    Option("-o", "FILE", "write here, not over the file"),
    *(Option("-O --output-target", "FORMAT"), Option("-F --target", "FORMAT")),
    *(Option("-I --input-target", "FORMAT"), Option("--only-keep-debug"), Option("-M")),
    *STRIPPING,
)
PARSER = GnuParser("trapline strip", OPTIONS, "[OPTION]... FILE...", EXAMPLES)
_WHAT = ("strip-all", "strip-debug", "strip-unneeded", "discard-all", "discard-locals")
_NAMED = ("strip-symbol",)


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline strip`."""
    return add_raw_parser(subparsers, "strip", "take symbols and debug information out of a file")


def run(args: argparse.Namespace) -> int:
    """Strip each file."""
    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU strip compatible (trapline) 2.40")
        return 0
    target = parsed.last("o")
    if not parsed.operands or (target and len(parsed.operands) > 1):
        raise TraplineError("expected a file, or several without -o (see trapline strip --help)")
    if not parsed.has(*_WHAT, *_NAMED):
        parsed.options.append(("strip-all", ""))
    changes = read_changes(parsed)
    each_file(parsed.operands, lambda name: copy_file(name, target or name, changes, parsed))
    return 0
