"""The compiled fast path: `vmm.cpu.deprivileged.run_vcpu` and all it calls, as machine code.

The only module of the monitor that reaches the compiler. The engine is called by its host address,
so that it is neither compiled again here nor a part of what is kept in the cache.
"""

from collections.abc import Callable
from functools import cache

from isa.engine.interpreter.engine import new_lowering
from isa.engine.lowering.build import load_made, module_text
from vmm.cpu.deprivileged import run_vcpu

ENTRY_POINT = """
@exported
def enter_vcpu(hart, vcpu, fuel):
    return run_vcpu(hart, vcpu, fuel)
"""


def fastpath_text() -> str:
    """Generate the fast path's module."""
    lowering = new_lowering()
    lowering.add(run_vcpu)
    return module_text(lowering, "vmm/cpu/deprivileged.py and vmm/memory/", ENTRY_POINT)


@cache
def load_fastpath() -> Callable[[int, int, int], int]:
    """Give `run_vcpu` for host addresses of a hart's and a vCPU's pages."""
    code = load_made("fastpath", ("isa", "vmm"), fastpath_text)
    return code.function("enter_vcpu", 3)
