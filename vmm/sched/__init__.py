"""Schedulers: who gets a hart of the board, one file each, and the table that names them."""

from collections.abc import Callable, Mapping

from isa.errors import TraplineError
from vmm.sched.bvt import BorrowedVirtualTime
from vmm.sched.contract import Scheduler
from vmm.sched.credit import Credit
from vmm.sched.round_robin import RoundRobin

SCHEDULERS: Mapping[str, Callable[[], Scheduler]] = {
    "round-robin": RoundRobin,
    "bvt": BorrowedVirtualTime,
    "credit": Credit,
}


def make_scheduler(name: str) -> Scheduler:
    """Make a scheduler by its name; raise TraplineError, saying which there are."""
    if name not in SCHEDULERS:
        raise TraplineError(f"no scheduler is called {name!r}; there are {', '.join(SCHEDULERS)}")
    return SCHEDULERS[name]()
