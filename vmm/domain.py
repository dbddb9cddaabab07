"""A domain: a virtual machine whose guest-physical memory is mapped frame by frame.

Its vCPUs (`vmm/vcpu.py`) run on the harts of a board of its own, in the way of its memory mode.
"""

from collections.abc import Iterable

from isa.engine import Engine
from isa.hart import Hart
from isa.memory import Memory
from isa.pte import PAGE_SIZE
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.counts import MONITOR_WORDS
from vmm.devices import RAM_BASE
from vmm.exit_log import LOG_WORDS
from vmm.guest_memory import FrameAllocator, GuestMemory
from vmm.machine import Machine
from vmm.memory import DEFAULT_MODE, MODES, find_mode
from vmm.memory.contract import MemoryMode
from vmm.vcpu import VirtualCpu

MEGAPAGE = 2 << 20
GUEST = ""
MONITOR_RAM = 1 << 20
"""Machine memory that is the monitor's own, besides what memory modes need."""


def reserved_ram(config: MachineConfig, modes: Iterable[MemoryMode]) -> dict[str, int]:
    """Give where in machine memory each mode's own part begins; "" is where the guest's begins.

    That is a multiple of 2 MiB, so that large pages of the guest can be large in the machine too.
    """
    places, at = {}, MONITOR_RAM
    for mode in modes:
        places[mode.name] = at
        at += mode.reserve(config)
        at += -at % PAGE_SIZE
    return places | {GUEST: at + -at % MEGAPAGE}


class Domain(Machine):
    """A virtual machine; `cpu` says how its vCPUs and its memory are virtualized."""

    cpu: VirtualCpu

    @property
    def mode(self) -> str:
        """The memory mode that it is in."""
        return self.cpu.mode.name

    def switch_mode(self, name: str) -> None:
        """Go on in another memory mode from the next instruction on; the guest cannot tell."""
        self.cpu.switch(find_mode(name))


def make_domain(
    config: MachineConfig,
    engine: Engine,
    console: Console,
    mode: str | MemoryMode = DEFAULT_MODE,
) -> Domain:
    """Make a domain in a memory mode, on a board of its own; nothing is loaded yet."""
    chosen = find_mode(mode) if isinstance(mode, str) else mode
    places = reserved_ram(config, (MODES | {chosen.name: chosen}).values())
    machine_memory = Memory(RAM_BASE, config.ram + places[GUEST])
    allocator = FrameAllocator(machine_memory, places[GUEST] >> 12)
    memory = GuestMemory.mapped(machine_memory, RAM_BASE, config.ram, allocator)
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
            choices=config.choices,
        )
        for n in range(config.harts)
    ]
    cpu = VirtualCpu(engine, config, memory, vcpus, chosen, places)
    return Domain(config, memory, cpu, console, is_watched=True)
