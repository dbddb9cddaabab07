"""`trapline ld`: link ELF64 objects into a static executable, with GNU ld's options.

The options are those of GNU ld, so that a Makefile can use it in its place.
"""

import argparse
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers

EPILOG = """\
examples:
  trapline ld -T kernel.ld -o kernel.elf start.o main.o
  trapline ld -Ttext=0x80200000 -e _start -o kernel.elf kernel.o"""
_ACCEPTED = ("-static", "-nostdlib", "--no-relax", "--build-id=none", "--no-warn-rwx-segments")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline ld`."""
    parser = subparsers.add_parser(
        "ld",
        help="link ELF objects into a static executable",
        description="Link RISC-V ELF64 objects into a static executable.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("objects", nargs="+", metavar="OBJECT")
    parser.add_argument("-o", dest="output", default="a.out", metavar="FILE", help="the executable")
    parser.add_argument("-T", "--script", dest="script", metavar="SCRIPT", help="linker script")
    parser.add_argument("-Ttext", dest="text", metavar="ADDRESS", help="where .text starts")
    parser.add_argument("-Tdata", dest="data", metavar="ADDRESS", help="where .data starts")
    parser.add_argument("-Tbss", dest="bss", metavar="ADDRESS", help="where .bss starts")
    parser.add_argument("-e", "--entry", dest="entry", metavar="SYMBOL", help="entry point")
    parser.add_argument(
        "--defsym", dest="defines", action="append", default=[], metavar="SYM=VALUE"
    )
    parser.add_argument("-z", dest="keywords", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("-m", dest="emulation", default="elf64lriscv", help=argparse.SUPPRESS)
    for option in _ACCEPTED:
        parser.add_argument(option, action="store_true", help=argparse.SUPPRESS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Link; the executable is written only when there is no error."""
    from assembler import link, read_object

    if args.emulation != "elf64lriscv":
        raise TraplineError(f"-m {args.emulation}: only elf64lriscv can be linked")
    starts = {f".{name}": getattr(args, name) for name in ("text", "data", "bss")}
    image = link(
        [read_object(Path(name).read_bytes(), name) for name in args.objects],
        script=None if args.script is None else Path(args.script),
        entry=args.entry,
        section_starts={name: _address(text) for name, text in starts.items() if text},
        defines=dict(_define(text) for text in args.defines),
    )
    output = Path(args.output)
    output.write_bytes(image.to_bytes())
    output.chmod(output.stat().st_mode | 0o111)
    return 0


def _address(text: str) -> int:
    """Read an address as GNU ld does: -Ttext takes hexadecimal with or without 0x."""
    try:
        return int(text, 16)
    except ValueError:
        raise TraplineError(f"{text!r} is not an address") from None


def _define(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    try:
        return name, int(value, 0)
    except ValueError:
        raise TraplineError(f"--defsym {text}: expected SYM=NUMBER") from None
