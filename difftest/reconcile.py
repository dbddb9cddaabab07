"""What is compared with each side, and how legal differences are reconciled: one table of data.

A WARL field may hold what an implementation chooses. A `Choice` names such a field, says when the
choice is free, and why; after an instruction that wrote it, the other side is given our value, so
that the comparison goes on. Any other difference ends it. `docs/difftest.md` prints these tables.
"""

from collections.abc import Callable
from dataclasses import dataclass

from difftest.program import ISA, ISA_OF_QEMU
from isa import mstatus as ms
from isa.causes import Cause


@dataclass(frozen=True)
class Choice:
    """Bits of `csr` that may differ after a write to one of `written`, when `is_free(value)`.

    Among `written` may be an instruction that does not name a CSR.
    """

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
class FreeTval:
    """A trap whose mtval or stval may differ: its causes, and whether only if misaligned."""

    causes: tuple[int, ...]
    why: str
    is_misaligned: bool = False


@dataclass(frozen=True)
class Reconciliation:
    """All that is reconciled with one side."""

    compared: dict[str, str]
    not_compared: dict[str, str]
    isa: str = ISA  # of both, where a program does not say
    choices: tuple[Choice, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    free_tval: tuple[FreeTval, ...] = ()
    stores_parts: bool = False  # of a store that faults in its second page
    may_misalign_atomics: bool = True  # with the same cause as ours
    atomics_may_trap: tuple[int, ...] = ()  # ours; theirs for another cause, and that is the end
    unsteppable: tuple[str, ...] = ()  # instructions that a program ends before
    fails_sc_first: bool = False  # where nothing is reserved, whatever the address
    goes_on_after_triggers: bool = False  # a step that takes one's trap does the next one's too


ALL = (1 << 64) - 1
COUNTS = ("cycle", "instret", "mcycle", "minstret")
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
    atomics_may_trap=(Cause.BREAKPOINT,),
    hidden=(
        Hidden("tinfo", 7 << 3, "Spike has three types of trigger more"),
        Hidden("menvcfg", 1, "Spike: FIOM is read-only zero"),
        Hidden("senvcfg", 1, "Spike: FIOM is read-only zero"),
        Hidden("henvcfg", 1, "Spike: FIOM is read-only zero"),
    ),
)  # fmt: skip

_QEMU = Reconciliation(
    compared={
        "x1 to x31, pc, privilege": "after every instruction and trap",
        "f0 to f31": "after every privileged instruction, branch and trap, and at the end",
        "CSRs of M and S-mode": "likewise, those that its stub shows",
        "traps": "by their effects: cause, epc, tval, status, privilege, pc",
        "RAM": "all of it at the end; a difference is traced to the instruction that made it",
        "misaligned accesses": "performed by both",
        "A and D bits": "set by hardware on both",
    },
    not_compared={
        "H, V": "its stub does not tell whether a guest runs: off, like Sstc and triggers",
        "Svinval, Svnapot, Svpbmt": "QEMU 7.2 lets U-mode fence, and misses reserved bits: off",
        "time, cycle, instret": "QEMU's are the host's: what is read is made ours",
        "SC where nothing is reserved": "QEMU looks at no address: the program ends before one",
        "an atomic that traps": "QEMU 7.2 may tell of a load: the program ends there",
        "misaligned atomics": "the program ends before one",
        "stores to code": "a program does not write its own code without FENCE.I",
        "waiting": "the program ends before a WFI: a hart that waits cannot be stepped",
    },
    may_misalign_atomics=False,
    isa=ISA_OF_QEMU,
    unsteppable=("wfi",),
    fails_sc_first=True,
    atomics_may_trap=(Cause.LOAD_ACCESS, Cause.STORE_ACCESS, Cause.LOAD_PAGE, Cause.STORE_PAGE),
    free_tval=(
        FreeTval((Cause.BREAKPOINT,), "of ebreak: we give its address, QEMU zero"),
        FreeTval((Cause.LOAD_ACCESS, Cause.STORE_ACCESS, Cause.LOAD_PAGE, Cause.STORE_PAGE),
                 "QEMU tells which aligned part of the access faulted", is_misaligned=True),
    ),
    choices=(
        Choice("mstatus", MPP, ("mstatus",), "MPP = 2 is reserved: we keep the old",
               lambda value: value & MPP == 2 << 11),
        *(Choice(f"{mode}epc", 1, (f"{mode}epc",), "QEMU 7.2 keeps bit 0") for mode in "ms"),
        Choice("mstatus", ms.MPRV, ("mret", "sret"), "QEMU 7.2 leaves MPRV on in lower modes"),
        Choice("mstatus", 1 << 63 | 3 << 38 | 0xF << 32 | 3 << 9, ("mstatus", "sstatus"),
               "QEMU has the fields of V and H, and lets SXL and UXL change"),
        *(Choice(f"pmpcfg{i}", ALL, (f"pmpcfg{i}",), "W without R is reserved: QEMU keeps it")
          for i in (0, 2)),
    ),
    hidden=(
        Hidden("medeleg", 0xF0_0C01, "QEMU delegates what cannot happen"),
        Hidden("mideleg", 0x2444, "QEMU has a guest's interrupts, and LCOFI"),
        Hidden("mie", 0x2444, "likewise"),
        Hidden("mip", 0x2444, "likewise"),
        Hidden("menvcfg", 3 << 62 | 0xF0, "QEMU has the fields of Sstc, Svpbmt, Zicbom and Zicboz"),
        Hidden("senvcfg", 0xF0, "likewise"),
        *(Hidden(f"{mode}counteren", ALL << 32 & ALL, "QEMU keeps all 64 bits") for mode in "ms"),
        *(Hidden(f"pmpcfg{i}", 0x6060_6060_6060_6060, "reserved bits, which QEMU keeps")
          for i in (0, 2)),
        Hidden("mimpid", ALL, "names the implementation"),
        *(Hidden(f"{mode}status", 1 << 63 | ms.FS, "QEMU 7.2 does not note that only flags changed")
          for mode in "ms"),
        Hidden("misa", 2, "QEMU 7.2 does not tell of B"),
        *(Hidden(name, ALL, "QEMU counts the host's time") for name in COUNTS),
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
    "qemu": _QEMU,
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
    free += [("mtval, stval", ALL, tval.why) for tval in entry.free_tval]
    if free:
        lines += ["", "| CSR | free bits | why |", "|---|---|---|"]
        lines += [f"| {csr} | {bits:#x} | {why} |" for csr, bits, why in free]
    return "\n".join(lines)
