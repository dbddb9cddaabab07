"""The virtio entropy device: random bytes, the same in every run.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Entropy Device". The bytes are
a hash of a counter: a guest's randomness is a part of what can be repeated.
"""

import hashlib
from dataclasses import dataclass

from vmm.contracts import DeviceState
from vmm.devices.state import load_state, register, save_state
from vmm.devices.virtio.device import Kick, Queue, write_parts
from vmm.guest_memory import GuestMemory

DEVICE_ID = 4
QUEUE_SIZE = 64
MOST_BYTES = 1 << 16
SEED = b"trapline"


@dataclass
class EntropyState:
    """How many requests have been answered."""

    count: int = register(64)


class Entropy:
    """The device."""

    device_id = DEVICE_ID
    queue_sizes = (QUEUE_SIZE,)
    features = 0
    config = b""

    def __init__(self) -> None:
        self._memory: GuestMemory | None = None
        self._state = EntropyState()

    def write_config(self, offset: int, data: bytes) -> None:
        """Ignore the write: there is no configuration."""

    def start(self, memory: GuestMemory, features: int, kick: Kick) -> None:
        """Begin."""
        self._memory = memory

    def serve(self, index: int, queue: Queue) -> None:
        """Fill the buffers that wait."""
        assert self._memory is not None, "the device was started"
        while chain := queue.pop():
            size = min(sum(length for _gpa, length in chain.writable), MOST_BYTES)
            seed = SEED + self._state.count.to_bytes(8, "little")
            self._state.count = self._state.count + 1 & (1 << 64) - 1
            data = hashlib.shake_256(seed).digest(size)
            queue.push(chain, write_parts(self._memory, chain.writable, data))

    def reset(self) -> None:
        """Keep the count: what was given out is not given again."""

    def save(self) -> DeviceState:
        return save_state(self._state)

    def restore(self, state: DeviceState) -> None:
        self._state = load_state(EntropyState, state)

    def close(self) -> None:
        """Do nothing: there is nothing outside."""
