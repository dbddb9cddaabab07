"""What is compared with each side, and how legal differences are reconciled: one table of data.

A WARL field may hold what an implementation chooses. A `Choice` names such a field, says when the
choice is free, and why; after an instruction that wrote it, the other side is given our value, so
that the comparison goes on. Any other difference ends it. `docs/difftest.md` prints these tables.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """Bits of `csr` that may differ after a write to one of `written`, when `is_free(value)`."""

    csr: str
    bits: int
    written: tuple[str, ...]
    why: str
    is_free: Callable[[int], bool] = lambda value: True


@dataclass(frozen=True)
class Hidden:
    """Bits of `csr` that a side has otherwise by its configuration: read, they may differ."""

    csr: str
    bits: int
    why: str


@dataclass(frozen=True)
class Reconciliation:
    """All that is reconciled with one side."""

    compared: dict[str, str]
    not_compared: dict[str, str]
    choices: tuple[Choice, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    stores_parts: bool = False  # of a store that faults in its second page
    may_misalign_atomics: bool = True  # with the same cause as ours
    goes_on_after_triggers: bool = False  # a step that takes one's trap does the next one's too


ALL = (1 << 64) - 1
MPP = 3 << 11

_SPIKE = Reconciliation(
    compared={
        "x1 to x31, pc, privilege": "after every instruction and trap",
        "f0 to f31": "where programs move, store or compare them: Spike's bindings hide them",
        "CSRs of M and S-mode": "after every privileged instruction and trap, and at the end",
        "traps": "by their effects: cause, epc, tval, status, privilege, pc",
        "RAM": "all of it at the end; a difference is traced to the instruction that made it",
        "misaligned accesses": "performed (Spike with Zicclsm) or trapping, as the program says",
        "A and D bits": "set by hardware on both or faults, as menvcfg.ADUE says",
        "cycle, instret": "one per retired instruction on both",
    },
    not_compared={
        "time": "Spike's belongs to its CLINT, ours to retired instructions: not read",
        "accesses below RAM": "Spike has devices there: the program ends before one",
        "mcontext, scontext, hcontext": "Spike has them: programs leave them alone",
        "triggers": "of the types, actions and bits that both have",
        "RAM, when PMP keeps even M-mode from it": "a locked entry cannot be opened to read it",
        "mcountinhibit": "not written: a side steps one instruction at a time",
        "a store over a page's end that faults": "Spike has stored up to the fault, we nothing",
        "misaligned atomics": "Spike: an access fault, we: misaligned; the program ends before one",
        "CBO of a block that PMP splits": "Spike looks at one byte, we at the whole block",
        "marchid": "names the implementation",
        "cached translations": "programs fence after they change an entry",
        "stores to code": "a program does not write its own code without FENCE.I",
        "waiting": "a WFI that waits ends the program",
    },
    choices=(
        Choice("mstatus", MPP, ("mstatus",), "MPP = 2 is reserved: we keep the old, Spike takes U",
               lambda value: value & MPP == 2 << 11),
        Choice("tdata1", 0x7F_F000 & ~(1 << 22 | 1 << 20), ("tdata1",),
               "Spike has actions other than the breakpoint, and compares data"),
        Choice("tdata1", ALL, ("tdata1",), "Spike has three types of trigger more",
               lambda value: value >> 60 in (3, 4, 5)),
        Choice("mstateen0", 1 << 60 | 1, ("mstateen0",), "Spike guards custom and indirect CSRs"),
        Choice("hstateen0", 1 << 60 | 1, ("hstateen0", "mstateen0"), "likewise"),
    ),
    stores_parts=True,
    may_misalign_atomics=False,
    goes_on_after_triggers=True,
    hidden=(
        Hidden("tinfo", 7 << 3, "Spike has three types of trigger more"),
        Hidden("menvcfg", 1, "Spike: FIOM is read-only zero"),
        Hidden("senvcfg", 1, "Spike: FIOM is read-only zero"),
        Hidden("henvcfg", 1, "Spike: FIOM is read-only zero"),
    ),
)  # fmt: skip

_UNICORN = Reconciliation(
    compared={
        "x1 to x31, pc": "after every window of instructions",
        "RAM": "all of it at the end",
    },
    not_compared={
        "privileged state": "Unicorn's hart is an old privileged version: programs only compute",
    },
)

_OURS = Reconciliation(
    compared={
        "everything": "x, pc, privilege, CSRs, RAM, and the modelled TLB's counts",
    },
    not_compared={},
)

RECONCILED = {
    "reference": _OURS,
    "interpreter": _OURS,
    "spike": _SPIKE,
    "unicorn": _UNICORN,
}


def as_markdown(name: str) -> str:
    """Give one side's tables as Markdown."""
    entry = RECONCILED[name]
    lines = ["| compared | how |", "|---|---|"]
    lines += [f"| {field} | {how} |" for field, how in entry.compared.items()]
    if entry.not_compared:
        lines += ["", "| not compared | why |", "|---|---|"]
        lines += [f"| {field} | {why} |" for field, why in entry.not_compared.items()]
    free = [(c.csr, c.bits, c.why) for c in entry.choices]
    free += [(h.csr, h.bits, h.why) for h in entry.hidden]
    if free:
        lines += ["", "| CSR | free bits | why |", "|---|---|---|"]
        lines += [f"| {csr} | {bits:#x} | {why} |" for csr, bits, why in free]
    return "\n".join(lines)
