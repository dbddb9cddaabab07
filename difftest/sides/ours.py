"""Our own engines as sides of a comparison.

A program that would reach a device of an outside simulator is over: see `difftest/reconcile.py`.
"""

from functools import lru_cache

import isa.engine
from difftest.program import RAM_BASE, RAM_SIZE, Program
from difftest.sides import Stop
from difftest.state import STATE_CSRS, State
from isa.causes import Cause, Priv
from isa.csr_file import read_csr
from isa.csrs import CSRS
from isa.engine.contract import refuse_access
from isa.exits import ExitReason
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.memory import Memory
from isa.mmu import fetch
from isa.spec import TABLE
from isa.state import Slot

# Where outside simulators have devices and we have nothing: a program that goes there is over.
DEVICES_END = RAM_BASE
ACCESS_FAULTS = (Cause.LOAD_ACCESS, Cause.STORE_ACCESS)
EBREAK = TABLE.by_name["ebreak"].pattern.match
COUNTS = (Slot.INSTRET, Slot.TRAPS, Slot.MCYCLE, Slot.MINSTRET, Slot.WAITING)
NUMBERS = {name: CSRS.by_name[name].number for name in STATE_CSRS}
BEHIND_CSRS = (
    *((Slot.PRIV, Slot.HPMCOUNTER3), (Slot.STIMECMP, Slot.INSTRET), (Slot.FFLAGS, Slot.ARCH_END)),
)
"""Slots that CSRs in the state are read from; with the timers off they are all."""
NEVER = (1 << 64) - 1
TLB_COUNTS = (Slot.TLB_MISSES, Slot.TLB_KERNEL_MISSES, Slot.WALK_REFS)


_bits_of = lru_cache(parse_isa)


