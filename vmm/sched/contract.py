"""The contract of a scheduler: which client runs next on a hart, and for how long.

A client is a domain as schedulers see it. Time is in instructions of a hart, which are the same in
every run: so are all decisions. docs/recipes/scheduler.md has one in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(eq=False)
class Client:
    """What a scheduler knows of a domain, and keeps with it (`virtual`, `credit`, `last`)."""

    name: str
    weight: int = 256
    """Its share is this over the sum of all that want to run."""
    cap: int = 0
    """Per cent of one hart that it may have at most; 0 for no bound."""
    warp: int = 0
    """How far ahead of its virtual time it may run after it has slept (BVT)."""
    used: int = 0
    """What it has had so far."""
    virtual: float = 0.0
    credit: float = 0.0
    last: int = -1


@dataclass(frozen=True)
class Slice:
    """A client, and for how long it may run unless somebody wakes; without one the hart idles."""

    client: Client | None
    length: int


class Scheduler(Protocol):
    """A scheduler. `ready` are those that could run on this hart now, in the order they came."""

    @property
    def name(self) -> str: ...

    def pick(self, now: int, ready: Sequence[Client]) -> Slice | None:
        """Choose from those that are ready; None when there are none."""

    def charge(self, client: Client, used: int, now: int) -> None:
        """Note what a client has had."""

    def wake(self, client: Client, now: int, ready: Sequence[Client]) -> None:
        """Note that a client wants to run again, or for the first time."""
