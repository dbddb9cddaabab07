"""The contracts that plug-ins of the board and the monitor fulfil.

Each is a `Protocol`: a class that has the members is a plug-in, no base class is needed. The tables
that register the built-in ones are `vmm.devices` and `vmm.hypercalls.sbi`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from isa.errors import TraplineError
from vmm.fdt import Phandles, TreeNode

StateValue = int | bytes | list[int]
"""What a saved state may hold: plain values, so that any container format can carry them."""

DeviceState = Mapping[str, StateValue]
"""A device's saved state by field name."""

Clock = Callable[[], int]
"""Gives the time in timebase ticks; it never runs backwards."""

InterruptLine = Callable[[bool], None]
"""Takes the new level of a device's interrupt output."""


class StateError(TraplineError):
    """A saved state does not fit what it is restored into."""


# ------------------------------------------------------------------------------------- devices


@dataclass(frozen=True)
class TreeSite:
    """What a device's tree node has to know about the board it sits on."""

    base: int
    window: int
    """Bytes of address space set aside for the device (the `reg` size)."""
    irq: int | None
    """Its interrupt source number, or None while nothing is there to take interrupts."""
    harts: int
    phandles: Phandles


class Device(Protocol):
    """A memory-mapped device. It knows offsets; ranges, widths and alignment are the bus's affair.

    `read` and `write` are total: any offset below `span`, any width in `widths`, in any order, at
    any time. What the specification leaves open reads as zero and ignores writes.
    """

    @property
    def span(self) -> int:
        """Bytes decoded from the base; an access beyond is an access fault."""

    @property
    def widths(self) -> frozenset[int]:
        """Access sizes taken, of 1, 2, 4 and 8; another one is an access fault."""

    def read(self, offset: int, size: int) -> int:
        """Return the `size` bytes at the offset as an unsigned number."""

    def write(self, offset: int, size: int, value: int) -> None:
        """Take an unsigned value of `size` bytes at the offset."""

    def save(self) -> DeviceState:
        """Return everything that the guest can observe now or later."""

    def restore(self, state: DeviceState) -> None:
        """Take a saved state; raise StateError and change nothing when it is not one."""

    def tree(self, site: TreeSite) -> Sequence[TreeNode]:
        """Return the device-tree nodes."""


# ---------------------------------------------------------------------------------- hypercalls


class StopKind(Enum):
    """How a guest wants its machine to end."""

    SHUTDOWN = "shutdown"
    COLD_REBOOT = "cold_reboot"
    WARM_REBOOT = "warm_reboot"


@dataclass(frozen=True)
class StopRequest:
    """The guest asked for its machine to end, with its own exit status."""

    kind: StopKind
    status: int
    source: str
    """Which interface carried the request, for the account's `stop_reason`."""


@dataclass(frozen=True, slots=True)
class HartEntry:
    """Where and how a hart enters S-mode: satp 0 and sstatus.SIE 0 besides what is here.

    Firmware is entered in M-mode in the same way, and finds its next stage by a2.
    """

    pc: int
    a0: int
    a1: int
    a2: int = 0


@dataclass(frozen=True, slots=True)
class SbiReturn:
    """Write `error` (negative: as two's complement) to a0, `value` to a1, go on after the ecall."""

    error: int
    value: int = 0


@dataclass(frozen=True, slots=True)
class LegacyReturn:
    """Write `value` (negative: as two's complement) to a0 alone and go on after the ecall."""

    value: int


@dataclass(frozen=True, slots=True)
class RedirectedFault:
    """Deliver this fault to S-mode with sepc at the ecall itself."""

    cause: int
    tval: int


@dataclass(frozen=True, slots=True)
class HartStopped:
    """The calling hart has left S-mode; it runs again when `HartStates` says START_PENDING."""


@dataclass(frozen=True, slots=True)
class HartSuspended:
    """The calling hart sleeps until an interrupt that is enabled in `sie` is pending.

    Then `HartStates.resume` gives the entry to take (non-retentive), or None: write success to a0
    and a1 and go on after the ecall.
    """


