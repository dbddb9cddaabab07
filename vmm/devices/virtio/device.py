"""What a virtio device is to its transport.

A device knows its queues' meaning and its configuration; registers, rings and interrupts are the
transport's affair (`mmio.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from vmm.contracts import DeviceState
from vmm.devices.virtio.queue import Chain
from vmm.guest_memory import GuestMemory


class Queue(Protocol):
    """A queue of either kind."""

    def pop(self) -> Chain | None: ...

    def push(self, chain: Chain, written: int) -> None: ...

    def unpop(self) -> None: ...

    def finish(self) -> bool: ...


Kick = Callable[[int], None]
"""Has the transport serve a queue as if the driver had notified it."""


class VirtioDevice(Protocol):
    """A device behind a transport."""

    @property
    def device_id(self) -> int:
        """Its kind, as the specification numbers them."""

    @property
    def queue_sizes(self) -> Sequence[int]:
        """The greatest size of each queue."""

    @property
    def features(self) -> int:
        """Its own feature bits; those of rings and transport are added."""

    @property
    def config(self) -> bytes:
        """Its configuration space."""

    def write_config(self, offset: int, data: bytes) -> None:
        """Take a write to the configuration space."""

    def start(self, memory: GuestMemory, features: int, kick: Kick) -> None:
        """Begin with what driver and device agreed on."""

    def serve(self, index: int, queue: Queue) -> None:
        """Do what a queue asks for; raise RingError when its buffers make no sense."""

    def reset(self) -> None:
        """Forget everything but what is outside, such as a disk's content."""

    def save(self) -> DeviceState:
        """Return what the guest can observe later."""

    def restore(self, state: DeviceState) -> None:
        """Take a saved state; raise StateError when it is not one."""

    def close(self) -> None:
        """Let go of files."""


VirtioDevices = Mapping[int, VirtioDevice]
"""Devices by the slot they are in."""


def read_parts(memory: GuestMemory, parts: Sequence[tuple[int, int]], limit: int) -> bytes:
    """Gather up to `limit` bytes of a buffer."""
    data = bytearray()
    for gpa, length in parts:
        if len(data) >= limit:
            break
        data += memory.read(gpa, min(length, limit - len(data)))
    return bytes(data)


def write_parts(memory: GuestMemory, parts: Sequence[tuple[int, int]], data: bytes) -> int:
    """Scatter bytes over a buffer; give how many fitted."""
    at = 0
    for gpa, length in parts:
        piece = data[at : at + length]
        if not piece:
            break
        memory.write(gpa, piece)
        at += len(piece)
    return at
