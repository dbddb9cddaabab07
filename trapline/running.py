"""What the commands `run` and `boot` do between them: one run, its console, its account.

The guest's console is standard output, or standard error when standard output is for JSON. Input
that is piped in, or typed at a terminal, goes to the guest's console.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from isa.errors import TraplineError
from trapline.driving import Drive, choose_ride
from trapline.monitor import MachineMonitor
from trapline.options import read_options
from trapline.settings import BIOS_WORDS, EXACT, Options, machine_config, parse_size
from trapline.terminal import LeftError, TerminalInput, open_input

if TYPE_CHECKING:
    from trapline.session import Plan, Result
    from vmm.signature import Signature

STDOUT = "-"


class OutputLostError(Exception):
    """Standard output cannot be written any more, so there is nobody left to run for."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def run_one(
    args: argparse.Namespace, program: str | None, mode: str, drive: Drive | None = None
) -> int:
    """Do what `run` and `boot` are asked for; return the exit status."""
    options = read_options(args)
    machine_config(options, mode)
    program = _choose(program, args.kernel, options.bios)
    if args.dumpdtb is not None:
        return _dump_tree(program, options, mode, args.dumpdtb)
    if program is None:
        raise TraplineError("nothing to run; `trapline guests` lists the bundled kernels")
    for filename in (args.json, args.signature):
        check_writable(filename)
    from trapline.session import make_plan

    return run_plan(args, make_plan(program, options, mode), mode, drive)


def run_plan(args: argparse.Namespace, plan: "Plan", mode: str, drive: Drive | None = None) -> int:
    """Run what has been planned as the command's arguments say; return the exit status."""
    try:
        return _run(args, plan, mode, drive)
    except OutputLostError as lost:
        raise lost.cause from None


def _run(args: argparse.Namespace, plan: "Plan", mode: str, drive: Drive | None) -> int:
    from trapline.session import execute, load_engine, make_console

    out = sys.stderr if args.json == STDOUT else sys.stdout
    echo = _open_serial(args.serial, out)
    signature = _find_signature(args, plan)
    monitor = MachineMonitor(plan.kernel.name, mode)
    source = open_input(sys.stdin, monitor, plan.typed(None))
    ride = choose_ride(args, plan, mode, source, monitor)
    console = make_console(echo, source=ride.source)
    drive = drive or ride.drive
    try:
        result = execute(plan, mode, load_engine(plan), console, started=monitor.watch, drive=drive)
    except LeftError:
        return 0
    finally:
        ride.finish()
        if isinstance(source, TerminalInput):
            source.close()
    out.flush()
    if signature is not None:
        Path(args.signature).write_text(signature.text(result.machine.memory), encoding="ascii")
    _report(args, result)
    return result.exit_status


def _find_signature(args: argparse.Namespace, plan: "Plan") -> "Signature | None":
    if args.signature is None:
        return None
    from vmm.boot import RamRange
    from vmm.devices import RAM_BASE
    from vmm.signature import Signature

    ram = RamRange(RAM_BASE, parse_size(plan.options.mem))
    return Signature(plan.boot.symbols, ram, args.signature_granularity)


def _report(args: argparse.Namespace, result: "Result") -> None:
    for number, line in enumerate(result.diagnosis):
        print(f"trapline: {line}" if number == 0 else line, file=sys.stderr)
    if args.account and args.json != STDOUT:
        from trapline.console import show
        from vmm.report import account_table

        if result.console and not result.console.endswith(b"\n"):
            print()
        show(account_table([result.account]))
    write_json(args.json, result.to_json())


def _choose(program: str | None, kernel: str | None, bios: str) -> str | None:
    """Give what to run: a program, or --kernel, which is always a file, or firmware alone."""
    if kernel is None:
        return bios if program is None and bios not in BIOS_WORDS else program
    if program is not None:
        raise TraplineError(f"both {program} and --kernel {kernel}: firmware goes with --bios")
    return kernel if "/" in kernel else f"./{kernel}"


def _dump_tree(program: str | None, options: Options, mode: str, filename: str) -> int:
    from trapline.session import make_plan
    from vmm.tree import machine_tree

    if program is None:
        tree = machine_tree(machine_config(options, mode))
    else:
        tree = _tree_of(make_plan(program, options, mode))
    Path(filename).write_bytes(tree)
    return 0


def _tree_of(plan: "Plan") -> bytes:
    return next(part.data for part in plan.boot.segments if part.pa == plan.boot.dtb_pa)


# ------------------------------------------------------------------------------- the console


def _open_serial(where: str, out: TextIO) -> Callable[[bytes], object] | None:
    """Give what takes the guest's output: `out`, a file, or nothing."""
    if where in ("stdio", "mon:stdio"):
        return _echo_to(out)
    if where in ("none", "null"):
        return None
    kind, found, filename = where.partition(":")
    if kind != "file" or not found or not filename:
        raise TraplineError(f"--serial {where}: expected stdio, mon:stdio, none or file:FILE")
    return Path(filename).open("wb", buffering=0).write


def _echo_to(out: TextIO) -> Callable[[bytes], None]:
    """Make the function that passes console output on at once."""

    def echo(data: bytes) -> None:
        try:
            if hasattr(out, "buffer"):
                out.buffer.write(data)
            else:
                out.write(data.decode("utf-8", "replace"))
            out.flush()
        except OSError as error:
            raise OutputLostError(error) from None

    return echo


# ------------------------------------------------------------------------------------- JSON


def check_writable(filename: str | None) -> None:
    """Raise OSError now, rather than after a long run, when a file cannot be written."""
    if filename is not None and filename != STDOUT:
        with Path(filename).open("a", encoding="utf-8"):
            pass


def write_json(filename: str | None, account: dict[str, object]) -> None:
    """Write an account where `--json` says."""
    if filename is None:
        return
    text = json.dumps(account, indent=2) + "\n"
    if filename == STDOUT:
        sys.stdout.write(text)
    else:
        Path(filename).write_text(text, encoding="utf-8")


def exact_by_default(options: Options) -> Options:
    """Give the options for runs side by side: the TLB modelled, disks the same at each start."""
    from dataclasses import replace

    return replace(options, tlb=options.tlb or EXACT, snapshot=True)
