"""A machine for SBI tests: it records what the handlers ask for."""

from collections.abc import Sequence

from vmm.contracts import (
    CallOutcome,
    MachineIds,
    RedirectedFault,
    RemoteFence,
)
from vmm.hypercalls.sbi import SbiTable
from vmm.hypercalls.sbi.hsm import HartStates

RAM_BASE, RAM_SIZE = 0x8000_0000, 0x4_0000
NO_PAGE_VA = 0xDEAD_0000
LOAD_PAGE_FAULT = 13


class FakePlatform:
    """An `SbiPlatform` with some harts and 256 KiB of memory."""

    def __init__(
        self, hart_ids: Sequence[int] = (0, 1, 2), *, has_hypervisor: bool = False
    ) -> None:
        self.hart_ids = tuple(hart_ids)
        self.harts = HartStates(self.hart_ids, self.hart_ids[0])
        self.machine_ids = MachineIds(0x11, 0x22, 0x33)
        self.has_hypervisor = has_hypervisor
        self.table = SbiTable()
        self.timers: dict[int, int] = {}
        self.pending_ipis: set[int] = set()
        self.fences: list[tuple[int, RemoteFence]] = []
        self.memory = bytearray(RAM_SIZE)
        self.printed = bytearray()
        self.typed = bytearray()
        self.console_room: int | None = None

    def call(self, eid: int, fid: int, *args: int, hart: int = 0) -> CallOutcome:
        """Make a call as a guest would, with unused argument registers zero."""
        return self.table.call(self, hart, eid, fid, (*args, *(0,) * (6 - len(args))))

    def start_all(self) -> None:
        """Bring every hart to STARTED."""
        for hart in self.hart_ids[1:]:
            self.call(0x48534D, 0, hart, RAM_BASE)
            self.harts.begin(hart)

    def set_timer(self, hart: int, ticks: int) -> None:
        self.timers[hart] = ticks

    def send_ipi(self, hart: int) -> None:
        self.pending_ipis.add(hart)

    def clear_ipi(self, hart: int) -> bool:
        was_pending = hart in self.pending_ipis
        self.pending_ipis.discard(hart)
        return was_pending

    def remote_fence(self, hart: int, fence: RemoteFence) -> None:
        self.fences.append((hart, fence))

    def has_memory(self, pa: int, size: int) -> bool:
        return pa >= RAM_BASE and pa + size <= RAM_BASE + RAM_SIZE

    def read_memory(self, pa: int, size: int) -> bytes:
        assert self.has_memory(pa, size), "read outside memory"
        return bytes(self.memory[pa - RAM_BASE : pa - RAM_BASE + size])

    def write_memory(self, pa: int, data: bytes) -> None:
        assert self.has_memory(pa, len(data)), "write outside memory"
        self.memory[pa - RAM_BASE : pa - RAM_BASE + len(data)] = data

    def read_virtual(self, hart: int, va: int, size: int) -> bytes | RedirectedFault:
        if not self.has_memory(va, size):
            return RedirectedFault(LOAD_PAGE_FAULT, va)
        return self.read_memory(va, size)

    def console_write(self, data: bytes) -> int:
        taken = data if self.console_room is None else data[: self.console_room]
        self.printed += taken
        return len(taken)

    def console_read(self, limit: int) -> bytes:
        data = bytes(self.typed[:limit])
        del self.typed[:limit]
        return data
