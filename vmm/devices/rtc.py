"""The goldfish real-time clock: nanoseconds since 1970, and an alarm.

Follows the Android emulator's document "Goldfish Virtual Hardware", chapter "Goldfish timer", as
the driver of Linux uses it. Time is the machine's own: it begins at a fixed date, so that every run
sees the same one.

| offset | register |
|---|---|
| 0x00 | TIME_LOW; reading it keeps the high half for TIME_HIGH |
| 0x04 | TIME_HIGH |
| 0x08 | ALARM_LOW; writing it sets the alarm |
| 0x0c | ALARM_HIGH |
| 0x10 | IRQ_ENABLED |
| 0x14 | CLEAR_ALARM, write-only |
| 0x18 | ALARM_STATUS, 1 while the alarm is set |
| 0x1c | CLEAR_INTERRUPT, write-only |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vmm.contracts import Clock, DeviceState, InterruptLine, TreeSite
from vmm.devices.state import load_state, register, save_state
from vmm.fdt import TIMEBASE_HZ, PropertyValue, TreeNode, cells64

SPAN = 0x1000
TICK_NS = 1_000_000_000 // TIMEBASE_HZ
EPOCH_NS = 1_767_225_600 * 1_000_000_000  # 2026-01-01 00:00 UTC
WORD, MASK = (1 << 32) - 1, (1 << 64) - 1
TIME_LOW, TIME_HIGH, ALARM_LOW, ALARM_HIGH = 0x00, 0x04, 0x08, 0x0C
IRQ_ENABLED, CLEAR_ALARM, ALARM_STATUS, CLEAR_INTERRUPT = 0x10, 0x14, 0x18, 0x1C


@dataclass
class RtcState:
    """How far the time was set ahead, the half read last, the alarm, the interrupt."""

    offset: int = register(64)
    time_high: int = register(32)
    alarm: int = register(64)
    is_set: int = register(1)
    irq_enabled: int = register(1)
    irq_pending: int = register(1)


@dataclass
class Rtc:
    """The device; `changed` is called when the alarm may be due at another time."""

    now: Clock
    line: InterruptLine | None = None
    changed: Callable[[], None] | None = None
    state: RtcState = field(default_factory=RtcState, init=False)

    span = SPAN
    widths = frozenset({4})

    @property
    def _time(self) -> int:
        return (EPOCH_NS + self.now() * TICK_NS + self.state.offset) & MASK

    def read(self, offset: int, size: int) -> int:
        state = self.state
        match offset:
            case 0x00:  # TIME_LOW
                time = self._time
                state.time_high = time >> 32
                return time & WORD
            case 0x04:  # TIME_HIGH
                return state.time_high
            case 0x08:  # ALARM_LOW
                return state.alarm & WORD
            case 0x0C:  # ALARM_HIGH
                return state.alarm >> 32
            case 0x10:  # IRQ_ENABLED
                return state.irq_enabled
            case 0x18:  # ALARM_STATUS
                return state.is_set
            case _:
                return 0

    def write(self, offset: int, size: int, value: int) -> None:
        state = self.state
        if offset in (TIME_LOW, TIME_HIGH):
            time = self._time
            state.offset = (state.offset + _with_half(time, offset, value) - time) & MASK
        elif offset in (ALARM_LOW, ALARM_HIGH):
            state.alarm = _with_half(state.alarm, offset, value)
            state.is_set |= offset == ALARM_LOW
        elif offset == IRQ_ENABLED:
            state.irq_enabled = value & 1
        elif offset == CLEAR_ALARM:
            state.is_set = 0
        elif offset == CLEAR_INTERRUPT:
            state.irq_pending = 0
        self.expire()
        if self.changed is not None:
            self.changed()

    # ------------------------------------------------------------------------ interrupt rule

    def next_event(self) -> int | None:
        """Give the clock's time in ticks at which the alarm goes off, None while it is not set."""
        if not self.state.is_set:
            return None
        return self.now() + -(-max(0, self.state.alarm - self._time) // TICK_NS)

    def expire(self) -> None:
        """Let the alarm go off when it is due."""
        state = self.state
        if state.is_set and state.alarm <= self._time:
            state.is_set, state.irq_pending = 0, 1
        if self.line is not None:
            self.line(bool(state.irq_pending & state.irq_enabled))

    # --------------------------------------------------------------------------- state, tree

    def save(self) -> DeviceState:
        return save_state(self.state)

    def restore(self, state: DeviceState) -> None:
        self.state = load_state(RtcState, state)
        self.expire()
        if self.changed is not None:
            self.changed()

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        properties: dict[str, PropertyValue] = {
            "compatible": "google,goldfish-rtc",
            "reg": cells64(site.base, site.window),
        }
        if site.irq is not None:
            properties["interrupts"] = site.irq
            properties["interrupt-parent"] = site.phandles.number("plic")
        return (TreeNode(f"rtc@{site.base:x}", properties),)


def _with_half(value: int, offset: int, half: int) -> int:
    """Replace the half of a 64-bit value that the register at an offset stands for."""
    if offset & 4:
        return value & WORD | half << 32
    return value & ~WORD | half
