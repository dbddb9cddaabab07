"""`trapline diff`: run a program on several executors in lock step, and stop where they differ.

The comparison is `difftest`; this is its face for one ELF file that starts in M-mode, or for random
programs.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from isa.errors import Location, TraplineError
from trapline.commands import Subparsers
from trapline.options import add_choices
from trapline.settings import ADDRESSES, PERFORM, read_choices

if TYPE_CHECKING:
    from difftest.coverage import Coverage
    from difftest.program import Program

EPILOG = """\
The program starts at its entry point in M-mode, with RAM and no devices: where it would access one,
the comparison ends. Exit status 1 when the sides differ. Sides are reference, interpreter, spike,
qemu and unicorn; docs/difftest.md says what is compared with each. What a random program finds is
shrunk and saved as one .S.

examples:
  trapline diff prog.elf                                  the interpreter against the reference
  trapline diff prog.elf --against reference,spike,qemu   against each, one after the other
  trapline diff prog.elf --ours reference --against spike --max-instructions 100000
  trapline diff --random system --count 20 --against spike --max-instructions 1000
  trapline diff --random guest --coverage --json cover.json   what they exercise"""

MIN_RAM, MAX_RAM = 1 << 20, 1 << 24
SPARE = 0x10000  # bytes of RAM after the program, for its stack
FOLDER = Path("build/difftest")


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
    add = parser.add_argument
    add("prog", nargs="?", help="an ELF file")
    add("--against", metavar="SIDE,...", default="reference", help="what to compare with")
    add("--ours", metavar="SIDE", default="interpreter", help="what is compared")
    add("--isa", metavar="S", help="the ISA of all sides, where the program does not say")
    add_choices(parser)
    add("--max-instructions", type=int, default=1_000_000, metavar="N", help="of each program")
    add("--random", metavar="KIND", help="random programs instead of a file: system, guest, ...")
    add("--count", type=int, default=10, metavar="N", help="how many random programs")
    add("--seed", default="1", help="what random programs are drawn from")
    add("--coverage", action="store_true", help="report what the programs exercise")
    add("--json", metavar="F", help="write the coverage to a file")
    return parser


def run(args: argparse.Namespace) -> int:
    """Compare with every side that is named; return 1 when one differs."""
    if (args.prog is None) == (args.random is None):
        raise TraplineError("expected an ELF file or --random KIND, and not both")
    programs, ram_size = _programs(args)
    status = _compare_random(args) if args.random else _compare(args, programs[0], ram_size)
    if args.coverage or args.json:
        _report(_cover(programs, ram_size, args.max_instructions), args)
    return status


def _programs(args: argparse.Namespace) -> tuple[list["Program"], int]:
    """Read or draw what is to be run; gives the size of RAM too."""
    from difftest.program import RAM_SIZE

    if args.random is None:
        program, ram_size = read_program(args.prog)
        choices = read_choices(args.misaligned or PERFORM, args.trap_detail or ADDRESSES)
        return [replace(program, traps_misaligned=choices[0], detail=choices[1])], ram_size
    return list(_drawn(args)), RAM_SIZE


def _drawn(args: argparse.Namespace) -> Iterator["Program"]:
    from difftest.campaign import GENERATORS

    if args.random not in GENERATORS:
        known = ", ".join(GENERATORS)
        raise TraplineError(f"no random programs are called {args.random!r}: there are {known}")
    return (GENERATORS[args.random](f"{args.seed}.{number}") for number in range(args.count))


def _compare(args: argparse.Namespace, program: "Program", ram_size: int) -> int:
    """Compare one program with every side."""
    from difftest.lockstep import compare
    from difftest.reconcile import RECONCILED
    from difftest.sides import Stop, make_side

    status = 0
    ours = make_side(args.ours, ram_size)
    for theirs in [make_side(name, ram_size) for name in args.against.split(",")]:
        isa = args.isa or RECONCILED[theirs.name].isa
        report = compare(replace(program, isa=isa), ours, theirs, args.max_instructions)
        if report.mismatch:
            print(report.mismatch.describe(ours.name, theirs.name))
            status = 1
            continue
        ending = "" if report.stop is Stop.NONE else f"; then the program {report.stop.value}"
        print(f"{ours.name} and {theirs.name} agree on {report.steps} instructions{ending}")
    return status


def _compare_random(args: argparse.Namespace) -> int:
    """Compare random programs with every side; save what shows a difference."""
    from difftest import campaign
    from difftest.sides import make_side

    status = 0
    ours = make_side(args.ours)
    for theirs in [make_side(name) for name in args.against.split(",")]:
        steps = min(args.max_instructions, 1 << 20)
        result = campaign.run(_drawn(args), ours, theirs, steps=steps, folder=FOLDER)
        done = f"{result.programs} programs, {result.steps} instructions, {result.traps} traps"
        print(f"{ours.name} and {theirs.name}: {done}, {len(result.failures)} differences")
        print("".join(f"{failure}\n" for failure in result.failures), end="")
        status = status or int(bool(result.failures))
    return status


def _cover(programs: list["Program"], ram_size: int, steps: int) -> "Coverage":
    from difftest.coverage import measure

    return measure(programs, steps, ram_size=ram_size)


def _report(coverage: "Coverage", args: argparse.Namespace) -> None:
    """Print the report, or write it where it is wanted."""
    if args.coverage:
        print(coverage.report())
    if args.json:
        try:
            Path(args.json).write_text(coverage.to_json() + "\n", encoding="utf-8")
        except OSError as error:
            raise TraplineError(f"{args.json}: {error.strerror}") from None


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
