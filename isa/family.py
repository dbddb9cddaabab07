"""Families: one meaning for the same operation in several floating-point formats.

`{f}` in the text stands for a format's letter, `{fmt}` in the bits for its number; the meaning
takes the number as `fmt`. Not here: the formats themselves (`isa/softfloat/formats.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from isa.insn import Insn, Meaning, floating
from isa.softfloat.formats import DOUBLE, HALF, SINGLE


@dataclass(frozen=True)
class Format:
    """A format as instructions name it; `ext` brings its arithmetic, `moves` loads and moves."""

    letter: str
    number: int
    ext: str
    moves: str


FORMATS = (
    Format("s", SINGLE, "F", "F"),
    Format("d", DOUBLE, "D", "D"),
    Format("h", HALF, "Zfh", "Zfhmin"),
)


@dataclass(frozen=True)
class Family:
    """The instructions that share a meaning."""

    members: tuple[Insn, ...]


def insns_of(value: object) -> tuple[Insn, ...]:
    """Give the instructions that a name in a module stands for: one, a family, or none."""
    if isinstance(value, Family):
        return value.members
    return (value,) if isinstance(value, Insn) else ()


def floats(
    syntax: str, bits: str, *, ext: str = "", exact: tuple[str, ...] = ()
) -> Callable[[Meaning], Family]:
    """Describe an operation in every format; `ext` is needed besides the format's own.

    `exact` are the letters of formats in which it never rounds: `rm` is then one of those that GNU
    tools leave out when it is 0.
    """

    def make(meaning: Meaning) -> Family:
        return Family(tuple(one(item, meaning) for item in FORMATS))

    def one(item: Format, meaning: Meaning) -> Insn:
        text = syntax.replace("{f}", item.letter)
        pattern = bits.replace("{fmt}", f"{item.number:02b}")
        if item.letter in exact:
            text, pattern = text.replace("rm", "rmx"), pattern.replace("rm", "rmx")
        wanted = f"{ext}&{item.ext}" if ext else item.ext
        return floating(text, pattern, ext=wanted, fmt=item.number)(meaning)

    return make
