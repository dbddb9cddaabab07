"""The virtio block device: sectors of a disk.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Block Device". Data goes
between the disk and the guest's memory without a copy. A driver that does not know FLUSH gets each
write made durable before its request ends.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmm.contracts import DeviceState
from vmm.devices.state import load_state, register, save_state
from vmm.devices.virtio.device import Kick, Queue, read_parts
from vmm.devices.virtio.queue import Chain, Part, RingError
from vmm.disks import SECTOR, Disk, DiskError
from vmm.guest_memory import GuestMemory

DEVICE_ID = 2
QUEUE_SIZE = 256
MOST_SEGMENTS = QUEUE_SIZE - 2
F_SEG_MAX, F_RO, F_BLK_SIZE, F_FLUSH, F_CONFIG_WCE = 1 << 2, 1 << 5, 1 << 6, 1 << 9, 1 << 11
F_DISCARD, F_WRITE_ZEROES = 1 << 13, 1 << 14
HEADER = struct.Struct("<IIQ")
RANGE = struct.Struct("<QII")
DISCARD = 11
OK, IO_ERROR, UNSUPPORTED = 0, 1, 2
ID_BYTES = 20
MOST_RANGE_SECTORS = 1 << 22
WRITEBACK_AT = 32
CONFIG = struct.Struct("<QIIHBBIBBHIBBHIIIIIB3x")


@dataclass
class BlockState:
    """What the driver can change of the configuration: whether there is a write-back cache."""

    writeback: int = register(1, reset=1)
    features: int = register(64)


class Block:
    """The device."""

    device_id = DEVICE_ID
    queue_sizes = (QUEUE_SIZE,)

    def __init__(self, disk: Disk, serial: str = "") -> None:
        self.disk = disk
        self._serial = serial.encode("utf-8", "replace")[:ID_BYTES].ljust(ID_BYTES, b"\0")
        self._memory: GuestMemory | None = None
        self._state = BlockState()

    @property
    def features(self) -> int:
        """What the disk can do."""
        common = F_SEG_MAX | F_BLK_SIZE | F_FLUSH
        if self.disk.is_read_only:
            return common | F_RO
        return common | F_CONFIG_WCE | F_DISCARD | F_WRITE_ZEROES

    @property
    def config(self) -> bytes:
        """Capacity and limits."""
        return CONFIG.pack(
            self.disk.size // SECTOR,
            0,
            MOST_SEGMENTS,
            *(0, 0, 0),  # geometry
            SECTOR,
            *(0, 0, 0, 0),  # topology
            self._state.writeback,
            0,
            1,  # queues
            *(MOST_RANGE_SECTORS, 1, 1),  # discard: sectors, segments, alignment
            *(MOST_RANGE_SECTORS, 1, 1),  # write zeroes: sectors, segments, may unmap
        )

    def write_config(self, offset: int, data: bytes) -> None:
        """Switch the write-back cache."""
        if offset <= WRITEBACK_AT < offset + len(data) and self._state.features & F_CONFIG_WCE:
            self._state.writeback = data[WRITEBACK_AT - offset] & 1

    def start(self, memory: GuestMemory, features: int, kick: Kick) -> None:
        """Begin with what driver and device agreed on."""
        self._memory = memory
        self._state.features = features

    def reset(self) -> None:
        """Forget the driver."""
        self._state = BlockState()

    # ------------------------------------------------------------------------------ requests

    def serve(self, index: int, queue: Queue) -> None:
        """Carry out all requests that wait."""
        while chain := queue.pop():
            queue.push(chain, self._request(chain))

    def _request(self, chain: Chain) -> int:
        """Carry out a request and store its status; give the number of bytes written."""
        assert self._memory is not None, "the device was started"
        header = read_parts(self._memory, chain.readable, HEADER.size)
        if len(header) < HEADER.size or not chain.writable:
            raise RingError("a block request without header or room for its status")
        kind, _priority, sector = HEADER.unpack(header)
        *rest, (last, length) = chain.writable
        room = [*rest, (last, length - 1)] if length > 1 else rest
        data = list(_behind(chain.readable, HEADER.size))
        try:
            status, written = self._carry_out(kind, sector, data, room)
        except DiskError:
            status, written = IO_ERROR, 0
        self._memory.write(last + length - 1, bytes((status,)))
        return written + 1

    def _carry_out(
        self, kind: int, sector: int, data: Sequence[Part], room: Sequence[Part]
    ) -> tuple[int, int]:
        """Give a request's status, and how many bytes it wrote into guest memory."""
        match kind:
            case 0:  # IN
                return self._read(sector, room)
            case 1:  # OUT
                return self._write(sector, data), 0
            case 4:  # FLUSH
                self.disk.flush()
                return OK, 0
            case 8:  # GET_ID
                return self._give_id(room)
            case 11 | 13:  # DISCARD, WRITE_ZEROES
                return self._zero(data, is_discard=kind == DISCARD), 0
            case _:
                return UNSUPPORTED, 0

    def _read(self, sector: int, room: Sequence[Part]) -> tuple[int, int]:
        size = _total(room)
        if not self._is_inside(sector, size):
            return IO_ERROR, 0
        self.disk.read_into(sector * SECTOR, self._views(room))
        assert self._memory is not None, "the device was started"
        for gpa, length in room:
            self._memory.written(gpa, length)
        return OK, size

    def _write(self, sector: int, data: Sequence[Part]) -> int:
        if self.disk.is_read_only or not self._is_inside(sector, _total(data)):
            return IO_ERROR
        self.disk.write_from(sector * SECTOR, self._views(data))
        self._finish_write()
        return OK

    def _finish_write(self) -> None:
        if not self._state.features & F_FLUSH or not self._state.writeback:
            self.disk.flush()

    def _zero(self, data: Sequence[Part], *, is_discard: bool) -> int:
        """Discard or write zeroes over one range; discarded sectors read as zeros."""
        assert self._memory is not None, "the device was started"
        if _total(data) != RANGE.size or self.disk.is_read_only:
            return UNSUPPORTED
        sector, count, flags = RANGE.unpack(read_parts(self._memory, data, RANGE.size))
        if flags & ~1 or (is_discard and flags):
            return UNSUPPORTED
        if count > MOST_RANGE_SECTORS or not self._is_inside(sector, count * SECTOR):
            return IO_ERROR
        if count:
            self.disk.zero(sector * SECTOR, count * SECTOR)
            self._finish_write()
        return OK

    def _give_id(self, room: Sequence[Part]) -> tuple[int, int]:
        assert self._memory is not None, "the device was started"
        if _total(room) < ID_BYTES:
            return IO_ERROR, 0
        at = 0
        for gpa, length in room:
            piece = self._serial[at : at + length]
            self._memory.write(gpa, piece)
            at += len(piece)
        return OK, ID_BYTES

    def _is_inside(self, sector: int, size: int) -> bool:
        """Say whether a transfer is of whole sectors and inside the disk."""
        return size % SECTOR == 0 and sector * SECTOR + size <= self.disk.size

    def _views(self, parts: Sequence[Part]) -> list[memoryview]:
        assert self._memory is not None, "the device was started"
        return [view for gpa, length in parts for view in self._memory.views(gpa, length)]

    # ---------------------------------------------------------------------------------- state

    def save(self) -> DeviceState:
        return save_state(self._state)

    def restore(self, state: DeviceState) -> None:
        self._state = load_state(BlockState, state)

    def close(self) -> None:
        """Close the disk."""
        self.disk.close()


def _total(parts: Sequence[Part]) -> int:
    return sum(length for _gpa, length in parts)


def _behind(parts: Sequence[Part], skipped: int) -> Iterator[Part]:
    """Give what follows the first bytes of a buffer."""
    for gpa, length in parts:
        taken = min(skipped, length)
        skipped -= taken
        if length > taken:
            yield gpa + taken, length - taken
