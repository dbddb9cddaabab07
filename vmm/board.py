"""The bare board: harts that execute the guest with nothing between, at QEMU `virt`'s addresses.

Its `Cpu` is the engine itself; the environment below S-mode is `vmm/see.py`.
"""

from isa.engine import Engine
from isa.hart import Hart
from isa.memory import Memory
from vmm.config import MachineConfig
from vmm.console import Console
from vmm.cpu.bare import BareCpu
from vmm.devices import RAM_BASE
from vmm.guest_memory import GuestMemory
from vmm.machine import Machine


def make_board(config: MachineConfig, engine: Engine, console: Console) -> Machine:
    """Make a bare machine; nothing is loaded yet."""
    memory = Memory(RAM_BASE, config.ram)
    shape = None if config.tlb is None else (config.tlb.sets, config.tlb.ways)
    harts = [
        Hart(memory, n, tlb=shape, tick=config.tick, isa=config.extensions, choices=config.choices)
        for n in range(config.harts)
    ]
    for hart in harts:
        engine.attach(hart)
    cpu = BareCpu(engine, harts)
    return Machine(config, GuestMemory.identity(memory), cpu, console, is_watched=False)
