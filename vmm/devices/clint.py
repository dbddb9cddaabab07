"""The core-local interruptor: software interrupts and the machine timer of every hart.

Follows the SiFive FU540-C000 manual, chapter "Core Local Interruptor (CLINT)", and the RISC-V
ACLINT specification, chapters "Machine-level Timer Device (MTIMER)" and "Machine-level Software
Interrupt Device (MSWI)". Time comes from a clock that is passed in; writing mtime moves an offset.

| offset | register |
|---|---|
| 4h | msip of hart h, bit 0 |
| 0x4000 + 8h | mtimecmp of hart h |
| 0xbff8 | mtime |

The 64-bit registers also take 32-bit halves, and two neighbouring msip registers one 64-bit access.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vmm.contracts import Clock, DeviceState, TreeSite
from vmm.devices.state import load_state, register, save_state, shaped
from vmm.fdt import PropertyValue, TreeNode, cells64, hart_label

SPAN = 0x10000
MTIMECMP_AT, MTIME_AT = 0x4000, 0xBFF8
MAX_HARTS = 4095
MIP_MSIP, MIP_MTIP = 1 << 3, 1 << 7
WORD, NEVER = (1 << 32) - 1, (1 << 64) - 1


@dataclass
class ClintState:
    """Registers by hart, and how far mtime is ahead of the clock."""

    msip: list[int] = field(metadata=shaped(bits=1))
    mtimecmp: list[int] = field(metadata=shaped(bits=64))
    mtime_offset: int = register(64)


class Clint:
    """The device; `changed` is called when interrupts may have to be evaluated again."""

    span = SPAN
    widths = frozenset({4, 8})

    def __init__(self, harts: int, now: Clock, changed: Callable[[], None] | None = None) -> None:
        assert 1 <= harts <= MAX_HARTS, f"{harts} harts do not fit a CLINT"
        self._harts = harts
        self._now = now
        self._changed = changed
        # The manuals leave mtimecmp open at reset; "never" spares the guest a spurious interrupt.
        self.state = ClintState([0] * harts, [NEVER] * harts)

    @property
    def mtime(self) -> int:
        """The time that the guest reads, also by the `time` CSR."""
        return (self._now() + self.state.mtime_offset) & NEVER

    def read(self, offset: int, size: int) -> int:
        if size == 8 and offset < MTIMECMP_AT:
            return self._word(offset) | self._word(offset + 4) << 32
        value = self._dword(offset & ~7) if offset >= MTIMECMP_AT else self._word(offset)
        if size == 8 or offset < MTIMECMP_AT:
            return value
        return value >> 8 * (offset & 4) & WORD

    def write(self, offset: int, size: int, value: int) -> None:
        if offset < MTIMECMP_AT:
            for part in range(0, size, 4):
                self._write_word(offset + part, value >> 8 * part & WORD)
        elif size == 8:
            self._write_dword(offset, value)
        else:
            shift = 8 * (offset & 4)
            rest = self._dword(offset & ~7) & ~(WORD << shift)
            self._write_dword(offset & ~7, rest | value << shift)
        if self._changed is not None:
            self._changed()

    def _word(self, offset: int) -> int:
        hart = offset // 4
        return self.state.msip[hart] if hart < self._harts else 0

    def _write_word(self, offset: int, value: int) -> None:
        hart = offset // 4
        if hart < self._harts:
            self.state.msip[hart] = value & 1

    def _dword(self, offset: int) -> int:
        if offset == MTIME_AT:
            return self.mtime
        hart = (offset - MTIMECMP_AT) // 8
        return self.state.mtimecmp[hart] if hart < self._harts else 0

    def _write_dword(self, offset: int, value: int) -> None:
        if offset == MTIME_AT:
            self.state.mtime_offset = (value - self._now()) & NEVER
            return
        hart = (offset - MTIMECMP_AT) // 8
        if hart < self._harts:
            self.state.mtimecmp[hart] = value

    # ------------------------------------------------------------------------ interrupt rule

    def pending(self, hart: int) -> int:
        """Return the hart's MSIP and MTIP, at their places in `mip`."""
        timer = MIP_MTIP if self.mtime >= self.state.mtimecmp[hart] else 0
        return timer | (MIP_MSIP if self.state.msip[hart] else 0)

    def next_event(self, hart: int) -> int | None:
        """Return the clock's time (not mtime) at which MTIP will rise, None if never.

        A timer that has expired already gives the present time. All ones in mtimecmp mean never.
        """
        target = self.state.mtimecmp[hart]
        if target == NEVER:
            return None
        return self._now() + max(0, target - self.mtime)

    # --------------------------------------------------------------------------- state, tree

    def save(self) -> DeviceState:
        return save_state(self.state)

    def restore(self, state: DeviceState) -> None:
        self.state = load_state(ClintState, state, msip=self._harts, mtimecmp=self._harts)
        if self._changed is not None:
            self._changed()

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        extended: list[int] = []
        for hart in range(site.harts):
            controller = site.phandles.number(hart_label(hart))
            extended += [controller, 3, controller, 7]
        properties: dict[str, PropertyValue] = {
            "compatible": ["sifive,clint0", "riscv,clint0"],
            "reg": cells64(site.base, site.window),
            "interrupts-extended": extended,
        }
        return (TreeNode(f"clint@{site.base:x}", properties),)
