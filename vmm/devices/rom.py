"""The boot ROM: read-only bytes, with the reset vector at the start.

On a real board the hart starts here and finds its way to firmware; Trapline enters a kernel
directly, so only M-mode software that looks at the reset vector ever sees this.

The vector does what QEMU's does: a0 = mhartid, a1 = device tree, a2 = what OpenSBI's fw_dynamic
reads of its next stage, jump to the entry point.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.contracts import DeviceState, TreeSite
from vmm.devices.state import load_state, save_state
from vmm.fdt import TreeNode

SPAN = 0xF000
ROM_BASE = 0x1000
A0, A1, A2, T0 = 10, 11, 12, 5
MHARTID = 0xF14
ENTRY_AT, DTB_AT, INFO_AT = 24, 32, 40
INFO_MAGIC, INFO_VERSION, S_MODE = 0x4942534F, 2, 1


def reset_vector(entry: int, dtb_pa: int) -> bytes:
    """Return code that enters at `entry` with a0 = hart id, a1 = the device tree, a2 = the info."""
    from isa.spec import TABLE

    by_name = TABLE.by_name
    code = (
        by_name["auipc"].encode(rd=T0, imm20=0),
        by_name["addi"].encode(rd=A2, rs1=T0, imm=INFO_AT),
        by_name["csrrs"].encode(rd=A0, csr=MHARTID, rs1=0),
        by_name["ld"].encode(rd=A1, rs1=T0, imm=DTB_AT),
        by_name["ld"].encode(rd=T0, rs1=T0, imm=ENTRY_AT),
        by_name["jalr"].encode(rd=0, rs1=T0, imm=0),
    )
    words = struct.pack(f"<{len(code)}I", *code)
    return words.ljust(ENTRY_AT, b"\0") + struct.pack("<QQ", entry, dtb_pa)


def dynamic_info(next_entry: int) -> bytes:
    """Return OpenSBI's `struct fw_dynamic_info`: go on in S-mode, no options, boot hart 0."""
    return struct.pack("<6Q", INFO_MAGIC, INFO_VERSION, next_entry, S_MODE, 0, 0)


@dataclass
class RomState:
    """Nothing: the content belongs to the board, not to the run."""


@dataclass
class Rom:
    """The device; what lies beyond the content reads as zero, writes are ignored."""

    content: bytes = b""

    span = SPAN
    widths = frozenset({1, 2, 4, 8})

    def read(self, offset: int, size: int) -> int:
        return int.from_bytes(self.content[offset : offset + size], "little")

    def write(self, offset: int, size: int, value: int) -> None:
        """Ignore the write."""

    def save(self) -> DeviceState:
        return save_state(RomState())

    def restore(self, state: DeviceState) -> None:
        load_state(RomState, state)

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        return ()
