"""Sstc on the board and in domains: timers that the guest sets itself, and waiting for them."""

import pytest

from tests.vmm.machines import PASS, POWER_OFF, RAM, registers, run_everywhere
from vmm.stop import StopReason

SUPERVISOR = """
    la t0, handler
    csrw stvec, t0
    csrr s2, time
    addi s3, s2, 50
    csrw 0x14d, s3                      # stimecmp
    li t0, 1 << 5
    csrw sie, t0
    csrsi sstatus, 2
1:  {wait}
    j 1b
    .balign 4
handler:
    csrr s4, time
    csrr s5, scause
    csrr s6, sip
    li t0, -1
    csrw 0x14d, t0
    csrr s7, sip
"""


@pytest.mark.parametrize("wait", ["wfi", "nop"])
def test_stimecmp_interrupts_at_its_time_and_ends_a_wait(engine, wait):
    machine = run_everywhere(SUPERVISOR.format(wait=wait) + POWER_OFF, engines=[engine])
    found = registers(machine)[0]
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    assert found["X20"] == found["X19"]  # it is that time when the handler begins
    assert found["X21"] == 1 << 63 | 5
    assert (found["X22"], found["X23"]) == (1 << 5, 0)


def test_without_stce_stimecmp_is_illegal_in_s_mode_and_m_mode_gives_it(engine):
    text = """
    la t0, handler
    csrw mtvec, t0
    li t0, 1 << 11
    csrs mstatus, t0
    li t0, 2
    csrw mcounteren, t0
    la t0, body
    csrw mepc, t0
    mret
    .balign 4
body:
    csrw 0x14d, zero
    addi s3, s3, 1
    csrw 0x14d, zero
    addi s3, s3, 1
    ecall
    .balign 4
handler:
    csrr t0, mcause
    addi t0, t0, -2
    bnez t0, over
    addi s4, s4, 1
    li t0, 1 << 63
    csrs 0x30a, t0                      # menvcfg.STCE
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
over:
    csrr s5, mip
    """
    machine = run_everywhere(text + PASS, engines=[engine], entry=RAM)
    found = registers(machine)[0]
    assert (found["X19"], found["X20"], found["X21"]) == (2, 1, 1 << 5)
