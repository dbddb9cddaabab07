r"""A machine to talk to: for notebooks, tests and scripts that wait for what a guest says.

    >>> vm = trapline.vm.boot("monolith", mode="softtlb").until(console="$ ")
    >>> print(vm.type("ls /\n").until(console="$ ").text)

`trapline.boot` runs a guest to its end; here it runs as far as it is told to.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isa.errors import TraplineError
from trapline.session import Plan, Result, load_engine, make_console, make_machine, make_plan
from trapline.settings import BARE, SOFTTLB, Options, check_mode

if TYPE_CHECKING:
    from vmm.machine import Machine
    from vmm.stop import Stop

STEP = 100_000
"""Instructions between two looks at the console."""
PATIENCE = 1_000_000_000
"""Instructions after which a guest is not expected to say it any more."""


class NeverSaidError(TraplineError):
    """The guest ended, waits for input, or ran for long without what was waited for."""


class Vm:
    """A machine with a guest, standing still between calls. Everything is deterministic."""

    def __init__(
        self, plan: Plan, mode: str, echo: Callable[[bytes], object] | None = None
    ) -> None:
        self.plan = plan
        self.mode = mode
        self._engine = load_engine(plan)
        self._console = make_console(echo)
        self._machine = make_machine(plan.config(mode), mode, self._engine, self._console)
        self._machine.load(plan.boot)
        self._seen = 0  # bytes of the console that have been waited for
        self._cpu_s = self._wall_s = 0.0

    # -------------------------------------------------------------------------- looking

    @property
    def machine(self) -> "Machine":
        """The machine itself: harts with registers and CSRs, memory, devices."""
        return self._machine

    @property
    def text(self) -> str:
        """All that the guest has printed."""
        return self._console.output.decode("utf-8", "replace")

    @property
    def stop(self) -> "Stop | None":
        """How the run ended, None while it can go on."""
        return self._machine.stop

    @property
    def exit_status(self) -> int | None:
        """The run's, None while it can go on."""
        return None if self.stop is None else self.stop.status

    @property
    def diagnosis(self) -> list[str]:
        """What there is to say of a run that the guest did not end itself."""
        from vmm.diagnosis import diagnose

        symbols = self.plan.boot.symbols
        return [] if self.stop is None else diagnose(self._machine, self.stop, symbols)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Show the console, as a notebook does with the last value of a cell."""
        printer.text(self.text)

    # ---------------------------------------------------------------------------- doing

    def type(self, text: str) -> "Vm":
        """Type at the console; what the guest does not read yet waits there."""
        data = text.encode()
        if self._console.feed(data) < len(data):
            raise TraplineError("the console has no room for so much input")
        return self

    def run(self, instructions: int | None = None) -> "Vm":
        """Go on: for so many instructions, or to the end, or until input is all that is missing."""
        if self.stop is None:
            self._advance(instructions)
        return self

    def until(self, console: str, instructions: int = PATIENCE) -> "Vm":
        """Go on until the guest has printed a text, after what was waited for before.

        Raises NeverSaidError, with the end of the console, when it does not come.
        """
        wanted = console.encode()
        end = self._machine.progress + instructions
        while not self._take(wanted):
            left = end - self._machine.progress
            if self.stop is not None or left <= 0 or not self._advance(min(STEP, left)):
                raise NeverSaidError(self._complaint(console))
        return self

    def _take(self, wanted: bytes) -> bool:
        output = self._console.output
        first = self._console.total - len(output)  # what the console does not keep any more
        at = output.find(wanted, max(0, self._seen - first))
        if at >= 0:
            self._seen = first + at + len(wanted)
        return at >= 0

    def _complaint(self, wanted: str) -> str:
        if self.stop is None:
            how = "the guest waits for input" if self._waits() else "it has run for long"
        else:
            how = f"the run ended: {self.stop.detail}"
        end = self.text[-200:]
        return f"the guest did not print {wanted!r}: {how}; the end of its console is {end!r}"

    def _waits(self) -> bool:
        machine = self._machine
        return machine.uart.can_wake and machine.next_hart() is None

    def _advance(self, instructions: int | None) -> bool:
        """Run; say whether anything came of it. A guest that waits for input is not at its end."""
        from vmm.stop import StopReason

        machine = self._machine
        before = machine.progress
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        stop = machine.run(instructions)
        self._cpu_s += time.process_time() - cpu_before
        self._wall_s += time.perf_counter() - wall_before
        is_waiting = stop.reason in (StopReason.IDLE, StopReason.STUCK) and self._waits()
        if is_waiting or stop.reason is StopReason.BOUND:
            machine.stop = None
        return machine.progress > before

    def finish(self) -> Result:
        """Run to the end, let go of disks, and account for the whole run."""
        from trapline.session import result_of

        self.run()
        self.close()
        if self.stop is None:
            raise NeverSaidError(self._complaint("anything more"))
        times = self._cpu_s, self._wall_s
        return result_of(self.plan, self.mode, self._engine, self._machine, self.stop, *times)

    def close(self) -> None:
        """Let go of disks; the machine does not run any more."""
        self._machine.close()


def boot(
    guest: str,
    *,
    mode: str = SOFTTLB,
    echo: Callable[[bytes], object] | None = None,
    **options: Any,
) -> Vm:
    """Make a domain with a guest, loaded and not begun; options are those of `trapline.boot`."""
    return Vm(make_plan(guest, Options(**options), check_mode(mode)), mode, echo)


def run(guest: str, *, echo: Callable[[bytes], object] | None = None, **options: Any) -> Vm:
    """Make a bare board with a guest, loaded and not begun."""
    return Vm(make_plan(guest, Options(**options), BARE), BARE, echo)
