"""Printing of tables and pages on standard output.

On a terminal rich decides on width and colour. Anywhere else the output is always the same: of
fixed width, without colour and without blanks at the ends of lines.
"""

import sys
from typing import TextIO

from rich.console import Console, RenderableType

PLAIN_WIDTH = 100


def show(*parts: RenderableType, file: TextIO | None = None, width: int = PLAIN_WIDTH) -> None:
    """Print the parts, one below the other, on `file`, by default standard output.

    `width` is that of output that no terminal limits.
    """
    out = sys.stdout if file is None else file
    if out.isatty():
        Console(file=out, highlight=False).print(*parts, sep="\n")
        return
    console = Console(file=out, highlight=False, width=width, color_system=None)
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    for line in captured.get().splitlines():
        print(line.rstrip(), file=out)
