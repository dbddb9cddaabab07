"""`trapline run`: run a kernel on the bare board, nothing between it and the harts.

The work is in `trapline.running`, shared with `boot`.
"""

import argparse

from trapline.commands import Subparsers

EPILOG = """\
The guest's console is standard output; with --json - it is standard error. What is piped in is the
console's input. The exit status is the guest's own; 124 when --max-instructions was reached; 2 for
what you got wrong.

examples:
  trapline run tick                                       a bundled guest
  trapline run --account --tlb 16x4 tick                  with a TLB modelled, and the account
  trapline run --max-instructions 1000000 --json - k.elf  bounded, the account as JSON
  trapline run kernel.s                                   assembled and linked on the way"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline run`."""
    from trapline.options import add_debug_options, add_run_options

    parser = subparsers.add_parser(
        "run",
        help="run a kernel on the bare board",
        description="Run a kernel on the bare board.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        prefix_chars="-+",
    )
    add_debug_options(parser)
    add_run_options(parser, "prog")
    return parser


def run(args: argparse.Namespace) -> int:
    """Run; return the guest's exit status."""
    from trapline.running import run_one
    from trapline.settings import BARE

    return run_one(args, args.prog, BARE)
