"""The "test finisher": one register by which a guest ends its run.

Follows the SiFive test device as QEMU's `virt` board has it. The tree also describes it as a syscon
with poweroff and reboot, which is how Linux uses it.

| offset | register |
|---|---|
| 0 | bits 15..0 command (0x5555 pass, 0x3333 fail, 0x7777 reset), bits 31..16 exit status of fail |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vmm.contracts import DeviceState, StopKind, StopRequest, TreeSite
from vmm.devices.state import load_state, save_state
from vmm.fdt import PropertyValue, TreeNode, cells64

SPAN = 0x1000
PASS, FAIL, RESET = 0x5555, 0x3333, 0x7777
SOURCE = "sifive_test"


@dataclass
class SifiveTestState:
    """Nothing: a command is over when it is given."""


@dataclass
class SifiveTest:
    """The device; `stop` is told when and how the guest ends its run."""

    stop: Callable[[StopRequest], None]

    span = SPAN
    widths = frozenset({2, 4})

    def read(self, offset: int, size: int) -> int:
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        if offset:
            return
        match value & 0xFFFF:
            case 0x5555:
                self.stop(StopRequest(StopKind.SHUTDOWN, 0, SOURCE))
            case 0x3333:
                self.stop(StopRequest(StopKind.SHUTDOWN, value >> 16, SOURCE))
            case 0x7777:
                self.stop(StopRequest(StopKind.COLD_REBOOT, 0, SOURCE))
            case _:
                pass

    def save(self) -> DeviceState:
        return save_state(SifiveTestState())

    def restore(self, state: DeviceState) -> None:
        load_state(SifiveTestState, state)

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        handle = site.phandles.number("test")
        test = TreeNode(
            f"test@{site.base:x}",
            {
                "compatible": ["sifive,test1", "sifive,test0", "syscon"],
                "reg": cells64(site.base, site.window),
                "phandle": handle,
            },
        )
        return (test, _command("poweroff", PASS, handle), _command("reboot", RESET, handle))


def _command(name: str, value: int, handle: int) -> TreeNode:
    properties: dict[str, PropertyValue] = {
        "compatible": f"syscon-{name}",
        "regmap": handle,
        "offset": 0,
        "value": value,
    }
    return TreeNode(name, properties, at_root=True)
