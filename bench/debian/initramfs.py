"""An initial RAM disk: BusyBox, modules and a script, as a cpio archive of the "new ASCII" format.

The format is that of the Linux document "initramfs buffer format".
"""

import gzip
import stat
from pathlib import Path

from bench.debian.packages import Packages

INIT = Path(__file__).with_name("init.sh")
FOLDERS = ("bin", "dev", "etc", "modules", "proc", "sys", "tmp")
CONSOLE = (5, 1)  # device numbers


class Archive:
    """A cpio archive under construction."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def folder(self, name: str) -> None:
        """Add a folder."""
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file."""
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, numbers: tuple[int, int]) -> None:
        """Add a character device of a major and a minor number."""
        self._add(name, stat.S_IFCHR | 0o600, device=numbers)

    def finish(self) -> bytes:
        """Give the archive."""
        self._add("TRAILER!!!", 0)
        return b"".join(self._parts)

    def _add(
        self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        inode = len(self._parts) + 1
        path = name.encode() + b"\0"
        owner_and_links_and_time = (0, 0, 1, 0)
        numbers = (inode, mode, *owner_and_links_and_time, len(data), 0, 0, *device, len(path), 0)
        header = b"070701" + b"".join(b"%08X" % number for number in numbers)
        self._parts.append(_padded(header + path) + _padded(data))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def make_initramfs(packages: Packages, modules: list[str], init: bytes | None = None) -> bytes:
    """Make a compressed initial RAM disk whose script loads modules, then does what `init` says."""
    archive = Archive()
    for name in FOLDERS:
        archive.folder(name)
    archive.character_device("dev/console", CONSOLE)
    archive.file("bin/busybox", packages.busybox.read_bytes(), 0o755)
    archive.link("bin/sh", "busybox")
    names = packages.with_needed(modules)
    for name in names:
        archive.file(f"modules/{name}.ko", packages.module(name))
    archive.file("etc/modules", "".join(f"{name}\n" for name in names).encode())
    archive.file("init", INIT.read_bytes() if init is None else init, 0o755)
    return gzip.compress(archive.finish(), 6, mtime=0)
