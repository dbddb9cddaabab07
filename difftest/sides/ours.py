"""Our own engines as sides of a comparison.

A program that would reach a device of an outside simulator is over: see `difftest/reconcile.py`.
"""

import isa.engine
from difftest.program import ISA, RAM_BASE, RAM_SIZE, Program
from difftest.sides import Stop
from difftest.state import STATE_CSRS, State
from isa.causes import Cause, Priv
from isa.engine.contract import refuse_access
from isa.exits import ExitReason
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.memory import Memory
from isa.mmu import fetch
from isa.spec import TABLE
from isa.state import Slot
from isa.trap import Detail

# Where outside simulators have devices and we have nothing: a program that goes there is over.
DEVICES_END = RAM_BASE
ACCESS_FAULTS = (Cause.LOAD_ACCESS, Cause.STORE_ACCESS)
EBREAK, C_EBREAK = TABLE.by_name["ebreak"].pattern.match, 0x9002
COUNTS = (Slot.INSTRET, Slot.TRAPS, Slot.MCYCLE, Slot.MINSTRET, Slot.WAITING)
TLB_COUNTS = (Slot.TLB_MISSES, Slot.TLB_KERNEL_MISSES, Slot.WALK_REFS)


class OurSide:
    """An engine of ours; with a modelled TLB of (sets, ways), its counts are compared too."""

    def __init__(
        self, engine: str, tlb: tuple[int, int] | None = None, *, ram_size: int = RAM_SIZE
    ) -> None:
        self.name = engine
        self.engine = isa.engine.load(engine)
        self._tlb = tlb
        self._ram_size = ram_size
        self.hart = self._new_hart()
        self._traps = 0
        self._word: int | None = None  # that `word_at_pc` has read

    def _new_hart(self) -> Hart:
        hart = Hart(Memory(RAM_BASE, self._ram_size), tlb=self._tlb, isa=parse_isa(ISA))
        hart[Slot.TRAP_DETAIL] = Detail.ADDRESSES  # as Spike
        return hart

    def load(self, program: Program) -> None:
        """Start anew with a program."""
        self.hart = self._new_hart()
        for at, raw in program.segments().items():
            self.hart.memory.write(at, raw)
        for number, value in enumerate(program.x):
            self.hart.slots[Slot.X0 + number] = value
        for name, value in program.csrs.items():
            self.hart.csr[name] = value
        self.hart.pc = program.start

    def step(self, count: int = 1) -> Stop:
        """Execute `count` instructions; accesses outside RAM fault."""
        hart = self.hart
        goal = hart.progress + count
        self._traps = hart.slots[Slot.TRAPS]
        while hart.progress < goal:
            if self._is_among_devices():
                return Stop.OUTSIDE
            traps = hart.slots[Slot.TRAPS]
            end = self.engine.run(hart, goal - hart.progress)
            if hart.slots[Slot.TRAPS] != traps and self._missed_a_device():
                return Stop.OUTSIDE
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
        csrs = {name: self.hart.csr[name] for name in STATE_CSRS} if with_csrs else {}
        counted = COUNTS + TLB_COUNTS if self._tlb else COUNTS
        counts = {slot.name.lower(): slots[slot] for slot in counted} if with_csrs else {}
        x, f = tuple(slots[:32]), tuple(slots[Slot.F0 : Slot.F31 + 1])
        priv = slots[Slot.PRIV] | slots[Slot.V] << 2
        return State(slots[Slot.PC], priv, x, csrs, counts, f)

    def took_trigger(self) -> bool:
        """Say whether the last step raised the breakpoint exception of a trigger."""
        slots = self.hart.slots
        has_raised = slots[Slot.TRAPS] != self._traps and slots[Slot.CAUSE] == Cause.BREAKPOINT
        return has_raised and self._word not in (EBREAK, C_EBREAK)

    def memory(self) -> bytes:
        """Read all RAM."""
        return self.hart.memory.read(RAM_BASE, self._ram_size)

    def word_at_pc(self) -> int | None:
        """Read the instruction about to be executed; None when its fetch would trap."""
        hart = self.hart
        saved, saved_tlb = bytes(hart.slots), bytes(hart.tlb)
        tables = bytes(hart.ram) if self._is_translating() else b""
        word = int(fetch(hart, hart[Slot.PC]))
        is_there = not hart.slots[Slot.PENDING]
        hart.slots[:] = memoryview(saved).cast("Q")
        hart.tlb[:] = memoryview(saved_tlb).cast("Q")
        if tables:
            hart.ram[:] = tables  # looking must not set accessed bits
        self._word = word if is_there else None
        return self._word

    def set_x(self, number: int, value: int) -> None:
        """Set a register."""
        self.hart.slots[Slot.X0 + number] = value

    def set_csr(self, name: str, value: int) -> None:
        """Set a CSR."""
        self.hart.csr[name] = value

    def set_memory(self, pa: int, value: int) -> None:
        """Set 8 bytes of RAM."""
        self.hart.memory.write(pa, value.to_bytes(8, "little"))
