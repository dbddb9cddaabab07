"""The subcommands of `trapline`, one module each, and the table that registers them.

A command's module has `add_parser(subparsers)`, which describes its options and an example, and
`run(args) -> int`, which does the work and returns the exit status. Importing one must be cheap:
whatever is slow to import (LLVM above all) is imported inside `run`.
"""

import argparse
import importlib
from typing import Protocol, TypeAlias, cast

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Command(Protocol):
    """What the module of a subcommand offers."""

    def add_parser(self, subparsers: Subparsers) -> argparse.ArgumentParser | None:
        """Add the parser of this command, under its own name."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do the work; return the exit status."""
        ...


# Name on the command line, module: in the order in which `trapline --help` lists them.
COMMANDS: tuple[tuple[str, str], ...] = (
    ("run", "trapline.commands.run"),
    ("boot", "trapline.commands.boot"),
    ("compare", "trapline.commands.compare"),
    ("snapshot", "trapline.commands.snapshot"),
    ("diff", "trapline.commands.diff"),
    ("explain", "trapline.commands.explain"),
    ("as", "trapline.commands.as_"),
    ("ld", "trapline.commands.ld"),
    ("objdump", "trapline.commands.objdump"),
    ("nm", "trapline.commands.nm"),
    ("size", "trapline.commands.size"),
    ("ar", "trapline.commands.ar"),
    ("ranlib", "trapline.commands.ranlib"),
    ("objcopy", "trapline.commands.objcopy"),
    ("strip", "trapline.commands.strip"),
    ("addr2line", "trapline.commands.addr2line"),
    ("shims", "trapline.commands.shims"),
    ("guests", "trapline.commands.guests_"),
    ("isa", "trapline.commands.isa_"),
)


def names() -> tuple[str, ...]:
    """List the names of all commands."""
    return tuple(name for name, _ in COMMANDS)


def load(name: str) -> Command:
    """Import the module of the command called `name`."""
    return cast(Command, importlib.import_module(dict(COMMANDS)[name]))
