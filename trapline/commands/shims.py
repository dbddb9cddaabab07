"""`trapline shims`: write `as`, `ld`, `objdump` and the others as programs of their own.

A Makefile or `gcc -B` then uses ours without knowing. Not here: the tools.
"""

import argparse
import shlex
import sys
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers

TOOLS = ("as", "ld", "objdump", "nm", "size", "ar", "ranlib", "objcopy", "strip", "addr2line")
PREFIXES = ("riscv64-unknown-elf-", "riscv64-linux-gnu-")
EPILOG = """\
examples:
  trapline shims tools
  riscv64-unknown-elf-gcc -B tools/ -o prog.elf prog.c     GCC assembles and links with ours
  make AS=tools/as LD=tools/ld                             so does a Makefile
  trapline shims --prefix riscv64-elf- tools               under a toolchain's other name"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline shims`."""
    parser = subparsers.add_parser(
        "shims",
        help="write as, ld and the others as programs under a toolchain's names",
        description="Write programs that stand in for a toolchain's, into a folder.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="DIR", help="where to write them; made if need be")
    parser.add_argument(
        "--prefix",
        action="append",
        metavar="TEXT",
        help=f"prefixes beside the plain names (by default {' and '.join(PREFIXES)})",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the programs, executable."""
    folder = Path(args.folder)
    if folder.exists() and not folder.is_dir():
        raise TraplineError(f"{folder}: not a folder")
    prefixes = ("", *(PREFIXES if args.prefix is None else args.prefix))
    for prefix in prefixes:
        if "/" in prefix or "\0" in prefix:
            raise TraplineError(f"--prefix {prefix!r}: a name cannot hold a slash")
    folder.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        for prefix in prefixes:
            path = folder / f"{prefix}{tool}"
            path.write_text(script(tool), encoding="utf-8")
            path.chmod(0o755)
    print(f"{len(TOOLS) * len(prefixes)} programs in {folder}")
    return 0


def script(tool: str) -> str:
    """Give the text of the program that stands in for a tool."""
    root = Path(__file__).resolve().parent.parent.parent
    path = ""
    if root.name != "site-packages":  # not installed, but run from its sources
        path = f"PYTHONPATH={shlex.quote(str(root))}${{PYTHONPATH:+:$PYTHONPATH}} "
    # -P: a folder of sources that happens to be called `assembler` must not be taken for ours.
    return f'#!/bin/sh\n{path}exec {shlex.quote(sys.executable)} -P -m trapline {tool} "$@"\n'
