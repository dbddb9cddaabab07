"""The kinds of virtio devices, and how each is made from what a slot is to hold.

A new one is a file and a line of `KINDS`.
"""

from collections.abc import Callable, Sequence

from isa.errors import TraplineError
from vmm.config import SlotSpec
from vmm.devices.virtio.block import Block
from vmm.devices.virtio.device import VirtioDevice
from vmm.devices.virtio.entropy import Entropy
from vmm.devices.virtio.net import Net
from vmm.disks import open_disk
from vmm.net import open_network


def _make_block(spec: SlotSpec) -> VirtioDevice:
    assert spec.disk is not None, "a block device has a disk"
    return Block(open_disk(spec.disk), spec.serial)


def _make_net(spec: SlotSpec) -> VirtioDevice:
    assert spec.network is not None, "a card is plugged into a network"
    return Net(open_network(spec.network), spec.mac)


KINDS: dict[str, Callable[[SlotSpec], VirtioDevice]] = {
    "blk": _make_block,
    "rng": lambda _spec: Entropy(),
    "net": _make_net,
}


def make_devices(specs: Sequence[SlotSpec]) -> dict[int, VirtioDevice]:
    """Make what is in the slots; raise TraplineError, with nothing left open, when one fails."""
    made: dict[int, VirtioDevice] = {}
    try:
        for spec in specs:
            made[spec.slot] = KINDS[spec.kind](spec)
    except TraplineError:
        for device in made.values():
            device.close()
        raise
    return made
