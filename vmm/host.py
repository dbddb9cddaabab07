"""Several domains on the harts of one board: who runs when, who sleeps, what each has had.

A scheduler (`vmm/sched/`) decides. Harts are simulated one after the other, the one whose clock is
furthest behind next, so that everything is the same in every run. A domain takes one hart at a
time, its vCPUs in turn. Waiting for an interrupt gives the hart to others.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from isa.errors import TraplineError
from isa.state import Slot
from vmm.counts import Count, count
from vmm.domain import Domain
from vmm.sched.contract import Client, Scheduler
from vmm.stop import Stop

LATENCIES = 100_000
"""How many of the last wake-ups are remembered."""


class Phase(Enum):
    """Where a domain is in its life."""

    PAUSED = "paused"
    READY = "ready"
    ASLEEP = "asleep"
    ENDED = "ended"


@dataclass(eq=False)
class Member:
    """A domain on a host."""

    domain: Domain
    client: Client
    phase: Phase = Phase.PAUSED
    wake_at: int | None = None
    """When its next event is, in the host's time; None is only input's affair."""
    free_at: int = 0
    """Until when it has a hart."""
    woke_at: int | None = None
    latencies: deque[int] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    """Instructions from each wake-up to the hart."""

    @property
    def stop(self) -> Stop | None:
        """How its run ended."""
        return self.domain.stop


class Host:
    """A board's harts, and the domains that share them.

    With `shares_time` a domain's time goes on while others run, as on a real machine; without, it
    is the domain's own, and each does to the last bit what it does alone.
    """

    def __init__(self, scheduler: Scheduler, harts: int = 1, *, shares_time: bool = False) -> None:
        self.scheduler = scheduler
        self.shares_time = shares_time
        self.members: dict[str, Member] = {}
        self.clocks = [0] * harts
        self.idle = 0
        self.switches = 0
        self._on: list[Member | None] = [None] * harts

    # -------------------------------------------------------------------------- lifecycle

    def create(
        self, name: str, domain: Domain, *, weight: int = 256, cap: int = 0, warp: int = 0
    ) -> Member:
        """Take a loaded domain in; it does not run before it is started."""
        if name in self.members:
            raise TraplineError(f"there is a domain called {name} already")
        if weight < 1 or cap < 0 or warp < 0:
            raise TraplineError(f"{name}: weight {weight}, cap {cap}, warp {warp}")
        self.members[name] = Member(domain, Client(name, weight, cap, warp))
        return self.members[name]

    def start(self, name: str) -> None:
        """Let a new or paused domain run."""
        member = self._find(name)
        if member.phase is Phase.PAUSED:
            member.phase = Phase.ASLEEP
            member.wake_at = self.now
            if not self.shares_time:
                self._wake(member, self.now)

    resume = start

    def pause(self, name: str) -> None:
        """Let a domain stand still from now on."""
        member = self._find(name)
        if member.phase is not Phase.ENDED:
            member.phase = Phase.PAUSED

    def destroy(self, name: str) -> None:
        """Take a domain away and let go of what it has."""
        member = self._find(name)
        member.domain.close()
        self._on = [None if on is member else on for on in self._on]
        del self.members[name]

    def _find(self, name: str) -> Member:
        if name not in self.members:
            raise TraplineError(f"no domain is called {name!r}")
        return self.members[name]

    # ---------------------------------------------------------------------------- running

    @property
    def now(self) -> int:
        """The host's time: that of the hart that is furthest behind."""
        return min(self.clocks)

    def run(self, instructions: int) -> None:
        """Go on for a time, or until every domain has ended, is paused, or waits for input."""
        end = self.now + instructions
        while self.now < end and self._is_busy():
            index = self.clocks.index(self.now)
            self._turn(index, end)

    def run_to_end(self, limit: int = 1 << 62) -> None:
        """Go on until there is nothing left to do."""
        self.run(limit)

    def _is_busy(self) -> bool:
        return any(
            member.phase is Phase.READY
            or (member.phase is Phase.ASLEEP and member.wake_at is not None)
            for member in self.members.values()
        )

    def _turn(self, index: int, end: int) -> None:
        """Give a hart to somebody for a slice, or let it idle to the next event."""
        now = self.clocks[index]
        for member in self.members.values():
            is_due = member.wake_at is not None and member.wake_at <= now
            if member.phase is Phase.ASLEEP and is_due:
                self._wake(member, now)
        ready = self._ready(now)
        chosen = self.scheduler.pick(now, [member.client for member in ready])
        if chosen is None or chosen.client is None:
            self._idle(index, now, end if chosen is None else min(end, now + chosen.length))
            return
        member = self.members[chosen.client.name]
        length = min(chosen.length, self._next_event(now, end) - now)
        used = self._run(index, member, length)
        self.clocks[index] = now + used
        member.free_at = now + used
        self.scheduler.charge(member.client, used, now + used)
        self._settle(member, now + used)

    def _ready(self, now: int) -> Sequence[Member]:
        return [
            member
            for member in self.members.values()
            if member.phase is Phase.READY and member.free_at <= now
        ]

    def _next_event(self, now: int, end: int) -> int:
        """Give the next time at which somebody wakes: the scheduler is to be asked again then."""
        times = [
            member.wake_at
            for member in self.members.values()
            if member.phase is Phase.ASLEEP and member.wake_at is not None and member.wake_at > now
        ]
        return max(now + 1, min([end, *times]))

    def _idle(self, index: int, now: int, end: int) -> None:
        until = self._next_event(now, end)
        busy = [m.free_at for m in self.members.values() if m.free_at > now]
        until = min([until, *busy])
        self.idle += until - now
        self.clocks[index] = until

    def _run(self, index: int, member: Member, length: int) -> int:
        """Run a domain; give what it has used, at least one instruction's time."""
        domain = member.domain
        if self._on[index] is not member:
            self.switches += 1
            self._on[index] = member
            count(domain.harts[0], Count.WORLD_SWITCH, 1)
        if member.woke_at is not None:
            member.latencies.append(self.clocks[index] - member.woke_at)
            member.woke_at = None
        if self.shares_time:
            self._let_time_pass(domain, self.clocks[index])
        advance = domain.advance if domain.watch is None else domain.watch.advance
        start = domain.progress
        while domain.stop is None and (left := length - (domain.progress - start)) > 0:
            if domain.next_hart() is None:
                break
            advance(left)
        used = max(1, domain.progress - start)
        member.client.used += used
        return used

    def _let_time_pass(self, domain: Domain, now: int) -> None:
        for hart in domain.harts:
            hart.slots[Slot.IDLE] += max(0, now - hart.clock)
        domain.timers.changed()

    def _settle(self, member: Member, now: int) -> None:
        """See what a domain wants after its slice."""
        domain = member.domain
        if domain.stop is None and domain.next_hart() is None:
            wait = domain.timers.wait([hart.id for hart in domain.harts])
            if wait is None or not self.shares_time:
                domain.advance(1)  # in its own time the next event comes at once
            if wait is not None and self.shares_time:
                clock = max(hart.clock for hart in domain.harts)
                member.phase, member.wake_at = Phase.ASLEEP, max(now + 1, clock + wait)
            elif domain.stop is None:
                self._wake(member, now)
        if domain.stop is not None:
            member.phase = Phase.ENDED

    def _wake(self, member: Member, now: int) -> None:
        member.phase = Phase.READY
        member.woke_at = now if member.wake_at is None else max(member.wake_at, member.free_at)
        member.wake_at = None
        ready = [one.client for one in self.members.values() if one.phase is Phase.READY]
        self.scheduler.wake(member.client, now, ready)
