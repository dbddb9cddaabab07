"""Carrying out single instructions on the vCPU's page, which is that of a complete hart.

The way out for whatever a hart beneath does not serve well: device accesses, MPRV, pages that PMP
splits. Written in the words that every engine executes.
"""

from isa.exits import ExitReason
from isa.machine import MachinePage, engine_execute, engine_run
from isa.mmu import Access, access_fault, fetch
from isa.state import Slot
from isa.trap import ISA_H, take
from vmm.counts import Count, count
from vmm.memory.hooks import stepped_memory


def interpret_one(hart: MachinePage, vcpu: MachinePage) -> int:
    """Carry out one instruction wholly on the vCPU's page; gives 1 when it was done with."""
    count(vcpu, Count.EXCEPTION, 1)
    return step_vcpu(hart, vcpu)


def step_vcpu(hart: MachinePage, vcpu: MachinePage) -> int:
    """Let the vCPU's page execute one instruction; a reservation goes with it."""
    before = vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS]
    vcpu[Slot.RESERVED] = hart[Slot.RESERVED]
    engine_run(vcpu, 1)
    hart[Slot.RESERVED] = vcpu[Slot.RESERVED]
    stepped_memory(hart, vcpu)
    return vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS] - before


def deliver_fault(hart: MachinePage, vcpu: MachinePage) -> int:
    """Deliver a fault that was found in the guest's own tables or protection.

    A hypervisor is told the instruction too, which only executing it tells.
    """
    if vcpu[Slot.ISA] & ISA_H:
        vcpu[Slot.PENDING] = 0
        return step_vcpu(hart, vcpu)
    take(vcpu)
    return 1


def reach_device(hart: MachinePage, vcpu: MachinePage, va: int, access: int) -> int:
    """Carry out the instruction that reached beyond RAM, up to its device access."""
    if access == Access.FETCH:
        count(vcpu, Count.EXCEPTION, 1)
        access_fault(vcpu, va, access)
        return deliver_fault(hart, vcpu)
    count(vcpu, Count.MMIO, 1)
    hart[Slot.EXIT] = ExitReason.FUEL
    insn = fetch(hart, hart[Slot.PC])
    if hart[Slot.PENDING] != 0 or hart[Slot.EXIT] != 0:
        hart[Slot.PENDING] = 0
        return step_vcpu(hart, vcpu)
    engine_execute(vcpu, insn)
    return 1
