"""How guest memory is virtualized: one file a mode, each in the table below.

Packages from outside add modes by entry points, whose names are the modes'.
"""

from typing import TYPE_CHECKING

from isa.errors import TraplineError
from isa.plugins import entry_points_of
from vmm.memory.contract import MemoryMode
from vmm.memory.shadow import Shadow
from vmm.memory.softtlb import SoftTlb
from vmm.memory.twostage import TwoStage

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "trapline.memory"
DEFAULT_MODE = SoftTlb.name
MODES: dict[str, MemoryMode] = {mode.name: mode for mode in (SoftTlb(), Shadow(), TwoStage())}
"""The memory modes by name, in the order in which they are compared."""


def find_mode(name: str) -> MemoryMode:
    """Give a memory mode by its name; raise TraplineError, saying which there are."""
    if name in MODES:
        return MODES[name]
    for point in entry_points_of(GROUP):
        if point.name == name:
            return _from_package(point)
    what = "mode direct is not there yet" if name == "direct" else f"no memory mode {name!r}"
    raise TraplineError(f"{what}; there are {', '.join(MODES)}")


def _from_package(point: "EntryPoint") -> MemoryMode:
    try:
        mode = point.load()
    except (ImportError, AttributeError) as error:
        raise TraplineError(f"entry point {point.name} of {GROUP}: {error}") from None
    if getattr(mode, "name", None) != point.name or not hasattr(mode, "words"):
        raise TraplineError(f"entry point {point.name} of {GROUP}: expected a mode of that name")
    found: MemoryMode = mode
    return found
