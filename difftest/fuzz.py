"""Arbitrary bytes as a hart's state: code, page tables, registers, CSRs. Engines must survive.

`case` reads any bytes, so that Hypothesis, atheris (`fuzz_one`) or a random generator can feed it.
The interpreter runs a case for long; the reference, and the interpreter in slices, for as long as
is told.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import isa.engine
from difftest.program import ISA, ISA_WITHOUT_C, RAM_BASE, Program
from difftest.snippets import asm
from isa.counters import recount
from isa.csrs import CSRS
from isa.engine.contract import refuse_access
from isa.exits import ExitReason
from isa.extensions import BITS
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.memory import Memory
from isa.pte import PAGE_SIZE, PTE_PPN_SHIFT
from isa.spec import TABLE
from isa.state import Slot

PAGES = 16
SIZE = PAGES * PAGE_SIZE
ISAS = (ISA, ISA_WITHOUT_C, f"{ISA}_svade", "rv64i", "rv64gc", "rva23s64")
NAMES = tuple(CSRS.by_name)
INSNS = tuple(TABLE)
COUNTED = (Slot.TRAPS, Slot.TLB_MISSES, Slot.WALK_REFS)
RETURNS = ("mret", "sret")
MODES = ((3, 0), (1, 0), (0, 0), (1, 1), (0, 1))
"""Privilege and V to start with; the last two where there is H."""
ONLY_RAM = {
    "pmpaddr0": RAM_BASE >> 2 | SIZE // 8 - 1,
    "pmpaddr1": (1 << 54) - 1,
    "pmpcfg0": 0x981F,
}
"""What lies outside RAM faults, without an exit to the environment for each access."""
MOST_REFUSED = 10_000  # more than are compared
TLBS = (None, None, (1, 2), (4, 2))


class Source:
    """Numbers from bytes; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def bits(self, count: int) -> int:
        """Take as many whole bytes as a number of that many bits needs."""
        size = (count + 7) // 8
        raw = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(raw, "little") & (1 << count) - 1

    def choose(self, count: int) -> int:
        """Take a number below `count`, of at most 256."""
        return self.bits(8) % count

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing left."""
        return self._at >= len(self._data)


@dataclass(frozen=True)
class Case:
    """A program, the modelled TLB it runs with, and how many instructions a slice has."""

    program: Program
    tlb: tuple[int, int] | None
    mode: tuple[int, int]
    slices: tuple[int, ...]


def case(data: bytes) -> Case:
    """Make a hart's state of any bytes."""
    source = Source(data)
    isa_string = ISAS[source.choose(len(ISAS))]
    tlb = TLBS[source.choose(len(TLBS))]
    bits = parse_isa(isa_string)
    has_guests = bits & BITS["H"]
    mode = MODES[source.choose(5 if has_guests else 3)]
    slices = tuple(1 + source.choose(64) for _ in range(4))
    start = RAM_BASE + source.choose(PAGES) * PAGE_SIZE + source.bits(11) * 2
    if not bits & BITS["C"]:
        start &= ~2  # as any jump would
    x = (0, *(_word(source) for _ in range(31)))
    near = ("mtvec", "stvec", "vstvec", "mepc", "sepc", "vsepc")
    csrs = {name: RAM_BASE + source.bits(16) % SIZE & ~2 for name in near}
    if source.choose(8):
        csrs |= ONLY_RAM
    for _ in range(source.choose(24)):
        csrs[NAMES[source.bits(16) % len(NAMES)]] = _word(source)
    code: list[int] = []
    tables = {1 + source.choose(PAGES - 1): _table(source) for _ in range(source.choose(4))}
    while not source.is_empty and len(code) < SIZE // 8:
        code.append(_instruction(source))
    memory = b"".join(raw.to_bytes(4, "little") for raw in code) or bytes(4)
    segments = {RAM_BASE: (memory * (SIZE // len(memory) + 1))[:SIZE]}
    segments |= {RAM_BASE + page * PAGE_SIZE: raw for page, raw in tables.items()}
    return Case(Program((), start, {}, segments, x, csrs, "fuzz", isa_string), tlb, mode, slices)


def _word(source: Source) -> int:
    """Take a register's value: an address in RAM, a table's number, a small one, or any bits."""
    kind = source.choose(6)
    if kind == 0:
        return RAM_BASE + source.bits(16) % SIZE
    if kind == 1:
        return (8 + source.choose(3)) << 60 | (RAM_BASE >> 12) + source.choose(PAGES)
    if kind == 2:
        return source.bits(8)
    if kind == 3:
        return (1 << 64) - 1 - source.bits(8)
    return source.bits(64)


def _table(source: Source) -> bytes:
    """Take a page table: entries of any bits, most of them for pages that are there."""
    entries = []
    for _ in range(8):
        entry = source.bits(64)
        if source.choose(4):
            flags = entry & 0x3FF | entry & 0x3 << 62 if entry & 1 << 58 else entry & 0x3FF
            entry = flags | (RAM_BASE >> 12) + source.choose(PAGES) << PTE_PPN_SHIFT
        entries.append(entry)
    return b"".join(entry.to_bytes(8, "little") for entry in entries) * (PAGE_SIZE // 64)


def _instruction(source: Source) -> int:
    """Take 32 bits of code: any, or an instruction that there is with any operands."""
    bits = source.bits(32)
    kind = source.choose(12)
    if kind == 0:
        return bits
    if kind == 1:
        return asm(RETURNS[bits & 1])
    pattern = INSNS[source.bits(16) % len(INSNS)].pattern
    return pattern.match | bits & ~pattern.mask & 0xFFFF_FFFF


def make_hart(chosen: Case) -> Hart:
    """Make a hart in the state of a case."""
    program = chosen.program
    hart = Hart(Memory(RAM_BASE, SIZE), tlb=chosen.tlb, isa=parse_isa(program.isa))
    for at, raw in program.segments().items():
        hart.memory.write(at, raw[: RAM_BASE + SIZE - at])
    for number, value in enumerate(program.x):
        hart.slots[Slot.X0 + number] = value
    for name, value in program.csrs.items():
        hart.csr[name] = value
    hart.slots[Slot.PRIV], hart.slots[Slot.V] = chosen.mode
    hart.pc = program.start
    return hart


def advance(hart: Hart, engine: isa.engine.Engine, count: int, slices: Sequence[int] = ()) -> int:
    """Run so many instructions; no device answers. Gives how many ran before a wait.

    A hart that does nothing but ask devices is left alone after a while.
    """
    first = hart.progress
    goal, turn, refused = first + count, 0, 0
    while hart.progress < goal:
        left = goal - hart.progress
        if slices:
            left = min(left, slices[turn % len(slices)])
            turn += 1
        stop = engine.run(hart, left)
        if stop.reason is ExitReason.WFI:
            break
        if stop.reason is ExitReason.MMIO:
            refuse_access(hart)
            refused += 1
            if refused == MOST_REFUSED:
                break
        else:
            assert stop.reason is ExitReason.FUEL, stop
    return hart.progress - first


def state_of(hart: Hart) -> tuple[bytes, tuple[int, ...], bytes]:
    """Give all that engines must agree on; event counters may be behind, each by as much."""
    recount(hart)
    slots = hart.slots
    skipped = slots[: Slot.SINK].tobytes() + slots[Slot.SINK + 1 : Slot.ARCH_END].tobytes()
    return skipped, tuple(slots[slot] for slot in COUNTED), bytes(hart.ram)


@cache
def _engine(name: str) -> isa.engine.Engine:
    return isa.engine.load(name)


def fuzz_one(data: bytes, *, compared: int = 60, sliced: int = 5_000, long: int = 0) -> int:
    """Run a case; fail when engines disagree, or slices matter. Gives the instructions run."""
    chosen = case(data)
    interpreter, reference = _engine("interpreter"), _engine("reference")
    hart = make_hart(chosen)
    done = advance(hart, interpreter, compared)
    other = make_hart(chosen)
    assert advance(other, reference, compared) == done, "the engines ran a different way"
    assert state_of(hart) == state_of(other), "the engines disagree"
    if done < compared:
        return done
    done += advance(hart, interpreter, sliced)
    in_slices = make_hart(chosen)
    advance(in_slices, interpreter, compared + sliced, chosen.slices)
    assert state_of(hart) == state_of(in_slices), "what is run depends on the slices it is run in"
    return 2 * done + advance(hart, interpreter, long)


def random_bytes(seed: str) -> bytes:
    """Draw the bytes of a case."""
    rng = random.Random(seed)
    return rng.randbytes(rng.choice((200, 1000, 4000)))
