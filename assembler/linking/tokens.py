"""The words of linker scripts.

What is one word depends on where it stands: `a-b` is a file name in a list of inputs and a
difference in an expression. So the parser asks for the kind of word that it wants.
"""

import re
from collections.abc import Callable
from typing import NoReturn

from assembler.errors import ScriptError
from isa.errors import Location

MAX_SCRIPT = 4_000_000
_SPACE = re.compile(r"(?:\s+|/\*.*?\*/|#[^\n]*|//(?=\s)[^\n]*)+", re.DOTALL)
NAME = re.compile(r"[A-Za-z_.$\\][A-Za-z0-9_.$\\]*|\"[^\"\n]*\"")
WORD = re.compile(
    r"[A-Za-z0-9_.$*?\[\]/~\\^!+\-&<>@](?:[A-Za-z0-9_.$*?\[\]/~\\^!+\-&@]|:(?=[^\s:;={(]))*"
    r"|\"[^\"\n]*\""
)
SECTION = re.compile(r"[^\s(),;{}\"]+|\"[^\"\n]*\"")
NUMBER = re.compile(
    r"0[xX][0-9A-Fa-f]+[KMkm]?|\$[0-9A-Fa-f]+|[0-9][0-9A-Fa-f]*[Hh]\b|[0-9]+[KMkm]?"
)
OPERATOR = re.compile(r"<<=?|>>=?|&&|\|\||[=!<>]=|[-+*/%&|^<>?:=]")
ASSIGNMENT = re.compile(r"(?:[-+*/&|^]|<<|>>)?=(?!=)")
STRING = re.compile(r"\"[^\"]*\"")
ATTRIBUTES = re.compile(r"[!rwxailRWXAIL\s]+")


class Words:
    """A script's text and the place in it that is being read."""

    def __init__(self, text: str, filename: str) -> None:
        if len(text) > MAX_SCRIPT:
            raise ScriptError(f"a linker script of more than {MAX_SCRIPT} characters")
        self.text = text
        self.filename = filename
        self.at = 0
        self.skip()

    def skip(self) -> None:
        """Go over blanks and comments."""
        found = _SPACE.match(self.text, self.at)
        if found:
            self.at = found.end()

    def peek(self, shape: re.Pattern[str]) -> str:
        """Give the next word of a shape without taking it; empty when there is none."""
        found = shape.match(self.text, self.at)
        return found.group() if found else ""

    def peek_literal(self, literal: str) -> bool:
        """Tell whether a literal is next, without taking it."""
        return self.text.startswith(literal, self.at)

    def take(self, shape: re.Pattern[str], what: str) -> str:
        """Take a word; refuse the script when it is something else."""
        found = self.peek(shape)
        if not found:
            self.refuse(f"expected {what}")
        self.at += len(found)
        self.skip()
        return found.strip('"') if found[:1] == '"' else found

    def accept(self, literal: str) -> bool:
        """Take a literal if it is next; a word only as a whole."""
        if not self.text.startswith(literal, self.at):
            return False
        end = self.at + len(literal)
        if literal[-1].isalnum() and self.text[end : end + 1].replace("_", "a").isalnum():
            return False
        self.at = end
        self.skip()
        return True

    def expect(self, literal: str) -> None:
        """Take a literal; refuse the script when something else is next."""
        if not self.accept(literal):
            self.refuse(f"expected {literal!r}")

    def separated(self, read: Callable[[], object], end: str) -> None:
        """Read items with optional commas between them until a literal."""
        while not self.accept(end):
            if self.is_at_end:
                self.refuse(f"expected {end!r}")
            read()
            self.accept(",")

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self.at >= len(self.text)

    @property
    def location(self) -> Location:
        """Where the next word is."""
        start = self.text.rfind("\n", 0, self.at)
        return Location(self.filename, self.text.count("\n", 0, self.at) + 1, self.at - start)

    def refuse(self, message: str) -> NoReturn:
        """Refuse the script at this place."""
        if self.is_at_end:
            raise ScriptError(f"the linker script ends too early: {message}", self.location)
        word = re.compile(r"\S{1,20}").match(self.text, self.at)
        shown = word.group() if word else ""
        raise ScriptError(f"syntax error at {shown!r}: {message}", self.location)
