"""Finding a machine that can make no progress: its state recurs and no event is to come.

When the registers and CSRs of a hart come back to what they were, RAM unchanged, with no clock
read, no device or call between and no timer armed, the same rounds follow for ever. Of several
harts, each must be in such a loop, and none may store: what another sees between is unknown. The
search is rare and short: some thousands of instructions, then after twice as many as before.
"""

import hashlib
import struct
from typing import TYPE_CHECKING

from isa.causes import Priv, describe_cause
from isa.insn import Kind
from isa.interrupts import current_mip
from isa.mmu import fetch
from isa.spec import TABLE
from isa.state import Slot
from vmm.gdb.points import Kind as PointKind
from vmm.gdb.points import Points
from vmm.hypercalls.sbi.hsm import HartState
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from isa.hart import Hart
    from vmm.machine import Machine

FIRST_LOOK = 50_000
STEPS = 2048
RETURNS = 64  # to the first pc with other registers, after which a lone hart is let go, at most
INSTRUCTIONS_PER_RETURN = 200_000  # that have been executed: looking costs some percent
_CHANGING = (Slot.INSTRET, Slot.IDLE, Slot.SINK)


class Watch:
    """Looks at one machine now and then."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self.next_look = FIRST_LOOK

    def advance(self, budget: int) -> None:
        """Advance the machine, or look, within the budget, whether it gets anywhere."""
        done = self._machine.progress
        if done >= self.next_look:
            self.next_look = 2 * done
            self._search(done + budget)
        else:
            self._machine.advance(min(budget, self.next_look - done))

    def _search(self, end: int) -> None:
        """Look twice: RAM is only compared when registers are known to recur."""
        if not self._find_loops(end):
            return
        memory, traps = self._memory_hash(), self._traps()
        loops = self._find_loops(end)
        if not loops or self._memory_hash() != memory or self._machine.timers.look():
            return
        lengths = " and ".join(str(length) for length in loops)
        every = "instruction" if lengths == "1" else f"{lengths} instructions"
        trapping = self._trap_words() if self._traps() != traps else ""
        detail = f"its state recurs every {every}{trapping} and no interrupt can come"
        self._machine.stop = Stop(StopReason.STUCK, 125, detail)

    def _find_loops(self, end: int) -> list[int]:
        """Give the length of each running hart's loop; nothing when not all are in one."""
        machine = self._machine
        has_timer = any(machine.timers.has_event(hart.id) for hart in machine.harts)
        if has_timer or machine.receiver.is_expecting:
            return []
        running = [hart.id for hart in machine.harts if self._is_running(hart)]
        loops: dict[int, int] = {}
        for turn in range(len(running)):
            if turn and not machine.finish_turn(end - machine.progress):
                break
            index = machine.next_hart()
            if index is None or index in loops or machine.stop is not None:
                break
            hart = machine.harts[index]
            find = self._find_loop if len(running) == 1 else self._find_loop_without_stores
            loops[index] = find(hart, end)
            if not loops[index]:
                break
        return list(loops.values()) if set(loops) == set(running) and all(loops.values()) else []

    def _is_running(self, hart: "Hart") -> bool:
        state = self._machine.states.status(hart.id)
        is_asleep = hart.slots[Slot.WAITING] or state is HartState.SUSPENDED
        is_awake = current_mip(hart) & hart.slots[Slot.MIE]
        return state is not HartState.STOPPED and bool(is_awake or not is_asleep)

    def _find_loop(self, hart: "Hart", end: int) -> int:
        """Give the number of steps after which the registers recur, 0 when they do not.

        The hart runs from one return to its pc to the next: these are points as debuggers set.
        """
        machine = self._machine
        first, start, pc = machine.progress, _registers(hart), hart.pc
        settled, reads = _settled(machine), hart.slots[Slot.CLOCK_READS]
        end = min(end, first + STEPS)
        pages = machine.cpu.pages(hart.id)
        if machine.next_hart() != hart.id or any(page.slots[Slot.POINTS] for page in pages):
            return 0
        here = Points()
        here.add(PointKind.HARDWARE, pc, 1)
        for _ in range(min(RETURNS, 4 + first // INSTRUCTIONS_PER_RETURN)):
            machine.advance(1)
            here.arm(pages)
            while machine.stop is None and hart.pc != pc and machine.progress < end:
                if _settled(machine) != settled or machine.next_hart() != hart.id:
                    break
                machine.advance(end - machine.progress)
            Points().arm(pages)
            machine.forget_point()
            if _settled(machine) != settled or hart.slots[Slot.CLOCK_READS] != reads:
                return 0
            if hart.pc != pc or machine.next_hart() != hart.id:
                return 0
            if _registers(hart) == start:
                return machine.progress - first
        return 0

    def _find_loop_without_stores(self, hart: "Hart", end: int) -> int:
        """Give the same for a hart beside others, which must not store meanwhile."""
        machine = self._machine
        start, pc = _registers(hart), hart.pc
        settled, reads = _settled(machine), hart.slots[Slot.CLOCK_READS]
        for steps in range(1, STEPS + 1):
            if machine.progress >= end or machine.next_hart() != hart.id or _is_store(hart):
                return 0
            machine.advance(1)
            if _settled(machine) != settled or hart.slots[Slot.CLOCK_READS] != reads:
                return 0
            if hart.pc == pc and _registers(hart) == start:
                return steps
        return 0

    def _traps(self) -> int:
        return sum(hart.slots[Slot.TRAPS] for hart in self._machine.harts)

    def _trap_words(self) -> str:
        """Say which trap was the last one of a loop that traps."""
        hart = self._machine.harts[self._machine.current]
        cause = Slot.MCAUSE if hart.slots[Slot.PRIV] == Priv.M else Slot.SCAUSE
        return f", trapping each time ({describe_cause(hart.slots[cause])}),"

    def _memory_hash(self) -> bytes:
        digest = hashlib.sha256()
        for number, page in self._machine.memory.filled_pages():
            digest.update(struct.pack("<Q", number) + page)
        return digest.digest()


def _settled(machine: "Machine") -> int:
    """Give how often harts have asked for something, or used a device without asking."""
    return machine.settled + machine.uart.uses


def _is_store(hart: "Hart") -> bool:
    """Say whether the next instruction stores; one that cannot be fetched does not."""
    word = fetch(hart, hart[Slot.PC])
    hart[Slot.INLINE_STALE] = 1  # the modelled TLB may have changed beneath it
    hart[Slot.PENDING] = 0
    insn = TABLE.decode(word)
    return insn is not None and insn.kind is Kind.STORE


def _registers(hart: "Hart") -> tuple[int, ...]:
    return tuple(hart.slots[slot] for slot in range(Slot.ARCH_END) if slot not in _CHANGING)
