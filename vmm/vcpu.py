"""Virtual CPUs by deprivileged execution: each vCPU on a hart of its own.

`deprivileged.run_vcpu` does the work, compiled or, with the reference engine, as Python.
"""

from collections.abc import Callable, Mapping, Sequence

from isa.causes import Priv
from isa.engine import Engine
from isa.engine.contract import read_exit
from isa.exits import Exit
from isa.hart import Hart
from isa.state import Slot
from vmm.contracts import FenceKind, RemoteFence
from vmm.counts import read_counters
from vmm.cpu.bare import fence_hart
from vmm.cpu.deprivileged import run_vcpu
from vmm.exit_log import LoggedExit, read_log

RunVcpu = Callable[[Hart, Hart, int], None]


class DeprivilegedCpu:
    """Runs the vCPUs of one domain, vCPU n on hart n."""

    def __init__(self, engine: Engine, hosts: Sequence[Hart], vcpus: Sequence[Hart]) -> None:
        self.harts = vcpus
        self.hosts = hosts
        self._run_vcpu = _runner(engine)
        for hart in hosts:
            hart.slots[Slot.PRIV] = Priv.U
            hart.slots[Slot.HOSTED] = 1
        for hart in (*hosts, *vcpus):
            hart.engine = engine
            engine.attach(hart)

    def run(self, index: int, fuel: int) -> Exit:
        """Run a vCPU until it asks for something, or `fuel` instructions retired or trapped."""
        vcpu = self.harts[index]
        self._run_vcpu(self.hosts[index], vcpu, fuel)
        return read_exit(vcpu)

    def break_reservation(self, index: int) -> None:
        """Take away what a vCPU's LR has reserved: others have run since."""
        for page in (self.harts[index], self.hosts[index]):
            page.slots[Slot.RESERVED] = 0

    def fence(self, index: int, fence: RemoteFence) -> None:
        """Execute a fence on a vCPU: on its second-level TLB, and on the hart's TLB beneath."""
        fence_hart(self.harts[index], fence)
        if fence.kind is FenceKind.SFENCE_VMA:
            self.hosts[index].fence()

    def last_exits(self, index: int) -> Sequence[LoggedExit]:
        """Give the last exits of a vCPU, the latest at the end."""
        return read_log(self.harts[index])

    def counters(self) -> Mapping[str, int]:
        """Give the counters of all vCPUs together."""
        total: dict[str, int] = {}
        for vcpu in self.harts:
            for name, value in read_counters(vcpu).items():
                total[name] = total.get(name, 0) + value
        return total


def _runner(engine: Engine) -> RunVcpu:
    if engine.name == "reference":

        def run_as_python(hart: Hart, vcpu: Hart, fuel: int) -> None:
            run_vcpu(hart, vcpu, fuel)

        return run_as_python
    from vmm.fastpath import load_fastpath

    enter = load_fastpath()

    def run_compiled(hart: Hart, vcpu: Hart, fuel: int) -> None:
        enter(hart.address, vcpu.address, fuel)

    return run_compiled
