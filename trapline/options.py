"""The options that `run`, `boot` and `compare` share, and what they mean for a run.

Options that QEMU and Spike users will try, and that are not there yet, are refused by name.
"""

import argparse
from typing import Any, NoReturn

from isa.errors import TraplineError
from trapline.settings import Options
from vmm.config import ISA
from vmm.costs import DEFAULT_PRESET, PRESETS

LATER = {
    "--drive": "disks",
    "--gdb": "the gdb server",
    "--bios": "firmware",
}
"""Options that are known but not there yet, and what they are for."""


class _NotYet(argparse.Action):
    """Refuses an option, saying what is not there yet."""

    def __call__(self, parser: object, namespace: object, *rest: Any) -> NoReturn:
        option = rest[-1]
        raise TraplineError(f"{option}: {LATER[option]} cannot be had yet")


def add_run_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add what describes one run; `what` names the argument that says what to run."""
    add_machine_options(parser)
    parser.add_argument("--kernel", metavar="FILE", help=f"the same as giving FILE as {what}")
    parser.add_argument(
        "--account",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="print the account after the console output",
    )
    parser.add_argument(
        "--dumpdtb", metavar="FILE", help="write the device tree to FILE and run nothing"
    )
    parser.add_argument(what, nargs="?", help="a bundled guest, a .s file, an ELF, an Image, bytes")


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a machine and its account."""
    add = parser.add_argument
    add("--isa", default=ISA, metavar="ISA", help=f"ISA string of the harts, by default {ISA}")
    add("-m", "--mem", default="128M", metavar="SIZE", help="memory, e.g. 128M or 2G")
    add("--harts", type=int, default=1, metavar="N", help="number of harts")
    add("--initrd", metavar="FILE", help="initial RAM disk")
    add("--append", default="", metavar="TEXT", help="the kernel's command line")
    add(
        "--tlb",
        metavar="SETSxWAYS",
        help="geometry of the modelled hart TLB; `exact` for the default one, `fast` for none",
    )
    add(
        "--max-instructions",
        type=int,
        metavar="N",
        help="end the run, with status 124, after N instructions",
    )
    add("--json", metavar="FILE", help="write the account to FILE; - is standard output")
    add(
        "--costs",
        default=DEFAULT_PRESET,
        metavar="PRESET",
        help=f"cost model: {', '.join(PRESETS)}; default {DEFAULT_PRESET}",
    )
    add("--engine", metavar="NAME", help="interpreter or reference; or set TRAPLINE_ENGINE")
    for option in LATER:
        add(option, action=_NotYet, help=argparse.SUPPRESS)


def read_options(args: argparse.Namespace) -> Options:
    """Give the options of a parsed command line."""
    return Options(
        isa=args.isa,
        mem=args.mem,
        harts=args.harts,
        initrd=args.initrd,
        append=args.append,
        tlb=args.tlb,
        second_tlb=getattr(args, "second_tlb", None),
        max_instructions=args.max_instructions,
        costs=args.costs,
        engine=args.engine,
    )
