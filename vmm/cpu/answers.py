"""Hypercalls that a vCPU's loop answers by itself, compiled or with the reference engine as Python.

What they are is for extensions to say (`vmm/extensions.py`); here is what stands around each.
"""

from collections.abc import Callable, Sequence

from isa.machine import MachinePage
from isa.state import Slot
from vmm.counts import Count, count
from vmm.extensions import Call

A0, A6, A7 = 10, 16, 17


def finish_answer(vcpu: MachinePage) -> None:
    """Go on behind an answered call, whose value is in a1; it counts as a trap."""
    vcpu[A0] = 0
    vcpu[Slot.PC] = vcpu[Slot.PC] + 4
    vcpu[Slot.TRAPS] += 1
    count(vcpu, Count.HYPERCALL, 1)


def answers_of(calls: Sequence[Call]) -> Callable[[MachinePage], int] | None:
    """Give the function that answers these calls as Python; None when there are none."""
    if not calls:
        return None
    by_number = {(call.eid, call.fid): call for call in calls}

    def answer(vcpu: MachinePage) -> int:
        call = by_number.get((int(vcpu[A7]), int(vcpu[A6])))
        if call is None:
            return 0
        vcpu[A0 + 1] = call.function(*(vcpu[A0 + n] for n in range(call.arity)))
        finish_answer(vcpu)
        return 1

    return answer
