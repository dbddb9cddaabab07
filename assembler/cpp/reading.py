"""A file being preprocessed: its lines without comments, and which of them count.

Not here: what a line means (`preprocess.py`), the expressions of `#if` (`conditions.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from assembler.cpp.tokens import strip_comments
from assembler.errors import Complaint

CONDITIONAL = ("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", "else", "endif")


@dataclass
class _Branch:
    """One `#if` that is open: its line, and whether a branch was taken already."""

    line: int
    is_taken: bool
    is_active: bool
    has_else: bool = False


class Branches:
    """The conditions that are open in a file."""

    def __init__(self) -> None:
        self._open: list[_Branch] = []

    @property
    def is_active(self) -> bool:
        """Whether lines count here."""
        return not self._open or self._open[-1].is_active

    def open_lines(self) -> list[int]:
        """Give the lines of conditions that were never closed."""
        return [branch.line for branch in self._open]

    def turn(self, name: str, line: int, condition: Callable[[], bool]) -> None:
        """Do what a conditional directive says; its condition is asked only if it matters."""
        if name.startswith("if"):
            self._enter(line, condition)
            return
        if not self._open:
            raise Complaint(f"#{name} without #if")
        branch = self._open[-1]
        if name == "endif":
            self._open.pop()
            return
        if branch.has_else:
            raise Complaint(f"#{name} after #else")
        branch.has_else = name == "else"
        branch.is_active = False
        if not branch.is_taken:
            branch.is_active = branch.is_taken = branch.has_else or condition()

    def _enter(self, line: int, condition: Callable[[], bool]) -> None:
        is_active, is_true = self.is_active, False
        try:
            is_true = is_active and condition()
        finally:
            self._open.append(_Branch(line, is_true or not is_active, is_true and is_active))


@dataclass
class SourceFile:
    """A file being read."""

    name: str
    lines: list[str]
    folder: Path
    parent: "SourceFile | None" = None
    at: int = 0  # lines read
    shift: int = 0  # from line numbers in the file to those that #line demands
    shown: str = ""  # the name that markers give
    search_from: int = 0
    depth: int = 0
    is_unterminated: bool = False
    branches: Branches = field(default_factory=Branches)

    def line(self) -> int:
        """Give the number of the line at hand."""
        return self.at + self.shift

    def logical(self) -> tuple[int, str] | None:
        """Give the next line without comments, with those it continues on, and its number."""
        if self.at >= len(self.lines) or (self.at == len(self.lines) - 1 and not self.lines[-1]):
            return None
        number = self.at + 1
        parts: list[str] = []
        is_inside = False
        while self.at < len(self.lines):
            text, is_inside = strip_comments(self._spliced(), is_inside)
            parts.append(text)
            if not is_inside:
                break
        self.is_unterminated = is_inside
        return number, " ".join(parts) if len(parts) > 1 else parts[0]

    def _spliced(self) -> str:
        """Join a line with the next ones where a backslash ends it."""
        line = self.lines[self.at].rstrip("\r")
        self.at += 1
        if not line.endswith("\\") or self.at >= len(self.lines):
            return line
        parts = [line[:-1]]
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip("\r")
            self.at += 1
            if not line.endswith("\\"):
                parts.append(line)
                break
            parts.append(line[:-1])
        return "".join(parts)
