"""`trapline compare`: one kernel on the bare board and in every mode, the accounts side by side.

The runs are those of `trapline.session`, the overheads those of `trapline.overhead`.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from trapline.commands import Subparsers

if TYPE_CHECKING:
    from trapline.session import Comparison

EPILOG = """\
The exit status is the guest's own when all runs agree, 1 when they printed different things or
ended in different states. A kernel that only the monitor stops is run on the bare board for as
many instructions as the domain took.

examples:
  trapline compare tick
  trapline compare --costs 2006 --tlb 16x4 tick
  trapline compare --sensitivity tick
  trapline compare --json - hello"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline compare`."""
    from trapline.options import add_machine_options

    parser = subparsers.add_parser(
        "compare",
        help="compare a kernel's runs on the bare board and in every mode",
        description="Run a kernel on the bare board and in every mode; compare and account.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--second-tlb", metavar="SETSxWAYS", help="geometry of the monitor's second-level TLB"
    )
    parser.add_argument(
        "--sensitivity",
        action="store_true",
        help="print the overhead again with each cost halved and doubled",
    )
    parser.add_argument(
        "--picture",
        action="append",
        default=[],
        metavar="FILE",
        help="draw the buckets as stacked bars, into a .svg or .png file; may be given twice",
    )
    add_machine_options(parser)
    parser.add_argument("guest", help="a bundled guest, a .s file, an ELF, an Image, bytes")
    return parser


TABLE_WIDTH = 140


def run(args: argparse.Namespace) -> int:
    """Compare; return the status."""
    from trapline.options import read_options
    from trapline.picture import check_picture, draw
    from trapline.running import STDOUT, check_writable, exact_by_default, write_json
    from trapline.session import compare_plan, make_plan
    from trapline.settings import SOFTTLB

    check_writable(args.json)
    for filename in args.picture:
        check_picture(filename)
        check_writable(filename)
    comparison = compare_plan(make_plan(args.guest, exact_by_default(read_options(args)), SOFTTLB))
    if args.json != STDOUT:
        _print(comparison, is_sensitive=args.sensitivity)
    write_json(args.json, comparison.to_json())
    for filename in args.picture:
        draw(comparison, filename)
    return comparison.exit_status


def _print(comparison: "Comparison", *, is_sensitive: bool) -> None:
    from trapline.console import show
    from trapline.overhead import overhead_lines, sensitivity_table
    from vmm.report import account_table

    sys.stdout.write(next(iter(comparison.runs.values())).text)
    show(account_table(comparison.accounts), width=TABLE_WIDTH)
    for line in overhead_lines(comparison):
        print(line)
    agreement = (("console", comparison.console_agrees), ("state", comparison.state_agrees))
    for what, agrees in agreement:
        print(f"{what}: {'the same in all' if agrees else 'DIFFERENT'}")
    if is_sensitive:
        show(sensitivity_table(comparison))
