"""The file and directory tables of the line table, numbered as GNU as numbers them.

A name is split into its directory, listed once, and the rest. Not here: how the tables are written.
"""

from dataclasses import dataclass, field
from posixpath import basename

from assembler.errors import Complaint

MAX_FILES = 1 << 20
_NO_DIGEST = bytes(16)


@dataclass(eq=False, slots=True)
class FileEntry:
    """One source file: its name, the index of its directory, and its MD5 digest, if it has one."""

    name: str
    directory: int
    digest: bytes = _NO_DIGEST


@dataclass
class FileTable:
    """The files by number; number 0 is the main source in DWARF 5."""

    folder: str = ""  # the working directory
    entries: dict[int, FileEntry] = field(default_factory=dict)
    directories: list[str | None] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def has_digests(self) -> bool:
        """Whether any file came with a digest."""
        return any(entry.digest[0] for entry in self.entries.values())

    def put(self, number: int, folder: str | None, name: str, digest: bytes, level: int) -> None:
        """Put a file into a slot; raise Complaint when another one is there."""
        if number > MAX_FILES:
            raise Complaint(f"file number {number} is too big")
        if number in self.entries:
            self._check_same(number, folder, name, digest)
            return
        directory, base = _parts(number, folder, name)
        index = 0
        if number == 0:
            index = self._main_directory(directory, folder, level)
        elif directory:
            index = self._directory(directory)
        self.entries[number] = FileEntry(base, index, digest)

    def _check_same(self, number: int, folder: str | None, name: str, digest: bytes) -> None:
        entry = self.entries[number]
        directory, base = _parts(number, folder, name)
        found = self._directory_name(entry.directory)
        is_same_place = found is None or (directory or None) == found
        if entry.name == base and is_same_place and digest in (entry.digest, _NO_DIGEST):
            if found is None and directory:
                self._fill_directory(entry.directory, directory)
            return
        place = "" if found is None else found + "/"
        wanted = "" if folder is None else folder + "/"
        raise Complaint(
            f"file table slot {number} is already occupied by a different file"
            f" ({place}{entry.name} vs {wanted}{name})"
        )

    def _directory_name(self, index: int) -> str | None:
        return self.directories[index] if index < len(self.directories) else None

    def _fill_directory(self, index: int, name: str) -> None:
        self.directories += [None] * (index + 1 - len(self.directories))
        self.directories[index] = name

    def _directory(self, name: str) -> int:
        """Give the number of a directory; 0 stays free for the working directory."""
        if name in self.directories:
            return self.directories.index(name)
        index = max(1, len(self.directories))
        self._fill_directory(index, name)
        return index

    def _main_directory(self, name: str, folder: str | None, level: int) -> int:
        """Give the number of the main source's directory."""
        if not name:
            return 0
        if name in self.directories:
            return self.directories.index(name)
        if not self.directories or self.directories[0] is None:
            working = folder or self.folder
            if level < 5 or name == working:
                self._fill_directory(0, name)
                return 0
            self._fill_directory(0, working)
        index = max(1, len(self.directories))
        self._fill_directory(index, name)
        return index

    def number_of(self, path: str) -> int:
        """Give the number of a file that the assembler read itself."""
        if path not in self._numbers:
            self._numbers[path] = self._find(path)
        return self._numbers[path]

    def _find(self, path: str) -> int:
        directory, base = _parts(1, None, path)
        index = self._directory(directory) if directory else 0
        number = 1
        while number in self.entries:
            entry = self.entries[number]
            if entry.directory == index and entry.name == base:
                return number
            number += 1
        self.entries[number] = FileEntry(base, index)
        return number

    def all_directories(self) -> list[str]:
        """Give the directories as DWARF 5 lists them, the working directory first."""
        if not self.directories and not self.entries:
            return []
        first, *rest = self.directories or [None]
        return [first or self.folder, *(name or "" for name in rest)]

    def listed(self, first: int) -> list[FileEntry]:
        """Give the entries from number `first` on; raise Complaint for a number left out."""
        if not self.entries:
            return []
        entries = dict(self.entries)
        if first == 0 and 0 not in entries:
            entries[0] = entries.get(1) or FileEntry("", 0)
        found = []
        for number in range(first, max(entries) + 1):
            if number not in entries:
                raise Complaint(f"unassigned file number {number}")
            found.append(entries[number])
        return found

    def path_of(self, number: int) -> str:
        """Give a file's directory and name."""
        entry = self.entries[number]
        directory = self._directory_name(entry.directory) if entry.directory else None
        return f"{directory}/{entry.name}" if directory else entry.name


def _parts(number: int, folder: str | None, name: str) -> tuple[str, str]:
    """Split a name into its directory and the name to be listed."""
    base = basename(name) or name
    directory = name[: len(name) - len(base)]
    if folder is not None and (number or not directory):
        return folder.rstrip("/") or folder, name if number else base
    return (directory.rstrip("/") or directory), base
