"""The privileged corner table: every cause from every privilege level, delegated or not.

Each case makes one step of one instruction, and all that a trap leaves behind is compared: who took
it, where it goes on, cause, epc, tval, the second values, and status. Spike judges.
"""

from collections.abc import Iterator
from itertools import combinations, product
from typing import NamedTuple

from difftest.pair import MODES, RAM, VIRTUAL, Machine, enter, put_all
from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import Irq
from isa.csrs import CSRS
from isa.pte import PTE_A, PTE_D, PTE_PPN_SHIFT, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.spec import TABLE
from isa.words import MASK

CODE, DATA = RAM + 0x1000, RAM + 0x2000
M_VECTOR, S_VECTOR, VS_VECTOR = RAM + 0x4000, RAM + 0x5000, RAM + 0x6000
ROOT, USER_ROOT, GUEST_ROOT = RAM + 0x8000, RAM + 0x9000, RAM + 0xC000
UNMAPPED = 0xC000_0000  # in RAM's neighbour gibibyte: no entry of any table
NOWHERE = 0x10_0000_0000  # nothing is there
SV39 = 8 << 60
LEAF = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
POINTER, VALUE = 11, 12  # registers

LEFT_BEHIND = (
    *("mstatus", "mcause", "mepc", "mtval", "mtval2", "mtinst", "sstatus", "scause", "sepc"),
    *("stval", "hstatus", "htval", "htinst", "vsstatus", "vscause", "vsepc", "vstval"),
)


class Provocation(NamedTuple):
    """An instruction that traps, if the privilege level lets it; its operand, and what is on."""

    word: int
    pointer: int = DATA
    pc: int = CODE
    stages: str = ""  # which translate: "1" the first, "2" the second, "t" a first one in a hole


def asm(name: str, **values: int) -> int:
    """Encode one instruction."""
    return TABLE.by_name[name].encode(**values)


def csr(name: str) -> int:
    """Encode a read of a CSR."""
    return asm("csrrs", rd=5, csr=CSRS.by_name[name].number, rs1=0)


LOAD, STORE = asm("ld", rd=5, rs1=POINTER, imm=8), asm("sd", rs1=POINTER, rs2=VALUE, imm=8)
SWAP = asm("amoswap.d", rd=5, rs1=POINTER, rs2=VALUE, aqrl=0)
NOP = asm("addi", rd=0, rs1=0, imm=0)
FENCE = asm("sfence.vma", rs1=0, rs2=0)

EXCEPTIONS = {
    "misaligned jump": Provocation(asm("jalr", rd=1, rs1=POINTER, imm=2)),
    "fetch nowhere": Provocation(NOP, pc=NOWHERE),
    "illegal word": Provocation(0xFFFF_FFFF),
    "illegal CSR": Provocation(csr("mscratch")),
    "CSR of a hypervisor": Provocation(csr("hgatp")),
    "CSR of a guest": Provocation(csr("vsatp")),
    "CSR of a supervisor": Provocation(csr("satp")),
    "counter": Provocation(csr("instret")),
    "breakpoint": Provocation(asm("ebreak")),
    "misaligned load": Provocation(LOAD, DATA + 1),
    "misaligned store": Provocation(STORE, DATA + 1),
    "load nowhere": Provocation(LOAD, NOWHERE),
    "store nowhere": Provocation(STORE, NOWHERE),
    "swap nowhere": Provocation(SWAP, NOWHERE),
    "call": Provocation(asm("ecall")),
    "fetch page": Provocation(NOP, pc=UNMAPPED, stages="1"),
    "load page": Provocation(LOAD, UNMAPPED, stages="1"),
    "store page": Provocation(STORE, UNMAPPED, stages="1"),
    "swap page": Provocation(SWAP, UNMAPPED, stages="1"),
    "fetch guest page": Provocation(NOP, pc=UNMAPPED, stages="2"),
    "load guest page": Provocation(LOAD, UNMAPPED, stages="2"),
    "store guest page": Provocation(STORE, UNMAPPED, stages="2"),
    "swap guest page": Provocation(SWAP, UNMAPPED, stages="2"),
    "fetch with tables in a hole": Provocation(NOP, stages="2t"),
    "both stages, load page": Provocation(LOAD, UNMAPPED, stages="12"),
    "guest load": Provocation(asm("hlv.d", rd=5, rs1=POINTER), UNMAPPED, stages="2"),
    "guest load of code": Provocation(asm("hlvx.wu", rd=5, rs1=POINTER), UNMAPPED, stages="2"),
    "guest store": Provocation(asm("hsv.d", rs1=POINTER, rs2=VALUE), UNMAPPED, stages="2"),
    "guest load, tables in a hole": Provocation(asm("hlv.w", rd=5, rs1=POINTER), stages="2t"),
    "sret": Provocation(asm("sret")),
    "mret": Provocation(asm("mret")),
    "fence": Provocation(FENCE),
    "guest fence": Provocation(asm("hfence.gvma", rs1=0, rs2=0)),
}
INTERRUPTS = {
    Irq.SSI: "mip", Irq.STI: "mip", Irq.SEI: "mip", Irq.LCOFI: "mip",
    Irq.VSSI: "hvip", Irq.VSTI: "hvip", Irq.VSEI: "hvip",
}  # fmt: skip
"""Where each is requested. What only a board requests goes to M-mode, as these do undelegated."""
REQUESTS = tuple(
    requests for count in (1, 2, len(INTERRUPTS)) for requests in combinations(INTERRUPTS, count)
)
"""Interrupts that are requested together: one, two, or all."""


