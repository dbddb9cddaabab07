"""Input sections on their way into output sections: what they are, and which pattern takes which.

Follows the manual "The GNU linker", section "Input Section Description". Not here: addresses
(`link_layout.py`).
"""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, field

from assembler.artifacts import Object
from assembler.linker_script import Input, Output, Pattern
from assembler.objects import ObjSection

UNLOADED = 4
_NOT_PLACED = (".riscv.attributes", ".note.GNU-stack")


@dataclass(eq=False, slots=True)
class Piece:
    """An input section, and where it was put."""

    source: Object
    section: ObjSection
    output: "OutSection | None" = None
    address: int = 0


@dataclass(slots=True)
class Gap:
    """Bytes of an output section that no input gave: literal data or a fill pattern."""

    address: int
    data: bytes


@dataclass(eq=False)
class OutSection:
    """An output section being placed."""

    name: str
    statement: Output | None = None
    members: dict[int, list[Piece]] = field(default_factory=dict)  # by index of the statement
    orphans: list[Piece] = field(default_factory=list)
    address: int = 0
    size: int = 0
    load_address: int = 0
    region: str = ""
    data: list[Gap] = field(default_factory=list)
    has_symbols: bool = False

    def pieces(self) -> Iterator[Piece]:
        """Give all input sections in it, in order."""
        for group in self.members.values():
            yield from group
        yield from self.orphans

    @property
    def flags(self) -> str:
        """The flags of all its inputs together."""
        found = set().union(*(piece.section.flags for piece in self.pieces()))
        if self.statement and self.statement.kind in ("NOLOAD", "COPY", "INFO"):
            found -= set("") if self.statement.kind == "NOLOAD" else {"a"}
        if not any(self.pieces()) and (self.data or self.size):
            found = {"a", "w"}
        return "".join(sorted(found & set("awxTMS") - (set() if self._is_uniform() else set("MS"))))

    def _is_uniform(self) -> bool:
        return len({(p.section.flags, p.section.entsize) for p in self.pieces()}) == 1

    @property
    def is_nobits(self) -> bool:
        """Whether it takes no room in the file."""
        if self.statement and self.statement.kind == "NOLOAD":
            return True
        return not self.data and all(p.section.type == "nobits" for p in self.pieces())

    @property
    def align(self) -> int:
        """The strictest alignment of its inputs."""
        return max((piece.section.align for piece in self.pieces()), default=1)

    @property
    def is_loaded(self) -> bool:
        """Whether it takes memory."""
        return "a" in self.flags

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it need be in the image."""
        return not self.size and not self.has_symbols and not any(self.pieces())


def is_bookkeeping(section: ObjSection) -> bool:
    """Whether a section is not placed like others: it speaks about its file."""
    return section.name in _NOT_PLACED


def kind_of(flags: str, kind: str) -> int:
    """Rank sections in the order they stand in memory: code, constants, data, zeros, unloaded."""
    if "a" not in flags:
        return UNLOADED
    if "x" in flags:
        return 0
    if "w" not in flags:
        return 1
    return 3 if kind == "nobits" else 2


def output_kind(out: OutSection) -> int:
    """Rank an output section in the same order."""
    return kind_of(out.flags, "nobits" if out.is_nobits else "progbits")


def matching(content: Input, free: dict[int, Piece]) -> Iterator[Piece]:
    """Take the free input sections that an input statement names, in its order."""
    found = []
    for piece in list(free.values()):
        if not _fits(content.file, piece.source.filename):
            continue
        for number, pattern in enumerate(content.patterns):
            if _fits_pattern(pattern, piece):
                found.append((number, pattern, piece))
                del free[id(piece)]
                break
    if any(pattern.is_sorted for _, pattern, _ in found):
        found.sort(key=lambda item: (item[0], item[2].section.name if item[1].is_sorted else ""))
    for _, _, piece in found:
        yield piece


def _fits(pattern: str, filename: str) -> bool:
    if pattern == "*":
        return True
    return fnmatch.fnmatchcase(filename, pattern) or fnmatch.fnmatchcase(
        filename.rpartition("/")[2], pattern
    )


def _fits_pattern(pattern: Pattern, piece: Piece) -> bool:
    if any(_fits(excluded, piece.source.filename) for excluded in pattern.excluded):
        return False
    return fnmatch.fnmatchcase(piece.section.name, pattern.section)
