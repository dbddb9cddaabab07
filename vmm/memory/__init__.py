"""How guest memory is virtualized: one file a mode, each in the table below."""

from isa.errors import TraplineError
from vmm.memory.contract import MemoryMode
from vmm.memory.shadow import Shadow
from vmm.memory.softtlb import SoftTlb
from vmm.memory.twostage import TwoStage

DEFAULT_MODE = SoftTlb.name
MODES: dict[str, MemoryMode] = {mode.name: mode for mode in (SoftTlb(), Shadow(), TwoStage())}
"""The memory modes by name, in the order in which they are compared."""


def find_mode(name: str) -> MemoryMode:
    """Give a memory mode by its name; raise TraplineError, saying which there are."""
    if name not in MODES:
        raise TraplineError(f"no memory mode is called {name!r}; there are {', '.join(MODES)}")
    return MODES[name]
