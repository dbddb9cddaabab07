"""What drives a run in place of `Machine.run`: a debugger, a recording, a replay, an onlooker.

Each is one option of the command; where two of them cannot go together, that is said.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.terminal import PipedInput, TerminalInput

if TYPE_CHECKING:
    from trapline.monitor import MachineMonitor
    from trapline.session import Plan
    from vmm.console import InputSource
    from vmm.inputs import LoggedInput
    from vmm.machine import Machine
    from vmm.stop import Stop

Drive = Callable[["Machine", int | None], "Stop"]
"""Runs a machine up to a bound, in place of `Machine.run`."""
Source = PipedInput | TerminalInput


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Ride:
    """What drives a run, where console input comes from, and what is to be done afterwards."""

    drive: Drive | None
    source: "InputSource | None"
    finish: Callable[[], None] = _nothing


ALONE = ("record", "trace", "profile", "log_commits")
"""Options of which only one goes, and none together with --gdb or --replay."""


def choose_ride(
    args: argparse.Namespace,
    plan: "Plan",
    mode: str,
    source: Source | None,
    monitor: "MachineMonitor",
) -> Ride:
    """Read the options; raise TraplineError for what does not go together."""
    chosen = [name for name in ALONE if getattr(args, name) is not None]
    others = [name for name in ("gdb", "replay") if getattr(args, name) is not None]
    records = args.record is not None or args.replay is not None
    if records and getattr(args, "netdev", None):
        raise TraplineError("--netdev: what comes from a network is not recorded")
    if len(chosen) > 1 or (chosen and others):
        words = " and ".join(f"--{name.replace('_', '-')}" for name in (*chosen, *others))
        raise TraplineError(f"{words}: one at a time")
    if args.log is not None and args.log_commits is None:
        raise TraplineError("--log: what is to be written there? give --log-commits too")
    if args.wait and args.gdb is None:
        raise TraplineError("-S: who is to let the guest run? give --gdb PORT too")
    if args.record is not None:
        return _record(args, plan, mode, source)
    if args.replay is not None:
        return _replay(args, plan, mode, monitor)
    if args.gdb is not None:
        return _debug(args, source, monitor)
    return _watch(args, plan, source)


def _watch(args: argparse.Namespace, plan: "Plan", source: Source | None) -> Ride:
    """Let somebody look on: a trace, a log, a profile."""
    if args.profile is not None:
        return _profile(args.profile, plan, source)
    if args.trace is not None:
        from vmm.seeing.trace import Trace

        out = Path(args.trace).open("w", encoding="utf-8")  # noqa: SIM115
        return Ride(Trace(out.write).drive, source, out.close)
    if args.log_commits is None:
        return Ride(None, source)
    from vmm.seeing.commits import CommitLog

    if args.log is None:
        return Ride(CommitLog(sys.stderr.write).drive, source)
    out = Path(args.log).open("w", encoding="utf-8")  # noqa: SIM115
    return Ride(CommitLog(out.write).drive, source, out.close)


def _profile(filename: str, plan: "Plan", source: Source | None) -> Ride:
    from vmm.atomic_file import check_place, replace_file
    from vmm.seeing.profile import Profiler

    check_place(filename)
    profiler = Profiler(plan.boot.symbols)

    def finish() -> None:
        replace_file(filename, [profiler.to_json(plan.kernel.name).encode()])

    return Ride(profiler.drive, source, finish)


def _debug(
    args: argparse.Namespace,
    source: Source | None,
    monitor: "MachineMonitor",
    again: "LoggedInput | None" = None,
) -> Ride:
    """Let gdb drive; `again` gives recorded input."""
    from trapline.debugging import AttendedInput, Debugging, open_server
    from vmm.inputs import InputLog, LoggedInput

    attended = None if source is None else AttendedInput(source)
    logged = again
    if attended is not None:
        logged = LoggedInput(InputLog(attended.is_open), attended)
    server = open_server(args.gdb, waits=args.wait)
    debugging = Debugging(server, attended, logged, monitor.at_once)
    return Ride(debugging.drive, logged)


def _record(args: argparse.Namespace, plan: "Plan", mode: str, source: Source | None) -> Ride:
    from trapline.recording import EVERY, Recorder, identify, write_recording
    from vmm.atomic_file import check_place
    from vmm.inputs import InputLog, LoggedInput

    check_place(args.record)
    every = EVERY if args.record_every is None else args.record_every
    if every < 1:
        raise TraplineError(f"--record-every {every}: expected at least 1")
    log = InputLog(source is not None and source.is_open)
    logged = LoggedInput(log, source)
    recorder = Recorder(logged, every)
    what = identify(plan, mode)
    return Ride(
        recorder.drive, logged, lambda: write_recording(args.record, what, every, log, recorder)
    )


def _replay(args: argparse.Namespace, plan: "Plan", mode: str, monitor: "MachineMonitor") -> Ride:
    from trapline.recording import Recorder, identify, read_recording
    from vmm.inputs import LoggedInput

    recording = read_recording(args.replay)
    if recording.what != identify(plan, mode):
        raise TraplineError(f"{args.replay}: a recording of another machine or kernel")
    logged = LoggedInput(recording.log, None)
    if args.gdb is not None:
        return _debug(args, None, monitor, logged)
    return Ride(Recorder(logged, recording.every, recording).drive, logged)
