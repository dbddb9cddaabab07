"""Going back in time: checkpoints taken on the way, and doing again what came after them.

A run is determined by its state and its input, which is logged. So any moment since the first
checkpoint is reached by restoring the last one before it and running up to it.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmm.contracts import StateError
from vmm.snapshot.state import (
    MachineState,
    overlays,
    restore_machine,
    restore_memory,
    save_machine,
)

if TYPE_CHECKING:
    from vmm.inputs import LoggedInput
    from vmm.machine import Machine

MOST_CHECKPOINTS = 24
SHARE = 20
"""Between two checkpoints passes so many times what one has taken."""
LEAST_INSTRUCTIONS = 100_000


@dataclass(frozen=True)
class Checkpoint:
    """A machine at a moment; pages that do not change are shared with the checkpoint before."""

    at: int
    state: MachineState
    pages: dict[int, bytes]
    disks: dict[int, dict[int, bytes]]
    asked: int


class History:
    """The past of one machine."""

    def __init__(self, machine: "Machine", source: "LoggedInput | None") -> None:
        """Begin; raise StateError when the machine's state cannot be had."""
        self._machine = machine
        self._source = source
        self._checkpoints: list[Checkpoint] = []
        self._next = 0.0
        self.take()

    @property
    def begin(self) -> int:
        """How far back it goes: `Machine.progress`."""
        return self._checkpoints[0].at

    def take(self) -> None:
        """Take a checkpoint."""
        began = time.perf_counter()
        machine = self._machine
        before = self._checkpoints[-1].pages if self._checkpoints else {}
        pages = {
            number: known if (known := before.get(number)) == page else page
            for number, page in machine.memory.filled_pages()
        }
        disks = {slot: dict(disk.blocks()) for slot, disk in overlays(machine)}
        asked = 0 if self._source is None else self._source.position
        self._checkpoints.append(
            Checkpoint(machine.progress, save_machine(machine), pages, disks, asked)
        )
        if len(self._checkpoints) > MOST_CHECKPOINTS:
            del self._checkpoints[1:-2:2]
        now = time.perf_counter()
        self._next = now + SHARE * (now - began)

    def note(self) -> None:
        """Take a checkpoint if it is time for one."""
        last = self._checkpoints[-1].at
        if self._machine.progress - last >= LEAST_INSTRUCTIONS and time.perf_counter() > self._next:
            self.take()

    def cut(self) -> None:
        """Let the past begin here: what was before does not lead to here any more."""
        if self._source is not None:
            self._source.cut()
        self._checkpoints.clear()

    def resume(self) -> None:
        """Have a checkpoint before the machine goes on."""
        if not self._checkpoints:
            self.take()

    # --------------------------------------------------------------------------- going back

    def go_before(self, moment: int) -> bool:
        """Restore the last checkpoint before a moment; say whether there is one."""
        earlier = [point for point in self._checkpoints if point.at < moment]
        if earlier:
            self._restore(earlier[-1])
        return bool(earlier)

    def go_to(self, moment: int) -> None:
        """Go to a moment since the beginning."""
        self._restore([point for point in self._checkpoints if point.at <= moment][-1])
        if moment > self._machine.progress:
            self._machine.run(moment - self._machine.progress)

    def last_step(self, index: int) -> int | None:
        """Give the moment before a hart's last step, None when it has made none."""
        machine = self._machine
        now, hart = machine.progress, machine.harts[index]
        if len(machine.harts) == 1:
            return now - 1 if now > self.begin else None
        end = now
        while self.go_before(end):
            start, found = machine.progress, None
            while machine.progress < end and _is_alive(machine):
                before = hart.progress
                is_free = machine.next_hart() is None
                machine.run(min(1 if is_free else machine.share, end - machine.progress))
                if hart.progress != before:
                    found = machine.progress - 1
            if found is not None:
                return found
            end = start
        return None

    def _restore(self, point: Checkpoint) -> None:
        machine = self._machine
        restore_machine(machine, point.state)
        restore_memory(machine, point.pages.items())
        for slot, disk in overlays(machine):
            disk.replace(point.disks[slot].items())
        if self._source is not None:
            self._source.position = point.asked


def _is_alive(machine: "Machine") -> bool:
    from vmm.gdb.control import CAN_GO_ON

    return machine.stop is None or machine.stop.reason in CAN_GO_ON


def begin_history(machine: "Machine", source: "LoggedInput | None") -> History | None:
    """Begin a history; None when there can be none, as with a disk that is written in place."""
    try:
        return History(machine, source)
    except StateError:
        return None