class Case(NamedTuple):
    """One corner: `what` names an exception, or the interrupts that are requested."""

    what: str | tuple[Irq, ...]
    mode: str
    to_s: bool
    to_vs: bool
    is_enabled: bool  # interrupts, in every level's status
    is_withheld: bool  # TVM, TW and TSR, and a guest's

    def __str__(self) -> str:
        name = self.what
        if not isinstance(name, str):
            name = " and ".join(irq.name for irq in name)
        flags = zip(self._fields[2:], self[2:], strict=True)
        return f"{name} in {self.mode}, {', '.join(flag for flag, is_on in flags if is_on)}"


def cases() -> Iterator[Case]:
    """Give every corner."""
    every = (False, True)
    provoked: tuple[str | tuple[Irq, ...], ...] = (*EXCEPTIONS, *REQUESTS)
    for what, mode, to_s, to_vs in product(provoked, MODES, every, every):
        for is_enabled, is_withheld in product(every, every):
            if is_withheld and not isinstance(what, str):
                continue
            yield Case(what, mode, to_s, to_vs, is_enabled, is_withheld)


def is_legitimate(case: Case) -> bool:
    """Say whether a case may end differently: Spike takes LCOFI before a guest's interrupts.

    The manual has it last (chapter "Hypervisor Extension", section "Hypervisor Interrupt (hvip,
    hip, and hie) Registers").
    """
    guests = {Irq.VSSI, Irq.VSTI, Irq.VSEI}
    return not isinstance(case.what, str) and Irq.LCOFI in case.what and bool(guests & {*case.what})


def memory() -> dict[int, bytes]:
    """Give the instructions, each in a place of its own, and tables that map RAM onto itself."""
    words = [exception.word for exception in EXCEPTIONS.values()]
    code = b"".join(word.to_bytes(8, "little") for word in words)
    leaf = RAM >> 12 << PTE_PPN_SHIFT | LEAF
    roots = {ROOT: leaf, USER_ROOT: leaf | PTE_U, GUEST_ROOT: leaf | PTE_U}
    tables = {root + 8 * (RAM >> 30): pte.to_bytes(8, "little") for root, pte in roots.items()}
    return {CODE: code} | tables


def outcome(machine: Machine, case: Case) -> dict[str, int]:
    """Make the step of a case; gives where execution goes on, and all that is left behind."""
    prepare(machine, case)
    at = CODE
    if isinstance(case.what, str):
        exception = EXCEPTIONS[case.what]
        place = CODE + 8 * list(EXCEPTIONS).index(case.what)
        at = place if exception.pc == CODE else exception.pc
        machine.set_x(POINTER, exception.pointer)
    found = {"pc": machine.step(at), "mode": machine.mode}
    if machine.mode & VIRTUAL == 0:  # else a guest's twins would be read in their place
        found |= {name: machine.get(CSRS.by_name[name].number) for name in LEFT_BEHIND}
    else:
        names = ("mcause", "mepc", "hstatus", "vsstatus", "vscause", "vsepc", "vstval")
        found |= {name: machine.get(CSRS.by_name[name].number) for name in names}
    return found


def prepare(machine: Machine, case: Case) -> None:
    """Put a machine into the state before a case's step, interrupts requested."""
    machine.reset()
    machine.set_x(VALUE, 7)
    withheld = ms.TVM | ms.TW | ms.TSR if case.is_withheld else 0
    held = hs.VTVM | hs.VTW | hs.VTSR if case.is_withheld else 0
    put_all(machine, {"mtvec": M_VECTOR, "stvec": S_VECTOR | 1, "vstvec": VS_VECTOR | 1})
    put_all(machine, {"pmpaddr0": MASK, "pmpcfg0": 0x1F, "stimecmp": MASK, "vstimecmp": MASK})
    put_all(machine, {"mepc": DATA, "sepc": DATA, "vsepc": DATA, "mstatus": withheld})
    put_all(machine, {"hstatus": held | hs.HU, "mcounteren": MASK})
    to_s, to_vs = (MASK if flag else 0 for flag in (case.to_s, case.to_vs))
    put_all(machine, {"medeleg": to_s, "mideleg": to_s, "hedeleg": to_vs, "hideleg": to_vs})
    if isinstance(case.what, str):
        set_stages(machine, case.mode, EXCEPTIONS[case.what].stages)
    else:
        requests = dict.fromkeys(INTERRUPTS.values(), 0)
        for irq in case.what:
            requests[INTERRUPTS[irq]] |= 1 << irq
        put_all(machine, {"mie": MASK, **requests})
    enabled = case.is_enabled
    put_all(machine, {"vsstatus": ms.SIE * enabled})
    status = CSRS.by_name["mstatus"].number
    # An mret to the mode follows, which takes MIE from MPIE.
    machine.put(status, machine.get(status) | (ms.SIE | ms.MPIE) * enabled)
    enter(machine, case.mode)


def set_stages(machine: Machine, mode: str, stages: str) -> None:
    """Turn translation on, of the mode's own level and of guests."""
    root = (USER_ROOT if mode in ("U", "VU") else ROOT) >> 12
    if "1" in stages:
        put_all(machine, {"satp": SV39 | root, "vsatp": SV39 | root})
    if "t" in stages:
        put_all(machine, {"vsatp": SV39 | UNMAPPED >> 12})
    if "2" in stages:
        put_all(machine, {"hgatp": SV39 | GUEST_ROOT >> 12})
