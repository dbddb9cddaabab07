"""What a machine does while no hart can run: it lets time pass, or waits for input, or is over.

The guest's time is its own: it jumps to the next event at once, unless somebody sits at a terminal.
"""

from typing import TYPE_CHECKING

from isa.state import Slot
from vmm.fdt import TIMEBASE_HZ
from vmm.hypercalls.sbi.hsm import HartState
from vmm.stop import Stop, StopReason

if TYPE_CHECKING:
    from vmm.machine import Machine


def skip_idle(machine: "Machine") -> None:
    """Let time pass to the next event; when none is to come, the run is over."""
    running = [
        n for n in range(len(machine.harts)) if machine.states.status(n) is not HartState.STOPPED
    ]
    wait = machine.timers.wait(running)
    seconds = None if wait is None else wait / machine.config.tick / TIMEBASE_HZ
    if machine.timers.look() or machine.receiver.wait(seconds):
        return
    if wait is not None:
        for hart in machine.harts:
            hart[Slot.IDLE] += wait
    elif machine.is_watched:
        detail = "every hart waits for an interrupt that cannot come"
        machine.stop = Stop(StopReason.STUCK, 125, detail)
    else:
        machine.stop = Stop(StopReason.IDLE, 124, "no interrupt can wake any hart")
