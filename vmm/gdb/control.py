"""Running a machine for a debugger: continue, step, step through a range, until a point or a key.

A step of one hart lets the others have their turns, as they would have had: what a debugger does
leaves the order of things as it is, but for a hart that is told to go on alone.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isa.hart import Hart
from isa.state import Slot
from vmm.gdb.points import TOLD, Kind, Points
from vmm.stop import StopReason

if TYPE_CHECKING:
    from vmm.gdb.history import History
    from vmm.inputs import LoggedInput
    from vmm.machine import Machine

TRAPPED, INTERRUPTED = 5, 2  # SIGTRAP, SIGINT
SOONEST, LATEST = 0.01, 0.05  # seconds between looks at the connection
FIRST_BUDGET, LEAST_BUDGET, MOST_BUDGET = 10_000, 100, 20_000_000
CAN_GO_ON = (StopReason.BOUND, StopReason.DEBUG)
AT_ALL = (0, (1 << 64) - 1)


@dataclass(frozen=True)
class Halt:
    """Why a debugger has control: a hart, a signal's number, and what a stop reply adds."""

    hart: int
    signal: int = TRAPPED
    told: str = ""
    point: Kind | None = None


@dataclass(frozen=True)
class Resumption:
    """What is to run: harts to step, each in a range of addresses, and those that just go on."""

    steps: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """By hart, the addresses in which to go on stepping: an empty range for a single step."""
    running: frozenset[int] = frozenset()
    is_backwards: bool = False


