"""The supervisor execution environment: what stands below S-mode when there is no firmware.

One SBI implementation serves the bare board and every domain; this is its platform, and the state
in which it enters S-mode. Follows the RISC-V SBI Specification v3.0, chapter "Binary Encoding".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isa import mstatus as ms
from isa.causes import Priv
from isa.csr_access import GUEST_EXCEPTIONS
from isa.csrs import ALL
from isa.extensions import BITS
from isa.hart import Hart
from isa.mmu import Access, translate
from isa.state import Slot
from isa.walk import ENVCFG_ADUE
from vmm.contracts import (
    FenceKind,
    HartEntry,
    HartLifecycle,
    MachineIds,
    RedirectedFault,
    RemoteFence,
)

if TYPE_CHECKING:
    from vmm.machine import Machine

SSIP = 1 << 1
DELEGATED_EXCEPTIONS = 0xB1FF  # all that S-mode can take, but for its own ecall
DELEGATED_INTERRUPTS = 0x222
COUNTERS = 7
A0, A1, A2 = 10, 11, 12

S_ENTRY: tuple[tuple[Slot, int], ...] = (
    (Slot.PRIV, Priv.S),
    (Slot.MEDELEG, DELEGATED_EXCEPTIONS),
    (Slot.MIDELEG, DELEGATED_INTERRUPTS),
    (Slot.MCOUNTEREN, COUNTERS),
    (Slot.SCOUNTEREN, COUNTERS),
    (Slot.SATP, 0),
    (Slot.HOSTED, 1),
)
"""The state in which S-mode is entered; all but counters and pending interrupts is zero."""

_KEPT = (
    Slot.MHARTID,
    Slot.LINES,
    Slot.MIP,  # what ended a suspension is still pending after it
    Slot.INSTRET,
    Slot.IDLE,
    Slot.MCYCLE,
    Slot.MINSTRET,
    Slot.TIME_OFFSET,
    Slot.STIMECMP,
)


def enter_machine(hart: Hart, entry: HartEntry) -> None:
    """Enter M-mode at an address, out of reset."""
    hart.reset(entry.pc)
    hart[A0], hart[A1], hart[A2] = entry.a0, entry.a1, entry.a2


def enter_supervisor(hart: Hart, entry: HartEntry) -> None:
    """Enter S-mode at an address, as booting, HSM start and non-retentive resume do."""
    kept = [(slot, hart.slots[slot]) for slot in _KEPT]
    hart.reset(entry.pc)
    floats = ms.FS | ms.SD if hart.slots[Slot.ISA] & BITS["F"] else 0
    status = (Slot.MSTATUS, ms.MSTATUS_FIXED | floats)  # on, as firmware leaves it
    for slot, value in (*kept, *S_ENTRY, status):
        hart.slots[slot] = value
    _open(hart)
    hart[A0], hart[A1] = entry.a0, entry.a1


def _open(hart: Hart) -> None:
    """Let S-mode use all that the hart has; of accessed bits, what reset has chosen."""
    hart.csr["menvcfg"] = ALL & ~ENVCFG_ADUE | hart.csr["menvcfg"]
    if hart.slots[Slot.ISA] & BITS["Smstateen"]:
        for i in range(4):
            hart.csr[f"mstateen{i}"] = ALL
    if hart.slots[Slot.ISA] & BITS["H"]:
        hart.slots[Slot.MEDELEG] |= GUEST_EXCEPTIONS


class Platform:
    """What the SBI needs of a machine (`vmm.contracts.SbiPlatform`)."""

    has_hypervisor = False
    machine_ids = MachineIds()

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine

    @property
    def hart_ids(self) -> Sequence[int]:
        """The harts that the supervisor may name, ascending."""
        return range(len(self._machine.harts))

    @property
    def harts(self) -> HartLifecycle:
        """The states of the harts."""
        return self._machine.states

    def set_timer(self, hart: int, ticks: int) -> None:
        """Arm the S-mode timer for an absolute time and clear a pending timer interrupt."""
        self._machine.timers.set_deadline(hart, ticks)

    def send_ipi(self, hart: int) -> None:
        """Make the S-mode software interrupt pending."""
        self._machine.harts[hart][Slot.MIP] |= SSIP

    def clear_ipi(self, hart: int) -> bool:
        """Clear the S-mode software interrupt; say whether it was pending."""
        target = self._machine.harts[hart]
        was_pending = bool(target.slots[Slot.MIP] & SSIP)
        target[Slot.MIP] &= ~SSIP
        return was_pending

    def remote_fence(self, hart: int, fence: RemoteFence) -> None:
        """Execute the fence on a hart before that hart's next instruction."""
        if fence.kind in (FenceKind.SFENCE_VMA, FenceKind.FENCE_I):
            self._machine.cpu.fence(hart, fence)

    def has_memory(self, pa: int, size: int) -> bool:
        """Say whether the whole range is memory that S-mode may read and write."""
        return self._machine.memory.contains(pa, size)

    def read_memory(self, pa: int, size: int) -> bytes:
        """Read a range for which `has_memory` is true."""
        return self._machine.memory.read(pa, size)

    def write_memory(self, pa: int, data: bytes) -> None:
        """Write a range for which `has_memory` is true."""
        self._machine.memory.write(pa, data)

    def read_virtual(self, hart: int, va: int, size: int) -> bytes | RedirectedFault:
        """Read with the caller's own translation and privilege, as a load would."""
        target = self._machine.harts[hart]
        data = bytearray()
        for at in range(va, va + size):
            pa = int(translate(target, target[Slot.X0] + at, Access.LOAD))
            target[Slot.INLINE_STALE] = 1  # the modelled TLB may have changed beneath it
            if target.slots[Slot.PENDING]:
                target[Slot.PENDING] = 0
                return RedirectedFault(target.slots[Slot.CAUSE], target.slots[Slot.TVAL])
            if not self.has_memory(pa, 1):
                return RedirectedFault(5, at)
            data += self.read_memory(pa, 1)
        return bytes(data)

    def console_write(self, data: bytes) -> int:
        """Take console output; return how many bytes were accepted."""
        return self._machine.console.write(data)

    def console_read(self, limit: int) -> bytes:
        """Return up to `limit` bytes of console input, none if there is none."""
        return self._machine.uart.take(limit)
