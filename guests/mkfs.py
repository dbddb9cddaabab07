"""Make and read the disk images of monolith's file system: deterministic, block by block.

The format is that of `guests/monolith/monolith.inc`: block 0 describes the disk, then come a bitmap
of blocks, the inodes, and data. `read_image` gives all files back, and refuses an image that is not
consistent.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from isa.errors import TraplineError

BLOCK = 4096
MAGIC = 0x53464D4C
INODE_BLOCK = 2
ROOT = 1
DIRECT = 12
NAME_BYTES = 28
SUPER = struct.Struct("<QQQ")
INODE = struct.Struct("<III12II")
ENTRY = struct.Struct(f"<I{NAME_BYTES}s")
FILE, DIRECTORY = 1, 2
PER_BLOCK = BLOCK // 4


class ImageError(TraplineError):
    """A file that does not fit, or an image that is not consistent."""


@dataclass
class _Disk:
    """An image while it is being made: blocks are handed out from the bottom."""

    blocks: int
    inodes: int
    data: bytearray = field(init=False)
    next_block: int = field(init=False)
    next_inode: int = ROOT

    def __post_init__(self) -> None:
        self.data = bytearray(self.blocks * BLOCK)
        self.next_block = INODE_BLOCK + self.inodes * INODE.size // BLOCK

    def allot(self, content: bytes) -> int:
        """Put content of at most a block on the disk; give the block's number."""
        number = self.next_block
        if number >= self.blocks:
            raise ImageError(f"the files do not fit on a disk of {self.blocks} blocks")
        self.next_block += 1
        self.data[number * BLOCK : number * BLOCK + len(content)] = content
        return number

    def write(self, number: int, kind: int, content: bytes) -> None:
        """Write an inode and all that it consists of."""
        parts = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]
        numbers = [self.allot(part) for part in parts]
        indirect = 0
        if len(numbers) > DIRECT + PER_BLOCK:
            raise ImageError(f"a file of {len(content)} bytes is too long")
        if len(numbers) > DIRECT:
            indirect = self.allot(b"".join(n.to_bytes(4, "little") for n in numbers[DIRECT:]))
        direct = (numbers + [0] * DIRECT)[:DIRECT]
        at = INODE_BLOCK * BLOCK + number * INODE.size
        INODE.pack_into(self.data, at, kind, 1, len(content), *direct, indirect)

    def finish(self) -> bytes:
        """Write what describes the disk."""
        SUPER.pack_into(self.data, 0, MAGIC, self.blocks, self.inodes)
        used = (1 << self.next_block) - 1
        self.data[BLOCK : 2 * BLOCK] = used.to_bytes(BLOCK, "little")
        return bytes(self.data)


def make_image(files: Mapping[str, bytes], blocks: int = 1024, inodes: int = 256) -> bytes:
    """Give a disk with these files, by absolute path; a path that ends with `/` is a directory.

    Raises ImageError when something does not fit.
    """
    disk = _Disk(blocks, inodes)
    _add_directory(disk, _tree(files), disk.next_inode, disk.next_inode)
    return disk.finish()


Tree = dict[str, "Tree | bytes"]


def _tree(files: Mapping[str, bytes]) -> Tree:
    root: Tree = {}
    for path, content in files.items():
        if path == "/":
            continue
        *folders, name = path.strip("/").split("/")
        here = root
        for folder in folders:
            below = here.setdefault(folder, {})
            if isinstance(below, bytes):
                raise ImageError(f"{path}: {folder} is a file")
            here = below
        here[name] = {} if path.endswith("/") else content
    return root


def _add_directory(disk: _Disk, tree: Tree, number: int, parent: int) -> None:
    disk.next_inode = max(disk.next_inode, number + 1)
    entries = [(number, "."), (parent, "..")]
    for name, content in sorted(tree.items()):
        if not 0 < len(name.encode()) < NAME_BYTES:
            raise ImageError(f"{name!r}: a name has 1 to {NAME_BYTES - 1} bytes")
        below = disk.next_inode
        if below >= disk.inodes:
            raise ImageError(f"more than {disk.inodes - 1} files and directories")
        disk.next_inode += 1
        entries.append((below, name))
        if isinstance(content, bytes):
            disk.write(below, FILE, content)
        else:
            _add_directory(disk, content, below, number)
    packed = b"".join(ENTRY.pack(inode, name.encode()) for inode, name in entries)
    disk.write(number, DIRECTORY, packed)


# ---------------------------------------------------------------------------------- reading


def read_image(image: bytes) -> dict[str, bytes]:
    """Give the files of a disk by absolute path, directories with a `/` at the end.

    Raises ImageError when the disk is not consistent: a block used twice or lost, a wrong size.
    """
    magic, blocks, inodes = SUPER.unpack_from(image)
    if magic != MAGIC or blocks * BLOCK > len(image):
        raise ImageError("not an image of monolith's file system")
    reader = _Reader(image, blocks, inodes)
    files = dict(reader.walk(ROOT, "/"))
    reader.check()
    return files


class _Reader:
    """Walks over an image, and keeps account of its blocks and inodes."""

    def __init__(self, image: bytes, blocks: int, inodes: int) -> None:
        self.image, self.blocks, self.inodes = image, blocks, inodes
        self.first = INODE_BLOCK + inodes * INODE.size // BLOCK
        self.used = set(range(self.first))
        self.seen: set[int] = set()

    def walk(self, number: int, path: str) -> Iterator[tuple[str, bytes]]:
        kind, content = self.read(number)
        yield path, b"" if kind == DIRECTORY else content
        if kind != DIRECTORY:
            return
        for inode, raw in ENTRY.iter_unpack(content):
            name = raw.partition(b"\0")[0].decode()
            if inode and name not in (".", ".."):
                kind = self.inode(inode)[0]
                yield from self.walk(inode, path + name + ("/" if kind == DIRECTORY else ""))

    def inode(self, number: int) -> tuple[int, ...]:
        if not 0 < number < self.inodes:
            raise ImageError(f"there is no inode {number}")
        return INODE.unpack_from(self.image, INODE_BLOCK * BLOCK + number * INODE.size)

    def read(self, number: int) -> tuple[int, bytes]:
        kind, links, size, *direct, indirect = self.inode(number)
        if number in self.seen or links != 1 or kind not in (FILE, DIRECTORY):
            raise ImageError(f"inode {number}: kind {kind}, links {links}, or named twice")
        self.seen.add(number)
        numbers = list(direct)
        if indirect:
            numbers += struct.unpack(f"<{PER_BLOCK}I", self.block(indirect))
        count = -(-size // BLOCK)
        if any(numbers[count:]):
            raise ImageError(f"inode {number}: blocks behind its end")
        content = b"".join(self.block(n) for n in numbers[:count])
        return kind, content[:size]

    def block(self, number: int) -> bytes:
        if number in self.used or not self.first <= number < self.blocks:
            raise ImageError(f"block {number} is used twice, or is none")
        self.used.add(number)
        return self.image[number * BLOCK : (number + 1) * BLOCK]

    def check(self) -> None:
        """Compare with the bitmap and the table of inodes."""
        bitmap = int.from_bytes(self.image[BLOCK : 2 * BLOCK], "little")
        if bitmap != sum(1 << number for number in self.used):
            raise ImageError("the bitmap of blocks is not that of the files")
        for number in range(1, self.inodes):
            if (self.inode(number)[0] != 0) != (number in self.seen):
                raise ImageError(f"inode {number} is lost, or free and named")
