"""What the assembler and the linker complain about, each with its place and a caret under it.

A `Complaint` is raised deep inside, where the place is not known; the statement loop adds the place
and turns it into an `AssemblyError`. All errors of a run leave together as `AssemblyErrors`.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from isa.errors import Location, TraplineError

MAX_ERRORS = 50


class Complaint(Exception):  # noqa: N818 - it is a message on its way to a place
    """An error whose place is the statement being assembled; `column` counts from 0 in its text."""

    def __init__(self, message: str, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.spot: object = None  # a source.Spot when the place is another statement


@dataclass(frozen=True)
class Where:
    """The place of a statement: file, line, its text there, and what it was expanded from."""

    filename: str
    line: int
    column: int
    text: str
    stack: tuple[str, ...] = ()


class AssemblyError(TraplineError):
    """One error in a source file, with the source line and the expansion stack, innermost first."""

    def __init__(self, message: str, where: Where, column: int | None = None) -> None:
        at = where.column + (column or 0)
        super().__init__(message, Location(where.filename, where.line, at + 1))
        self.source = " " * where.column + where.text
        self.stack = where.stack


@dataclass(frozen=True)
class AssemblyWarning:
    """Something that is probably not meant, at a statement."""

    message: str
    where: Where

    def __str__(self) -> str:
        return f"{self.where.filename}:{self.where.line}: Warning: {self.message}"


class AssemblyErrors(TraplineError):  # noqa: N818 - several of them
    """Every error of one run, in the order of the source."""

    def __init__(self, errors: Iterable[AssemblyError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class OptionError(TraplineError):
    """An architecture or ABI that cannot be assembled for."""


class LinkError(TraplineError):
    """Objects that cannot be linked."""


class LinkErrors(LinkError):  # noqa: N818 - several of them
    """Every error of one link."""

    def __init__(self, errors: Iterable[LinkError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class ScriptError(LinkError):
    """A linker script that cannot be read or obeyed."""


class ObjectFormatError(LinkError):
    """A file that is not a RISC-V ELF64 object."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, as ", did you mean 'x'?", or nothing."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean {found[0]!r}?" if found else ""
