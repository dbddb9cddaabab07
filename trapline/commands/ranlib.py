"""`trapline ranlib`: write the symbol index of archives, as GNU ranlib does.

Not here: the archive itself (`assembler.binutils.ar`).
"""

import argparse
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, add_raw_parser, each_file

EXAMPLES = "  trapline ranlib libk.a"
OPTIONS = (
    *(Option("-D"), Option("-U"), Option("-t"), Option("--plugin", "NAME")),
    *(Option("-v -V --version"), Option("-h -H --help")),
)
PARSER = GnuParser("trapline ranlib", OPTIONS, "ARCHIVE...", EXAMPLES)


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline ranlib`."""
    return add_raw_parser(subparsers, "ranlib", "write the symbol index of an archive")


def run(args: argparse.Namespace) -> int:
    """Write each archive again, with its index."""
    from assembler.binutils.ar import read_archive, write_archive

    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU ranlib compatible (trapline) 2.40")
        return 0
    if not parsed.operands:
        raise TraplineError("no archive (see trapline ranlib --help)")

    def index(name: str) -> None:
        Path(name).write_bytes(write_archive(read_archive(name)))

    each_file(parsed.operands, index)
    return 0
