"""Triggers of a guest: they stop it at the same places in every mode as on a bare board."""

import pytest

from tests.conftest import engine_names
from tests.vmm.machines import PASS, RAM, load, registers, run_everywhere
from vmm.stop import StopReason

ENGINES = tuple(load(name) for name in engine_names())

# M-mode sets a trigger, enters {mpp} at `body`, counts breakpoints in s11, notes their tval in s9,
# and steps over what was stopped; another trap ends it.
TEXT = """
    .option arch, +a
    la t0, handler
    csrw mtvec, t0
    la s1, data
    li s2, 0x1111
    sd s2, 0(s1)
    ld s2, 0(s1)
    csrw tselect, zero
    la t0, {at}
    csrw tdata2, t0
    li t0, {control}
    csrw tdata1, t0
    li t0, {mpp} << 11 | 0x80
    csrs mstatus, t0
    la t0, body
    csrw mepc, t0
    mret
    .balign 4
handler:
    csrr t5, mcause
    li t6, 3
    bne t5, t6, over
    addi s11, s11, 1
    csrr s9, mtval
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
    .balign 4
body:
    ld a0, 0(s1)
    sd s1, 0(s1)
    addi a1, a1, 1
code:
    addi a1, a1, 2
    addi a1, a1, 4
    amoadd.d a3, s2, (s1)
    lw a4, 4(s1)
    ld a5, 64(s1)
    ecall
over:
    csrr s7, tdata1
    csrw tdata1, zero
    ld a6, 0(s1)
    j past
    .balign 128
data:
    .zero 128
past:
"""
LOAD, STORE, EXECUTE, IN_U, IN_S, IN_M = 1, 2, 4, 8, 16, 64
NAPOT = 1 << 7
EVERYWHERE = IN_U | IN_S | IN_M


@pytest.mark.parametrize("mpp", [0, 1, 3])
@pytest.mark.parametrize(
    ("at", "control", "hits"),
    [
        ("data", LOAD, 2),  # the load, and the AMO
        ("data", STORE, 2),  # the store, and the AMO
        ("data + 4", LOAD, 3),  # an access is stopped for any of its bytes
        ("data + 63", LOAD | STORE | NAPOT, 5),  # 128 bytes
        ("data + 8", LOAD | STORE, 0),  # no more than the page is slow
        ("code", EXECUTE, 1),
        ("code + 4", EXECUTE | LOAD, 1),
    ],
)
def test_a_guests_trigger_stops_it(mpp, at, control, hits):
    value = 6 << 60 | EVERYWHERE | control
    text = TEXT.format(at=at, control=hex(value), mpp=mpp) + PASS
    machine = run_everywhere(text, engines=ENGINES, entry=RAM, ram=4 << 20)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    found = registers(machine)[0]
    assert found["X27"] == hits
    assert found["X23"] == value | (bool(hits) << 22)
