"""The virtio-mmio transport: registers through which a driver finds and runs one device.

Follows the Virtual I/O Device (VIRTIO) specification v1.2, chapter "Virtio Over MMIO", version 2,
and by choice its section "Legacy interface", version 1. A request is served when its queue is
notified, before the next instruction; what the driver gets wrong sets DEVICE_NEEDS_RESET.

| offset | register | | offset | register |
|---|---|---|---|---|
| 0x000 | MagicValue | | 0x044 | QueueReady |
| 0x004 | Version | | 0x050 | QueueNotify |
| 0x008 | DeviceID | | 0x060 | InterruptStatus |
| 0x00c | VendorID | | 0x064 | InterruptACK |
| 0x010 | DeviceFeatures | | 0x070 | Status |
| 0x014 | DeviceFeaturesSel | | 0x080 | QueueDescLow, High |
| 0x020 | DriverFeatures | | 0x090 | QueueDriverLow, High |
| 0x024 | DriverFeaturesSel | | 0x0a0 | QueueDeviceLow, High |
| 0x028 | GuestPageSize (legacy) | | 0x0ac | SHMSel |
| 0x030 | QueueSel | | 0x0b0 | SHMLen, SHMBase: there are none |
| 0x034 | QueueNumMax | | 0x0fc | ConfigGeneration |
| 0x038 | QueueNum | | 0x100 | configuration space |
| 0x03c | QueueAlign (legacy) | | | |
| 0x040 | QueuePFN (legacy) | | | |
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, fields

from vmm.contracts import DeviceState, InterruptLine, StateError, TreeSite
from vmm.devices.state import load_state, register, save_state, shaped
from vmm.devices.virtio.device import Queue, VirtioDevice
from vmm.devices.virtio.packed import PackedQueue
from vmm.devices.virtio.queue import (
    F_EVENT_INDEX,
    F_INDIRECT,
    F_PACKED,
    F_VERSION_1,
    QueueState,
    RingError,
    SplitQueue,
)
from vmm.devices.virtio.slot import SPAN, node
from vmm.fdt import TreeNode
from vmm.guest_memory import GuestMemory

MAGIC = 0x74726976
VENDOR = 0x554D4551
MODERN, LEGACY = 2, 1
CONFIG_AT = 0x100
WORD = (1 << 32) - 1
DRIVER_OK, FEATURES_OK, NEEDS_RESET, STATUS_BITS = 4, 8, 0x40, 0xFF
USED_BUFFER, CONFIG_CHANGE = 1, 2
QUEUE_FIELDS = tuple(item.name for item in fields(QueueState))
ADDRESSES = {0x80: "desc", 0x84: "desc", 0x90: "driver", 0x94: "driver", 0xA0: "device"}
ADDRESSES |= {0xA4: "device"}


@dataclass
class MmioState:
    """The transport's registers, and lists of what is known of each queue."""

    size: list[int] = field(metadata=shaped(bits=32))
    ready: list[int] = field(metadata=shaped(bits=1))
    desc: list[int] = field(metadata=shaped(bits=64))
    driver: list[int] = field(metadata=shaped(bits=64))
    device: list[int] = field(metadata=shaped(bits=64))
    next_avail: list[int] = field(metadata=shaped(bits=16))
    next_used: list[int] = field(metadata=shaped(bits=16))
    signalled: list[int] = field(metadata=shaped(bits=16))
    wraps: list[int] = field(metadata=shaped(bits=2))
    status: int = register(8)
    interrupt: int = register(2)
    features: int = register(64)
    device_features_sel: int = register(32)
    driver_features_sel: int = register(32)
    queue_sel: int = register(32)
    page_size: int = register(32)
    queue_align: int = register(32, reset=4096)


class GuestBuffers:
    """Guest memory as rings see it: what is not there is the driver's mistake."""

    def __init__(self, memory: GuestMemory) -> None:
        self.contains = memory.contains
        self._memory = memory

    def read(self, gpa: int, size: int) -> bytes:
        """Read; raise RingError when not all of it is RAM."""
        if not self.contains(gpa, size):
            raise RingError(f"{size} bytes at {gpa:#x} are not in memory")
        return self._memory.read(gpa, size)

    def write(self, gpa: int, data: bytes) -> None:
        """Write; raise RingError when not all of it is RAM."""
        if not self.contains(gpa, len(data)):
            raise RingError(f"{len(data)} bytes at {gpa:#x} are not in memory")
        self._memory.write(gpa, data)


