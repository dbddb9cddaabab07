"""The names of the account, each once: buckets, exit causes, TLB levels, counters.

The five buckets are those of Disco (Bugnion, Devine and Rosenblum, SOSP 1997), read for RISC-V as
docs/costs.md says. The names are keys of the JSON account: they are never renamed.
"""

from dataclasses import dataclass
from enum import Enum


class Bucket(Enum):
    """Where modelled time goes; the values are the JSON keys."""

    GUEST = "guest"
    TLB = "tlb_emulation"
    PRIVILEGED = "privileged_emulation"
    MONITOR = "monitor_calls_and_devices"
    KERNEL_TLB = "kernel_tlb_faults"


BUCKET_CAPTIONS = {
    Bucket.GUEST: "guest execution",
    Bucket.TLB: "TLB emulation",
    Bucket.PRIVILEGED: "privileged emulation",
    Bucket.MONITOR: "monitor calls, devices",
    Bucket.KERNEL_TLB: "kernel TLB faults",
}


@dataclass(frozen=True)
class ExitCause:
    """A reason for leaving guest code. Every departure is counted under exactly one."""

    name: str
    bucket: Bucket
    caption: str


EXIT_CAUSES: tuple[ExitCause, ...] = (
    ExitCause("tlb_miss", Bucket.TLB, "TLB miss, refilled"),
    ExitCause("shadow_fill", Bucket.TLB, "shadow table filled"),
    ExitCause("table_write", Bucket.TLB, "write to a traced page table"),
    ExitCause("stage_fill", Bucket.TLB, "second-stage table filled"),
    ExitCause("csr", Bucket.PRIVILEGED, "CSR access"),
    ExitCause("xret", Bucket.PRIVILEGED, "sret or mret"),
    ExitCause("wfi", Bucket.PRIVILEGED, "wfi"),
    ExitCause("fence", Bucket.PRIVILEGED, "sfence.vma"),
    ExitCause("system_call", Bucket.PRIVILEGED, "ecall between the guest's own modes"),
    ExitCause("page_fault", Bucket.PRIVILEGED, "page fault of the guest's own tables"),
    ExitCause("exception", Bucket.PRIVILEGED, "another exception of the guest's own"),
    ExitCause("interrupt", Bucket.PRIVILEGED, "virtual interrupt delivered"),
    ExitCause("sbi", Bucket.MONITOR, "SBI call"),
    ExitCause("hypercall", Bucket.MONITOR, "hypercall"),
    ExitCause("mmio", Bucket.MONITOR, "device register"),
    ExitCause("world_switch", Bucket.MONITOR, "switch to another vCPU"),
)
"""Every cause. `tlb_miss` has no cost as an exit: misses are charged one by one, by level."""

EXIT_NAMES = tuple(cause.name for cause in EXIT_CAUSES)


class TlbLevel(Enum):
    """Levels at which a translation may be missing; the values are the JSON keys."""

    HART = "hart"
    SECOND = "second"


LEVEL_CAPTIONS = {
    TlbLevel.HART: "hart TLB",
    TlbLevel.SECOND: "second-level TLB",
}


class View(Enum):
    """Whose mapping was missing, by the guest's own (virtual) privilege and translation."""

    USER = "user"
    KERNEL = "kernel"
    UNTRANSLATED = "untranslated"
    """The guest's translation was off: M-mode, or satp 0. Bare harts need no TLB for it."""


# ---------------------------------------------------------------------------------- counters
#
# What an engine and the monitor count, and hand over as a plain dictionary. A missing one is zero.

INSTRUCTIONS = "instructions"
"""Retired guest instructions; an emulated one counts one."""
WALK_REFERENCES = "walk_references"
"""Page-table entries read by the hart's own walker (exact accounting only)."""


def exit_counter(cause: str) -> str:
    """Name the counter of an exit cause."""
    return f"exit.{cause}"


def miss_counter(level: TlbLevel, view: View) -> str:
    """Name the counter of misses at a level, those that end in a page fault included."""
    return f"miss.{level.value}.{view.value}"


def fill_references_counter(view: View) -> str:
    """Name the counter of page-table entries that the monitor read to fill a translation."""
    return f"fill_references.{view.value}"


COUNTERS: frozenset[str] = frozenset(
    {
        INSTRUCTIONS,
        WALK_REFERENCES,
        *(exit_counter(name) for name in EXIT_NAMES),
        *(miss_counter(level, view) for level in TlbLevel for view in View),
        *(fill_references_counter(view) for view in View),
    }
)
