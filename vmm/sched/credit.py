"""Credits, as Xen has had them since: weighted shares with caps, and a boost for who wakes.

Every period the harts' time is dealt out by weight among those that want to run; who has credit
left goes before who has not; who wakes with credit goes first until it has had some time. A cap
bounds what a client may have in a period, even when nobody else wants the hart.
"""

from collections.abc import Sequence

from vmm.sched.contract import Client, Slice

PERIOD = 30_000_000
"""Instructions; 30 ms of virtual time."""
QUANTUM = 10_000_000
BOOSTED, UNDER, OVER = 0, 1, 2


class Credit:
    """Deals out credits by weight, and spends them."""

    name = "credit"

    def __init__(self, period: int = PERIOD, quantum: int = QUANTUM) -> None:
        self._period, self._quantum = period, quantum
        self._dealt_at = 0
        self._turns = 0
        self._boosted: set[Client] = set()
        self._spent: dict[Client, int] = {}  # in this period, for caps
        self._active: dict[Client, None] = {}

    def pick(self, now: int, ready: Sequence[Client]) -> Slice | None:
        """Choose by priority, then who has waited longest, among those below their caps."""
        self._active.update(dict.fromkeys(ready))
        if now - self._dealt_at >= self._period:
            self._deal(now)
        left = self._dealt_at + self._period - now
        allowed = [client for client in ready if self._room(client) > 0]
        if not allowed:
            return Slice(None, max(1, left)) if ready else None
        client = min(allowed, key=self._order)
        length = min(self._quantum, self._room(client))
        return Slice(client, max(1, min(length, left)))

    def _deal(self, now: int) -> None:
        """Deal out the time that was had, by weight; what one cannot save goes to the others."""
        amount = float(sum(self._spent.values()) or self._period)
        takers = list(self._active)
        while takers:
            share = amount / sum(client.weight for client in takers)
            full = [one for one in takers if one.credit + share * one.weight > self._period]
            for client in full or takers:
                before = client.credit
                client.credit = min(before + share * client.weight, float(self._period))
                client.credit = max(client.credit, -float(self._period))
                amount -= client.credit - before
            takers = [one for one in takers if one not in full] if full else []
        self._dealt_at = now - now % self._period
        self._spent.clear()
        self._active.clear()

    def _room(self, client: Client) -> int:
        if not client.cap:
            return self._period
        return client.cap * self._period // 100 - self._spent.get(client, 0)

    def _order(self, client: Client) -> tuple[int, float]:
        """Give the key by which clients go first; among those without credit the least indebted."""
        if client in self._boosted:
            return BOOSTED, client.last
        return (UNDER, client.last) if client.credit > 0 else (OVER, -client.credit)

    def charge(self, client: Client, used: int, now: int) -> None:
        """Spend credit; a boost ends with the slice."""
        client.credit -= used
        self._turns += 1
        client.last = self._turns
        self._spent[client] = self._spent.get(client, 0) + used
        self._boosted.discard(client)

    def wake(self, client: Client, now: int, ready: Sequence[Client]) -> None:
        """Let who has credit run at once."""
        if client.credit >= 0:
            self._boosted.add(client)
