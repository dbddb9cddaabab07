"""What a machine is made of, checked before anything is made.

Wrong sizes are refused here, with what was expected.
"""

from dataclasses import dataclass

from isa.errors import TraplineError
from isa.extensions import DEFAULT
from isa.hart import MAX_TLB_ENTRIES
from isa.isa_string import format_isa, parse_isa
from isa.state import Slot
from isa.trap import Detail
from vmm.disks import DiskSpec
from vmm.net import NetSpec

MIN_RAM = 64 << 10
MAX_RAM = 64 << 30
MAX_HARTS = 8
ISA = format_isa(DEFAULT)
"""Everything there is but what must be asked for."""
DEFAULT_TICK = 100
MAX_PERIOD = 1_000_000_000


@dataclass(frozen=True)
class TlbShape:
    """Geometry of a modelled TLB."""

    sets: int
    ways: int

    @property
    def entries(self) -> int:
        """Number of 4 KiB translations held."""
        return self.sets * self.ways

    def __str__(self) -> str:
        if self.sets == 1:
            return f"{self.ways} entries, fully associative"
        return f"{self.sets} sets of {self.ways} ways"


R10000_TLB = TlbShape(1, 64)
"""64 entries, fully associative, as in the R10000 that Disco was simulated on (there: of pairs)."""
SECOND_LEVEL_TLB = TlbShape(1024, 4)


SLOTS = 8


@dataclass(frozen=True)
class SlotSpec:
    """What is in a virtio slot; `kind` is a key of `vmm.devices.virtio.make.KINDS`."""

    slot: int
    kind: str
    disk: DiskSpec | None = None
    serial: str = ""
    network: NetSpec | None = None
    mac: bytes = b""


@dataclass(frozen=True)
class MachineConfig:
    """One machine. Sizes are bytes; `tick` is instructions per timebase tick.

    `tlb` is the modelled hart TLB (None: fast accounting, nothing is modelled); `second` the
    monitor's second-level TLB, with no ways for none.
    """

    ram: int = 128 << 20
    harts: int = 1
    tlb: TlbShape | None = None
    second: TlbShape = SECOND_LEVEL_TLB
    isa: str = ISA
    bootargs: str = ""
    tick: int = DEFAULT_TICK
    quantum: int = 10_000
    slots: tuple[SlotSpec, ...] = ()
    semihosting: bool = False
    traps_misaligned: bool = False
    """Whether misaligned loads and stores trap instead of being performed."""
    detail: int = Detail.RICH
    """What traps tell hypervisors."""
    is_legacy: bool = False
    """Whether virtio slots have the register layout from before the standard."""
    extras: tuple[object, ...] = ()
    """Hypercalls, devices and hooks from outside (`vmm.extensions`)."""

    @property
    def extensions(self) -> int:
        """The bits of the extensions that the ISA string names."""
        return parse_isa(self.isa)

    @property
    def choices(self) -> dict[int, int]:
        """The slots of a guest-visible hart that say what the manual leaves open."""
        return {Slot.TRAP_DETAIL: self.detail, Slot.ALIGNED_ONLY: int(self.traps_misaligned)}

    def __post_init__(self) -> None:
        parse_isa(self.isa)
        if not MIN_RAM <= self.ram <= MAX_RAM or self.ram % 4096:
            raise TraplineError(
                f"memory of {self.ram} bytes: expected a multiple of 4 KiB from"
                f" {MIN_RAM >> 10} KiB to {MAX_RAM >> 30} GiB"
            )
        if not 1 <= self.harts <= MAX_HARTS:
            raise TraplineError(f"{self.harts} harts: expected 1 to {MAX_HARTS}")
        for name, number in (("tick", self.tick), ("quantum", self.quantum)):
            if not 1 <= number <= MAX_PERIOD:
                raise TraplineError(
                    f"a {name} of {number} instructions: expected 1 to {MAX_PERIOD}"
                )
        if self.detail not in set(Detail):
            raise TraplineError(f"traps of detail {self.detail}: expected 0 to {max(Detail)}")
        numbers = [spec.slot for spec in self.slots]
        if len(set(numbers)) < len(numbers) or not all(0 <= n < SLOTS for n in numbers):
            raise TraplineError(f"virtio slots {numbers}: expected different ones of 0 to 7")
        if self.tlb is not None:
            _check_tlb(self.tlb, least_ways=1)
        _check_tlb(self.second, least_ways=0)


def _check_tlb(shape: TlbShape, least_ways: int) -> None:
    is_power = shape.sets > 0 and shape.sets & shape.sets - 1 == 0
    if not is_power or shape.ways < least_ways or shape.entries > MAX_TLB_ENTRIES:
        raise TraplineError(
            f"a TLB of {shape.sets} sets and {shape.ways} ways: expected a power of two of sets, at"
            f" least {least_ways} ways and at most {MAX_TLB_ENTRIES} entries"
        )
