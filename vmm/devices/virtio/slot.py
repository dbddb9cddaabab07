"""A virtio-mmio slot with nothing in it: drivers read a device number of zero and go on.

What all slots have in common, empty or not, is here too: their size and device-tree node.
"""

from collections.abc import Sequence

from vmm.contracts import DeviceState, StateError, TreeSite
from vmm.fdt import PropertyValue, TreeNode, cells64

SPAN = 0x1000
EMPTY = {0x0: 0x74726976, 0x4: 2, 0xC: 0x554D4551}
"""MagicValue, Version and VendorID; DeviceID reads as zero."""


class EmptySlot:
    """The device."""

    span = SPAN
    widths = frozenset({1, 2, 4, 8})

    def read(self, offset: int, size: int) -> int:
        return EMPTY.get(offset, 0) if size == 4 else 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Ignore the write."""

    def save(self) -> DeviceState:
        return {}

    def restore(self, state: DeviceState) -> None:
        if state:
            raise StateError(f"an empty virtio slot has no {', '.join(sorted(state))}")

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        return (node(site),)


def node(site: TreeSite) -> TreeNode:
    """Give the device-tree node of a slot."""
    properties: dict[str, PropertyValue] = {
        "compatible": "virtio,mmio",
        "reg": cells64(site.base, site.window),
    }
    if site.irq is not None:
        properties["interrupts"] = site.irq
        properties["interrupt-parent"] = site.phandles.number("plic")
    return TreeNode(f"virtio_mmio@{site.base:x}", properties)
