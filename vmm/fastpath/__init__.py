"""The compiled fast paths: `run_vcpu` of each kind of CPU and all it calls, as machine code.

One for each memory mode, with the mode's functions where the loops call it. The only module of the
monitor that reaches the compiler. The engine is called by its host address, so that it is neither
compiled again here nor a part of what is kept in the cache.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

from isa.engine.interpreter.engine import new_lowering
from isa.engine.lowering.build import load_made, module_text
from vmm.cpu.kinds import loop_of
from vmm.memory.contract import MemoryMode, MemoryWords
from vmm.memory.hooks import HOOKS

ENTRY_POINT = """
@exported
def enter_vcpu(hart, vcpu, fuel):
    return {run}(hart, vcpu, fuel)
"""


def fastpath_text(mode: MemoryMode) -> str:
    """Generate the module of a mode's fast path."""
    names = [field.name for field in fields(MemoryWords)]
    lowering = new_lowering(
        {
            f"{HOOKS[name].__module__}.{HOOKS[name].__name__}": getattr(mode.words, name)
            for name in names
        }
    )
    run = lowering.add(loop_of(mode.cpu))
    return module_text(lowering, "vmm/cpu/ and vmm/memory/", ENTRY_POINT.format(run=run))


@cache
def load_fastpath(mode: MemoryMode) -> Callable[[int, int, int], int]:
    """Give a mode's `run_vcpu` for host addresses of a hart's and a vCPU's pages."""
    own = [Path(inspect.getfile(getattr(mode.words, field.name))) for field in fields(MemoryWords)]
    code = load_made(
        f"fastpath-{mode.name}", ("isa", "vmm"), lambda: fastpath_text(mode), sorted(set(own))
    )
    return code.function("enter_vcpu", 3)
