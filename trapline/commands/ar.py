"""`trapline ar` and `trapline ranlib`: make, list, change and unpack archives, as GNU ar does.

Not here: the archive itself (`assembler.binutils.ar`).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import add_raw_parser, expand, say

if TYPE_CHECKING:
    from assembler.binutils.ar import Entry

HELP = """\
usage: trapline ar [-]{dmpqrstx}[abcDilNoOsSTuvUV] [MEMBER] ARCHIVE [FILE]...

operations:
  r  insert files, replacing those of the same name      q  append files
  d  delete members                                      m  move members to the end
  t  list the members                                    x  unpack members
  p  print members                                       s  write the symbol index
modifiers:
  c  say nothing when the archive is new                 v  say what is done
  u  replace only what is older                          o  keep the members' dates
  a, b, i  put them after or before MEMBER               S  write no symbol index
  D, U  without dates and owners (the default), or with them

examples:
  trapline ar rcs libk.a start.o main.o
  trapline ar t libk.a
  trapline ar x libk.a main.o"""
VERSION = "GNU ar compatible (trapline) 2.40"
_OPERATIONS, _MODIFIERS = "dmpqrstx", "abcDfiloOsSTuUvV"


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline ar`."""
    return add_raw_parser(subparsers, "ar", "make and unpack archives of objects")


def run(args: argparse.Namespace) -> int:
    """Do one operation."""
    words = list(expand(args.arguments))
    if words and words[0] in ("-h", "--help", "-H"):
        print(HELP)
        return 0
    if words and words[0] in ("-V", "--version"):
        print(VERSION)
        return 0
    return _Ar(_dashes(words)).run()


def _dashes(words: list[str]) -> list[str]:
    """Join letters given with dashes to one word, and leave out what does not matter."""
    letters = thin = ""
    rest: list[str] = []
    pending = list(words)
    while pending:
        word = pending.pop(0)
        if word in ("--plugin", "--target", "--output"):
            pending[:1] = []
        elif word == "--thin":
            thin = "T"
        elif word.startswith(("--plugin=", "--target=", "--record-libdeps")):
            continue
        elif word.startswith("-") and len(word) > 1 and not rest:
            letters += word.lstrip("-")
        else:
            rest.append(word)
    return [letters + thin, *rest] if letters else [rest[0] + thin, *rest[1:]] if rest else rest


class _Ar:
    """One run."""

    def __init__(self, words: Sequence[str]) -> None:
        if len(words) < 2:
            raise TraplineError("expected an operation and an archive (see trapline ar --help)")
        letters, *rest = words
        odd = set(letters) - set(_OPERATIONS + _MODIFIERS)
        if odd:
            raise TraplineError(f"unknown letter {min(odd)!r} (see trapline ar --help)")
        chosen = [letter for letter in letters if letter in _OPERATIONS.replace("s", "")]
        if len(set(chosen)) > 1:
            raise TraplineError(f"two operations, {chosen[0]} and {chosen[1]}")
        self._operation = chosen[0] if chosen else "s" if "s" in letters else ""
        if not self._operation:
            raise TraplineError("no operation (see trapline ar --help)")
        self._has = frozenset(letters)
        self._anchor = rest.pop(0) if self._has & {"a", "b", "i"} and len(rest) > 1 else ""
        self._archive, *self._files = rest
        self._entries: list[Entry] = []

    def run(self) -> int:
        from assembler.binutils.ar import is_thin, read_archive

        path = Path(self._archive)
        self._is_thin = "T" in self._has
        if path.exists():
            self._entries = read_archive(self._archive)
            if self._is_thin and not is_thin(self._archive):
                raise TraplineError(f"{self._archive}: cannot make an existing archive thin")
            if not self._is_thin and self._operation in "rq" and is_thin(self._archive):
                raise TraplineError(f"{self._archive}: cannot make a thin archive an ordinary one")
            self._is_thin = is_thin(self._archive)
        elif self._operation in "rq":
            if "c" not in self._has:
                print(f"trapline ar: creating {self._archive}", file=sys.stderr)
        else:
            raise TraplineError(f"{self._archive}: No such file or directory")
        work = getattr(self, f"_{self._operation}")
        if work():
            self._write()
        return 0

    def _write(self) -> None:
        from assembler.binutils.ar import write_archive

        has_index = "S" not in self._has
        data = write_archive(self._entries, has_index=has_index, only_names=self._is_thin)
        Path(self._archive).write_bytes(data)

    def _say(self, letter: str, name: str) -> None:
        if "v" in self._has:
            say([f"{letter} - {name}"])

    def _chosen(self) -> list["Entry"]:
        """Give the members that are named, or all."""
        if not self._files:
            return self._entries
        names = [Path(name).name for name in self._files]
        known = {Path(entry.name).name if self._is_thin else entry.name for entry in self._entries}
        missing = [name for name in names if name not in known]
        if missing:
            raise TraplineError(f"{self._archive}: no entry {missing[0]} in archive")
        return [
            entry
            for entry in self._entries
            if (Path(entry.name).name if self._is_thin else entry.name) in names
        ]

    def _read(self, name: str) -> "Entry":
        from assembler.binutils.ar import read_member

        beside = self._archive if self._is_thin else ""
        return read_member(name, is_deterministic="U" not in self._has, beside=beside)

    def _r(self) -> bool:
        for name in self._files:
            made = self._read(name)
            places = [i for i, entry in enumerate(self._entries) if entry.name == made.name]
            self._say("r" if places else "a", name)
            if places:
                self._entries[places[0]] = made
            else:
                self._entries.insert(self._position(), made)
        return True

    def _position(self) -> int:
        """Give where new members go."""
        for number, entry in enumerate(self._entries):
            if self._anchor and entry.name == Path(self._anchor).name:
                return number + ("a" in self._has)
        return len(self._entries)

    def _q(self) -> bool:
        for name in self._files:
            self._say("a", name)
            self._entries.append(self._read(name))
        return True

    def _d(self) -> bool:
        for entry in self._chosen() if self._files else []:
            self._say("d", entry.name)
            self._entries.remove(entry)
        return bool(self._files)

    def _m(self) -> bool:
        moved = self._chosen() if self._files else []
        self._entries = [entry for entry in self._entries if entry not in moved]
        at = self._position()
        self._entries[at:at] = moved
        return True

    def _s(self) -> bool:
        return True

    def _t(self) -> bool:
        from assembler.binutils.opening import describe_member

        for entry in self._chosen():
            if "v" in self._has:
                date, owner, group, mode = entry.stamp
                fields = f"{date:<12}{owner:<6}{group:<6}{mode:<8}{len(entry.data):<10}"
                say([describe_member(entry.name, (" " * 16 + fields).encode())])
            else:
                say([str(Path(self._archive).parent / entry.name if self._is_thin else entry.name)])
        return False

    def _p(self) -> bool:
        for entry in self._chosen():
            sys.stdout.flush()
            sys.stdout.buffer.write(entry.data)
        return False

    def _x(self) -> bool:
        for entry in self._chosen():
            if self._is_thin:
                continue
            if entry.name in ("", ".", "..") or "/" in entry.name or "\0" in entry.name:
                raise TraplineError(f"{self._archive}: illegal name of a member: {entry.name!r}")
            self._say("x", entry.name)
            path = Path(entry.name)
            path.write_bytes(entry.data)
        return False
