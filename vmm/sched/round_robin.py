"""Round robin: everybody in turn for the same time, whatever the weights.

The simplest scheduler, and the one to read first.
"""

from collections.abc import Sequence

from vmm.sched.contract import Client, Slice

QUANTUM = 1_000_000
"""Instructions; 1 ms of virtual time."""


class RoundRobin:
    """Runs who has waited longest."""

    name = "round-robin"

    def __init__(self, quantum: int = QUANTUM) -> None:
        self._quantum = quantum
        self._turns = 0
        self._left: dict[Client, int] = {}  # of quanta that were cut short

    def pick(self, now: int, ready: Sequence[Client]) -> Slice | None:
        """Choose who has not run for longest."""
        if not ready:
            return None
        client = min(ready, key=lambda one: one.last)
        return Slice(client, self._left.get(client, self._quantum))

    def charge(self, client: Client, used: int, now: int) -> None:
        """Go to the end of the queue, once the quantum is used up: somebody may have cut it."""
        left = self._left.pop(client, self._quantum) - used
        if left > 0:
            self._left[client] = left
            return
        self._turns += 1
        client.last = self._turns

    def wake(self, client: Client, now: int, ready: Sequence[Client]) -> None:
        """Go to the end of the queue, like everybody who comes."""
        self._left.pop(client, None)
        self._turns += 1
        client.last = self._turns
