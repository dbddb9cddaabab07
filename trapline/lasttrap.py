"""Finding the last trap of a run: runs are repeatable, so run again up to just before it.

Three more runs, each looking closer, find the one instruction in a run of any length.
"""

from typing import TYPE_CHECKING

from isa.errors import TraplineError
from isa.state import Slot
from trapline.session import load_engine, make_console, make_machine, make_plan
from trapline.settings import BARE, Options, machine_config
from vmm.stop import StopReason

if TYPE_CHECKING:
    from isa.hart import Hart
    from vmm.machine import Machine

STEPS = (1 << 22, 1 << 11, 1)
"""Instructions between two looks in each run; a later one looks at one step of the one before."""
DEFAULT_BOUND = 1 << 32


def at_the_end(program: str, options: Options) -> "Hart":
    """Give the first hart of the bare board as a run ends."""
    machine = _machine(program, options)
    machine.run(_bound(options))
    return machine.harts[0]


def before_last_trap(program: str, options: Options) -> "Hart":
    """Give the first hart of the bare board as it is about to take the last trap of a run."""
    start, end = 0, _bound(options)
    for step in STEPS:
        found = _last_step_with_a_trap(_machine(program, options), start, end, step)
        if found is None:
            raise TraplineError(f"{program}: took no trap into a handler of its own")
        start, end = found, min(end, found + step)
    machine = _machine(program, options)
    machine.run(start)
    return machine.harts[0]


def _last_step_with_a_trap(machine: "Machine", start: int, end: int, step: int) -> int | None:
    """Run from `start` to `end` in steps; give where the last began in which a trap was taken."""
    if start:
        machine.run(start)
    hart = machine.harts[0]
    found = None
    while machine.progress < end:
        before, at = hart.slots[Slot.TRAPS] - machine.calls, machine.progress
        stop = machine.run(min(step, end - at))
        if hart.slots[Slot.TRAPS] - machine.calls != before:
            found = at
        if stop.reason is not StopReason.BOUND:
            break
    return found


def _machine(program: str, options: Options) -> "Machine":
    plan = make_plan(program, options, BARE)
    machine = make_machine(machine_config(options, BARE), BARE, load_engine(plan), make_console())
    machine.load(plan.boot)
    return machine


def _bound(options: Options) -> int:
    return options.max_instructions or DEFAULT_BOUND
