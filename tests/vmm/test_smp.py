"""Several harts: started, stopped and suspended by SBI calls; they interrupt and fence others."""

import pytest

from tests.vmm.machines import MAKERS, POWER_OFF, make, registers, run_everywhere
from vmm.stop import StopReason

CALLS = """
    .equ HSM, 0x48534D
    .equ IPI, 0x735049
    .equ RFENCE, 0x52464E43
    .equ TIME, 0x54494D45
    .macro call_sbi eid, fid
    li a7, \\eid
    li a6, \\fid
    ecall
    .endm
    .macro start number, at, opaque
    li a0, \\number
    la a1, \\at
    li a2, \\opaque
    call_sbi HSM, 0
    .endm
    .macro await address, value
    la t0, \\address
    li t1, \\value
99: ld t2, 0(t0)
    bne t2, t1, 99b
    .endm
    .macro publish address, value
    la t0, \\address
    li t1, \\value
    sd t1, 0(t0)
    .endm
"""
DATA = """
    .balign 8
one:   .dword 0
two:   .dword 0
three: .dword 0
"""


def harts(text, engine, number=2, **settings):
    """Run a guest of several harts everywhere; give each hart's registers."""
    text = CALLS + text + POWER_OFF + DATA
    machine = run_everywhere(text, engines=[engine], harts=number, **settings)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    return registers(machine)


def test_a_started_hart_enters_with_its_number_and_value_in_supervisor_mode(engine):
    _, other = harts(
        """
    start 1, second, 77
    mv s0, a0
    await one, 5
    j power_off
second:
    mv s0, a0
    mv s1, a1
    csrr s2, sstatus
    csrr s3, satp
    csrr s4, sie
    publish one, 5
    wfi
""",
        engine,
    )
    assert (other["X8"], other["X9"], other["X19"], other["X20"]) == (1, 77, 0, 0)
    assert other["X18"] & 2 == 0


def test_a_hart_stops_and_is_started_again(engine):
    first, other = harts(
        """
    start 1, second, 1
1:  li a0, 1
    call_sbi HSM, 2                     # until it has stopped
    li t0, 1
    bne a1, t0, 1b
    start 1, second, 2
    mv s0, a0
    await one, 2
    start 1, second, 3
    mv s1, a0                           # may be stopped by now or not
    j power_off
second:
    mv s5, a1
    la t0, one
    sd a1, 0(t0)
    call_sbi HSM, 1
    ebreak
""",
        engine,
    )
    assert first["X8"] == 0
    assert other["X21"] in (2, 3)


SUSPEND = """
    start 1, second, 0
    await one, 1
1:  li a0, 1
    call_sbi HSM, 2
    li t0, 4                            # until it is suspended
    bne a1, t0, 1b
    li a0, 1
    li a1, 1                            # hart mask 1, base 1
    call_sbi IPI, 0
    await two, 1
    j power_off
second:
    li t0, 2
    csrw sie, t0
    li s0, 1
    publish one, 1
    li a0, {kind}
    la a1, resumed
    li a2, 9
    call_sbi HSM, 3
    li s1, 1                            # a retentive suspension goes on here
    mv s4, a0
resumed:
    mv s5, a0
    mv s6, a1
    csrr s2, sip
    csrr s3, sie
    publish two, 1
    wfi
"""


def test_an_interrupt_ends_a_retentive_suspension_behind_the_call(engine):
    _, other = harts(SUSPEND.format(kind="0"), engine)
    assert (other["X8"], other["X9"], other["X20"]) == (1, 1, 0)
    assert (other["X18"], other["X19"]) == (2, 2)


def test_a_non_retentive_suspension_ends_at_its_entry_with_what_woke_it_pending(engine):
    _, other = harts(SUSPEND.format(kind="0x80000000"), engine)
    assert (other["X9"], other["X21"], other["X22"]) == (0, 1, 9)
    assert (other["X18"], other["X19"]) == (2, 0)


def test_a_suspended_hart_is_woken_by_its_own_timer(engine):
    (hart,) = harts(
        """
    li t0, 0x20
    csrw sie, t0
    rdtime a0
    mv s0, a0
    addi a0, a0, 50
    call_sbi TIME, 0
    li a0, 0x80000000
    la a1, resumed
    li a2, 0
    call_sbi HSM, 3
resumed:
    rdtime s1
    csrr s2, sip
""",
        engine,
        number=1,
    )
    assert (hart["X9"], hart["X18"]) == (50, 0x20)


