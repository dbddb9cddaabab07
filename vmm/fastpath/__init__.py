"""The compiled fast paths: `run_vcpu` of each kind of CPU and all it calls, as machine code.

One for each memory mode, with the mode's functions where the loops call it. The only module of the
monitor that reaches the compiler. The engine is called by its host address, so that it is neither
compiled again here nor a part of what is kept in the cache.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from isa.engine.interpreter.engine import new_lowering
from isa.engine.lowering.build import load_made, load_module, module_text
from isa.engine.lowering.subset import Lowering
from vmm.cpu.answers import A0, A6, A7, finish_answer
from vmm.cpu.kinds import loop_of
from vmm.extensions import Call
from vmm.memory.contract import MemoryMode, MemoryWords
from vmm.memory.hooks import HOOKS, answer_call

ANSWER = f"{answer_call.__module__}.{answer_call.__name__}"

ENTRY_POINT = """
@exported
def enter_vcpu(hart, vcpu, fuel):
    return {run}(hart, vcpu, fuel)
"""


def fastpath_text(mode: MemoryMode, calls: Sequence[Call] = ()) -> str:
    """Generate the module of a mode's fast path, which answers these hypercalls itself."""
    names = [field.name for field in fields(MemoryWords)]
    functions: dict[str, str | Callable[..., Any]] = {
        f"{HOOKS[name].__module__}.{HOOKS[name].__name__}": getattr(mode.words, name)
        for name in names
    }
    lowering = new_lowering(functions | {ANSWER: answer_call.__name__})
    answers = _answers(lowering, calls)
    run = lowering.add(loop_of(mode.cpu))
    extra = answers + ENTRY_POINT.format(run=run)
    return module_text(lowering, "vmm/cpu/, vmm/memory/ and extensions", extra)


def _answers(lowering: Lowering, calls: Sequence[Call]) -> str:
    """Generate the function that answers the guest's calls: one test each, in their order."""
    lines = ["", "@compiled", "def answer_call(vcpu):"]
    number = lowering.constant
    for call in calls:
        name = lowering.add(call.function)
        words = ", ".join(f"get(vcpu, {number(A0 + n)})" for n in range(call.arity))
        lines += [
            f"    if get(vcpu, {number(A7)}) == {number(call.eid)}:",
            f"        if get(vcpu, {number(A6)}) == {number(call.fid)}:",
            f"            put(vcpu, {number(A0 + 1)}, {name}({words}))",
            f"            {lowering.add(finish_answer)}(vcpu)",
            f"            return {number(1)}",
        ]
    return "\n".join([*lines, f"    return {number(0)}", ""])


@cache
def load_fastpath(mode: MemoryMode, calls: tuple[Call, ...] = ()) -> Callable[[int, int, int], int]:
    """Give a mode's `run_vcpu` for host addresses of a hart's and a vCPU's pages."""
    name = f"fastpath-{mode.name}"
    if calls:  # their sources may be in no file
        code = load_module(f"{name}-calls", fastpath_text(mode, calls))
    else:
        own = {Path(inspect.getfile(getattr(mode.words, it.name))) for it in fields(MemoryWords)}
        code = load_made(name, ("isa", "vmm"), lambda: fastpath_text(mode), sorted(own))
    return code.function("enter_vcpu", 3)
