"""`trapline objdump`: disassemble an ELF file in the form of GNU objdump.

Not here: the listing itself (`assembler.dump`).
"""

import argparse
import sys
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers

EPILOG = """\
examples:
  trapline objdump -d kernel.elf
  trapline objdump -d --section=.text.entry kernel.o"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline objdump`."""
    parser = subparsers.add_parser(
        "objdump",
        help="disassemble an ELF file",
        description="Disassemble RISC-V ELF64 files in the form of GNU objdump.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("-d", dest="disassemble", action="store_true", help="disassemble code")
    parser.add_argument("-r", dest="relocations", action="store_true", help="show relocations")
    parser.add_argument("-j", "--section", dest="sections", action="append", metavar="NAME")
    parser.add_argument("-M", dest="flavour", default="no-aliases", help=argparse.SUPPRESS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what is asked for."""
    from assembler.dump import disassembly
    from assembler.elf_reader import read_image

    if not args.disassemble:
        raise TraplineError("nothing to do; -d disassembles")
    for name in args.files:
        obj = read_image(Path(name).read_bytes(), name)
        for line in disassembly(obj, args.sections, args.relocations):
            sys.stdout.write(line + "\n")
    return 0
