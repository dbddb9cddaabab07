"""A driver for tests: it sets up a device over its registers and fills rings as it is told to."""

import struct
from collections.abc import Sequence

from isa.memory import Memory
from vmm.devices.virtio.mmio import VirtioMmio
from vmm.guest_memory import GuestMemory

RAM = 0x8000_0000
SIZE = 1 << 20
DESC, AVAIL, USED, DATA = RAM, RAM + 0x4000, RAM + 0x8000, RAM + 0x10000
NEXT, WRITE, INDIRECT = 1, 2, 4
STATUS, NOTIFY, INTERRUPT, ACK = 0x70, 0x50, 0x60, 0x64
NEEDS_RESET = 0x40
INDIRECT_BIT, EVENT_BIT, VERSION_BIT, PACKED_BIT = 28, 29, 32, 34


class Driver:
    """A driver with its machine's memory."""

    def __init__(self, device, *, is_legacy=False, memory=None):
        self.memory = memory or GuestMemory.identity(Memory(RAM, SIZE))
        self.levels = [False]
        self.device = device
        self.slot = VirtioMmio(device, self.memory, self.levels.append, is_legacy=is_legacy)
        self.size = 8

    def __getitem__(self, offset):
        return self.slot.read(offset, 4)

    def __setitem__(self, offset, value):
        self.slot.write(offset, 4, value)

    @property
    def line(self):
        return self.levels[-1]

    def put(self, at, data):
        self.memory.write(at, data)

    def get(self, at, size):
        return self.memory.read(at, size)

    def word(self, at, size=2):
        return int.from_bytes(self.get(at, size), "little")

    def offered(self):
        bits = 0
        for part in range(2):
            self[0x14] = part
            bits |= self[0x10] << 32 * part
        return bits

    def start(self, features=0, *, size=8, queues=1):
        """Set the device up with the given feature bits beside VERSION_1."""
        self.size = size
        self[STATUS] = 0
        self[STATUS] = 3
        wanted = features | 1 << VERSION_BIT
        for part in range(2):
            self[0x24] = part
            self[0x20] = wanted >> 32 * part & 0xFFFFFFFF
        self[STATUS] = 11
        assert self[STATUS] & 8
        for index in range(queues):
            shift = 0x40000 * index
            self[0x30] = index
            self[0x38] = size
            for register, at in ((0x80, DESC), (0x90, AVAIL), (0xA0, USED)):
                self[register], self[register + 4] = at + shift, 0
            self[0x44] = 1
        self[STATUS] = 15

    def describe(self, index, gpa, length, flags=0, following=0, table=DESC):
        self.put(table + 16 * index, struct.pack("<QIHH", gpa, length, flags, following))

    def offer(self, head, queue=0):
        """Make a chain available without notifying."""
        avail = AVAIL + 0x40000 * queue
        index = self.word(avail + 2)
        self.put(avail + 4 + 2 * (index % self.size), struct.pack("<H", head))
        self.put(avail + 2, struct.pack("<H", index + 1 & 0xFFFF))

    def notify(self, queue=0):
        self[NOTIFY] = queue

    def used(self, queue=0):
        """Give (head, length) of each buffer that came back."""
        used = USED + 0x40000 * queue
        count = self.word(used + 2)
        return [
            struct.unpack("<II", self.get(used + 4 + 8 * (n % self.size), 8)) for n in range(count)
        ]

    @property
    def is_broken(self):
        return bool(self[STATUS] & NEEDS_RESET)

    # ------------------------------------------------------------------------------- blocks

    def request(self, kind, sector, parts: Sequence[tuple[int, int, bool]] = (), *, indirect=False):
        """Make a block request of (address, length, is written by the device) parts.

        Gives its status and how many bytes it wrote.
        """
        header, status = DATA, DATA + 0x20
        self.put(header, struct.pack("<IIQ", kind, 0, sector))
        self.put(status, b"\xff")
        chain = [(header, 16, False), *parts, (status, 1, True)]
        table = DATA + 0x100 if indirect else DESC
        for index, (gpa, length, written) in enumerate(chain):
            flags = (WRITE if written else 0) | (NEXT if index + 1 < len(chain) else 0)
            self.describe(index, gpa, length, flags, index + 1, table)
        if indirect:
            self.describe(0, table, 16 * len(chain), INDIRECT)
        self.offer(0)
        self.notify()
        return self.get(status, 1)[0], self.used()[-1][1] if self.used() else None