class OurSide:
    """An engine of ours; with a modelled TLB of (sets, ways), its counts are compared too."""

    def __init__(
        self, engine: str, tlb: tuple[int, int] | None = None, *, ram_size: int = RAM_SIZE
    ) -> None:
        self.name = engine
        self.engine = isa.engine.load(engine)
        self._tlb = tlb
        self._ram_size = ram_size
        self.hart = self._new_hart(Program())
        self._traps = 0
        self.taken = 0  # steps of the last call that the other side can take too
        self._csrs_key = b""  # the state that `_last_csrs` were read in
        self._last_csrs: dict[str, int] = {}

    def _new_hart(self, program: Program) -> Hart:
        return Hart(
            Memory(RAM_BASE, self._ram_size),
            tlb=self._tlb,
            isa=_bits_of(program.isa),
            choices={
                Slot.TRAP_DETAIL: program.detail,
                Slot.ALIGNED_ONLY: int(program.traps_misaligned),
            },
        )

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        self.hart = self._new_hart(program)
        self._csrs_key = b""
        for at, raw in program.segments().items():
            self.hart.memory.write(at, raw)
        for number, value in enumerate(program.x):
            self.hart.slots[Slot.X0 + number] = value
        for name, value in program.csrs.items():
            self.hart.csr[name] = value
        self.hart.pc = program.start

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions; accesses outside RAM fault."""
        first = self.hart.progress
        stop = self._go_to(first + count)
        self.taken = self.hart.progress - first - (stop is Stop.MISSED)
        return Stop.OUTSIDE if stop is Stop.MISSED else stop

    def _go_to(self, goal: int) -> Stop:
        hart = self.hart
        self._traps = hart.slots[Slot.TRAPS]
        hart.slots[Slot.EXIT_INSN] = 0  # what the last step's instruction is told from
        while hart.progress < goal:
            if self._is_among_devices():
                return Stop.OUTSIDE
            traps = hart.slots[Slot.TRAPS]
            end = self.engine.run(hart, goal - hart.progress)
            if hart.slots[Slot.TRAPS] != traps and self._missed_a_device():
                return Stop.MISSED
            if end.reason is ExitReason.WFI:
                return Stop.WAITING
            if end.reason is ExitReason.MMIO:
                if end.pa < DEVICES_END:
                    return Stop.OUTSIDE
                refuse_access(hart)
            else:
                assert end.reason is ExitReason.FUEL, end
        return Stop.NONE

    def _missed_a_device(self) -> bool:
        """Say whether the last trap is for a misaligned access where others have a device."""
        is_access_fault = self.hart.slots[Slot.CAUSE] in ACCESS_FAULTS
        return is_access_fault and self.hart.slots[Slot.TVAL] < DEVICES_END

    def _is_among_devices(self) -> bool:
        return not self._is_translating() and self.hart.slots[Slot.PC] < DEVICES_END

    def _is_translating(self) -> bool:
        slots = self.hart.slots
        if slots[Slot.V]:
            return (slots[Slot.VSATP] | slots[Slot.HGATP]) >> 60 != 0
        return slots[Slot.PRIV] != Priv.M and slots[Slot.SATP] >> 60 != 0

    def state(self, *, with_csrs: bool) -> State:
        """Read the registers."""
        slots = self.hart.slots
        csrs = self._csrs() if with_csrs else {}
        counted = COUNTS + TLB_COUNTS if self._tlb else COUNTS
        counts = {slot.name.lower(): slots[slot] for slot in counted} if with_csrs else {}
        x, f = tuple(slots[:32]), tuple(slots[Slot.F0 : Slot.F31 + 1])
        priv = slots[Slot.PRIV] | slots[Slot.V] << 2
        return State(slots[Slot.PC], priv, x, csrs, counts, f)

    def took_trigger(self) -> bool:
        """Say whether the last step raised the breakpoint exception of a trigger."""
        slots = self.hart.slots
        has_raised = slots[Slot.TRAPS] != self._traps and slots[Slot.CAUSE] == Cause.BREAKPOINT
        return has_raised and slots[Slot.EXIT_INSN] != EBREAK

    def _csrs(self) -> dict[str, int]:
        """Read the CSRs; those of the last time, when no slot behind them has changed."""
        slots = self.hart.slots
        key = b"".join(slots[first:end].tobytes() for first, end in BEHIND_CSRS)
        is_timed = slots[Slot.STIMECMP] & slots[Slot.VSTIMECMP] != NEVER
        if is_timed or key != self._csrs_key:
            self._csrs_key = key
            self._last_csrs = {name: int(read_csr(self.hart, n)) for name, n in NUMBERS.items()}
        return self._last_csrs

    def memory(self) -> bytes:
        """Read all RAM."""
        return self.hart.memory.read(RAM_BASE, self._ram_size)

    def has_reservation(self) -> bool:
        """Say whether LR has reserved memory."""
        return self.hart.slots[Slot.RESERVED] != 0

    def word_at_pc(self) -> int | None:
        """Read the instruction about to be executed; None when its fetch would trap."""
        pc = self.hart.slots[Slot.PC]
        return self._fetched() if self._is_translating() else self._word_at(pc)

    def _fetched(self) -> int | None:
        """Fetch the instruction at pc, and undo all traces of it."""
        hart = self.hart
        saved, saved_tlb = bytes(hart.slots), bytes(hart.tlb)
        tables = bytes(hart.ram)
        word = int(fetch(hart, hart[Slot.PC]))
        is_there = not hart.slots[Slot.PENDING]
        hart.slots[:] = memoryview(saved).cast("Q")
        hart.tlb[:] = memoryview(saved_tlb).cast("Q")
        hart.ram[:] = tables  # looking must not set accessed bits
        return word if is_there else None

    def _word_at(self, pa: int) -> int | None:
        """Read the instruction at a physical address, whatever PMP says of it."""
        raw = self.hart.ram[pa - RAM_BASE : pa - RAM_BASE + 4]
        if pa < RAM_BASE or len(raw) < 2:
            return None
        word = int.from_bytes(raw, "little")
        if word & 3 != 3:
            return word & 0xFFFF
        return word if len(raw) == 4 else None

    def set_x(self, number: int, value: int) -> None:
        """Set a register."""
        self.hart.slots[Slot.X0 + number] = value

    def set_csr(self, name: str, value: int) -> None:
        """Set a CSR."""
        self.hart.csr[name] = value

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 bytes of RAM."""
        self.hart.memory.write(pa, value.to_bytes(8, "little"))
