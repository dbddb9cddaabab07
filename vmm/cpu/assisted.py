"""Assisted execution: the guest's S and U run in VS and VU, by the H extension.

Only what must exit does: calls of the environment, second-stage faults (a device is one), WFI, and
what the guest's M-mode has not delegated. Interrupts and timers are the hart's own (hvip,
vstimecmp). The guest's M-mode, if it has one, runs in VU with translation off, where everything
privileged exits. Written in the words that every engine executes.
"""

from isa.causes import Cause, Priv
from isa.exits import ExitReason
from isa.interrupts import current_mip, take_interrupt, until_timer
from isa.machine import MachinePage, engine_execute, engine_run
from isa.points import has_moved
from isa.state import Slot
from isa.trap import ISA_H, delegated_interrupts, pend, take
from vmm.counts import Count, count
from vmm.cpu.deprivileged import (
    EBREAK,
    ECALL,
    MOST_REFILLS,
    copy_registers,
    emulate,
    is_privilege_lent,
    pass_on,
)
from vmm.cpu.worlds import load_world, store_world
from vmm.exit_log import log_exit
from vmm.memory.hooks import answer_call, select_memory, serve_memory
from vmm.memory.stepping import interpret_one, step_vcpu


def run_assisted(hart: MachinePage, vcpu: MachinePage, fuel: int) -> int:
    """Run a vCPU on a hart until its environment is needed or the fuel is used up."""
    vcpu[Slot.EXIT] = ExitReason.FUEL
    fills = 0
    while fuel != 0:
        if vcpu[Slot.WAITING]:
            if current_mip(vcpu) & vcpu[Slot.MIE] == 0:
                vcpu[Slot.EXIT] = ExitReason.WFI
                break
            vcpu[Slot.WAITING] = 0
        if is_monitors_interrupt(vcpu) and take_interrupt(vcpu):
            count(vcpu, Count.INTERRUPT, 1)
            if vcpu[Slot.EXIT]:
                break
            fuel = fuel - 1
            if vcpu[Slot.MOVES_WATCHED] != 0 and has_moved(vcpu):
                break
            continue
        if fills > MOST_REFILLS or must_interpret(vcpu):
            fuel = fuel - interpret_one(hart, vcpu)
            fills = 0
        else:
            before = vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS]
            reason = enter_guest(hart, vcpu, until_timer(vcpu, fuel))
            done = vcpu[Slot.INSTRET] + vcpu[Slot.TRAPS] - before
            fuel = fuel - done
            if reason != ExitReason.FUEL:
                spent = handle_guest_exit(hart, vcpu, reason)
                fuel = fuel - spent
                fills = fills + 1
                if done + spent != 0:
                    fills = 0
        if vcpu[Slot.EXIT]:
            break
        if vcpu[Slot.MOVES_WATCHED] != 0 and has_moved(vcpu):
            break
    return vcpu[Slot.EXIT]


def must_interpret(vcpu: MachinePage) -> bool:
    """Say whether the hart cannot stand in for the vCPU: V=1, MPRV, or triggers."""
    return vcpu[Slot.V] != 0 or vcpu[Slot.ARMED] != 0 or is_privilege_lent(vcpu)


def is_monitors_interrupt(vcpu: MachinePage) -> bool:
    """Say whether an interrupt may be due that the hart does not take by itself: M-mode's own."""
    if vcpu[Slot.PRIV] == Priv.M:
        return True
    if vcpu[Slot.V]:
        return True
    return current_mip(vcpu) & vcpu[Slot.MIE] & ~delegated_interrupts(vcpu) != 0


def enter_guest(hart: MachinePage, vcpu: MachinePage, fuel: int) -> int:
    """Run the hart in the guest's world, then take all of it back."""
    is_machine = vcpu[Slot.PRIV] == Priv.M
    copy_registers(hart, vcpu)
    load_world(hart, vcpu)
    select_memory(hart, vcpu)
    missed = hart[Slot.TLB_MISSES]
    kernel = hart[Slot.TLB_KERNEL_MISSES]
    walked = hart[Slot.WALK_REFS]
    reason = engine_run(hart, fuel)
    copy_registers(vcpu, hart)
    store_world(hart, vcpu)
    if hart[Slot.WAITING]:
        hart[Slot.WAITING] = 0
        vcpu[Slot.WAITING] = 1
        count(vcpu, Count.WFI, 1)
    if hart[Slot.TLB_MISSES] != missed:
        kernel = hart[Slot.TLB_KERNEL_MISSES] - kernel
        missed = hart[Slot.TLB_MISSES] - missed
        if is_machine:
            count(vcpu, Count.HART_MISSES + 2, missed)
        else:
            count(vcpu, Count.HART_MISSES, missed - kernel)
            count(vcpu, Count.HART_MISSES + 1, kernel)
    if hart[Slot.WALK_REFS] != walked:
        count(vcpu, Count.WALK_REFERENCES, hart[Slot.WALK_REFS] - walked)
    return reason


def handle_guest_exit(hart: MachinePage, vcpu: MachinePage, reason: int) -> int:
    """Handle the hart's exit; gives 1 when the instruction at pc is done with."""
    if reason == ExitReason.DEBUG or reason == ExitReason.MOVED:
        pass_on(hart, vcpu)
        return 0
    if reason == ExitReason.MOVED or reason == ExitReason.WFI:
        return 0  # the vCPU has moved too, or waits, and is asked next
    cause = hart[Slot.CAUSE]
    log_exit(vcpu, cause, vcpu[Slot.PC], hart[Slot.TVAL])
    if cause >= Cause.FETCH_GUEST_PAGE and cause != Cause.VIRTUAL:
        gpa = hart[Slot.TVAL2] << 2 | hart[Slot.TVAL] & 3
        return serve_memory(hart, vcpu, gpa, cause - Cause.FETCH_GUEST_PAGE)
    if cause == Cause.ILLEGAL or cause == Cause.VIRTUAL:
        emulate(hart, vcpu, hart[Slot.TVAL])
        return 1
    if cause == Cause.ECALL_VS or cause == Cause.ECALL_U:
        if cause == Cause.ECALL_VS and vcpu[Slot.HOSTED] != 0:
            if answer_call(vcpu):
                return 1
            count(vcpu, Count.SBI, 1)
        else:
            count(vcpu, Count.SYSTEM_CALL, 1)
        engine_execute(vcpu, ECALL)
        return 1
    count(vcpu, Count.EXCEPTION, 1)
    if cause == Cause.BREAKPOINT:
        engine_execute(vcpu, EBREAK)
    elif vcpu[Slot.ISA] & ISA_H:
        return step_vcpu(hart, vcpu)
    else:
        pend(vcpu, cause, hart[Slot.TVAL])
        take(vcpu)
    return 1