class VirtioMmio:
    """A transport with its device."""

    span = SPAN
    widths = frozenset({1, 2, 4, 8})

    def __init__(
        self,
        device: VirtioDevice,
        memory: GuestMemory,
        line: InterruptLine | None,
        *,
        is_legacy: bool = False,
    ) -> None:
        self._device = device
        self._memory = memory
        self._buffers = GuestBuffers(memory)
        self._line = line
        self._is_legacy = is_legacy
        self._offered = device.features | F_INDIRECT | F_EVENT_INDEX
        if not is_legacy:
            self._offered |= F_VERSION_1 | F_PACKED
        self.problem: str | None = None
        """What the driver got wrong last, for people."""
        self._reset()

    def _reset(self) -> None:
        count = len(self._device.queue_sizes)
        self._states = [QueueState() for _ in range(count)]
        self._queues: list[Queue | None] = [None] * count
        self._state = MmioState(**{name: [0] * count for name in QUEUE_FIELDS})  # type: ignore[arg-type]
        self._device.reset()
        self._drive()

    # ---------------------------------------------------------------------------- registers

    def read(self, offset: int, size: int) -> int:
        if offset >= CONFIG_AT:
            at = offset - CONFIG_AT
            return int.from_bytes(self._device.config[at : at + size], "little")
        return self._read(offset) if size == 4 else 0

    def write(self, offset: int, size: int, value: int) -> None:
        if offset >= CONFIG_AT:
            self._device.write_config(offset - CONFIG_AT, value.to_bytes(size, "little"))
        elif size == 4:
            self._write(offset, value)

    def _read(self, offset: int) -> int:
        state = self._state
        match offset:
            case 0x00:
                return MAGIC
            case 0x04:
                return LEGACY if self._is_legacy else MODERN
            case 0x08:
                return self._device.device_id
            case 0x0C:
                return VENDOR
            case 0x10:
                part = state.device_features_sel
                return self._offered >> 32 * part & WORD if part < 2 else 0
            case 0x34:
                index = state.queue_sel
                sizes = self._device.queue_sizes
                return sizes[index] if index < len(sizes) else 0
            case 0x40 | 0x44:
                return self._read_queue(offset)
            case 0x60:
                return state.interrupt
            case 0x70:
                return state.status
            case 0xB0 | 0xB4 | 0xB8 | 0xBC:
                return WORD  # "if the shared memory region does not exist"
            case _:
                return 0

    def _read_queue(self, offset: int) -> int:
        queue = self._selected
        if queue is None or (offset == 0x40) is not self._is_legacy:
            return 0
        return queue.desc // max(self._state.page_size, 1) if self._is_legacy else queue.ready

    def _write(self, offset: int, value: int) -> None:
        state = self._state
        match offset:
            case 0x14:
                state.device_features_sel = value
            case 0x20:
                self._agree(value)
            case 0x24:
                state.driver_features_sel = value
            case 0x28:
                state.page_size = value
            case 0x30:
                state.queue_sel = value
            case 0x50:
                self._notify(value)
            case 0x64:
                state.interrupt &= ~value
                self._drive()
            case 0x70:
                self._set_status(value & STATUS_BITS)
            case _:
                self._write_queue(offset, value)

    def _write_queue(self, offset: int, value: int) -> None:
        queue = self._selected
        if queue is None:
            return
        if self._is_legacy:
            self._write_legacy_queue(queue, offset, value)
        elif offset == 0x44:
            queue.ready = value & 1
            self._queues[self._state.queue_sel] = None
        elif queue.ready:
            return
        elif offset == 0x38:
            queue.size = value
        elif offset in ADDRESSES:
            name = ADDRESSES[offset]
            before = getattr(queue, name)
            high = bool(offset & 4)
            kept = before & WORD if high else before & ~WORD
            setattr(queue, name, kept | value << 32 * high)

    def _write_legacy_queue(self, queue: QueueState, offset: int, value: int) -> None:
        state = self._state
        if offset == 0x38:
            queue.size = value
        elif offset == 0x3C:
            state.queue_align = value
        elif offset == 0x40:
            self._queues[state.queue_sel] = None
            align = max(state.queue_align, 4)
            queue.ready = int(value != 0)
            queue.desc = value * state.page_size
            queue.driver = queue.desc + 16 * queue.size
            queue.device = -(-(queue.driver + 6 + 2 * queue.size) // align) * align
            if not value:
                queue.next_avail = queue.next_used = queue.signalled = 0

    @property
    def _selected(self) -> QueueState | None:
        index = self._state.queue_sel
        return self._states[index] if index < len(self._states) else None

    def _agree(self, value: int) -> None:
        """Take half of the features that the driver understands; only offered ones count."""
        state = self._state
        if state.status & FEATURES_OK or state.driver_features_sel > 1:
            return
        shift = 32 * state.driver_features_sel
        state.features = state.features & ~(WORD << shift) | value << shift

    # ------------------------------------------------------------------------------- status

    def _set_status(self, value: int) -> None:
        if value == 0:
            self._reset()
            return
        state = self._state
        value |= state.status & NEEDS_RESET
        if value & FEATURES_OK and state.features & ~self._offered:
            value &= ~FEATURES_OK
        starts = value & ~state.status & DRIVER_OK
        state.status = value
        if starts:
            self._device.start(self._memory, self._agreed, self._notify)

    @property
    def _agreed(self) -> int:
        return self._state.features & self._offered

    def _notify(self, index: int) -> None:
        """Serve a queue, if device and queue are in use."""
        state = self._state
        is_live = state.status & (DRIVER_OK | NEEDS_RESET) == DRIVER_OK
        if not is_live or index >= len(self._states) or not self._states[index].ready:
            return
        try:
            queue = self._queue(index)
            self._device.serve(index, queue)
            wants_interrupt = queue.finish()
        except RingError as error:
            self.problem = str(error)
            state.status |= NEEDS_RESET
            self._interrupt(CONFIG_CHANGE)
            return
        if wants_interrupt:
            self._interrupt(USED_BUFFER)

    def _queue(self, index: int) -> Queue:
        queue = self._queues[index]
        if queue is None:
            if self._states[index].size > self._device.queue_sizes[index]:
                raise RingError(f"a queue of {self._states[index].size} entries")
            kind = PackedQueue if self._agreed & F_PACKED else SplitQueue
            queue = kind(self._buffers, self._states[index], self._agreed)
            self._queues[index] = queue
        return queue

    # ------------------------------------------------------------------------ interrupt rule

    def _interrupt(self, bits: int) -> None:
        self._state.interrupt |= bits
        self._drive()

    def _drive(self) -> None:
        if self._line is not None:
            self._line(self._state.interrupt != 0)

    # --------------------------------------------------------------------------- state, tree

    def save(self) -> DeviceState:
        rows = zip(QUEUE_FIELDS, zip(*map(astuple, self._states), strict=True), strict=True)
        for name, values in rows:
            setattr(self._state, name, list(values))
        device = {f"device.{name}": value for name, value in self._device.save().items()}
        return save_state(self._state) | device

    def restore(self, state: DeviceState) -> None:
        own = {name: value for name, value in state.items() if not name.startswith("device.")}
        rest = {
            name.removeprefix("device."): value
            for name, value in state.items()
            if name.startswith("device.")
        }
        count = len(self._states)
        taken = load_state(MmioState, own, **dict.fromkeys(QUEUE_FIELDS, count))
        if taken.features & ~self._offered and taken.status & FEATURES_OK:
            raise StateError("saved MmioState.features has bits that this device does not offer")
        self._device.restore(rest)
        self._state = taken
        self._states = [
            QueueState(*(getattr(taken, name)[index] for name in QUEUE_FIELDS))
            for index in range(count)
        ]
        self._queues = [None] * count
        if taken.status & DRIVER_OK:
            self._device.start(self._memory, self._agreed, self._notify)
        self._drive()

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        return (node(site),)

    def close(self) -> None:
        """Let go of what the device has open."""
        self._device.close()
