"""`trapline boot`: run a kernel as a domain under the monitor, and account for its exits.

The work is in `trapline.running`, shared with `run`.
"""

import argparse

from trapline.commands import Subparsers

EPILOG = """\
The guest's console is standard output, followed by the account; with --json - the console is
standard error and standard output has the account as JSON only. What is piped in is the console's
input. The exit status is the guest's own; 124 when --max-instructions was reached; 125 when the
monitor stopped the domain, with the reason on standard error; 2 for what you got wrong.

examples:
  trapline boot tick                              a bundled guest, and its account
  trapline boot --costs today --tlb 16x4 tick     another machine's costs, another TLB
  trapline boot --no-account kernel.s             assembled and linked on the way"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline boot`."""
    from trapline.options import add_debug_options, add_run_options

    parser = subparsers.add_parser(
        "boot",
        help="run a kernel under the monitor and account for its exits",
        description="Run a kernel as a domain under the monitor, and account for its exits.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        prefix_chars="-+",
    )
    parser.add_argument(
        "--mode",
        default="softtlb",
        metavar="MODE",
        help="memory virtualization: softtlb, shadow, twostage",
    )
    parser.add_argument(
        "--second-tlb", metavar="SETSxWAYS", help="geometry of the monitor's second-level TLB"
    )
    add_debug_options(parser)
    add_run_options(parser, "guest")
    return parser


def run(args: argparse.Namespace) -> int:
    """Boot; return the guest's exit status."""
    from trapline.running import run_one
    from trapline.settings import check_mode

    args.account = True if args.account is None else args.account
    return run_one(args, args.guest, check_mode(args.mode))
