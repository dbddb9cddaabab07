"""Guest time: the same, to the instruction, on the bare board and in a domain."""

import pytest

from tests.vmm.machines import MAKERS, PASS, POWER_OFF, RAM, make, registers, run_everywhere
from vmm.stop import StopReason

S_TIMER = """
    # Counts in s0 until the timer set for t0 + {ahead} ticks interrupts.
    .macro call_sbi eid
    li a7, \\eid
    li a6, 0
    ecall
    .endm
    li s0, 0
    la t0, 1f
    csrw stvec, t0
    li t0, 0x20
    csrw sie, t0
    rdtime a0
    addi a0, a0, {ahead}
    call_sbi 0x54494D45
    csrsi sstatus, 2
2:  addi s0, s0, 1
    {wait}
    j 2b
    .balign 4
1:  rdtime s1
    rdinstret s2
    rdcycle s3
    csrr s4, scause
    csrr s5, sepc
"""


@pytest.mark.parametrize("wait", ["nop", "wfi", "fence.i", "csrr t1, sstatus", "sfence.vma"])
@pytest.mark.parametrize("ahead", [0, 1, 13])
def test_a_supervisor_timer_interrupts_at_the_same_instruction(engine, ahead, wait):
    guest = S_TIMER.format(ahead=ahead, wait=wait) + POWER_OFF
    (hart,) = registers(run_everywhere(guest, engines=[engine], tick=7))
    assert hart["X20"] == 1 << 63 | 5
    assert hart["X9"] >= ahead


M_TIMER = """
    # The S-mode part runs until the M-mode timer {ahead} ticks on; M counts the whole thing.
    la t0, trap
    csrw mtvec, t0
    li t0, 7
    csrw mcounteren, t0
    li t0, 0x200bff8
    ld t1, 0(t0)
    addi t1, t1, {ahead}
    li t0, 0x2004000
    sd t1, 0(t0)
    li t0, 0x80
    csrw mie, t0
    la t0, super
    csrw mepc, t0
    li t0, 0x800
    csrs mstatus, t0
    mret
super:
    addi s0, s0, 1
    rdtime s1
    {wait}
    j super
    .balign 4
trap:
    csrr s2, mcause
    csrr s3, mepc
    csrr s4, time
    csrr s5, mcycle
    csrr s6, minstret
"""


@pytest.mark.parametrize("wait", ["nop", "wfi"])
@pytest.mark.parametrize("ahead", [0, 3, 40])
def test_a_machine_timer_interrupts_at_the_same_instruction(engine, ahead, wait):
    guest = M_TIMER.format(ahead=ahead, wait=wait) + PASS
    (hart,) = registers(run_everywhere(guest, engines=[engine], entry=RAM))
    assert hart["X18"] == 1 << 63 | 7


@pytest.mark.parametrize("mode", MAKERS)
def test_wfi_jumps_to_the_timer_and_no_further(engine, mode):
    machine = make(mode, engine, S_TIMER.format(ahead=2000, wait="wfi") + POWER_OFF)
    assert machine.run(1000).reason is StopReason.EXIT
    (hart,) = registers(machine)
    assert hart["X8"] == 1
    assert hart["X9"] == 2000  # set and read within the first tick of 100 instructions


TIME_MOVED = """
    # Set the board's time to {time}, then the timer to {deadline}, and look at sip a little later.
    li t0, 0x200bff8
    li t1, {time}
    sd t1, 0(t0)
    li a0, {deadline}
    li a7, 0x54494D45
    li a6, 0
    ecall
    {then}
    li t2, 300
1:  addi t2, t2, -1
    bnez t2, 1b
    csrr s0, sip
"""
SET_BACK = "li t1, 10\n    sd t1, 0(t0)"
STIP = 0x20


@pytest.mark.parametrize(
    ("time", "deadline", "then", "pending"),
    [
        (1_000_000, 500, "", STIP),  # long past
        (1_000_000, 1_000_001, "", STIP),
        (1_000_000, 1_001_000, "", 0),
        (1_000_000, (1 << 64) - 1, "", 0),  # never
        (0, 2, "", STIP),
        (1_000_000, 1_000_001, SET_BACK, 0),  # not reached: time has been set back
        (1_000_000, 11, SET_BACK, STIP),
    ],
)
def test_a_supervisor_timer_goes_by_the_time_that_the_guest_has_set(
    engine, time, deadline, then, pending
):
    guest = TIME_MOVED.format(time=time, deadline=deadline, then=then) + POWER_OFF
    (hart,) = registers(run_everywhere(guest, engines=[engine]))
    assert hart["X8"] == pending


@pytest.mark.parametrize("mode", MAKERS)
@pytest.mark.parametrize("deadline", [1 << 56, (1 << 63) // 100 - 1, (1 << 64) - 2])
def test_a_timer_ages_away_does_not_hold_up_the_monitor(engine, mode, deadline):
    guest = f"""
    li t0, 0x20
    csrw sie, t0
    li a0, {deadline}
    li a7, 0x54494D45
    li a6, 0
    ecall
    wfi
    rdtime s0
1:  j 1b
"""
    machine = make(mode, engine, guest)
    stop = machine.run(2000)
    assert stop.status in (124, 125)
