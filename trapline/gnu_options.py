"""Options as the GNU tools read them: clusters, joined values, abbreviations, files of options.

The commands that stand in for GNU tools use this instead of argparse, which cannot read
`-Mno-aliases` or `--disassemble=main`. Not here: what the options mean (`trapline/commands/`).
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from isa.errors import TraplineError

MAX_NESTING = 10
MAX_FILE = 1 << 24
BATCH = 1000  # lines written at once


@dataclass(frozen=True)
class Option:
    """An option: its names with dashes, the name of its value ("[X]" if it may be left out)."""

    names: str
    value: str = ""
    help: str = ""

    @property
    def key(self) -> str:
        """The last of its names, without dashes: what the command asks for."""
        return self.names.split()[-1].lstrip("-")

    @property
    def is_optional(self) -> bool:
        """Whether the value may be left out, and must be joined when given."""
        return self.value.startswith("[")


@dataclass
class Parsed:
    """The options that were given, in order, and the operands."""

    options: list[tuple[str, str]] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)

    def has(self, *keys: str) -> bool:
        """Say whether one of the options was given."""
        return any(key in keys for key, _ in self.options)

    def all(self, *keys: str) -> list[str]:
        """Give the values of options, in order."""
        return [value for key, value in self.options if key in keys]

    def last(self, key: str, default: str = "") -> str:
        """Give the value that was given last."""
        values = self.all(key)
        return values[-1] if values else default


class GnuParser:
    """Reads arguments by a table of options."""

    def __init__(self, prog: str, options: Sequence[Option], head: str, examples: str) -> None:
        self.prog, self._options = prog, options
        self._head, self._examples = head, examples
        self._table = {name: option for option in options for name in option.names.split()}

    def parse(self, arguments: Sequence[str]) -> Parsed:
        """Read arguments; raise TraplineError for what the table does not have."""
        found = Parsed()
        pending = list(expand(arguments))
        while pending:
            argument = pending.pop(0)
            if argument == "--":
                found.operands += pending
                break
            if len(argument) < 2 or argument[0] != "-":
                found.operands.append(argument)
            else:
                self._read(argument, pending, found)
        return found

    def _read(self, argument: str, pending: list[str], found: Parsed) -> None:
        name, equals, value = argument.partition("=")
        option = self._find(name)
        if option is None and not argument.startswith("--"):
            self._read_cluster(argument, pending, found)
            return
        if option is None:
            raise TraplineError(f"unknown option {name} (see {self.prog} --help)")
        if not option.value:
            if equals:
                raise TraplineError(f"option {name} takes no value")
        elif not equals and not option.is_optional:
            value = self._next(name, pending)
        found.options.append((option.key, value))

    def _find(self, name: str) -> Option | None:
        """Find a long option by its name or by the begin of it, if that says which."""
        if name in self._table:
            return self._table[name]
        if not name.startswith("--") or len(name) < 4:
            return None
        fitting = {id(o): o for n, o in self._table.items() if n.startswith(name)}
        return next(iter(fitting.values())) if len(fitting) == 1 else None

    def _read_cluster(self, argument: str, pending: list[str], found: Parsed) -> None:
        letters = argument[1:]
        while letters:
            option = self._table.get(f"-{letters[0]}")
            if option is None:
                raise TraplineError(f"unknown option {argument} (see {self.prog} --help)")
            letters = letters[1:]
            if not option.value:
                found.options.append((option.key, ""))
                continue
            value = letters
            if not value and not option.is_optional:
                value = self._next(option.names, pending)
            found.options.append((option.key, value))
            return

    def _next(self, name: str, pending: list[str]) -> str:
        if not pending:
            raise TraplineError(f"option {name} needs a value (see {self.prog} --help)")
        return pending.pop(0)

    def help(self) -> str:
        """Give the text of --help."""
        lines = [f"usage: {self.prog} {self._head}", "", "options:"]
        for option in self._options:
            if option.help:
                names = ", ".join(option.names.split())
                label = f"  {names} {option.value}".rstrip()
                gap = " " * (28 - len(label)) if len(label) < 27 else "\n" + " " * 28
                lines.append(f"{label}{gap}{option.help}")
        return "\n".join([*lines, "", "examples:", self._examples])


def expand(arguments: Sequence[str], depth: int = 0) -> Iterator[str]:
    """Replace `@file` by the options in that file; one that is not there stays as it is."""
    if depth > MAX_NESTING:
        raise TraplineError(f"files of options nested more than {MAX_NESTING} deep")
    for argument in arguments:
        path = Path(argument[1:])
        if not argument.startswith("@") or not path.is_file():
            yield argument
            continue
        if path.stat().st_size > MAX_FILE:
            raise TraplineError(f"{path}: too large for a file of options")
        try:
            words = shlex.split(path.read_text("utf-8", "surrogateescape"))
        except ValueError as error:
            raise TraplineError(f"{path}: {error}") from None
        yield from expand(words, depth + 1)


def each_file(names: Sequence[str], work: Callable[[str], None]) -> None:
    """Do the work for each file, the others too when one fails; raise the first failure."""
    failure: TraplineError | OSError | None = None
    for name in names:
        try:
            work(name)
        except (TraplineError, OSError) as error:
            failure = failure or error
    if failure is not None:
        raise failure


def say(lines: Iterable[str]) -> None:
    """Write lines to standard output, names that are no text as the bytes they are."""
    sys.stdout.flush()
    for batch in _batches(lines):
        text = "\n".join(batch) + "\n"
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    pending = iter(lines)
    while batch := list(islice(pending, BATCH)):
        yield batch


def add_raw_parser(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str
) -> argparse.ArgumentParser:
    """Add a subcommand that reads its arguments itself: all of them become `arguments`."""
    parser = subparsers.add_parser(name, help=summary, add_help=False, prefix_chars="\0")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser
