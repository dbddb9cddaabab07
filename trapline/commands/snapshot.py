"""`trapline snapshot`: save a machine in the middle of a run to a file, and go on from there.

The file's format is in `vmm/snapshot/file.py`; the rest is as in `run` and `boot`.
"""

import argparse
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers

if TYPE_CHECKING:
    from vmm.machine import Machine
    from vmm.stop import Stop

EPILOG = """\
A snapshot has harts, memory, devices, what was written to overlays of disks, and time; it goes on
to the same end on any engine. Disks that are written in place are no part of it: give --snapshot.
Exit status of save: 0, or the guest's own when it ended before; of load: as for run.

examples:
  trapline snapshot save --at 100000 tick.snap tick   run tick, save after 100000 instructions
  trapline snapshot load tick.snap                    go on from there
  trapline snapshot load --gdb :1234 -S tick.snap     with a debugger"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline snapshot`."""
    parser = subparsers.add_parser(
        "snapshot",
        help="save a machine in the middle of a run, and go on from there",
        description="Save a machine in the middle of a run to a file, and go on from there.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="save|load", required=True)
    _add_save(verbs)
    _add_load(verbs)
    return parser


def _add_save(verbs: Subparsers) -> None:
    from trapline.options import add_debug_options, add_run_options
    from trapline.settings import BARE

    save = verbs.add_parser(
        "save",
        help="run a kernel for a while, then save the machine",
        allow_abbrev=False,
        prefix_chars="-+",
    )
    save.add_argument(
        "--at", type=int, metavar="N", help="save after N instructions; by default before the first"
    )
    save.add_argument(
        "--mode", default=BARE, metavar="MODE", help="memory virtualization; by default bare"
    )
    save.add_argument("file", metavar="FILE", help="where to save it")
    add_debug_options(save)
    add_run_options(save, "prog")


def _add_load(verbs: Subparsers) -> None:
    from trapline.options import (
        add_account_option,
        add_debug_options,
        add_result_options,
        add_serial_option,
    )

    load = verbs.add_parser("load", help="go on from a saved machine", allow_abbrev=False)
    add_result_options(load)
    add_serial_option(load)
    add_debug_options(load)
    add_account_option(load)
    load.add_argument("file", metavar="FILE", help="what was saved")


def run(args: argparse.Namespace) -> int:
    """Save or load; return the exit status."""
    return _save(args) if args.verb == "save" else _load(args)


def _save(args: argparse.Namespace) -> int:
    from trapline.running import run_one
    from trapline.settings import BARE, check_bound, check_mode
    from vmm.atomic_file import check_place
    from vmm.snapshot.file import write_snapshot
    from vmm.stop import Stop, StopReason

    mode = args.mode if args.mode == BARE else check_mode(args.mode)
    at = check_bound(args.at) or 0
    if args.gdb is not None:
        raise TraplineError("snapshot save --gdb: save from gdb, by `monitor savevm FILE`")
    check_place(args.file)

    def drive(machine: "Machine", bound: int | None) -> "Stop":
        stop = machine.run(at if bound is None else min(at, bound))
        if stop.reason is not StopReason.BOUND:
            return stop
        write_snapshot(args.file, machine, mode, args.prog or args.kernel)
        return Stop(StopReason.EXIT, 0, f"saved after {machine.progress} instructions")

    return run_one(args, args.prog, mode, drive)


def _load(args: argparse.Namespace) -> int:
    from trapline.options import read_options
    from trapline.running import run_plan
    from trapline.session import plan_to_go_on

    args.signature = None
    plan, mode = plan_to_go_on(args.file, read_options(args))
    return run_plan(args, plan, mode)
