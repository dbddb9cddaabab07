"""`trapline as`: assemble a source file into an ELF64 object, with GNU as's options.

The options are those of GNU as, so that a Makefile can use it in its place.
"""

import argparse
import sys
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers

EPILOG = """\
examples:
  trapline as -o hello.o hello.s
  trapline as -march=rv64im_zicsr_zifencei -mno-relax -I include --defsym DEBUG=1 -o k.o k.s
  echo 'ret' | trapline as -o ret.o -"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline as`."""
    parser = subparsers.add_parser(
        "as",
        help="assemble GNU-style source into an ELF object",
        description="Assemble GNU-style RISC-V source into an ELF64 object.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "sources", nargs="*", metavar="FILE", help="source files; - is standard input"
    )
    parser.add_argument("-o", dest="output", default="a.out", metavar="FILE", help="the object")
    parser.add_argument("-march", default="rv64im_zicsr_zifencei", metavar="ISA", help="extensions")
    parser.add_argument("-mabi", metavar="ABI", help="calling convention")
    parser.add_argument("-mno-relax", action="store_true", help="leave the linker nothing to relax")
    parser.add_argument("-I", dest="include", action="append", default=[], metavar="DIR")
    parser.add_argument(
        "--defsym", dest="defines", action="append", default=[], metavar="SYM=VALUE"
    )
    parser.add_argument("-W", "--no-warn", action="store_true", help="suppress warnings")
    return parser


def run(args: argparse.Namespace) -> int:
    """Assemble; the object is written only when there is no error."""
    from assembler import assemble

    sources = args.sources or ["-"]
    text = "".join(_read(source) for source in sources)
    name = "{standard input}" if sources[0] == "-" else sources[0]
    defines = dict(_define(text) for text in args.defines)
    obj = assemble(
        text,
        filename=name,
        include_paths=args.include,
        defines=defines,
        march=args.march,
        mabi=args.mabi,
        relax=not args.mno_relax,
    )
    Path(args.output).write_bytes(obj.to_bytes())
    return 0


def _read(source: str) -> str:
    if source == "-":
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return Path(source).read_text("utf-8", "surrogateescape")


def _define(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise TraplineError(f"--defsym {text}: expected SYM=VALUE")
    return name, value
