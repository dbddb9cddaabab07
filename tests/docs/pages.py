"""The pages of the documentation, cut into fenced blocks, and the comparison of an output.

What the marks of a block mean is written in docs/README.md.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANYTHING = "..."

_FENCE = re.compile(r"^```(\w*)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its mark, the file it is to be written to, its text, its line in the page."""

    mark: str
    filename: str | None
    text: str
    line: int


@dataclass(frozen=True)
class Example:
    """A command of a console block and the output that the page promises."""

    command: str
    output: str


def pages() -> list[Path]:
    """List all pages: the root's and those in docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path) -> list[Block]:
    """Cut out the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], found[3], text.count("\n", 0, found.start()) + 2)
        for found in _FENCE.finditer(text)
    ]


def examples(block: Block) -> list[Example]:
    """Split a console block into its commands; a backslash at the end continues one."""
    found: list[Example] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = re.sub(r"\\\n", "", part).partition("\n")
        found.append(Example(command, output))
    return found


def is_promised(promise: str, output: str) -> bool:
    """Compare an output with what the page says, `...` standing for anything."""
    pattern = ""
    for line in promise.splitlines():
        if line.strip() == ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split(ANYTHING))) + r"[ \t]*\n"
    if output and not output.endswith("\n"):
        output += "\n"
    return re.fullmatch(pattern, output) is not None
