"""The root of every error that a user's input can cause.

The command line turns a `TraplineError` into one line on standard error and exit status 2; anything
else that escapes is a bug in Trapline.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """A place in a user's file; `line` and `column` count from 1."""

    filename: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.filename, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


class TraplineError(Exception):
    """Something the user gave cannot be used; the message says what and what was expected."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message


class SpecError(TraplineError):
    """An instruction or CSR description is wrong or conflicts with another one."""


class OperandError(TraplineError):
    """An operand value does not fit the instruction's field."""
