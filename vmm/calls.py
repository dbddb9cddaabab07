"""What becomes of a call of the environment: its outcome, in the caller's registers.

Handlers (`vmm/hypercalls/`) say what is to be done and touch no register themselves.
"""

from typing import TYPE_CHECKING

from isa.hart import Hart
from isa.state import Slot
from isa.trap import enter_s
from vmm.contracts import (
    CallOutcome,
    HartStopped,
    HartSuspended,
    LegacyReturn,
    MachineStopped,
    RedirectedFault,
    SbiReturn,
)

if TYPE_CHECKING:
    from vmm.machine import Machine

MASK = (1 << 64) - 1
A0, A1 = 10, 11
PC, TRAPS = int(Slot.PC), int(Slot.TRAPS)


def finish_call(machine: "Machine", hart: Hart, outcome: CallOutcome) -> None:
    """Do what a call's outcome says; the ecall counts as a trap, it does not retire."""
    registers = hart.slots
    match outcome:
        case SbiReturn(error, value):
            registers[A0], registers[A1] = error & MASK, value & MASK
        case LegacyReturn(value):
            registers[A0] = value & MASK
        case RedirectedFault(cause, tval):
            enter_s(hart, cause, tval)
            return
        case MachineStopped(request):
            machine.end(request)
        case HartSuspended():
            registers[A0], registers[A1] = 0, 0
        case HartStopped():
            pass
    machine.calls += 1
    registers[TRAPS] += 1
    registers[PC] = registers[PC] + 4 & MASK
