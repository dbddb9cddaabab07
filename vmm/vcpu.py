"""Virtual CPUs: each on a hart of its own, which the domain's memory mode says how to use.

The loops under `vmm/cpu/` do the work, compiled or, with the reference engine, as Python. Modes can
be changed between two runs: the guest's state is all in the vCPUs' pages then.
"""

from collections.abc import Callable, Mapping, Sequence

from isa.causes import Priv
from isa.csr_access import CBZE
from isa.engine import Engine
from isa.engine.contract import read_exit
from isa.exits import Exit
from isa.extensions import BITS
from isa.hart import Hart
from isa.state import Slot
from vmm.config import R10000_TLB, MachineConfig
from vmm.contracts import FenceKind, RemoteFence
from vmm.costs import Refill
from vmm.counts import CONTEXT_SLOTS, CONTEXT_WORDS, CONTEXTS_AT, read_counters
from vmm.cpu.answers import answers_of
from vmm.cpu.bare import fence_hart
from vmm.cpu.kinds import loop_of
from vmm.exit_log import LoggedExit, read_log
from vmm.extensions import Call, compiled_calls
from vmm.guest_memory import GuestMemory
from vmm.memory.contract import CpuKind, MemoryMode, MemorySite

RunVcpu = Callable[[Hart, Hart, int], None]


class VirtualCpu:
    """Runs the vCPUs of one domain, vCPU n on hart n."""

    def __init__(
        self,
        engine: Engine,
        config: MachineConfig,
        memory: GuestMemory,
        vcpus: Sequence[Hart],
        mode: MemoryMode,
        reserved: Mapping[str, int],
    ) -> None:
        """`reserved` is where in machine memory each mode's own part begins."""
        self.harts = vcpus
        self.mode = mode
        self._engine = engine
        self._config = config
        self._memory = memory
        self._reserved = reserved
        self._is_used = False  # memory for TLBs comes when it is touched
        for vcpu in vcpus:
            vcpu.engine = engine
            vcpu.calls = answers_of(compiled_calls(config.extras))
            engine.attach(vcpu)
        memory.machine.on_write.append(self._note_write)
        self._use(mode)

    def _note_write(self, offset: int, size: int) -> None:
        self.mode.written(self.hosts[0], offset, size)

    def _use(self, mode: MemoryMode) -> None:
        """Make the harts of a mode and let it set up its part of machine memory."""
        self.mode = mode
        self._run_vcpu = _runner(self._engine, mode, compiled_calls(self._config.extras))
        self.hosts = [self._make_host(vcpu) for vcpu in self.harts]
        for vcpu in self.harts:
            self._clear(vcpu)
        self._is_used = True
        at = self._reserved[mode.name]
        mode.prepare(MemorySite(self._config, self._memory, self.hosts, self.harts, at))

    def _make_host(self, vcpu: Hart) -> Hart:
        mode = self.mode
        is_soft = mode.refill is Refill.SOFTWARE
        is_assisted = mode.cpu is CpuKind.ASSISTED
        shape = self._config.tlb or (R10000_TLB if is_soft else None)
        host = Hart(
            self._memory.machine,
            vcpu.id,
            tlb=None if shape is None else (shape.sets, shape.ways),
            is_soft=is_soft,
            tick=self._config.tick,
            isa=self._config.extensions | (BITS["H"] if is_assisted else 0),
            monitor_words=mode.hart_words,
            choices={Slot.ALIGNED_ONLY: int(self._config.traps_misaligned)},
        )
        host.slots[Slot.PRIV] = Priv.U
        host.slots[Slot.V] = int(is_assisted)
        host.slots[Slot.HOSTED] = 1
        host.slots[Slot.MENVCFG] |= CBZE  # what of it the guest may is in senvcfg
        host.slots[Slot.RESERVED] = vcpu.slots[Slot.RESERVED]
        host.engine, host.mode, vcpu.mode = self._engine, mode, mode
        self._engine.attach(host)
        return host

    def _clear(self, vcpu: Hart) -> None:
        """Empty what a vCPU has kept for another mode: its own TLB, and remembered contexts."""
        second = self._config.second
        at = vcpu.slots[Slot.MONITOR_AT]
        contexts = slice(at + CONTEXTS_AT, at + CONTEXTS_AT + CONTEXT_SLOTS * CONTEXT_WORDS)
        for part in (slice(0, at), contexts) if self._is_used else ():
            vcpu.tlb[part] = memoryview(bytes((part.stop - part.start) * 8)).cast("Q")
        vcpu.slots[Slot.TLB_WAYS] = second.ways if self.mode.has_second_level else 0
        vcpu.slots[Slot.INLINE_STALE] = 1
        vcpu.slots[Slot.FLOATS_LENT] = 0

    def switch(self, mode: MemoryMode) -> None:
        """Go on in another mode from the next instruction on."""
        for host, vcpu in zip(self.hosts, self.harts, strict=True):
            vcpu.slots[Slot.RESERVED] = host.slots[Slot.RESERVED]
        self._use(mode)

    def restored(self) -> None:
        """Make the harts beneath anew, for vCPUs in a restored state."""
        second = [
            (vcpu.slots[Slot.TLB_WAYS], bytes(vcpu.tlb[: _contexts(vcpu)])) for vcpu in self.harts
        ]
        self._use(self.mode)
        for vcpu, (ways, words) in zip(self.harts, second, strict=True):
            vcpu.slots[Slot.TLB_WAYS] = ways
            vcpu.tlb[: _contexts(vcpu)] = memoryview(words).cast("Q")

    def pages(self, index: int) -> Sequence[Hart]:
        """Give the vCPU, and the hart that runs it."""
        return (self.harts[index], self.hosts[index])

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
        """Execute a fence on a vCPU: on its second-level TLB, and on what the hart has beneath."""
        fence_hart(self.harts[index], fence)
        if fence.kind is FenceKind.SFENCE_VMA:
            self.mode.remote_fence(self.hosts[index], self.harts[index])

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


def _contexts(vcpu: Hart) -> int:
    """Give where a vCPU's remembered contexts begin: its own TLB and counters stand before."""
    return vcpu.slots[Slot.MONITOR_AT] + CONTEXTS_AT


def _runner(engine: Engine, mode: MemoryMode, calls: tuple[Call, ...]) -> RunVcpu:
    if engine.name == "reference":
        run_vcpu = loop_of(mode.cpu)

        def run_as_python(hart: Hart, vcpu: Hart, fuel: int) -> None:
            run_vcpu(hart, vcpu, fuel)

        return run_as_python
    from vmm.fastpath import load_fastpath

    enter = load_fastpath(mode, calls)

    def run_compiled(hart: Hart, vcpu: Hart, fuel: int) -> None:
        enter(hart.address, vcpu.address, fuel)

    return run_compiled
