"""What is printed for a user error: the line that says what and where, and the caret under it.

An error that carries its own `source` line (a macro's expansion, standard input) is believed;
otherwise the line is read from the file that the error names. One that carries `errors` stands for
each of them.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from isa.errors import Location, TraplineError

MAX_WIDTH = 400  # a longer line is not worth showing: it is no source text


def report(error: TraplineError) -> Iterator[str]:
    """Give the lines that tell the user of an error."""
    for one in getattr(error, "errors", (error,)):
        for line in str(one).splitlines():
            yield f"trapline: error: {printable(line)}"
        yield from excerpt(one)
        yield from (f"  {line}" for line in getattr(one, "stack", ()))


def excerpt(error: TraplineError) -> list[str]:
    """Give the offending line and a caret under its column, or nothing when there is no place."""
    place = error.location
    if place is None or place.line is None or place.column is None:
        return []
    text = getattr(error, "source", None)
    if text is None:
        text = _read_line(place)
    if not text or len(text) > MAX_WIDTH:
        return []
    before = printable(text[: place.column - 1])
    margin = "".join("\t" if char == "\t" else " " for char in before)
    return [f"  {printable(text)}", f"  {margin}^"]


def printable(text: str) -> str:
    """Give a text with escapes for what would not be printed, or would do something else."""
    return "".join(
        char
        if char.isprintable() or char == "\t"
        else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def _read_line(place: Location) -> str | None:
    """Read the line of the place; None when the file cannot be read as text."""
    assert place.line is not None
    try:
        with Path(place.filename).open(encoding="utf-8") as file:
            line = next(islice(file, place.line - 1, None), "")
    except (OSError, UnicodeDecodeError):
        return None
    return line.rstrip("\r\n")
