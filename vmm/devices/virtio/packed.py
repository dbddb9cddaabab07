"""Packed virtqueues: one ring of descriptors that driver and device write in turn.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Packed Virtqueues".
"""

import struct

from vmm.devices.virtio.queue import (
    DESCRIPTOR_BYTES,
    F_INDIRECT,
    INDIRECT,
    MAX_QUEUE,
    NEXT,
    WRITE,
    Chain,
    QueueState,
    RingError,
    RingMemory,
    add_part,
    read_table,
)

DESCRIPTOR = struct.Struct("<QIHH")  # address, length, buffer id, flags
AVAILABLE, USED = 1 << 7, 1 << 15
EVENTS_ON, EVENTS_OFF, EVENTS_AT = 0, 1, 2


class PackedQueue:
    """The device's end of a packed queue."""

    def __init__(self, memory: RingMemory, state: QueueState, features: int) -> None:
        """Raise RingError when the ring is not wholly in RAM."""
        self._memory = memory
        self.state = state
        self._has_indirect = bool(features & F_INDIRECT)
        self._last = (0, 0)  # where the buffer taken last began
        if not 1 <= state.size <= MAX_QUEUE:
            raise RingError(f"a queue of {state.size} entries")
        for at, length, alignment in (
            (state.desc, DESCRIPTOR_BYTES * state.size, 16),
            (state.driver, 4, 4),
            (state.device, 4, 4),
        ):
            if at % alignment or not memory.contains(at, length):
                raise RingError(f"a part of the ring at {at:#x} is misaligned or not in memory")
        if state.next_avail >= state.size or state.next_used >= state.size:
            raise RingError("a position beyond the end of the ring")

    def pop(self) -> Chain | None:
        """Take the next available buffer."""
        state = self.state
        self._last = state.next_avail, state.wraps
        gpa, length, number, flags = self._descriptor(state.next_avail)
        wrap = state.wraps & 1
        if bool(flags & AVAILABLE) != bool(wrap) or bool(flags & USED) == bool(wrap):
            return None
        chain = Chain(number, [], [], slots=0)
        total = 0
        while True:
            chain.slots += 1
            if chain.slots > state.size:
                raise RingError("a chain longer than its ring")
            if flags & INDIRECT:
                if flags & NEXT or chain.slots > 1 or not self._has_indirect:
                    raise RingError("an indirect table that is chained or not agreed on")
                self._add_table(chain, gpa, length)
            else:
                writable = bool(flags & WRITE)
                total = add_part(self._memory, chain, gpa, length, writable, total)
            self._advance_available()
            if not flags & NEXT:
                chain.head = number  # the id stands in the last one of a chain
                return chain
            gpa, length, number, flags = self._descriptor(state.next_avail)

    def _add_table(self, chain: Chain, gpa: int, length: int) -> None:
        total = 0
        for part, size, _number, flags in read_table(self._memory, gpa, length):
            total = add_part(self._memory, chain, part, size, bool(flags & WRITE), total)

    def _descriptor(self, index: int) -> tuple[int, int, int, int]:
        data = self._memory.read(self.state.desc + DESCRIPTOR_BYTES * index, DESCRIPTOR_BYTES)
        gpa, length, number, flags = DESCRIPTOR.unpack(data)
        return gpa, length, number, flags

    def _advance_available(self) -> None:
        state = self.state
        state.next_avail += 1
        if state.next_avail == state.size:
            state.next_avail = 0
            state.wraps ^= 1

    def push(self, chain: Chain, written: int) -> None:
        """Give a buffer back, with the number of bytes written into it."""
        state = self.state
        flags = AVAILABLE | USED if state.wraps & 2 else 0
        flags |= WRITE if chain.writable else 0
        at = state.desc + DESCRIPTOR_BYTES * state.next_used
        self._memory.write(at + 8, struct.pack("<IHH", written & 0xFFFFFFFF, chain.head, flags))
        state.next_used += chain.slots
        if state.next_used >= state.size:
            state.next_used -= state.size
            state.wraps ^= 2
        state.signalled = state.signalled + chain.slots & 0xFFFF

    def unpop(self) -> None:
        """Put the buffer taken last back: there is nothing to fill it with yet."""
        self.state.next_avail, self.state.wraps = self._last

    def finish(self) -> bool:
        """Give whether the driver wants an interrupt for what was given back since the last time.

        Notifications are always wanted: the device's event structure says so.
        """
        state = self.state
        done, state.signalled = state.signalled, 0
        self._memory.write(state.device, struct.pack("<HH", 0, EVENTS_ON))
        if not done:
            return False
        word = int.from_bytes(self._memory.read(state.driver, 4), "little")
        offset, flags = word & 0xFFFF, word >> 16
        if flags & 3 != EVENTS_AT:
            return flags & 3 == EVENTS_ON
        # Positions on two turns of the ring, so that differences do not wrap.
        now = state.next_used + (0 if state.wraps & 2 else state.size)
        event = (offset & 0x7FFF) + (0 if offset >> 15 else state.size)
        behind = (now - event) % (2 * state.size)
        return 0 < behind <= done
