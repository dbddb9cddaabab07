"""From source text to statements: comments removed, lines split at `;`, places remembered.

Not here: what a statement means. A frame is one opened source (a file, a macro expansion, a
repeat); frames nest, and the chain of them is the expansion stack shown in errors.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from assembler.errors import Where

_STRING = r'"(?:[^"\\\n]|\\.)*"?'
_CHARACTER = r"'(?:\\.|[^\\\n])'?"
_BLOCK = re.compile(rf"{_STRING}|{_CHARACTER}|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_PIECE = re.compile(rf"{_STRING}|{_CHARACTER}|(?P<comment>#|//)|(?P<end>;)")
_MARKER = re.compile(r'#\s*(\d{1,9})\s+"((?:[^"\\]|\\.)*)"')
_SPECIAL = re.compile(r"[#;/]")


class Statement(NamedTuple):
    """One statement's text and its place: line from 1, column from 0."""

    line: int
    column: int
    text: str


class Frame(NamedTuple):
    """One opened source; `parent` and `parent_line` say where it was opened from."""

    filename: str
    title: str = ""
    parent: "Frame | None" = None
    parent_line: int = 0
    depth: int = 0

    def renamed(self, filename: str) -> "Frame":
        """Give the frame with another file's name: what follows comes from there."""
        return self._replace(filename=filename)

    def stack(self) -> tuple[str, ...]:
        """Give the expansion stack, innermost first."""
        lines = []
        frame: Frame | None = self
        while frame is not None and frame.parent is not None:
            lines.append(f"in {frame.title} from {frame.parent.filename}:{frame.parent_line}")
            frame = frame.parent
        return tuple(lines)


class Spot(NamedTuple):
    """A statement and the frame it stands in: cheap to keep, and enough to report an error."""

    frame: Frame
    statement: Statement

    def where(self) -> Where:
        """Give the place in the form that errors carry."""
        line, column, text = self.statement
        return Where(self.frame.filename, line, column, text, self.frame.stack())

    def __str__(self) -> str:
        return f"{self.frame.filename}:{self.statement.line}"


def split(text: str) -> Iterator[Statement]:
    """Split a source text into statements; empty ones are left out."""
    text = text.replace("\0", "\x01")  # a zero byte has no place in a source
    if "/*" in text:
        text = _BLOCK.sub(_blank, text)
    shift = 0
    for number, line in enumerate(text.split("\n"), 1):
        number += shift
        if _SPECIAL.search(line):
            if found := marker(line):
                shift += found[0] - number - 1
                yield Statement(number, 0, line.strip())
                continue
            yield from _split_line(number, line)
        elif stripped := line.strip():
            yield Statement(number, line.index(stripped[0]), stripped)


def marker(line: str) -> tuple[int, str] | None:
    """Read a preprocessor's marker: which line of which file the next one is."""
    found = _MARKER.match(line) if line[:1] == "#" else None
    if found is None:
        return None
    return int(found[1]), re.sub(r"\\(.)", r"\1", found[2])


def _blank(match: re.Match[str]) -> str:
    """Blank a block comment, keeping its line ends; leave strings and line comments alone."""
    found = match[0]
    if not found.startswith("/*"):
        return found
    return "".join("\n" if c == "\n" else " " for c in found)


def _split_line(number: int, line: str) -> Iterator[Statement]:
    start, end = 0, len(line)
    for piece in _PIECE.finditer(line):
        if piece["comment"]:
            end = piece.start()
            break
        if piece["end"]:
            yield from _statement(number, line, start, piece.start())
            start = piece.end()
    yield from _statement(number, line, start, end)


def _statement(number: int, line: str, start: int, end: int) -> Iterator[Statement]:
    text = line[start:end]
    if stripped := text.strip():
        yield Statement(number, start + text.index(stripped[0]), stripped)
