"""The contract of a memory mode: how a guest's memory is virtualized, one file a mode.

A mode is a few functions in machine words, which the loops under `vmm/cpu/` call around running the
hart (as Python, or compiled into a fast path of the mode's own), and what it needs of the harts and
of machine memory. docs/recipes/add-a-memory-mode.md has one in full.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from isa.hart import Hart
from vmm.config import MachineConfig
from vmm.costs import Refill
from vmm.guest_memory import GuestMemory


class CpuKind(Enum):
    """How the guest's privileged code is executed under a mode."""

    DEPRIVILEGED = "deprivileged"
    """All of it in the hart's U-mode; every privileged instruction exits."""
    ASSISTED = "assisted"
    """S and U in VS and VU, by the H extension; M, if the guest has it, in VU."""


@dataclass(frozen=True)
class MemoryWords:
    """A mode's functions in machine words. `hart` is the hart beneath, `vcpu` the guest's page.

    Functions of one mode need names of their own: they are compiled into one module.
    """

    select: Callable[[Any, Any], None]
    """(hart, vcpu): give the hart the translation that the vCPU has now, before it is entered."""
    serve: Callable[[Any, Any, int, int], int]
    """(hart, vcpu, address, access): handle an access that the hart could not translate.

    The address is guest-virtual, or guest-physical under `CpuKind.ASSISTED`. Gives 1 when the
    guest's instruction is done with, 0 when the hart is to try it again.
    """
    fence: Callable[[Any, Any, bool, int, bool, int], None]
    """(hart, vcpu, by_va, va, by_asid, asid): do what an SFENCE.VMA of the guest asks for."""
    forget: Callable[[Any, Any], None]
    """(hart, vcpu): drop all that is derived: what a guest may reach has changed otherwise."""
    stepped: Callable[[Any, Any], None]
    """(hart, vcpu): an instruction was carried out on the vCPU's page; it may have stored."""


@dataclass(frozen=True)
class MemorySite:
    """What a mode virtualizes: a guest's memory, its vCPUs, and the harts that run them."""

    config: MachineConfig
    memory: GuestMemory
    hosts: Sequence[Hart]
    vcpus: Sequence[Hart]
    reserved: int
    """Where in machine memory (an offset) the mode's own part begins."""


class MemoryMode(Protocol):
    """A memory mode."""

    @property
    def name(self) -> str:
        """What `--mode` and the account call it."""

    @property
    def title(self) -> str:
        """Say in a few words what it does."""

    @property
    def cpu(self) -> CpuKind: ...

    @property
    def refill(self) -> Refill:
        """Who serves a miss of the hart's TLB: software (it exits), or the hart's walker."""

    @property
    def words(self) -> MemoryWords: ...

    @property
    def hart_words(self) -> int:
        """Words of the monitor's beside each hart's TLB (`Slot.MONITOR_AT`)."""

    @property
    def has_second_level(self) -> bool:
        """Say whether the vCPU's own modelled TLB is used, as a second-level TLB."""

    def __hash__(self) -> int: ...

    def reserve(self, config: MachineConfig) -> int:
        """Give the bytes of machine memory that it needs for itself."""

    def prepare(self, site: MemorySite) -> None:
        """Set up before the first entry, and again after the domain has been in another mode.

        Its part of machine memory holds zeros at first, then what the mode has left there.
        """

    def remote_fence(self, host: Hart, vcpu: Hart) -> None:
        """Let a vCPU see all changes of tables before its next instruction: another one asks."""

    def written(self, host: Hart, offset: int, size: int) -> None:
        """Note that something other than a hart has stored to a range of machine memory."""