def test_harts_interrupt_each_other_in_a_ring(engine):
    states = harts(
        """
    li s0, 1
1:  start s0, ring, 0
    addi s0, s0, 1
    li t0, 4
    blt s0, t0, 1b
    li s1, 0
    li s11, 0x123
    j 2f
ring:
    mv s1, a0
2:  la t0, handler
    csrw stvec, t0
    li t0, 2
    csrw sie, t0
    csrsi sstatus, 2
    bnez s1, 3f
    jal next
3:  wfi
    j 3b
next:
    addi t0, s1, 1
    andi t0, t0, 3
    li a0, 1
    sll a0, a0, t0
    li a1, 0
    call_sbi IPI, 0
    ret
    .balign 4
handler:
    csrci sip, 2
    addi s2, s2, 1
    li t0, 10
    beq s2, t0, last
    jal next
    sret
last:
    bnez s1, 4f
    j power_off
4:  jal next
    sret
""".replace("start s0, ring, 0", "mv a0, s0\n    la a1, ring\n    li a2, 0\n    call_sbi HSM, 0"),
        engine,
        number=4,
    )
    assert [state["X18"] for state in states] == [10, 10, 10, 10]


def test_a_remote_fence_makes_a_changed_table_seen(engine):
    _, other = harts(
        """
    .equ ROOT, 0x80300000
    li s0, ROOT
    li t0, 0x80000000 >> 2 | 0xcf
    sd t0, 16(s0)
    sd t0, 8(s0)                        # virtual 0x40000000 as well
    start 1, second, 0
    await one, 1
    li t0, 0x80000000 >> 2 | 0xc1       # no access any more: a pointer with A and D set
    sd t0, 8(s0)
    li a0, 2
    li a1, 0
    li a2, 0x40000000
    li a3, 0x40000000
    call_sbi RFENCE, {call}
    publish two, 1
    await three, 1
    j power_off
    .balign 4
faulted:
    csrr s2, scause
    csrw satp, zero
    publish three, 1
1:  wfi
    j 1b
second:
    la t0, faulted
    csrw stvec, t0
    li s0, 8 << 60 | 0x80300
    csrw satp, s0
    sfence.vma
    li s3, 0x40000000
    lw s4, 0(s3)
    publish one, 1
    await two, 1
    lw s4, 0(s3)
    ebreak
""".replace("{call}", "1"),
        engine,
    )
    assert other["X18"] == 13


@pytest.mark.parametrize("mode", MAKERS)
def test_a_hart_in_a_trap_loop_does_not_stop_the_others(engine, mode):
    text = (
        CALLS
        + """
    start 1, lost, 0
    li s0, 3000
1:  addi s0, s0, -1
    bnez s0, 1b
    j power_off
lost:
    csrw stvec, zero
    jr zero
"""
        + POWER_OFF
    )
    machine = make(mode, engine, text, harts=2, quantum=500)
    assert machine.run(50_000).reason is StopReason.EXIT
    assert registers(machine)[1]["SCAUSE"] == 1


def test_every_hart_has_its_own_registers_and_counters(engine):
    first, second, third = harts(
        """
    start 1, other, 100
    start 2, other, 200
    await one, 100
    await two, 200
    li s0, 300
    j power_off
other:
    mv s0, a1
    csrw sscratch, a1
    la t0, one
    slli t1, a0, 3
    add t0, t0, t1
    sd a1, -8(t0)
1:  wfi
    j 1b
""",
        engine,
        number=3,
    )
    assert [hart["X8"] for hart in (first, second, third)] == [300, 100, 200]
    assert [hart["SSCRATCH"] for hart in (first, second, third)] == [0, 100, 200]
    assert first["INSTRET"] > second["INSTRET"]


def test_eight_harts_share_a_counter_by_turns(engine):
    states = harts(
        """
    li s0, 1
1:  mv a0, s0
    la a1, other
    li a2, 0
    call_sbi HSM, 0
    addi s0, s0, 1
    li t0, 8
    blt s0, t0, 1b
    await one, 8
    j power_off
other:
    mv s1, a0
    la t0, one                          # hart n adds n's turn: waits for n - 1, writes n
2:  ld t1, 0(t0)
    addi t2, s1, -1
    bne t1, t2, 2b
    li t2, 7
    bne s1, t2, 3f
    li s1, 8
3:  sd s1, 0(t0)
4:  wfi
    j 4b
""",
        engine,
        number=8,
        quantum=50,
    )
    assert len(states) == 8
