"""Files as the tools take them: an ELF file, or an archive of them.

Not here: what is in an ELF file (`elf_file.py`) and in an archive (`assembler.linking.archive`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assembler.binutils.elf_file import ElfFile
from assembler.errors import ObjectFormatError

MAX_FILE = 1 << 30
_ARCHIVE_MAGIC = (b"!<arch>\n", b"!<thin>\n")


@dataclass(frozen=True)
class Opened:
    """A file: its bytes, and its members when it is an archive."""

    name: str
    data: bytes
    is_archive: bool

    def elf(self) -> ElfFile:
        """Read a file that is no archive."""
        return ElfFile(self.data, self.name)

    def members(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Give the name, the header and the bytes of each member of an archive."""
        from assembler.linking.archive import Archive

        for member in Archive(self.data, self.name).members.values():
            yield member.name, self.data[member.offset : member.offset + 60], member.data


def open_file(name: str) -> Opened:
    """Read a file; raise ObjectFormatError when it is a folder or too large."""
    path = Path(name)
    if path.is_dir():
        raise ObjectFormatError(f"{name}: is a folder, not a file")
    if path.exists() and path.stat().st_size > MAX_FILE:
        raise ObjectFormatError(f"{name}: larger than {MAX_FILE >> 20} MiB")
    data = path.read_bytes()
    return Opened(name, data, data[:8] in _ARCHIVE_MAGIC)


def describe_member(name: str, header: bytes) -> str:
    """Describe a member of an archive as `ar -tv` and `objdump -a` do."""
    import time

    date, owner, group, mode, size = (
        _number(header[at:end], base)
        for at, end, base in ((16, 28, 10), (28, 34, 10), (34, 40, 10), (40, 48, 8), (48, 58, 10))
    )
    letters = "".join(
        letter if mode >> bit & 1 else "-"
        for bit, letter in zip(range(8, -1, -1), "rwx" * 3, strict=True)
    )
    when = time.strftime("%b %e %H:%M %Y", time.localtime(min(date, 1 << 40)))
    return f"{letters} {owner}/{group} {size:6d} {when} {name}"


def _number(text: bytes, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        return 0
