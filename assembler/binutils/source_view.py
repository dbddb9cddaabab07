"""How a disassembly shows where instructions come from: `objdump -l` and `-S`.

Not here: finding the place (`source_lines.py`).
"""

from collections.abc import Iterator
from pathlib import Path

from assembler.binutils.elf_file import ElfFile, Section
from assembler.binutils.names import printable
from assembler.binutils.source_lines import SourceLines

CONTEXT = 5  # lines shown before the first line of a file
MAX_SOURCE = 1 << 26


class SourceView:
    """Remembers what was shown, as the same lines are not shown twice in a row."""

    def __init__(self, elf: ElfFile, has_numbers: bool, has_source: bool) -> None:
        self._lines = SourceLines(elf)
        self._has_numbers, self._has_source = has_numbers, has_source
        self._function, self._line, self._discriminator = "", 0, 0
        self._files: dict[str, _Shown] = {}

    def lines(self, section: Section, offset: int) -> Iterator[str]:
        """Give what to print before the instruction at an offset."""
        place = self._lines.find(section, offset)
        if self._has_numbers:
            if place.function and place.function != self._function:
                yield f"{printable(place.function)}():"
                self._line = -1
            is_new = place.line != self._line or place.discriminator != self._discriminator
            if place.line and is_new:
                more = f" (discriminator {place.discriminator})" if place.discriminator else ""
                yield f"{printable(place.filename) or '???'}:{place.line}{more}"
        if self._has_source and place.filename and place.line:
            shown = self._files.get(place.filename)
            if shown is None:
                shown = self._files[place.filename] = _Shown(place.filename)
            yield from shown.until(place.line)
        self._function = place.function or self._function
        self._line = place.line or self._line
        self._discriminator = place.discriminator


class _Shown:
    """A source file and how far it was shown."""

    def __init__(self, filename: str) -> None:
        self._text = _read(filename)
        self._last = self._highest = 0

    def until(self, line: int) -> Iterator[str]:
        """Give the lines up to one, beginning where the last ones ended."""
        if self._text is None or line == self._last:
            return
        first = max(1, line - CONTEXT)
        if self._highest >= first:
            first = self._highest + 1 if self._highest < line else line
        yield from self._text[first - 1 : line]
        self._highest = max(self._highest, line)
        self._last = line


def _read(filename: str) -> list[str] | None:
    path = Path(filename)
    try:
        if not path.is_file() or path.stat().st_size > MAX_SOURCE:
            return None
        text = path.read_text("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return None
    return text.split("\n")[: text.count("\n")]
