"""Borrowed virtual time, as in Xen 2003: weighted shares, and low latency for who sleeps a lot.

After Duda and Cheriton, "Borrowed-Virtual-Time (BVT) scheduling" (SOSP 1999). A client's virtual
time advances by what it has had over its weight; the one that is furthest behind runs. Who wakes
joins at the virtual time of the others, less what it may borrow (its warp) until it has had that.
"""

from collections.abc import Sequence

from vmm.sched.contract import Client, Slice

ALLOWANCE = 1_000_000
"""Instructions that a client may run ahead of the others: fewer switches."""
UNIT = 256
"""The weight for which virtual time goes as real time does."""


class BorrowedVirtualTime:
    """Runs who is furthest behind in effective virtual time."""

    name = "bvt"

    def __init__(self, allowance: int = ALLOWANCE) -> None:
        self._allowance = allowance
        self._borrowed: dict[Client, float] = {}

    def pick(self, now: int, ready: Sequence[Client]) -> Slice | None:
        """Choose the least effective virtual time; equals in their order."""
        if not ready:
            return None
        first = min(ready, key=self._effective)
        others = [self._effective(client) for client in ready if client is not first]
        ahead = min(others) - self._effective(first) if others else 0.0
        length = self._allowance + max(0.0, ahead) * first.weight / UNIT
        return Slice(first, min(int(length), 10 * self._allowance))

    def _effective(self, client: Client) -> float:
        return client.virtual - self._borrowed.get(client, 0.0)

    def charge(self, client: Client, used: int, now: int) -> None:
        """Let its virtual time go on; what was borrowed is given back by running."""
        cost = used * UNIT / client.weight
        client.virtual += cost
        left = self._borrowed.get(client, 0.0) - cost
        if left > 0:
            self._borrowed[client] = left
        else:
            self._borrowed.pop(client, None)

    def wake(self, client: Client, now: int, ready: Sequence[Client]) -> None:
        """Join at the others' virtual time: who has slept has nothing saved up."""
        others = [other.virtual for other in ready if other is not client]
        if others:
            client.virtual = max(client.virtual, min(others))
        if client.warp:
            self._borrowed[client] = float(client.warp)
