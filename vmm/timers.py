"""Time as a machine's guest has it, and what is to happen at given times.

Time is counted in instructions (`Hart.clock`); timers, device alarms, mailbox and input are looked
at when a hart's clock says so: every run comes to the same events at the same instructions.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from isa.interrupts import ENVCFG_STCE, until_timer
from isa.state import Slot
from isa.words import Word
from vmm.contracts import StateError

if TYPE_CHECKING:
    from vmm.devices.clint import Clint
    from vmm.machine import Machine

STIP = 1 << 5
MTIP = 1 << 7
CLINT_BITS = 1 << 3 | MTIP
FAR = 1 << 63  # clock units; a timer set beyond does not count as armed
NEVER = 1 << 80  # later than any clock
DISARMED = (1 << 64) - 1  # ticks


class Alarm(Protocol):
    """A device that does something at a time of its own."""

    def next_event(self) -> int | None:
        """Give the clock's time in ticks at which `expire` is to be called, None if never."""

    def expire(self) -> None:
        """Do what is due now."""


class Poller(Protocol):
    """Something to look at now and then: a program's mailbox, input from outside."""

    acts: int
    """How often something was done because of what was seen."""

    def poll(self) -> int:
        """Look; give the number of instructions after which to look again."""


class Timers:
    """The timers of one machine, and when to look at them next."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        count = len(machine.harts)
        self._deadlines = [DISARMED] * count  # SBI timers, in the guest's ticks
        self._events = [0] * count  # when to look at a hart's timers next
        self.due = [0] * count  # when to call `ahead` again: no later than any event or look
        self._alarms: Sequence[Alarm] = ()
        self._clint: Clint | None = None
        self._pollers: list[Poller] = []
        self._looks: list[int] = []  # when to look at each next

    def connect(self, clint: "Clint", alarms: Sequence[Alarm]) -> None:
        """Take the devices that have to do with time."""
        self._clint = clint
        self._alarms = alarms

    def watch(self, poller: Poller) -> None:
        """Look at something now and then."""
        self._pollers.append(poller)
        self._looks.append(0)

    def save(self) -> dict[str, list[int]]:
        """Give what is armed, and when to look at what."""
        return {
            "deadlines": list(self._deadlines),
            "events": list(self._events),
            "due": list(self.due),
            "looks": list(self._looks),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a saved state; raise StateError when it is not one."""
        before = self.save()
        if set(state) != set(before):
            raise StateError("the saved timers have other fields")
        for name, values in state.items():
            is_right = isinstance(values, list) and len(values) == len(before[name])
            if not is_right or not all(isinstance(v, int) and 0 <= v <= NEVER for v in values):
                raise StateError(f"the saved timers' {name} are impossible")
        self._deadlines, self._events = list(state["deadlines"]), list(state["events"])
        self.due, self._looks = list(state["due"]), list(state["looks"])

    def now(self) -> int:
        """Give the current hart's time in timebase ticks."""
        hart = self._machine.harts[self._machine.current]
        return hart.clock // hart.slots[Slot.TICK]

    @property
    def time(self) -> int:
        """The guest's time in timebase ticks."""
        assert self._clint is not None, "the devices are not there yet"
        return self._clint.mtime

    def ahead(self, index: int) -> int:
        """Give the instructions up to a hart's next event, looking at what is due first.

        None are left when what was seen stopped the machine.
        """
        clock = self._machine.harts[index].clock
        for number, look in enumerate(self._looks):
            if look <= clock:
                self._looks[number] = clock + self._pollers[number].poll()
        if self._machine.stop is not None:
            return 0
        if self._events[index] <= clock:
            self.poll(index)
        self.due[index] = max(clock + 1, min(self._events[index], *self._looks))
        return self.due[index] - clock

    def look(self) -> bool:
        """Look at everything out of turn; say whether that made something happen."""
        acts = sum(poller.acts for poller in self._pollers)
        for _twice in range(2):  # a word in a mailbox must stand for two looks
            for poller in self._pollers:
                poller.poll()
        return sum(poller.acts for poller in self._pollers) != acts

    def set_deadline(self, index: int, ticks: int) -> None:
        """Arm a hart's S-mode timer for an absolute guest time: with Sstc, that is stimecmp."""
        hart = self._machine.harts[index]
        if hart.slots[Slot.MENVCFG] & ENVCFG_STCE:
            hart[Slot.STIMECMP] = ticks
            return
        hart[Slot.MIP] &= ~STIP
        self._deadlines[index] = ticks
        self._events[index] = self.due[index] = 0

    def changed(self) -> None:
        """Look at everything anew: a device's registers were written."""
        assert self._clint is not None, "the devices are not there yet"
        for hart in self._machine.harts:
            hart[Slot.TIME_OFFSET] = self._clint.state.mtime_offset
            self._events[hart.id] = self.due[hart.id] = 0

    def poll(self, index: int) -> None:
        """Raise and lower a hart's timer interrupts; note when to look again."""
        machine, clint = self._machine, self._clint
        hart = machine.harts[index]
        if hart.clock < self._events[index]:
            return
        assert clint is not None, "the devices are not there yet"
        running, machine.current = machine.current, index
        tick = hart.slots[Slot.TICK]
        event = self._poll_alarms(tick)
        pending = hart.slots[Slot.MIP] & ~CLINT_BITS | clint.pending(index)
        deadline = self._deadlines[index]
        if deadline != DISARMED and self.time >= deadline:
            pending |= STIP
            deadline = self._deadlines[index] = DISARMED
        hart.slots[Slot.MIP] = pending
        ticks = None if pending & MTIP else clint.next_event(index)
        if ticks is not None:
            event = min(event, ticks * tick)
        if deadline != DISARMED:
            event = min(event, (self.now() + deadline - self.time) * tick)
        self._events[index] = event if event < FAR else NEVER
        machine.current = running

    def _poll_alarms(self, tick: int) -> int:
        """Let alarms that are due go off; give when the next one is, by the hart's clock."""
        event = NEVER
        for alarm in self._alarms:
            at = alarm.next_event()
            if at is not None and at <= self.now():
                alarm.expire()
                at = alarm.next_event()
            if at is not None:
                event = min(event, at * tick)
        return event

    def has_event(self, index: int) -> bool:
        """Say whether a hart's timers will ever raise an interrupt."""
        return self._next_event(index) != NEVER

    def _next_event(self, index: int) -> int:
        """Give when a hart's next interrupt can come, by its clock: stimecmp's are its own."""
        hart = self._machine.harts[index]
        limit = FAR // hart.slots[Slot.TICK]
        left = int(until_timer(hart, Word(limit)))
        event = hart.clock + left if left < limit else NEVER
        return min(self._events[index], event)

    def wait(self, indexes: Sequence[int]) -> int | None:
        """Give the instructions' worth of time to the first event of some harts, None if none."""
        harts = self._machine.harts
        waits = [self._next_event(n) - harts[n].clock for n in indexes if self.has_event(n)]
        return max(0, min(waits)) if waits else None
