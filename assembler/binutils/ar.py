"""Making and changing archives: what `ar` and `ranlib` do.

Not here: the letters of the command line (`trapline.commands.ar`), reading archives
(`assembler.linking.archive`). Files come out as GNU ar writes them with D: no dates, no owners.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from assembler.binutils.elf_file import SHN_UNDEF, STB_LOCAL, ElfFile
from assembler.binutils.opening import Opened, open_file
from assembler.errors import ObjectFormatError

MAGIC, THIN = b"!<arch>\n", b"!<thin>\n"
_MODE = "644"
_LONGEST = 15  # name characters that fit into a header, with their slash
_TYPES_WITHOUT_NAME = (3, 4)


@dataclass(frozen=True)
class Entry:
    """A member: its name, what its header says of date, owner and mode, and its bytes."""

    name: str
    data: bytes
    stamp: tuple[str, str, str, str] = ("0", "0", "0", _MODE)


def read_archive(name: str) -> list[Entry]:
    """Read the members of an archive; raise ObjectFormatError when it is none."""
    opened = open_file(name)
    if not opened.is_archive:
        raise ObjectFormatError(f"{name}: file format not recognized")
    return [_entry(member, header, data) for member, header, data in opened.members()]


def _entry(name: str, header: bytes, data: bytes) -> Entry:
    fields = (header[16:28], header[28:34], header[34:40], header[40:48])
    date, owner, group, mode = (part.decode("ascii", "replace").strip() for part in fields)
    return Entry(name, data, (date, owner, group, mode))


def is_thin(name: str) -> bool:
    """Whether a file is an archive that only names its members."""
    with Path(name).open("rb") as file:
        return file.read(len(THIN)) == THIN


def read_member(path: str, *, is_deterministic: bool = True, beside: str = "") -> Entry:
    """Read a file that is to become a member; of a thin archive `beside` it is by its path."""
    opened: Opened = open_file(path)
    stamp = ("0", "0", "0", _MODE)
    if not is_deterministic:
        about = Path(path).stat()
        mode = f"{about.st_mode:o}"
        stamp = (str(int(about.st_mtime)), str(about.st_uid), str(about.st_gid), mode)
    name = os.path.relpath(path, Path(beside).parent) if beside else Path(path).name
    return Entry(name, opened.data, stamp)


def write_archive(
    entries: list[Entry], *, has_index: bool = True, only_names: bool = False
) -> bytes:
    """Give the bytes of an archive; a thin one has only the names of its members."""
    names, offsets = _long_names(entries, 0 if only_names else _LONGEST)
    index = [_defined(entry) for entry in entries] if has_index else []
    symbols = [(name, number) for number, found in enumerate(index) for name in found]
    text = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name, _ in symbols)
    text += b"\0" * (len(text) % 2)
    size = 4 + 4 * len(symbols) + len(text)
    at = len(MAGIC) + (60 + size if symbols else 0)
    at += 60 + len(names) + len(names) % 2 if names else 0
    places = []
    for entry in entries:
        places.append(at)
        at += 60 + (0 if only_names else len(entry.data) + len(entry.data) % 2)
    out = bytearray(THIN if only_names else MAGIC)
    if symbols:
        out += _header("/", ("0", "0", "0", "0"), size)
        out += struct.pack(f">{len(symbols) + 1}I", len(symbols), *(places[n] for _, n in symbols))
        out += text
    if names:
        out += f"{'//':<48}{len(names):<10}`\n".encode() + names + b"\n" * (len(names) % 2)
    for entry, label in zip(entries, offsets, strict=True):
        out += _header(label, entry.stamp, len(entry.data))
        out += b"" if only_names else entry.data + b"\n" * (len(entry.data) % 2)
    return bytes(out)


def _long_names(entries: list[Entry], longest: int) -> tuple[bytes, list[str]]:
    """Give the table of long names, and what stands in each header."""
    table = bytearray()
    labels = []
    for entry in entries:
        if len(entry.name.encode("utf-8", "surrogateescape")) <= longest:
            labels.append(f"{entry.name}/")
            continue
        labels.append(f"/{len(table)}")
        table += entry.name.encode("utf-8", "surrogateescape") + b"/\n"
    return bytes(table + b"\n" * (len(table) % 2)), labels


def _header(label: str, stamp: tuple[str, str, str, str], size: int) -> bytes:
    date, owner, group, mode = stamp
    text = f"{label:<16}{date:<12}{owner:<6}{group:<6}{mode:<8}{size:<10}`\n"
    data = text.encode("utf-8", "surrogateescape")
    if len(data) != 60:
        raise ObjectFormatError(f"{label}: does not fit into the header of a member")
    return data


def _defined(entry: Entry) -> list[str]:
    """Give the names that a member offers to others."""
    if entry.data[:4] != b"\x7fELF":
        return []
    return [
        symbol.name
        for symbol in ElfFile(entry.data, entry.name).symbols
        if symbol.binding != STB_LOCAL
        and symbol.place != SHN_UNDEF
        and symbol.type not in _TYPES_WITHOUT_NAME
    ]
