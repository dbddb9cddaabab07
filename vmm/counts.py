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
    CSR = 1
    XRET = 2
    WFI = 3
    FENCE = 4
    SYSTEM_CALL = 5
    PAGE_FAULT = 6
    EXCEPTION = 7
    INTERRUPT = 8
    SBI = 9
    HYPERCALL = 10
    MMIO = 11
    WORLD_SWITCH = 12
    # Three each: user, kernel, untranslated
    HART_MISSES = 13
    SECOND_MISSES = 16
    FILL_REFERENCES = 19
    END = 22


CONTEXTS_AT = int(Count.END)
CONTEXT_SLOTS = 64
CONTEXT_WORDS = 3  # satp, view, hart ASID
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
    counts[schema.INSTRUCTIONS] = vcpu.slots[Slot.INSTRET]
    return counts
