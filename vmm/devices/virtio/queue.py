"""Split virtqueues: how a driver hands buffers to a device, and gets them back.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Split Virtqueues". Everything
in a ring was written by the guest: descriptors are read once, and whatever breaks a rule of the
specification is a `RingError`, after which the device needs a reset.
"""

import struct
from dataclasses import dataclass
from typing import Protocol

F_INDIRECT, F_EVENT_INDEX, F_VERSION_1, F_PACKED = 1 << 28, 1 << 29, 1 << 32, 1 << 34
NEXT, WRITE, INDIRECT = 1, 2, 4
NO_INTERRUPT = NO_NOTIFY = 1
DESCRIPTOR = struct.Struct("<QIHH")
DESCRIPTOR_BYTES = 16
MAX_QUEUE = 1024
MAX_CHAIN = 1024
MAX_CHAIN_BYTES = 1 << 32
INDEX = 0xFFFF

Part = tuple[int, int]
"""Guest-physical address and length of a piece of a buffer."""


class RingError(Exception):
    """The driver broke a rule; the message says which."""


class RingMemory(Protocol):
    """Guest-physical memory, as a device reaches it."""

    def contains(self, gpa: int, size: int) -> bool: ...

    def read(self, gpa: int, size: int) -> bytes: ...

    def write(self, gpa: int, data: bytes) -> None: ...


@dataclass(slots=True)
class Chain:
    """A buffer: what the device may read, and what it may write. `slots` is for packed rings."""

    head: int
    readable: list[Part]
    writable: list[Part]
    slots: int = 1


@dataclass
class QueueState:
    """What a driver has said of a queue, and how far the device has got with it."""

    size: int = 0
    ready: int = 0
    desc: int = 0
    driver: int = 0
    device: int = 0
    next_avail: int = 0
    next_used: int = 0
    signalled: int = 0  # next_used when the driver was last considered for an interrupt
    wraps: int = 3  # packed rings: wrap counters of what is available (bit 0) and used (bit 1)


class SplitQueue:
    """The device's end of a split queue."""

    def __init__(self, memory: RingMemory, state: QueueState, features: int) -> None:
        """Raise RingError when the rings are not wholly in RAM."""
        self._memory = memory
        self.state = state
        self._has_indirect = bool(features & F_INDIRECT)
        self._has_events = bool(features & F_EVENT_INDEX)
        self._limit = state.next_avail  # the driver's index when it was last read
        size = check_size(state.size)
        self._used_event_at = state.driver + 4 + 2 * size
        self._avail_event_at = state.device + 4 + 8 * size
        for name, at, length, alignment in (
            ("descriptor table", state.desc, DESCRIPTOR_BYTES * size, 16),
            ("driver area", state.driver, 6 + 2 * size, 2),
            ("device area", state.device, 6 + 8 * size, 4),
        ):
            if at % alignment or not memory.contains(at, length):
                raise RingError(f"the {name} at {at:#x} is misaligned or not in memory")

    def pop(self) -> Chain | None:
        """Take the next available buffer."""
        state = self.state
        if state.next_avail == self._limit:
            self._limit = self._word(state.driver + 2)
            waiting = self._limit - state.next_avail & INDEX
            if waiting > state.size:
                raise RingError(f"{waiting} buffers in a queue of {state.size}")
            if not waiting:
                return None
        at = state.driver + 4 + 2 * (state.next_avail % state.size)
        head = self._word(at)
        chain = walk_chain(self._memory, state, head, self._has_indirect)
        state.next_avail = state.next_avail + 1 & INDEX
        return chain

    def push(self, chain: Chain, written: int) -> None:
        """Give a buffer back, with the number of bytes written into it."""
        state = self.state
        at = state.device + 4 + 8 * (state.next_used % state.size)
        self._memory.write(at, struct.pack("<II", chain.head, written & 0xFFFFFFFF))
        state.next_used = state.next_used + 1 & INDEX
        self._memory.write(state.device + 2, struct.pack("<H", state.next_used))

    def unpop(self) -> None:
        """Put the buffer taken last back: there is nothing to fill it with yet."""
        self.state.next_avail = self.state.next_avail - 1 & INDEX

    def finish(self) -> bool:
        """Say when to be notified next; give whether the driver wants an interrupt now."""
        state = self.state
        before, state.signalled = state.signalled, state.next_used
        if self._has_events:
            self._memory.write(self._avail_event_at, struct.pack("<H", state.next_avail))
        done = state.next_used - before & INDEX
        if not done:
            return False
        if self._has_events:
            event = self._word(self._used_event_at)
            return (state.next_used - event - 1 & INDEX) < done
        return not self._word(state.driver) & NO_INTERRUPT

    def _word(self, at: int) -> int:
        return int.from_bytes(self._memory.read(at, 2), "little")


def check_size(size: int) -> int:
    """Give back a size that a split queue may have; raise RingError for another."""
    if not 1 <= size <= MAX_QUEUE or size & size - 1:
        raise RingError(f"a queue of {size} entries")
    return size


def walk_chain(memory: RingMemory, queue: QueueState, head: int, may_indirect: bool) -> Chain:
    """Collect the parts of a chain of descriptors, each read once and checked."""
    chain = Chain(head, [], [])
    index, left, total = head, queue.size, 0
    rows: list[tuple[int, int, int, int]] | None = None  # of an indirect table
    while True:
        if index >= (queue.size if rows is None else len(rows)):
            raise RingError(f"descriptor {index} is beyond the end of its table")
        if left == 0:
            raise RingError("a chain longer than its table: it has a loop")
        left -= 1
        if rows is None:
            at = queue.desc + DESCRIPTOR_BYTES * index
            gpa, length, flags, following = DESCRIPTOR.unpack(memory.read(at, DESCRIPTOR_BYTES))
        else:
            gpa, length, flags, following = rows[index]
        if flags & INDIRECT:
            if rows is not None or flags & NEXT or not may_indirect:
                raise RingError("an indirect table that is nested, chained or not agreed on")
            rows = read_table(memory, gpa, length)
            index, left = 0, len(rows)
            continue
        total = add_part(memory, chain, gpa, length, bool(flags & WRITE), total)
        if not flags & NEXT:
            return chain
        index = following


def read_table(memory: RingMemory, gpa: int, length: int) -> list[tuple[int, int, int, int]]:
    """Read an indirect table."""
    if not length or length % DESCRIPTOR_BYTES or length > MAX_CHAIN * DESCRIPTOR_BYTES:
        raise RingError(f"an indirect table of {length} bytes")
    if not memory.contains(gpa, length):
        raise RingError(f"an indirect table at {gpa:#x}, not in memory")
    return list(DESCRIPTOR.iter_unpack(memory.read(gpa, length)))


def add_part(
    memory: RingMemory, chain: Chain, gpa: int, length: int, is_writable: bool, total: int
) -> int:
    """Add a part to a chain that has `total` bytes so far; give how many it has now."""
    if not length or not memory.contains(gpa, length):
        raise RingError(f"a buffer of {length:#x} bytes at {gpa:#x}, not in memory")
    if not is_writable and chain.writable:
        raise RingError("a readable buffer behind a writable one")
    total += length
    if total > MAX_CHAIN_BYTES:
        raise RingError("a chain of more than 4 GiB")
    (chain.writable if is_writable else chain.readable).append((gpa, length))
    return total
