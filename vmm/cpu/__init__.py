"""How guest harts are executed: bare, or virtualized one way or another.

The machine (`vmm/machine.py`) owns the guest-visible harts and handles what they ask of their
environment; a `Cpu` runs them until they ask.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isa.exits import Exit
from isa.hart import Hart
from vmm.contracts import RemoteFence
from vmm.exit_log import LoggedExit


class Cpu(Protocol):
    """Runs the guest-visible harts of one machine."""

    @property
    def harts(self) -> Sequence[Hart]:
        """The harts as the guest sees them; a virtual CPU is one."""
        ...

    def pages(self, index: int) -> Sequence[Hart]:
        """Give the pages on which a hart's instructions are executed."""
        ...

    def run(self, index: int, fuel: int) -> Exit:
        """Run a hart until it asks for something, or `fuel` instructions retired or trapped."""
        ...

    def break_reservation(self, index: int) -> None:
        """Take away what a hart's LR has reserved: others have run since."""
        ...

    def fence(self, index: int, fence: RemoteFence) -> None:
        """Execute a fence on a hart before its next instruction."""
        ...

    def restored(self) -> None:
        """Make anew what was derived from the harts' state: that is another one now."""
        ...

    def last_exits(self, index: int) -> Sequence[LoggedExit]:
        """Give the last exits of a hart to the monitor, the latest at the end."""
        ...

    def counters(self) -> Mapping[str, int]:
        """Give the counters of `vmm.schema` that this way of running has."""
        ...
