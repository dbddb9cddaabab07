"""Every CSR number from every privilege level: read, written, set and cleared, beside Spike.

`LEGITIMATE` is the one list of differences that the manual allows, each with its reason; any other
is a finding. Run by the tests, in part, and by `make soak`, whole and with many ISA strings.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from difftest.pair import MODES, RAM, Machine, enter, put_all
from isa import mstatus as ms
from isa.csrs import CSRS
from isa.spec import TABLE
from isa.words import MASK

NUMBERS = 4096
RESULT, OPERAND = 5, 6  # registers
HANDLER = RAM + 0x9_0000
READ, WRITE, SET, CLEAR = range(4)
OPERATIONS = ("csrrs", "csrrw", "csrrs", "csrrc")  # the first with x0
STEPS = (
    (READ, 0), (WRITE, MASK), (READ, 0), (WRITE, 0), (READ, 0),
    (SET, 0x5555_5555_5555_5555), (READ, 0), (CLEAR, 0x3333_3333_3333_3333), (READ, 0),
    (WRITE, 0xAAAA_AAAA_AAAA_AAAA), (READ, 0),
)  # fmt: skip

SETTINGS = {"open": (True, 0), "closed": (False, 0), "withheld": (True, 7 << 20)}
"""Whether lower levels are given what can be given; and TVM, TW and TSR, and a guest's."""


class Allowed(NamedTuple):
    """Bits of some CSRs that may differ, and why."""

    csrs: tuple[str, ...]
    bits: int
    why: str


LEGITIMATE = (
    Allowed(("menvcfg", "senvcfg", "henvcfg"), 1, "Spike has FIOM read-only zero"),
    Allowed(("mstateen0", "hstateen0", "sstateen0"), 1 << 60 | 1,
            "Spike guards custom and indirect CSRs, which are not there"),
    Allowed(("tinfo", "tdata3"), MASK, "Spike has more types of trigger, and contexts"),
    Allowed(("tdata1",), 0x1C_F000, "Spike compares data and has actions for traces"),
    Allowed(("misa",), MASK, "Spike's can be written"),
    Allowed(("marchid",), MASK, "names the implementation"),
    Allowed(("mstatus", "sstatus", "vsstatus"), ms.FS | ms.SD, "Spike has FS without F"),
    Allowed(tuple(n for n in CSRS.by_name if n.startswith(("mhpmcounter", "hpmcounter"))),
            MASK, "the events that can be counted are the implementation's"),
    Allowed(("cycle", "time", "instret", "mcycle", "minstret"), MASK, "they go on"),
)  # fmt: skip
ONLY_SPIKES = {
    0x5A8: "scontext", 0x6A8: "hcontext", 0x7A8: "mcontext",
}  # fmt: skip
"""CSRs that are optional and not here: contexts for triggers."""

_BITS = {csr: allowed.bits for allowed in LEGITIMATE for csr in allowed.csrs}


class Outcome(NamedTuple):
    """A trap's cause and value; or no trap (cause -1) and what was read."""

    cause: int
    value: int


class Finding(NamedTuple):
    """A CSR access that ends differently."""

    setting: str
    mode: str
    csr: int
    step: int
    ours: Outcome
    theirs: Outcome

    def __str__(self) -> str:
        operation, operand = STEPS[self.step]
        name = CSRS.by_number[self.csr].name if self.csr in CSRS.by_number else "absent"
        ours, theirs = (_describe(outcome) for outcome in (self.ours, self.theirs))
        return (
            f"{self.csr:#x} ({name}) in {self.mode}, {self.setting}: step {self.step},"
            f" {OPERATIONS[operation]} {operand:#x}: {ours} and {theirs}"
        )


def _describe(outcome: Outcome) -> str:
    if outcome.cause == -1:
        return f"{outcome.value:#x}"
    return f"a trap with cause {outcome.cause} and value {outcome.value:#x}"


def program() -> dict[int, bytes]:
    """Give memory with every access, four words for each number."""
    words = []
    for number in range(NUMBERS):
        for operation, name in enumerate(OPERATIONS):
            source = 0 if operation == READ else OPERAND
            words.append(TABLE.by_name[name].encode(rd=RESULT, csr=number, rs1=source))
    return {RAM: b"".join(word.to_bytes(4, "little") for word in words)}


def sweep(
    ours: Machine,
    theirs: Machine,
    modes: Iterable[str] = tuple(MODES),
    settings: Iterable[str] = tuple(SETTINGS),
    numbers: Iterable[int] = range(NUMBERS),
) -> Iterator[Finding]:
    """Give what differs and may not; both machines hold `program()`."""
    tried = [number for number in numbers if number not in ONLY_SPIKES]
    for setting in settings:
        for mode in modes:
            is_fresh = False
            for number in tried:
                if not is_fresh:
                    prepare(ours, setting, mode)
                    prepare(theirs, setting, mode)
                found = [_try(machine, mode, number) for machine in (ours, theirs)]
                yield from _compare(setting, mode, number, *found)
                is_fresh = all(outcome.cause != -1 for run in found for outcome in run)


def prepare(machine: Machine, setting: str, mode: str) -> None:
    """Put a machine into a mode, with everything given to it, or nothing."""
    is_open, withheld = SETTINGS[setting]
    given = MASK if is_open else 0
    floats = ms.FS if is_open else 0
    machine.reset()
    put_all(machine, {"mtvec": HANDLER, "pmpaddr0": MASK, "pmpcfg0": 0x1F})
    put_all(machine, {"mstatus": floats | withheld, "menvcfg": given, "mideleg": given})
    put_all(machine, {"mcounteren": given, **{f"mstateen{i}": given for i in range(4)}})
    put_all(machine, {"hideleg": given, "henvcfg": given, "hcounteren": given, "senvcfg": given})
    put_all(machine, {"scounteren": given, **{f"hstateen{i}": given for i in range(4)}})
    put_all(machine, {"hstatus": withheld, "vsstatus": floats})
    put_all(machine, {"stimecmp": MASK, "vstimecmp": MASK})
    enter(machine, mode)


def _try(machine: Machine, mode: str, number: int) -> list[Outcome]:
    """Go through the steps; they end early where neither reading nor writing is possible."""
    found = []
    for operation, operand in STEPS:
        machine.set_x(RESULT, 0)
        machine.set_x(OPERAND, operand)
        at = RAM + (number * len(OPERATIONS) + operation) * 4
        if machine.step(at) == at + 4:
            found.append(Outcome(-1, machine.get_x(RESULT)))
        else:
            cause, tval = (machine.get(CSRS.by_name[name].number) for name in ("mcause", "mtval"))
            found.append(Outcome(cause, tval))
            if mode != "M":
                enter(machine, mode)
        if len(found) == 2 and all(outcome.cause != -1 for outcome in found):
            break
    return found


def _compare(
    setting: str, mode: str, number: int, ours: list[Outcome], theirs: list[Outcome]
) -> Iterator[Finding]:
    csr = CSRS.by_number.get(number)
    free = _BITS.get(csr.name, 0) if csr else 0
    for step, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        is_same = a.cause == b.cause and (a.value ^ b.value) & ~free == 0
        if not is_same and (a.cause != b.cause or a.cause != -1 or a.value != b.value):
            yield Finding(setting, mode, number, step, a, b)
            return
