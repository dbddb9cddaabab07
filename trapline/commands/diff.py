"""`trapline diff`: run a program on several executors in lock step, and stop where they differ.

The comparison is `difftest`; this is its face for one ELF file that starts in M-mode.
"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from isa.errors import Location, TraplineError
from trapline.commands import Subparsers
from trapline.options import add_choices
from trapline.settings import ADDRESSES, PERFORM, read_choices

if TYPE_CHECKING:
    from difftest.program import Program

EPILOG = """\
The program starts at its entry point in M-mode, with RAM and no devices: where it would access one,
the comparison ends. Exit status 1 when the sides differ.

examples:
  trapline diff prog.elf                                  the interpreter against the reference
  trapline diff prog.elf --against reference,spike        against both, one after the other
  trapline diff prog.elf --ours reference --against spike --max-instructions 100000"""

MIN_RAM, MAX_RAM = 1 << 20, 1 << 24
SPARE = 0x10000  # bytes of RAM after the program, for its stack


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline diff`."""
    parser = subparsers.add_parser(
        "diff",
        help="compare engines and outside simulators in lock step",
        description="Run a program in lock step on several executors; stop where they differ.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("prog", help="an ELF file")
    parser.add_argument(
        "--against", metavar="SIDE,...", default="reference", help="what to compare with"
    )
    parser.add_argument("--ours", metavar="SIDE", default="interpreter", help="what is compared")
    add_choices(parser)
    parser.add_argument("--max-instructions", type=int, default=1_000_000, metavar="N")
    return parser


def run(args: argparse.Namespace) -> int:
    """Compare with every side that is named; return 1 when one differs."""
    from difftest.lockstep import compare
    from difftest.sides import Stop, make_side

    program, ram_size = read_program(args.prog)
    choices = read_choices(args.misaligned or PERFORM, args.trap_detail or ADDRESSES)
    program = replace(program, traps_misaligned=choices[0], detail=choices[1])
    status = 0
    ours = make_side(args.ours, ram_size)
    for theirs in [make_side(name, ram_size) for name in args.against.split(",")]:
        report = compare(program, ours, theirs, args.max_instructions)
        if report.mismatch:
            print(report.mismatch.describe(ours.name, theirs.name))
            status = 1
            continue
        ending = "" if report.stop is Stop.NONE else f"; then the program {report.stop.value}"
        print(f"{ours.name} and {theirs.name} agree on {report.steps} instructions{ending}")
    return status


def read_program(filename: str) -> tuple["Program", int]:
    """Read an ELF file; gives the program and the size of the RAM it needs."""
    from difftest.program import RAM_BASE, Program
    from isa.words import MASK
    from vmm.boot import RamRange, read_file, read_image

    image = read_image(filename, read_file(filename), RamRange(RAM_BASE, MAX_RAM))
    end = max((segment.end for segment in image.segments), default=RAM_BASE)
    first = min((segment.pa for segment in image.segments), default=RAM_BASE)
    if first < RAM_BASE or end + SPARE > RAM_BASE + MAX_RAM:
        raise TraplineError(
            f"it is loaded at {first:#x} to {end:#x}; expected a place from {RAM_BASE:#x} to "
            f"{RAM_BASE + MAX_RAM - SPARE:#x}",
            Location(filename),
        )
    data = {segment.pa: segment.data for segment in image.segments if segment.data}
    size = max(MIN_RAM, 1 << (end + SPARE - RAM_BASE - 1).bit_length())
    never = {"stimecmp": MASK, "vstimecmp": MASK}  # what they are at reset is left to each
    return Program(start=image.entry, data=data, csrs=never, seed=filename), size
