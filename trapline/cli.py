"""The `trapline` command: find the subcommand, run it, and turn what goes wrong into a status.

What the user got wrong ends with one line (and a caret where there is a place) and status 2; a
traceback is never shown unless TRAPLINE_DEBUG=1 asks for it. Nothing slow is imported here.
"""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from isa.errors import TraplineError
from trapline import __version__, commands
from trapline.excerpt import report

USER_ERROR = 2  # the guest's own statuses aside, see `trapline run --help`
INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as a shell would say
BROKEN_PIPE = 141  # 128 + SIGPIPE
GC_THRESHOLD = 100_000

EPILOG = """\
examples:
  trapline guests                     list the bundled kernels
  trapline boot tick                  run one under the monitor and account for its exits
  trapline isa addw                   read the page of an instruction

`trapline COMMAND --help` explains a command."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, like every other user error."""

    def error(self, message: str) -> NoReturn:
        """Raise the complaint, to be reported in one place."""
        raise TraplineError(f"{message} (see {self.prog} --help)")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """A help formatter that leaves room for the longest command beside what it does."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        longest = max(len(name) for name in commands.names())
        self._action_max_length = max(self._action_max_length, longest + 4)


def build_parser(wanted: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Build the parser with the `wanted` subcommands, by default all."""
    parser: argparse.ArgumentParser = Parser(
        prog="trapline",
        description="A RISC-V RV64 virtualization laboratory.",
        epilog=EPILOG,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"trapline {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in wanted or commands.names():
        commands.load(name).add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the arguments `argv`; return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _dispatch(arguments), sys.stderr)


def guarded(work: Callable[[], int], stderr: TextIO) -> int:
    """Do `work`, reporting on `stderr` and by a status whatever it raises."""
    try:
        status = work()
        sys.stdout.flush()
    except TraplineError as error:
        _report(error, stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        print(f"trapline: error: {where}{error.strerror or error}", file=stderr)
        return USER_ERROR
    except Exception as error:  # noqa: BLE001 - the one place where a bug ends
        return _report_bug(error, stderr)
    return status


def _dispatch(arguments: Sequence[str]) -> int:
    """Parse, importing only the subcommand that is named, and run it."""
    arguments = _take_plugins(arguments)
    first = arguments[0] if arguments else ""
    parser = build_parser([first] if first in commands.names() else ())
    try:
        args = parser.parse_args(arguments)
    except SystemExit as leaving:  # argparse leaves like this after --help and --version
        return int(leaving.code or 0)
    return commands.load(args.command).run(args)


def _take_plugins(arguments: Sequence[str]) -> list[str]:
    """Take `--isa-plugin FILE` out: whatever reads the instruction table reads it as imported."""
    kept, files = [], []
    rest = iter(arguments)
    for argument in rest:
        option, equals, value = argument.partition("=")
        if option == "--isa-plugin":
            files.append(value if equals else next(rest, ""))
        else:
            kept.append(argument)
    if files:
        if not all(files):
            raise TraplineError("--isa-plugin: expected a file with instructions")
        if "isa.spec" in sys.modules:
            raise TraplineError("--isa-plugin: the instruction table has been read already")
        named = os.environ.get("TRAPLINE_ISA_PLUGIN", "").split(os.pathsep)
        os.environ["TRAPLINE_ISA_PLUGIN"] = os.pathsep.join(filter(None, (*named, *files)))
    return kept


def _report(error: TraplineError, stderr: TextIO) -> None:
    for line in report(error):
        print(line, file=stderr)


def _report_bug(error: Exception, stderr: TextIO) -> int:
    """Report an exception that should not have come here."""
    if os.environ.get("TRAPLINE_DEBUG") == "1":
        traceback.print_exception(error, file=stderr)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    print(
        f"trapline: internal error, please report ({what}); TRAPLINE_DEBUG=1 shows where",
        file=stderr,
    )
    return INTERNAL_ERROR


def _replace_closed_streams() -> None:
    """Give a process that was started with output closed (`>&-`) somewhere to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def entry_point() -> NoReturn:
    """Leave the process with the status of `main`, even when standard output cannot be written."""
    _replace_closed_streams()
    # Start-up makes many objects that live for ever; looking through them again and again costs.
    gc.set_threshold(GC_THRESHOLD)
    status = main()
    try:
        sys.stdout.flush()
    except OSError:
        # Already reported. The interpreter flushes once more on its way out: let that succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
