"""A snapshot as a file: a head that says what it is, the machine's state, and pages, packed.

    8 bytes "TRAPSNAP", version, zero (32 bits each), sizes of state and pages (64 bits each),
    SHA-256 of all else; then the state as JSON and the pages, each a zstd frame

Numbers are little-endian. All of a file is checked before anything is made of it; writing replaces
the old file at once or not at all.
"""

import hashlib
import json
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isa.errors import Location, TraplineError
from isa.pte import PAGE_SIZE
from vmm.atomic_file import replace_file
from vmm.config import MachineConfig
from vmm.contracts import StateError
from vmm.disks import DiskError
from vmm.snapshot.plain import from_plain, to_plain, unpack
from vmm.snapshot.state import (
    MachineState,
    overlays,
    restore_machine,
    restore_memory,
    save_machine,
)

if TYPE_CHECKING:
    from vmm.machine import Machine

MAGIC = b"TRAPSNAP"
VERSION = 1
HEAD = struct.Struct("<8sIIQQ")
SUM_BYTES = 32
LEVEL = 1
MOST_STATE = 1 << 28
MOST_BYTES = 1 << 36
PIECE = 1 << 20
FIELDS = {"config", "mode", "guest", "state", "pages", "disks", "bases"}


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that has been read and checked as far as that goes without a machine."""

    filename: str
    config: MachineConfig
    mode: str
    guest: str
    state: MachineState
    runs: tuple[Any, ...]
    """First number and count of pages that stand in a row."""
    disks: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    """By slot, the same of blocks that were written."""
    packed: bytes

    def restore(self, machine: "Machine") -> None:
        """Put a new machine into the saved state; raise TraplineError when it does not fit."""
        try:
            restore_machine(machine, self.state)
            pages = _unpacked(self.packed)
            restore_memory(machine, _numbered(pages, self.runs))
            by_slot = dict(overlays(machine))
            for slot, runs in self.disks:
                by_slot[slot].replace(_blocks(pages, runs, by_slot[slot].size))
            if next(pages, None) is not None:
                raise StateError("more pages than are named")
        except (StateError, DiskError, AssertionError, KeyError, OverflowError) as error:
            raise _bad(self.filename, str(error)) from None


# -------------------------------------------------------------------------------------- writing


def write_snapshot(filename: str, machine: "Machine", mode: str, guest: str) -> None:
    """Save a machine that stands between two instructions; raise TraplineError when it cannot be.

    Once this has come back the file survives a crash of the host.
    """
    import zstandard

    try:
        own = dict(overlays(machine))
        state = save_machine(machine)
    except StateError as error:
        raise TraplineError(f"no snapshot: {error}") from None
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    packed: list[bytes] = []
    pages = _pack(machine.memory.filled_pages(), compressor, packed)
    disks = [[slot, _pack(disk.blocks(), compressor, packed)] for slot, disk in own.items()]
    packed.append(compressor.flush())
    content = {
        "config": to_plain(machine.config),
        "mode": mode,
        "guest": guest,
        "state": to_plain(state),
        "pages": pages,
        "disks": disks,
        "bases": _bases(machine.config),
    }
    text = zstandard.ZstdCompressor(level=LEVEL).compress(json.dumps(content).encode())
    head = HEAD.pack(MAGIC, VERSION, 0, len(text), sum(map(len, packed)))
    replace_file(filename, [head, _sum([head, text, *packed]), text, *packed])


def _pack(pages: Iterable[tuple[int, bytes]], compressor: Any, packed: list[bytes]) -> Any:
    """Compress pages; give first number and count of those that stand in a row."""
    runs: list[list[int]] = []
    gathered: list[bytes] = []
    for number, page in pages:
        if runs and sum(runs[-1]) == number:
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
        gathered.append(page.ljust(PAGE_SIZE, b"\0"))
        if len(gathered) * PAGE_SIZE >= PIECE:
            packed.append(compressor.compress(b"".join(gathered)))
            gathered.clear()
    packed.append(compressor.compress(b"".join(gathered)))
    return runs


def _sum(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _bases(config: MachineConfig) -> list[list[Any]]:
    """Give what tells whether the files beneath are still the same: slot, size and change time."""
    found = []
    for spec in config.slots:
        if spec.disk is not None and spec.disk.content is None:
            status = Path(spec.disk.filename).stat()
            found.append([spec.slot, status.st_size, status.st_mtime_ns])
    return found


# -------------------------------------------------------------------------------------- reading


def read_snapshot(filename: str) -> Snapshot:
    """Read and check a file; raise TraplineError when it is no snapshot, or not whole."""
    try:
        text, packed = _parts(filename)
        content = json.loads(_inflate(filename, text))
        if not isinstance(content, dict) or set(content) != FIELDS:
            raise StateError("it has other fields")
        config = from_plain(MachineConfig, unpack(content["config"]), "config")
        state = _state(content["state"])
        runs = _runs(content["pages"], config.ram // PAGE_SIZE)
        disks = tuple(
            (from_plain(int, slot, "slot"), _runs(blocks, MOST_BYTES // PAGE_SIZE))
            for slot, blocks in content["disks"]
        )
        mode, guest = (from_plain(str, content[name], name) for name in ("mode", "guest"))
        if content["bases"] != _bases(config):
            raise StateError("the file of a disk has changed since")
    except (StateError, ValueError, TypeError, RecursionError) as error:
        raise _bad(filename, str(error)) from None
    return Snapshot(filename, config, mode, guest, state, runs, disks, packed)


def _parts(filename: str) -> tuple[bytes, bytes]:
    """Give state and pages as they are packed, once all sums are right."""
    with Path(filename).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(HEAD.size)
        if head[: len(MAGIC)] != MAGIC or len(head) < HEAD.size:
            raise _bad(filename, "it does not begin like one")
        _magic, version, zero, state_bytes, page_bytes = HEAD.unpack(head)
        if version != VERSION:
            raise _bad(filename, f"it has version {version}, expected {VERSION}")
        expected = HEAD.size + SUM_BYTES + state_bytes + page_bytes
        if zero or expected > MOST_BYTES or size < expected:
            raise _bad(filename, f"cut off: {size} bytes, expected {expected}")
        if size > expected:
            raise _bad(filename, f"{size - expected} bytes too many")
        checksum, text, packed = (file.read(n) for n in (SUM_BYTES, state_bytes, page_bytes))
    if _sum([head, text, packed]) != checksum:
        raise _bad(filename, "damaged: its checksum is wrong")
    return text, packed


def _inflate(filename: str, text: bytes) -> bytes:
    import zstandard

    try:
        if not 0 <= zstandard.frame_content_size(text) <= MOST_STATE:
            raise _bad(filename, "its state is too large")
        return zstandard.ZstdDecompressor().decompress(text)
    except zstandard.ZstdError as error:
        raise _bad(filename, str(error)) from None


def _state(plain: Any) -> MachineState:
    """Make the state of what JSON gave; what it may hold is for those to check who take it."""
    value = unpack(plain)
    if not isinstance(value, dict) or set(value) != set(MachineState.__dataclass_fields__):
        raise StateError("its state has other fields")
    from vmm.snapshot.harts import HartState

    harts = value["harts"]
    if not isinstance(harts, list) or not all(
        isinstance(hart, dict) and set(hart) == {"slots", "words"} for hart in harts
    ):
        raise StateError("its harts have other fields")
    made = tuple(HartState(**hart) for hart in harts)
    if not all(isinstance(part, bytes) for hart in made for part in (hart.slots, hart.words)):
        raise StateError("its harts have other fields")
    parts = ("course", "hart_states", "timers", "devices", "console")
    if not all(isinstance(value[name], dict) for name in parts):
        raise StateError("its state has other fields")
    if not all(isinstance(device, dict) for device in value["devices"].values()):
        raise StateError("its devices have other fields")
    if value["mailbox"] is not None and not isinstance(value["mailbox"], dict):
        raise StateError("its mailbox has other fields")
    return replace(MachineState(**value), harts=made)


def _runs(plain: Any, limit: int) -> tuple[tuple[int, int], ...]:
    """Check that runs of pages follow each other below a limit."""
    runs: tuple[Any, ...]
    runs = from_plain(tuple[tuple[int, ...], ...], plain, "pages")
    end = 0
    for run in runs:
        if len(run) != 2 or run[0] < end or run[1] < 1 or sum(run) > limit:
            raise StateError("the pages' numbers are impossible")
        end = sum(run)
    return runs


def _unpacked(packed: bytes) -> Iterator[bytes]:
    """Give the pages one by one."""
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            left = b""
            while piece := left + reader.read(PIECE):
                if len(piece) < PAGE_SIZE:
                    raise StateError("a page is not whole")
                whole = len(piece) // PAGE_SIZE * PAGE_SIZE
                for at in range(0, whole, PAGE_SIZE):
                    yield piece[at : at + PAGE_SIZE]
                left = piece[whole:]
    except zstandard.ZstdError as error:
        raise StateError(str(error)) from None


def _numbered(
    pages: Iterator[bytes], runs: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, bytes]]:
    for first, count in runs:
        for number in range(first, first + count):
            page = next(pages, None)
            if page is None:
                raise StateError("fewer pages than are named")
            yield number, page


def _blocks(
    pages: Iterator[bytes], runs: Iterable[tuple[int, int]], size: int
) -> Iterator[tuple[int, bytes]]:
    for number, page in _numbered(pages, runs):
        yield number, page[: max(0, size - number * PAGE_SIZE)]


def _bad(filename: str, reason: str) -> TraplineError:
    return TraplineError(f"not a snapshot that can be used: {reason}", Location(filename))
