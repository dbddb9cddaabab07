"""The account of a run: counts turned into modelled cycles, by bucket.

Takes the counters of `vmm.schema` and a cost model of `vmm.costs`; knows nothing of the engine.
The buckets sum to the cycles exactly: all arithmetic is in integers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmm.costs import CostModel, Refill
from vmm.schema import (
    COUNTERS,
    EXIT_CAUSES,
    EXIT_NAMES,
    INSTRUCTIONS,
    WALK_REFERENCES,
    Bucket,
    TlbLevel,
    View,
    exit_counter,
    fill_references_counter,
    miss_counter,
)

BARE = "bare"
"""The mode of a run without a monitor."""

Counters = Mapping[str, int]

LOWER_BOUND_NOTE = (
    "kernel TLB faults: only misses with the guest's translation off, which bare harts never take;"
    " a comparison with the bare board also counts the other extra misses"
)
FAST_NOTE = "no TLB was modelled: misses and walks are not counted, nor their cycles"


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run besides its counters."""

    guest: str
    mode: str
    engine: str
    tlb: str
    """Which accounting of TLB misses, and the geometry."""
    cpu_s: float
    wall_s: float
    exit_status: int
    stop_reason: str
    console_sha256: str
    state_sha256: str
    is_exact: bool = True
    """Whether a TLB was modelled."""
    refill: Refill = Refill.SOFTWARE
    """Who serves a domain's TLB misses: the monitor, or the hart's walker (in guest execution)."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """Everything a run is accounted by."""

    facts: RunFacts
    preset: str
    bare_refill: str
    instructions: int
    cycles: int
    exits: Mapping[str, int]
    tlb_misses: Mapping[str, int]
    buckets: Mapping[Bucket, int]
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        total = sum(self.buckets.values())
        assert total == self.cycles, f"buckets sum to {total}, cycles are {self.cycles}"

    @property
    def mips(self) -> float:
        """Million guest instructions for one second of host CPU time."""
        return self.instructions / self.facts.cpu_s / 1e6 if self.facts.cpu_s > 0 else 0.0

    def to_json(self) -> dict[str, object]:
        """Return the account under its stable keys, ready for `json.dumps`."""
        return {
            "guest": self.facts.guest,
            "mode": self.facts.mode,
            "engine": self.facts.engine,
            "preset": self.preset,
            "bare_refill": self.bare_refill,
            "tlb": self.facts.tlb,
            "exit_status": self.facts.exit_status,
            "stop_reason": self.facts.stop_reason,
            "instructions": self.instructions,
            "cycles": self.cycles,
            "cpu_s": round(self.facts.cpu_s, 6),
            "wall_s": round(self.facts.wall_s, 6),
            "mips": round(self.mips, 3),
            "exits": dict(self.exits),
            "tlb_misses": dict(self.tlb_misses),
            "buckets": {bucket.value: cycles for bucket, cycles in self.buckets.items()},
            "console_sha256": self.facts.console_sha256,
            "state_sha256": self.facts.state_sha256,
            "notes": list(self.notes),
        }


def kernel_misses(counters: Counters) -> int:
    """Return the hart TLB misses of kernel mappings; the bare board's are a baseline."""
    return counters.get(miss_counter(TlbLevel.HART, View.KERNEL), 0)


def account(
    counters: Counters,
    model: CostModel,
    facts: RunFacts,
    *,
    bare_kernel_misses: int | None = None,
    bare_refill: Refill | None = None,
) -> Account:
    """Return the account of a run.

    `bare_kernel_misses` is `kernel_misses` of the same guest on the bare board, if that is known.
    `bare_refill` says who refills the TLB of the bare board, by default what the preset's machine
    did; it concerns runs in mode "bare" only.
    """
    unknown = set(counters) - COUNTERS
    assert not unknown, f"counters that the schema does not name: {sorted(unknown)}"
    refill = bare_refill or model.bare_refill
    is_bare = facts.mode == BARE
    buckets = dict.fromkeys(Bucket, 0)
    buckets[Bucket.GUEST] = _guest_cycles(counters, model, refill if is_bare else Refill.HARDWARE)
    if not is_bare:
        for cause in EXIT_CAUSES:
            if cause.name in model.exits:
                count = counters.get(exit_counter(cause.name), 0)
                buckets[cause.bucket] += count * model.exits[cause.name].cycles
        tlb, kernel = _tlb_cycles(counters, model, bare_kernel_misses, facts.refill)
        buckets[Bucket.TLB] += tlb
        buckets[Bucket.KERNEL_TLB] += kernel
    return Account(
        facts=facts,
        preset=model.name,
        bare_refill=refill.value,
        instructions=counters.get(INSTRUCTIONS, 0),
        cycles=sum(buckets.values()),
        exits={name: counters.get(exit_counter(name), 0) for name in EXIT_NAMES},
        tlb_misses={level.value: _misses(counters, level) for level in TlbLevel},
        buckets=buckets,
        notes=facts.notes + _notes(facts, bare_kernel_misses),
    )


def _notes(facts: RunFacts, bare_kernel_misses: int | None) -> tuple[str, ...]:
    if not facts.is_exact:
        return (FAST_NOTE,)
    is_known = facts.mode == BARE or facts.refill is Refill.HARDWARE
    return () if is_known or bare_kernel_misses is not None else (LOWER_BOUND_NOTE,)


def _misses(counters: Counters, level: TlbLevel) -> int:
    return sum(counters.get(miss_counter(level, view), 0) for view in View)


def _guest_cycles(counters: Counters, model: CostModel, refill: Refill) -> int:
    executed = counters.get(INSTRUCTIONS, 0) * model.thousand_instructions.cycles // 1000
    if refill is Refill.SOFTWARE:
        return executed + _misses(counters, TlbLevel.HART) * model.software_refill.cycles
    return executed + counters.get(WALK_REFERENCES, 0) * model.walk_reference.cycles


def _miss_cycles(counters: Counters, model: CostModel, view: View) -> int:
    """Return what the misses of one view cost under the monitor."""
    return (
        counters.get(miss_counter(TlbLevel.HART, view), 0) * model.tlb_miss.cycles
        + counters.get(miss_counter(TlbLevel.SECOND, view), 0) * model.tlb_fill.cycles
        + counters.get(fill_references_counter(view), 0) * model.fill_reference.cycles
    )


def _tlb_cycles(
    counters: Counters, model: CostModel, bare_kernel_misses: int | None, refill: Refill
) -> tuple[int, int]:
    """Return the cycles of TLB emulation and of kernel TLB faults.

    The latter are misses of the kernel's that the bare board does not take. Those with translation
    off are known to be extra; how many of the others are needs the bare board's count. All kernel
    misses then weigh the same, so that the share is a plain proportion. A hart with a walker
    serves its misses itself: its walks are guest execution, and only the monitor's fills are here.
    """
    if refill is Refill.HARDWARE:
        read = sum(counters.get(fill_references_counter(view), 0) for view in View)
        return read * model.fill_reference.cycles, 0
    cycles = {view: _miss_cycles(counters, model, view) for view in View}
    untranslated = cycles[View.UNTRANSLATED]
    if bare_kernel_misses is None:
        return cycles[View.USER] + cycles[View.KERNEL], untranslated
    misses = kernel_misses(counters)
    extra = max(0, misses - bare_kernel_misses)
    kernel = cycles[View.KERNEL] * extra // misses if misses else 0
    return cycles[View.USER] + cycles[View.KERNEL] - kernel, untranslated + kernel
