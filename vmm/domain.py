"""A domain: a virtual machine whose guest-physical memory is mapped frame by frame.

Its vCPUs run deprivileged (`vmm/vcpu.py`) on the harts of a board of its own.
"""

from isa.engine import Engine
from isa.hart import Hart
from isa.memory import Memory
from vmm.config import R10000_TLB, MachineConfig
from vmm.console import Console
from vmm.counts import MONITOR_WORDS
from vmm.devices import RAM_BASE
from vmm.exit_log import LOG_WORDS
from vmm.guest_memory import FrameAllocator, GuestMemory
from vmm.machine import Machine
from vmm.memory.softtlb import HART_WORDS
from vmm.vcpu import DeprivilegedCpu

MONITOR_RAM = 1 << 20
"""Machine memory that is the monitor's own: guest frames start behind it."""


def make_domain(config: MachineConfig, engine: Engine, console: Console) -> Machine:
    """Make a domain in mode `softtlb` on a board of its own; nothing is loaded yet."""
    machine_memory = Memory(RAM_BASE, config.ram + MONITOR_RAM)
    allocator = FrameAllocator(machine_memory, MONITOR_RAM >> 12)
    memory = GuestMemory.mapped(machine_memory, RAM_BASE, config.ram, allocator)
    shape = config.tlb or R10000_TLB
    hosts = [
        Hart(
            machine_memory,
            n,
            tlb=(shape.sets, shape.ways),
            is_soft=True,
            isa=config.extensions,
            monitor_words=HART_WORDS,
        )
        for n in range(config.harts)
    ]
    vcpus = [
        Hart(
            machine_memory,
            n,
            tlb=(config.second.sets, config.second.ways),
            tick=config.tick,
            isa=config.extensions,
            ram=(memory.base, memory.size),
            frames=memory.frames,
            monitor_words=MONITOR_WORDS + LOG_WORDS,
        )
        for n in range(config.harts)
    ]
    cpu = DeprivilegedCpu(engine, hosts, vcpus)
    return Machine(config, memory, cpu, console, is_watched=True)
