"""Misaligned accesses by choice of the board: performed or trapping, in every mode the same."""

import pytest

from tests.conftest import engine_names
from tests.vmm.machines import PASS, RAM, load, registers, run_everywhere
from vmm.stop import StopReason

ENGINES = tuple(load(name) for name in engine_names())

TEXT = """
    .option arch, +a
    la t0, handler
    csrw mtvec, t0
    la s1, data
    li s2, 0x1122334455667788
    li t0, {mpp} << 11
    csrs mstatus, t0
    la t0, body
    csrw mepc, t0
    mret
    .balign 4
handler:
    csrr t5, mcause
    li t6, 8
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
    sd s2, 1(s1)
    ld a0, 1(s1)
    lw a1, 2(s1)
    lhu a2, 3(s1)
    sh s2, 5(s1)
    lb a3, 7(s1)
    sd s2, 8(s1)
    ld a4, 8(s1)
    addi s3, s1, 2
    lr.w a6, (s3)
    ecall
over:
    j past
    .balign 64
data:
    .zero 64
past:
"""


@pytest.mark.parametrize("mpp", [0, 1, 3])
@pytest.mark.parametrize(("traps", "causes"), [(False, [4]), (True, [6, 4, 4, 4, 6, 4])])
def test_misaligned_accesses_trap_where_the_board_says_so(mpp, traps, causes):
    machine = run_everywhere(
        TEXT.format(mpp=mpp) + PASS,
        engines=ENGINES,
        entry=RAM,
        ram=4 << 20,
        traps_misaligned=traps,
    )
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    found = registers(machine)[0]
    assert found["X27"] == len(causes)
    assert found["X26"] == int.from_bytes(bytes(causes), "big")
    assert found["X14"] == 0x1122334455667788
    assert found["X10"] == (0 if traps else 0x1122334455667788)
