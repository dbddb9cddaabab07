"""The kinds of CPU virtualization, and the loop that runs a vCPU of each.

Which kind a domain has is for its memory mode to say (`vmm/memory/contract.py`).
"""

from collections.abc import Callable
from typing import Any

from vmm.cpu import assisted, deprivileged
from vmm.memory.contract import CpuKind

RunVcpu = Callable[[Any, Any, int], int]


def loop_of(kind: CpuKind) -> RunVcpu:
    """Give the loop, in machine words, of a kind of CPU virtualization."""
    loops: dict[CpuKind, RunVcpu] = {
        CpuKind.DEPRIVILEGED: deprivileged.run_vcpu,
        CpuKind.ASSISTED: assisted.run_assisted,
    }
    return loops[kind]
