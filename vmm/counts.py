"""The monitor's words of a vCPU: its counters, and the table of its translation contexts.

They stand behind the vCPU's TLB (`Slot.MONITOR_AT`), where Python and compiled code reach them.
"""

from collections.abc import Mapping
from enum import IntEnum

from isa.hart import Hart
from isa.machine import MachinePage, tlb_get, tlb_put
from isa.state import Slot
from vmm import schema
from vmm.schema import EXIT_NAMES, TlbLevel, View

VIEWS = tuple(View)
LEVELS = tuple(TlbLevel)


class Count(IntEnum):
    """Indexes of counters; the exit causes are in the order of the schema (a test compares)."""

    TLB_MISS = 0
    SHADOW_FILL = 1
    TABLE_WRITE = 2
    STAGE_FILL = 3
    CSR = 4
    XRET = 5
    WFI = 6
    FENCE = 7
    SYSTEM_CALL = 8
    PAGE_FAULT = 9
    EXCEPTION = 10
    INTERRUPT = 11
    SBI = 12
    HYPERCALL = 13
    MMIO = 14
    WORLD_SWITCH = 15
    # Three each: user, kernel, untranslated
    HART_MISSES = 16
    SECOND_MISSES = 19
    FILL_REFERENCES = 22
    WALK_REFERENCES = 25  # of the hart's own walker
    END = 26


CONTEXTS_AT = int(Count.END)
CONTEXT_SLOTS = 64
CONTEXT_WORDS = 5  # satp or vsatp, view, hgatp, hart ASID, where the shadow's root is
MONITOR_WORDS = CONTEXTS_AT + CONTEXT_SLOTS * CONTEXT_WORDS


def count(vcpu: MachinePage, index: int, by: int) -> None:
    """Add to a counter."""
    at = vcpu[Slot.MONITOR_AT] + index
    tlb_put(vcpu, at, tlb_get(vcpu, at) + by)


def read_counters(vcpu: Hart) -> Mapping[str, int]:
    """Give a vCPU's counters by their names in the schema."""
    base = vcpu.slots[Slot.MONITOR_AT]
    values = vcpu.tlb[base : base + Count.END]
    counts = {schema.exit_counter(name): values[i] for i, name in enumerate(EXIT_NAMES)}
    for i, view in enumerate(VIEWS):
        for level, first in zip(LEVELS, (Count.HART_MISSES, Count.SECOND_MISSES), strict=True):
            counts[schema.miss_counter(level, view)] = values[first + i]
        counts[schema.fill_references_counter(view)] = values[Count.FILL_REFERENCES + i]
    counts[schema.WALK_REFERENCES] = values[Count.WALK_REFERENCES]
    counts[schema.INSTRUCTIONS] = vcpu.slots[Slot.INSTRET]
    return counts
