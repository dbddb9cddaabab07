"""Archives of objects (`.a`): GNU's format, BSD's long names, and thin archives.

Follows "ar(5)" and the documentation of GNU ar. The symbol index is read when there is one; without
one the members' own symbols are asked.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assembler.errors import ObjectFormatError
from assembler.linking.model import COMMON, DEFINED, DEFWEAK
from assembler.linking.reader import read_file

MAGIC, THIN = b"!<arch>\n", b"!<thin>\n"
MAX_MEMBERS = 1 << 30  # bytes of all members of a thin archive
_BSD_NAME = b"\x231/"
_HEADER = struct.Struct("16s12s6s6s8s10s2s")


def is_archive(data: bytes) -> bool:
    """Tell an archive from an object."""
    return data[:8] in (MAGIC, THIN)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    offset: int  # of its header
    data: bytes


class Archive:
    """An archive; members are found by the offset of their header."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self._data = data
        self._is_thin = data[:8] == THIN
        self._room = MAX_MEMBERS
        self._long_names = b""
        self._index: list[tuple[str, int]] | None = None
        self.members: dict[int, Member] = {}
        try:
            for member in self._read():
                self.members[member.offset] = member
        except (ValueError, struct.error, IndexError, OverflowError) as error:
            raise ObjectFormatError(f"{name}: malformed archive: {error}") from None

    def _read(self) -> Iterator[Member]:
        at, data = 8, self._data
        while at + _HEADER.size <= len(data):
            raw, _, _, _, _, size_text, end = _HEADER.unpack_from(data, at)
            if end != b"`\n":
                raise ValueError(f"bad member header at {at:#x}")
            size = int(size_text)
            label = raw.rstrip(b" ")
            start = at + _HEADER.size
            is_special = label in (b"/", b"//", b"/SYM64/") or label.startswith(b"__.SYMDEF")
            inside = is_special or not self._is_thin
            if size < 0 or (inside and start + size > len(data)):
                raise ValueError(f"a member at {at:#x} reaches past the end of the file")
            body = data[start : start + size] if inside else b""
            if is_special:
                self._special(label, body)
            else:
                yield self._member(label, at, body)
            step = size if inside else 0
            at = start + step + step % 2

    def _special(self, label: bytes, body: bytes) -> None:
        if label == b"//":
            self._long_names = body
        elif label in (b"/", b"/SYM64/"):
            self._index = list(_read_index(body, ">I" if label == b"/" else ">Q"))

    def _member(self, label: bytes, at: int, body: bytes) -> Member:
        if label.startswith(_BSD_NAME):
            size = int(label[3:])
            label, body = body[:size].rstrip(b"\0"), body[size:]
        elif label[:1] == b"/" and label[1:2].isdigit():
            start = int(label[1:].split(b":")[0])
            end = self._long_names.find(b"\n", start)
            label = self._long_names[start : end if end >= 0 else None].rstrip(b"/")
        else:
            label = label.rstrip(b"/")
        name = label.decode("utf-8", "surrogateescape")
        if self._is_thin:
            path = Path(self.name).parent / name
            body = self._read_file(path)
        return Member(name, at, body)

    def _read_file(self, path: Path) -> bytes:
        """Read a member of a thin archive, which is a file of its own."""
        try:
            if not path.is_file():
                raise ValueError(f"member {path}: no such file")
            self._room -= path.stat().st_size
            if self._room < 0:
                raise ValueError("its members are too large")
            return path.read_bytes()
        except OSError as error:
            raise ValueError(f"member {path}: {error.strerror}") from None

    @cached_property
    def index(self) -> list[tuple[str, int]]:
        """The names that members define, in the index's order, with the member's offset."""
        if self._index is not None:
            return [(name, at) for name, at in self._index if at in self.members]
        found = []
        for member in self.members.values():
            if member.data[:4] == b"\x7fELF":
                found += [(name, member.offset) for name in _defined(self.name, member)]
        return found


def _read_index(body: bytes, word: str) -> Iterator[tuple[str, int]]:
    width = struct.calcsize(word)
    (count,) = struct.unpack_from(word, body)
    if (count + 1) * width > len(body):
        raise ValueError("its symbol index is cut off")
    names = body[(count + 1) * width :].split(b"\0")
    if len(names) < count:
        raise ValueError("its symbol index has too few names")
    for number in range(count):
        (at,) = struct.unpack_from(word, body, (number + 1) * width)
        yield names[number].decode("utf-8", "surrogateescape"), at


def _defined(archive: str, member: Member) -> Iterator[str]:
    file = read_file(member.data, f"{archive}({member.name})", member.name)
    for symbol in file.symbols[file.first_global :]:
        if symbol.kind in (DEFINED, DEFWEAK, COMMON):
            yield symbol.name
