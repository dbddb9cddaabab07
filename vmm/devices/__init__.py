"""The devices of the board and the one table that says where each is and how it is made.

Addresses and interrupt numbers are those of QEMU's `virt` board, so that what boots there boots
here. A new device is one file and one line of `DEVICES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from vmm.bus import Bus
from vmm.contracts import Clock, Device, InterruptLine, StopRequest, TreeSite
from vmm.devices.clint import Clint
from vmm.devices.plic import External, Plic
from vmm.devices.rom import Rom
from vmm.devices.rtc import Rtc
from vmm.devices.sifive_test import SifiveTest
from vmm.devices.uart import Uart
from vmm.devices.uart_registers import UART_BASE, UART_IRQ
from vmm.devices.virtio.slot import EmptySlot
from vmm.fdt import Phandles, TreeNode

if TYPE_CHECKING:
    from vmm.devices.virtio.device import VirtioDevice
    from vmm.guest_memory import GuestMemory


@dataclass(frozen=True)
class DeviceHost:
    """What the board lends to its devices: time, the console, a way to stop, interrupts."""

    harts: int
    now: Clock
    send: Callable[[bytes], object]
    stop: Callable[[StopRequest], None]
    timer_changed: Callable[[], None] | None = None
    external: External = lambda _hart, _code, _is_high: None
    """Drives the external interrupts of the harts."""
    receive: Callable[[int], bytes] = lambda _limit: b""
    """Gives up to so many bytes of console input, those that are there."""
    memory: "GuestMemory | None" = None
    """What devices with direct access to memory reach."""
    virtio: Mapping[int, "VirtioDevice"] = field(default_factory=dict)
    """What is in the virtio slots."""
    is_legacy: bool = False


@dataclass(frozen=True)
class DeviceEntry:
    """A line of the board's map; `window` is the space set aside, a device may decode less."""

    name: str
    base: int
    window: int
    irq: int | None
    make: Callable[[DeviceHost, InterruptLine | None], Device]


def _virtio_slot(number: int, host: DeviceHost, line: InterruptLine | None) -> Device:
    """Make a virtio slot; the transport is imported only when something is in one."""
    device = host.virtio.get(number)
    if device is None:
        return EmptySlot()
    from vmm.devices.virtio.mmio import VirtioMmio

    assert host.memory is not None, "a virtio device needs memory"
    return VirtioMmio(device, host.memory, line, is_legacy=host.is_legacy)


DEVICES: tuple[DeviceEntry, ...] = (
    DeviceEntry("rom", 0x1000, 0xF000, None, lambda _host, _line: Rom()),
    DeviceEntry(
        "plic", 0xC00_0000, 0x60_0000, None, lambda host, _line: Plic(host.harts, host.external)
    ),
    DeviceEntry("test", 0x10_0000, 0x1000, None, lambda host, _line: SifiveTest(host.stop)),
    DeviceEntry(
        "rtc",
        0x10_1000,
        0x1000,
        11,
        lambda host, line: Rtc(host.now, line, host.timer_changed),
    ),
    DeviceEntry(
        "clint",
        0x200_0000,
        0x1_0000,
        None,
        lambda host, _line: Clint(host.harts, host.now, host.timer_changed),
    ),
    DeviceEntry(
        "uart0",
        UART_BASE,
        0x100,
        UART_IRQ,
        lambda host, line: Uart(host.send, line, host.receive),
    ),
    *(
        DeviceEntry(
            f"virtio{number}",
            0x1000_1000 + 0x1000 * number,
            0x1000,
            number + 1,
            partial(_virtio_slot, number),
        )
        for number in range(8)
    ),
)

STDOUT_PATH = "/soc/serial@10000000"
RAM_BASE = 0x8000_0000


def attach_all(
    bus: Bus, host: DeviceHost, entries: Sequence[DeviceEntry] = DEVICES
) -> dict[str, Device]:
    """Make the devices, put them on the bus and return them by name.

    Those after the interrupt controller in the table are wired to it.
    """
    made: dict[str, Device] = {}
    for entry in entries:
        plic = made.get("plic")
        line = None
        if isinstance(plic, Plic) and entry.irq is not None:
            line = plic.line(entry.irq)
        made[entry.name] = entry.make(host, line)
        bus.attach(entry.name, made[entry.name], entry.base)
    return made


def tree_nodes(
    bus: Bus, harts: int, phandles: Phandles, entries: Sequence[DeviceEntry] = DEVICES
) -> list[TreeNode]:
    """Return the device-tree nodes of the devices that are on the bus, and only of those."""
    by_name = {place.name: place.device for place in bus.attachments}
    has_controller = "plic" in by_name
    nodes: list[TreeNode] = []
    for entry in entries:
        if device := by_name.get(entry.name):
            irq = entry.irq if has_controller else None
            nodes += device.tree(TreeSite(entry.base, entry.window, irq, harts, phandles))
    return nodes
