"""The places where the monitor's loops call the memory mode, and compiled hypercalls.

With the reference engine these functions run as they are and find the mode by the hart; a compiled
fast path has the mode's own functions in their place (`vmm/fastpath`).
"""

from isa.machine import MachinePage


def select_memory(hart: MachinePage, vcpu: MachinePage) -> None:
    """Give the hart the translation that the vCPU has now."""
    hart.mode.words.select(hart, vcpu)


def serve_memory(hart: MachinePage, vcpu: MachinePage, address: int, access: int) -> int:
    """Handle an access that the hart could not translate; gives 1 when it is done with."""
    return int(hart.mode.words.serve(hart, vcpu, address, access))


def fence_memory(
    hart: MachinePage, vcpu: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int
) -> None:
    """Do what an SFENCE.VMA of the guest asks for."""
    hart.mode.words.fence(hart, vcpu, by_va, va, by_asid, asid)


def forget_memory(hart: MachinePage, vcpu: MachinePage) -> None:
    """Drop all that is derived from the guest's state."""
    hart.mode.words.forget(hart, vcpu)


def stepped_memory(hart: MachinePage, vcpu: MachinePage) -> None:
    """Note that an instruction was carried out on the vCPU's page."""
    hart.mode.words.stepped(hart, vcpu)


def answer_call(vcpu: MachinePage) -> int:
    """Answer a call of the environment here, if that can be done; gives 1 when it has been."""
    return 0 if vcpu.calls is None else int(vcpu.calls(vcpu))


HOOKS = {
    "select": select_memory,
    "serve": serve_memory,
    "fence": fence_memory,
    "forget": forget_memory,
    "stepped": stepped_memory,
}
"""Each by the name of the field of `MemoryWords` that stands for it."""
