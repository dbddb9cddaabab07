"""The bare board: harts run on the engine, nothing is virtualized.

Also where the counters of the modelled TLB of a bare hart become those of the account.
"""

from collections.abc import Mapping, Sequence

from isa.engine import Engine
from isa.exits import Exit
from isa.hart import Hart
from isa.state import Slot
from vmm import schema
from vmm.contracts import FenceKind, RemoteFence
from vmm.exit_log import LoggedExit
from vmm.schema import TlbLevel, View


class BareCpu:
    """Runs harts directly."""

    def __init__(self, engine: Engine, harts: Sequence[Hart]) -> None:
        self._engine = engine
        self.harts = harts

    def pages(self, index: int) -> Sequence[Hart]:
        """Give the hart itself."""
        return (self.harts[index],)

    def run(self, index: int, fuel: int) -> Exit:
        """Run a hart until it asks for something, or `fuel` instructions retired or trapped."""
        return self._engine.run(self.harts[index], fuel)

    def break_reservation(self, index: int) -> None:
        """Take away what a hart's LR has reserved: others have run since."""
        self.harts[index].slots[Slot.RESERVED] = 0

    def fence(self, index: int, fence: RemoteFence) -> None:
        """Execute a fence on a hart; code needs none, every store to it is seen at once."""
        fence_hart(self.harts[index], fence)

    def restored(self) -> None:
        """Do nothing: nothing is derived."""

    def last_exits(self, index: int) -> Sequence[LoggedExit]:
        """Give nothing: without a monitor there is nothing to exit to."""
        return ()

    def counters(self) -> Mapping[str, int]:
        """Give instructions, and the misses and walks of the modelled TLB."""
        total = dict.fromkeys(_SLOTS, 0)
        for hart in self.harts:
            for slot in _SLOTS:
                total[slot] += hart.slots[slot]
        counts = {schema.INSTRUCTIONS: total[Slot.INSTRET]}
        if self.harts[0].slots[Slot.TLB_WAYS]:
            kernel = total[Slot.TLB_KERNEL_MISSES]
            user = total[Slot.TLB_MISSES] - kernel
            counts[schema.WALK_REFERENCES] = total[Slot.WALK_REFS]
            counts[schema.miss_counter(TlbLevel.HART, View.KERNEL)] = kernel
            counts[schema.miss_counter(TlbLevel.HART, View.USER)] = user
        return counts


_SLOTS = (Slot.INSTRET, Slot.TLB_MISSES, Slot.TLB_KERNEL_MISSES, Slot.WALK_REFS)


def fence_hart(hart: Hart, fence: RemoteFence) -> None:
    """Do what a remote fence asks on a hart's own translations."""
    if fence.kind is not FenceKind.SFENCE_VMA:
        return
    if fence.size is None:
        hart.fence(None, fence.tag)
    else:
        hart.fence(fence.start, fence.tag, size=fence.size)
