"""The cost model: what each counted event takes, in cycles of a stated machine.

A simulator's own run time says little about a machine, so counts are turned into modelled cycles:
deterministic, the same on every host. The cost of an exit is what it takes **beyond** what the bare
machine spends on the same event. docs/costs.md explains the model and where it is weak.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from fractions import Fraction

from isa.errors import TraplineError
from vmm.schema import EXIT_NAMES


class Basis(Enum):
    """How much weight a number bears."""

    PUBLISHED = "published"
    """Printed in the paper named."""
    DERIVED = "derived"
    """Sums and differences of published numbers."""
    ESTIMATE = "estimate"
    """Ours, with the reason."""


@dataclass(frozen=True)
class Cost:
    """A number of cycles and what it rests on."""

    cycles: int
    basis: Basis
    why: str

    def scaled(self, factor: Fraction) -> "Cost":
        return replace(self, cycles=round(self.cycles * factor))


def _published(cycles: int, why: str) -> Cost:
    return Cost(cycles, Basis.PUBLISHED, why)


def _derived(cycles: int, why: str) -> Cost:
    return Cost(cycles, Basis.DERIVED, why)


def _estimate(cycles: int, why: str) -> Cost:
    return Cost(cycles, Basis.ESTIMATE, why)


class Refill(Enum):
    """Who refills the TLB of the bare machine."""

    HARDWARE = "hardware"
    SOFTWARE = "software"


@dataclass(frozen=True)
class CostModel:
    """A machine's costs. All but the first are cycles for one event."""

    name: str
    caption: str
    clock_hz: int
    bare_refill: Refill
    """The baseline that the preset's machine had; the other one can be asked for."""
    thousand_instructions: Cost
    walk_reference: Cost
    """A page-table entry read by a hardware walker."""
    software_refill: Cost
    """A TLB miss handled by the bare machine's own kernel."""
    tlb_miss: Cost
    """A hart TLB miss under the monitor: trap, look up the second-level TLB, write, return."""
    tlb_fill: Cost
    """A second-level miss, on top: find the context, the frame, and enter the translation."""
    fill_reference: Cost
    """A page-table entry read by the monitor."""
    exits: Mapping[str, Cost]
    """By cause; every cause but `tlb_miss` has an entry."""

    def __post_init__(self) -> None:
        missing = set(EXIT_NAMES) - {"tlb_miss"} ^ set(self.exits)
        assert not missing, f"preset {self.name}: causes without cost, or unknown: {missing}"

    def costs(self) -> dict[str, Cost]:
        """Return every cost by name, those of exits as `exits.<cause>`."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        named = {name: cost for name, cost in own.items() if isinstance(cost, Cost)}
        return named | {f"exits.{cause}": cost for cause, cost in self.exits.items()}

    def with_scaled(self, name: str, factor: Fraction) -> "CostModel":
        """Return the model with one cost, named as in `costs`, multiplied."""
        cost = self.costs()[name].scaled(factor)
        cause = name.removeprefix("exits.")
        if cause != name:
            return replace(self, exits={**self.exits, cause: cost})
        changed: dict[str, Cost] = {name: cost}
        return replace(self, **changed)  # type: ignore[arg-type]

    def variations(self) -> Iterator[tuple[str, Fraction, "CostModel"]]:
        """Give the models that have one cost halved or doubled."""
        for name in self.costs():
            for factor in (Fraction(1, 2), Fraction(2)):
                yield name, factor, self.with_scaled(name, factor)


# ----------------------------------------------------------------------------------- presets

DISCO = "Bugnion, Devine, Rosenblum: Disco (SOSP 1997)"
ADAMS = (
    "Adams, Agesen: A Comparison of Software and Hardware Techniques (ASPLOS 2006), nanobenchmarks"
)

MODEL_1997 = CostModel(
    name="1997",
    caption="Disco's simulated machine, R10000-like, 300 MHz, software-refilled TLB",
    clock_hz=300_000_000,
    bare_refill=Refill.SOFTWARE,
    thousand_instructions=_estimate(
        1000, "single issue, one a cycle; cache stalls left out on both sides overstate overhead"
    ),
    walk_reference=_estimate(10, "a second-level cache hit; only for the other baseline"),
    software_refill=_estimate(14, "exception, a MIPS refill handler of nine instructions, return"),
    tlb_miss=_estimate(36, "exception, save, hash, compare, TLB write, restore: 30 instructions"),
    tlb_fill=_estimate(160, "full register save, context and frame lookup, insert in the cache"),
    fill_reference=_estimate(12, "a dependent load that mostly hits the second-level cache"),
    exits={
        "shadow_fill": _estimate(220, "a fault, full save, find shadow page and frame, enter it"),
        "table_write": _estimate(220, "as shadow_fill: the entry is found and made writable"),
        "stage_fill": _estimate(200, "as shadow_fill, with no tables of the guest to look at"),
        "csr": _estimate(110, "exception, save, fetch, decode, emulate, restore: 100 instructions"),
        "xret": _estimate(140, "as csr, and the change of virtual mode"),
        "wfi": _estimate(250, "as csr, and a pass through the scheduler"),
        "fence": _estimate(250, "as csr, and a search of the second-level TLB"),
        "system_call": _estimate(140, "as csr, and virtual trap delivery"),
        "page_fault": _estimate(140, "as system_call; its lookup is charged as a miss"),
        "exception": _estimate(140, "as system_call"),
        "interrupt": _estimate(140, "as system_call"),
        "sbi": _estimate(300, "full save, dispatch, validation of arguments"),
        "hypercall": _estimate(300, "as sbi"),
        "mmio": _estimate(300, "as sbi: decode, find the device, emulate its register"),
        "world_switch": _estimate(1500, "all registers, the TLB lost (its refills are counted)"),
    },
)

MODEL_2006 = CostModel(
    name="2006",
    caption="the Pentium 4 of Adams and Agesen, software techniques, hardware walker",
    clock_hz=3_800_000_000,
    bare_refill=Refill.HARDWARE,
    thousand_instructions=_estimate(1000, "about one a cycle on system code of that machine"),
    walk_reference=_estimate(20, "a second-level cache hit"),
    software_refill=_estimate(
        889, f"{ADAMS}: a native fault, div0, takes 889; that machine had none"
    ),
    tlb_miss=_estimate(949, "a native fault (889) and some 60 to look up and write the entry"),
    tlb_fill=_estimate(216, "as much as emulating one instruction"),
    fill_reference=_estimate(20, "as the walker's"),
    exits={
        "shadow_fill": _derived(1105, "native fault (889) and as much as emulating `in` (216)"),
        "table_write": _derived(1280, f"{ADAMS}: native fault 889 + PTE write in software 391"),
        "stage_fill": _estimate(1105, "as shadow_fill; that machine had no second stage"),
        "csr": _derived(1105, f"{ADAMS}: native fault (div0) 889 + emulation of `in` 216"),
        "xret": _derived(1105, "as csr"),
        "wfi": _derived(1105, "as csr"),
        "fence": _derived(1105, "as csr; what it drops shows as misses"),
        "system_call": _published(2000, f"{ADAMS}: syscall, software: native + 2000"),
        "page_fault": _derived(2834, f"{ADAMS}: page fault, software 3927 - native 1093"),
        "exception": _derived(2334, f"{ADAMS}: div0, software 3223 - native 889"),
        "interrupt": _derived(2334, "as exception: delivery is the same work"),
        "sbi": _derived(1105, "as csr"),
        "hypercall": _derived(1105, "as csr"),
        "mmio": _derived(1105, "as csr: `in` is a device register"),
        "world_switch": _estimate(5000, "two transitions and all registers"),
    },
)

MODEL_TODAY = CostModel(
    name="today",
    caption="a present-day out-of-order core, 3 GHz, hardware walker",
    clock_hz=3_000_000_000,
    bare_refill=Refill.HARDWARE,
    thousand_instructions=_estimate(500, "two a cycle, caches warm"),
    walk_reference=_estimate(8, "mostly first-level hits; upper levels in the walk cache"),
    software_refill=_estimate(120, "a pipeline flush in and out and ten instructions"),
    tlb_miss=_estimate(200, "two flushes, a partial save, one probe of a table"),
    tlb_fill=_estimate(150, "full save, context and frame lookup"),
    fill_reference=_estimate(14, "a dependent load, second-level cache"),
    exits={
        "shadow_fill": _estimate(500, "two flushes, full save, find shadow page and frame, enter"),
        "table_write": _estimate(500, "as shadow_fill: the entry is found and made writable"),
        "stage_fill": _estimate(450, "as shadow_fill, with no tables of the guest to look at"),
        "csr": _estimate(350, "two flushes, 31 registers saved and restored, decode, emulate"),
        "xret": _estimate(400, "as csr, and the change of virtual mode"),
        "wfi": _estimate(800, "as csr, and a pass through the scheduler"),
        "fence": _estimate(600, "as csr, and the real fence with its refetch"),
        "system_call": _estimate(450, "as csr, and virtual trap delivery"),
        "page_fault": _estimate(450, "as system_call; its lookup is charged as a miss"),
        "exception": _estimate(450, "as system_call"),
        "interrupt": _estimate(450, "as system_call"),
        "sbi": _estimate(600, "dispatch, validation of arguments"),
        "hypercall": _estimate(600, "as sbi"),
        "mmio": _estimate(
            900, "fetch and decode the access, find the device, emulate its register"
        ),
        "world_switch": _estimate(2000, "all registers, and cold predictors"),
    },
)

PRESETS: Mapping[str, CostModel] = {
    model.name: model for model in (MODEL_1997, MODEL_2006, MODEL_TODAY)
}
DEFAULT_PRESET = MODEL_1997.name


def preset(name: str) -> CostModel:
    """Return a preset; raise TraplineError naming the ones there are."""
    if name not in PRESETS:
        raise TraplineError(f"no cost preset {name!r}: there are {', '.join(PRESETS)}")
    return PRESETS[name]
