"""The virtio network device: frames between a guest's queues and a network.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Network Device": one pair of
queues, no offloading. The legacy interface has a shorter header.
"""

import struct
from dataclasses import dataclass

from vmm.contracts import DeviceState
from vmm.devices.state import load_state, register, save_state
from vmm.devices.virtio.device import Kick, Queue, read_parts, write_parts
from vmm.devices.virtio.queue import F_VERSION_1
from vmm.guest_memory import GuestMemory
from vmm.net import MOST_FRAME, Network

DEVICE_ID = 1
QUEUE_SIZE = 256
RECEIVE, SEND = 0, 1
F_MTU, F_MAC, F_STATUS = 1 << 3, 1 << 5, 1 << 16
LINK_UP = 1
MTU = 1500
LEGACY_HEADER, HEADER = 10, 12
PAUSE = 1 << 20  # instructions between looks at the network


@dataclass
class NetState:
    """What driver and device agreed on, and frames that did not fit the driver's buffers."""

    features: int = register(64)
    dropped: int = register(64)


class Net:
    """The device; it also looks at its network now and then, as a `vmm.timers.Poller`."""

    device_id = DEVICE_ID
    queue_sizes = (QUEUE_SIZE, QUEUE_SIZE)
    features = F_MAC | F_STATUS | F_MTU

    def __init__(self, network: Network, mac: bytes) -> None:
        self.network = network
        self.acts = 0
        self.config = mac + struct.pack("<HHH", LINK_UP, 1, MTU)
        self._memory: GuestMemory | None = None
        self._kick: Kick | None = None
        self._state = NetState()
        self._held: bytes | None = None  # a frame that waits for a buffer

    def write_config(self, offset: int, data: bytes) -> None:
        """Ignore the write: the driver changes nothing."""

    def start(self, memory: GuestMemory, features: int, kick: Kick) -> None:
        """Begin with what driver and device agreed on."""
        self._memory, self._kick = memory, kick
        self._state.features = features

    def serve(self, index: int, queue: Queue) -> None:
        """Take the frames that were sent, or fill the buffers that wait."""
        if index == SEND:
            self._send(queue)
            self._announce()
        else:
            self._receive(queue)

    @property
    def _header(self) -> int:
        return HEADER if self._state.features & F_VERSION_1 else LEGACY_HEADER

    def _send(self, queue: Queue) -> None:
        assert self._memory is not None, "the device was started"
        while chain := queue.pop():
            data = read_parts(self._memory, chain.readable, HEADER + MOST_FRAME)
            queue.push(chain, 0)
            if len(data) > self._header:
                self.network.send(data[self._header :])

    def _announce(self) -> None:
        """Hand over what has come, once."""
        if self._kick is not None and self._take() is not None:
            self._kick(RECEIVE)

    def _take(self) -> bytes | None:
        if self._held is None:
            self._held = self.network.receive()
        return self._held

    def _receive(self, queue: Queue) -> None:
        assert self._memory is not None, "the device was started"
        while (frame := self._take()) is not None:
            chain = queue.pop()
            if chain is None:
                return
            self._held = None
            data = bytes(self._header - 2) + b"\1\0" + frame
            if self._header == LEGACY_HEADER:
                data = bytes(LEGACY_HEADER) + frame
            room = sum(length for _gpa, length in chain.writable)
            if len(data) > room:
                self._state.dropped += 1
                data = b""
            queue.push(chain, write_parts(self._memory, chain.writable, data))
            self.acts += 1

    def poll(self) -> int:
        """Look at the network; give the number of instructions after which to look again."""
        self.network.poll()
        self._announce()
        return PAUSE

    def reset(self) -> None:
        """Forget what waits."""
        self._kick = None
        self._held = None
        while self.network.receive() is not None:
            pass

    def save(self) -> DeviceState:
        return save_state(self._state)

    def restore(self, state: DeviceState) -> None:
        self._state = load_state(NetState, state)

    def close(self) -> None:
        """Unplug."""
        self.network.close()