@dataclass(frozen=True, slots=True)
class MachineStopped:
    """The guest ended its machine; the call does not return."""

    request: StopRequest


CallOutcome = (
    SbiReturn | LegacyReturn | RedirectedFault | HartStopped | HartSuspended | MachineStopped
)
"""What the run loop is to do after a call. No handler touches the pc or a register itself."""


class FenceKind(Enum):
    """The fences that one hart can ask others to execute."""

    FENCE_I = "fence.i"
    SFENCE_VMA = "sfence.vma"
    HFENCE_GVMA = "hfence.gvma"
    HFENCE_VVMA = "hfence.vvma"


@dataclass(frozen=True, slots=True)
class RemoteFence:
    """A fence to execute on another hart."""

    kind: FenceKind
    start: int = 0
    size: int | None = None
    """Bytes from `start`, or None for the whole address space."""
    tag: int | None = None
    """ASID (sfence.vma, hfence.vvma) or VMID (hfence.gvma); None for all of them."""


@dataclass(frozen=True)
class MachineIds:
    """The values of mvendorid, marchid and mimpid."""

    mvendorid: int = 0
    marchid: int = 0
    mimpid: int = 0


class HartLifecycle(Protocol):
    """The states of the harts as the HSM extension defines them; `hsm.HartStates` is the one."""

    def is_known(self, hart: int) -> bool: ...

    def status(self, hart: int) -> int: ...

    def is_interruptible(self, hart: int) -> bool: ...

    def request_start(self, hart: int, entry: HartEntry) -> bool: ...

    def stop(self, hart: int) -> None: ...

    def suspend(self, hart: int, entry: HartEntry | None) -> None: ...


class SbiPlatform(Protocol):
    """What the SBI needs from below: the bare board's SEE and every domain are one.

    Addresses are the caller's physical addresses (guest-physical in a domain). Hart numbers passed
    in are valid: the handlers have checked them.
    """

    @property
    def hart_ids(self) -> Sequence[int]:
        """The harts that the supervisor may name, ascending."""

    @property
    def harts(self) -> HartLifecycle: ...

    @property
    def machine_ids(self) -> MachineIds: ...

    @property
    def has_hypervisor(self) -> bool:
        """Say whether the harts have the H extension."""

    def set_timer(self, hart: int, ticks: int) -> None:
        """Arm the S-mode timer for an absolute time and clear a pending timer interrupt."""

    def send_ipi(self, hart: int) -> None:
        """Make the S-mode software interrupt pending."""

    def clear_ipi(self, hart: int) -> bool:
        """Clear the S-mode software interrupt; say whether it was pending."""

    def remote_fence(self, hart: int, fence: RemoteFence) -> None:
        """Execute the fence on a hart before that hart's next instruction."""

    def has_memory(self, pa: int, size: int) -> bool:
        """Say whether the whole range is memory that S-mode may read and write."""

    def read_memory(self, pa: int, size: int) -> bytes:
        """Read a range for which `has_memory` is true."""

    def write_memory(self, pa: int, data: bytes) -> None:
        """Write a range for which `has_memory` is true."""

    def read_virtual(self, hart: int, va: int, size: int) -> bytes | RedirectedFault:
        """Read with the caller's own translation and privilege, as a load would."""

    def console_write(self, data: bytes) -> int:
        """Take console output; return how many bytes were accepted."""

    def console_read(self, limit: int) -> bytes:
        """Return up to `limit` bytes of console input, none if there is none."""


CallHandler = Callable[[SbiPlatform, int, Sequence[int]], CallOutcome]
"""Takes the platform, the calling hart and a0 to a5."""


class Hypercall(Protocol):
    """A group of calls under one extension id, as an SBI extension is."""

    @property
    def name(self) -> str: ...

    @property
    def eid(self) -> int: ...

    @property
    def functions(self) -> Mapping[int, CallHandler]:
        """Handlers by function id."""
