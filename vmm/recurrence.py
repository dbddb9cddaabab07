"""Finding a machine that can make no progress: its state recurs and no event is to come.

When a hart's registers and CSRs come back to what they were, RAM unchanged, with no clock read, no
device or call between and no timer armed, the same rounds follow for ever. The search is rare and
short: some thousands of single steps, each time after twice as many instructions.
"""

import hashlib
from typing import TYPE_CHECKING

from isa.exits import ExitReason
from isa.state import Slot
from vmm.hypercalls.sbi.hsm import HartState
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from isa.hart import Hart
    from vmm.machine import Machine

FIRST_LOOK = 1_000_000
STEPS = 2048
_CHANGING = (Slot.INSTRET, Slot.IDLE, Slot.SINK)


class Watch:
    """Looks at one machine between its slices."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._next = FIRST_LOOK

    def look(self) -> None:
        """Stop the machine if its only running hart is in a loop that nothing can end."""
        machine = self._machine
        done = sum(hart.progress for hart in machine.harts)
        if done < self._next:
            return
        self._next = 2 * done
        running = [hart for hart in machine.harts if self._is_running(hart)]
        if len(running) == 1 and not any(machine.has_event(hart.id) for hart in machine.harts):
            self._search(running[0])

    def _is_running(self, hart: "Hart") -> bool:
        is_started = self._machine.states.status(hart.id) is not HartState.STOPPED
        return is_started and not hart.slots[Slot.WAITING]

    def _search(self, hart: "Hart") -> None:
        machine = self._machine
        start, reads = _registers(hart), hart.slots[Slot.CLOCK_READS]
        memory = self._memory_hash()
        for steps in range(1, STEPS + 1):
            exit_ = machine.cpu.run(hart.id, 1)
            if exit_.reason is not ExitReason.FUEL:
                machine.settle(hart, exit_)
                return
            if hart.slots[Slot.CLOCK_READS] != reads:
                return
            if _registers(hart) == start:
                if self._memory_hash() == memory:
                    every = "instruction" if steps == 1 else f"{steps} instructions"
                    detail = f"its state recurs every {every} and no interrupt can come"
                    machine.stop = Stop(StopReason.STUCK, 125, detail)
                return

    def _memory_hash(self) -> bytes:
        memory = self._machine.memory
        return hashlib.sha256(memory.read(memory.base, memory.size)).digest()


def _registers(hart: "Hart") -> tuple[int, ...]:
    return tuple(hart.slots[slot] for slot in range(Slot.ARCH_END) if slot not in _CHANGING)
