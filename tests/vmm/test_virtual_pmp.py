"""A guest's PMP: what its M-mode takes from its S and U, in every mode as on a bare board."""

import pytest

from tests.vmm.machines import PASS, RAM, load, registers, run_everywhere
from vmm.stop import StopReason

# M-mode programs PMP, enters {mpp} at `body`, counts each trap in s11, and steps over it.
TEXT = """
    la t0, handler
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr7, t0
    li s2, 0x80310000
    li s1, 0x1111
    sd s1, 0(s2)
    sd s1, 64(s2)
    li t0, {address}
    csrw pmpaddr1, t0
    li t0, {low}
    csrw pmpaddr0, t0
    li t0, {config} | 0x1f << 56
    csrw pmpcfg0, t0
    li t0, {mpp} << 11
    csrs mstatus, t0
    la t0, body
    csrw mepc, t0
    mret
    .balign 4
handler:
    csrr t5, mcause
    li t6, 10
    bltu t5, t6, 1f
    j over
1:  li t6, 8
    bgeu t5, t6, over
    addi s11, s11, 1
    slli s10, s10, 8
    or s10, s10, t5
    csrr s9, mtval
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret
    .balign 4
body:
    ld a0, 0(s2)
    sd s2, 8(s2)
    ld a1, 64(s2)
    sd s2, 72(s2)
    ld a2, 0(s2)
    ld a3, 60(s2)
    sd s2, 60(s2)
    lb a4, 63(s2)
    ecall
over:
    # M-mode opens the region and closes it again: accesses follow at once.
    csrw pmpcfg0, zero
    ld a5, 0(s2)
"""

AT = 0x80310000
PAGE = (AT >> 2) | 0x1FF  # NAPOT, 4 KiB
LINE = (AT >> 2) | 7  # NAPOT, 64 bytes


def pmp_guest(address, config, mpp, low=0):
    """Give the guest with entry 1 as wanted."""
    text = TEXT.format(address=hex(address), config=hex(config << 8), mpp=mpp, low=hex(low))
    return text + PASS


@pytest.mark.parametrize("mpp", [0, 1, 3])
@pytest.mark.parametrize(
    ("address", "config", "low", "traps"),  # in S and U, and in M, which edges bind too
    [
        (PAGE, 0x18, 0, (8, 0)),  # nothing allowed
        (PAGE, 0x19, 0, (3, 0)),  # reads of all but no stores
        (LINE, 0x19, 0, (3, 2)),  # the first 64 bytes: no stores there, nothing over its edge
        (LINE, 0x18, 0, (6, 2)),
        (AT + 64 >> 2, 0x09, AT >> 2, (3, 2)),  # the same line as a range
    ],
)
def test_virtual_pmp_binds_the_guests_s_and_u(mpp, address, config, low, traps):
    text = pmp_guest(address, config, mpp, low)
    engines = [load("reference")]
    machine = run_everywhere(text, engines=engines, entry=RAM, ram=4 << 20)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    assert registers(machine)[0]["X27"] == traps[mpp == 3]


def test_a_page_split_by_an_edge_can_be_executed(engine):
    text = """
    la t0, handler
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr7, t0
    la t0, body
    csrw mepc, t0
    addi t1, t0, 8
    srli t1, t1, 2
    csrw pmpaddr0, t1
    li t0, 0x0c | 0x1b << 56            # up to the edge code, beyond it no code
    csrw pmpcfg0, t0
    mret
    .balign 4
body:
    addi s3, s3, 1
    addi s3, s3, 1
    addi s3, s3, 1
    .balign 4
handler:
    csrr s4, mcause
    csrr s5, mepc
    """
    machine = run_everywhere(text + PASS, engines=[engine], entry=RAM, ram=4 << 20)
    registers_found = registers(machine)[0]
    assert (registers_found["X19"], registers_found["X20"]) == (2, 1)