class Control:
    """Runs one machine; `is_wanted` says whether the debugger wants it to stop."""

    def __init__(
        self, machine: "Machine", is_wanted: Callable[[], bool], end: int | None = None
    ) -> None:
        self.machine = machine
        self.points = Points()
        self.hart = 0
        """The hart that has stopped last."""
        self.end = end
        """How far the machine may go: `machine.progress`."""
        self.history: History | None = None
        self.source: LoggedInput | None = None
        self._is_wanted = is_wanted
        self._budget = FIRST_BUDGET

    def go(self, wanted: Resumption) -> Halt | None:
        """Run; give why the debugger has control again, None when the machine has ended."""
        if self.history is not None:
            self.history.resume()
        try:
            if wanted.is_backwards:
                return self._go_back(wanted)
            if wanted.steps:
                return self._step_through(wanted)
            return self._continue(wanted)
        finally:
            self._disarm()

    @property
    def has_ended(self) -> bool:
        """Whether the machine cannot go on."""
        stop = self.machine.stop
        is_over = self.end is not None and self.machine.progress >= self.end
        return is_over or (stop is not None and stop.reason not in CAN_GO_ON)

    def changed(self, index: int | None) -> None:
        """Note that the debugger has changed a hart's registers, or memory."""
        if index is not None:
            for page in self._pages(index):
                page.slots[Slot.INLINE_STALE] = 1
                if page is not self.machine.harts[index]:
                    page.fence()  # what the monitor had made of the state before
            self.machine.timers.changed()
        if self.history is not None:
            self.history.cut()

    # ------------------------------------------------------------------------------- running

    def _continue(self, wanted: Resumption) -> Halt | None:
        if self.points and self.hart in wanted.running:
            halt = self._step(self.hart, is_alone=True)  # off the point that it may stand at
            if halt is not None or self.has_ended:
                return halt
        self._arm(None)
        is_all = len(wanted.running) == len(self.machine.harts)
        while True:
            if not is_all:
                self.machine.prefer(min(wanted.running))
            halt = self._run(self._budget if is_all else min(self._budget, self.machine.share))
            if halt is not None or self.has_ended:
                return halt
            if self._is_wanted():
                return self._halted(self.machine.current, INTERRUPTED)

    def _step_through(self, wanted: Resumption) -> Halt | None:
        index, (first, end) = next(iter(wanted.steps.items()))
        hart = self.machine.harts[index]
        is_alone = not wanted.running and len(wanted.steps) == 1
        while True:
            halt = self._step(index, is_alone=is_alone)
            if halt is not None or self.has_ended:
                return halt
            if not first <= hart.pc < end:
                return self._halted(index)
            if self._is_wanted():
                return self._halted(index, INTERRUPTED)

    def _step(self, index: int, *, is_alone: bool) -> Halt | None:
        """Let a hart do one thing; gives None when nothing else happened on the way."""
        machine, hart = self.machine, self.machine.harts[index]
        self._arm(index)
        before = hart.progress
        while hart.progress == before:
            if is_alone and machine.next_hart() not in (index, None):
                machine.prefer(index)
                if self.history is not None:
                    self.history.cut()
                    self.history.resume()
            is_next = machine.next_hart() in (index, None)
            halt = self._run(1 if is_next else machine.share)
            if halt is not None or self.has_ended:
                return halt
            if hart.progress == before and (is_alone or self._is_wanted()):
                return self._halted(index, TRAPPED if is_alone else INTERRUPTED)
        return None

    def _run(self, budget: int) -> Halt | None:
        """Run for a number of instructions; give why a debugger's point has stopped it."""
        if self.end is not None:
            budget = min(budget, self.end - self.machine.progress)
        before = time.perf_counter()
        stop = self.machine.run(budget)
        if self.history is not None:
            self.history.note()
        if budget == self._budget:
            self._adapt(time.perf_counter() - before)
        if stop.reason is not StopReason.DEBUG:
            return None
        reached, self.machine.reached = self.machine.reached, None
        hit = None if reached is None else self.points.hit(reached)
        if hit is None:  # the machine was woken from a wait
            is_wanted = self._is_wanted()
            return self._halted(self.machine.current, INTERRUPTED) if is_wanted else None
        point, at = hit
        told = f"{TOLD[point.kind]}:{at:x};" if point.kind > Kind.HARDWARE else ""
        return self._halted(self.machine.current, told=told, point=point.kind)

    def _adapt(self, seconds: float) -> None:
        if seconds < SOONEST:
            self._budget = min(self._budget * 2, MOST_BUDGET)
        elif seconds > LATEST:
            self._budget = max(self._budget // 2, LEAST_BUDGET)

    def _halted(
        self, hart: int, signal: int = TRAPPED, told: str = "", point: Kind | None = None
    ) -> Halt:
        self.hart = hart
        return Halt(hart, signal, told, point)

    # --------------------------------------------------------------------------- backwards

    def _go_back(self, wanted: Resumption) -> Halt:
        assert self.history is not None, "otherwise gdb does not ask"
        index = next(iter(wanted.steps), None)
        if index is None:
            return self._back_to_point(self.history)
        moment = self.history.last_step(index)
        if moment is None:
            return self._at_the_beginning(self.history)
        self.history.go_to(moment)
        return self._halted(index)

    def _at_the_beginning(self, history: "History") -> Halt:
        history.go_to(history.begin)
        return self._halted(self.hart, told="replaylog:begin;")

    def _back_to_point(self, history: "History") -> Halt:
        """Go back to where a point was reached last."""
        end = self.machine.progress
        while history.go_before(end):
            begin, last = self.machine.progress, None
            while (halt := self._next_before(end)) is not None:
                is_data = halt.point is not None and halt.point > Kind.HARDWARE
                last = halt, self.machine.progress + is_data
                self._pass()
            if last is not None:
                # gdb itself undoes the access that a watchpoint has stopped at.
                history.go_to(min(last[1], end))
                self.hart = last[0].hart
                return last[0]
            if self._is_wanted():
                break
            end = begin
        return self._at_the_beginning(history)

    def _next_before(self, end: int) -> Halt | None:
        """Run on to the next point that is reached before a moment."""
        self._arm(None)
        machine = self.machine
        while machine.progress < end and not self.has_ended:
            halt = self._run(end - machine.progress)
            if halt is not None:
                return halt if machine.progress < end else None
        return None

    def _pass(self) -> None:
        """Do what a point has stopped."""
        self._disarm()
        self.machine.run(1)

    # -------------------------------------------------------------------------------- points

    def _arm(self, stepping: int | None) -> None:
        """Have all harts stop at points; the one that steps passes the one that it stands at."""
        for index in range(len(self.machine.harts)):
            self.points.arm(self._pages(index), with_code=index != stepping)

    def _disarm(self) -> None:
        for index in range(len(self.machine.harts)):
            Points().arm(self._pages(index))

    def _pages(self, index: int) -> list[Hart]:
        return list(self.machine.cpu.pages(index))
