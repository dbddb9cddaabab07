"""A guest that is a hypervisor: its guest ends as on the bare board, in every mode."""

import pytest

from isa.extensions import BITS, DEFAULT
from isa.isa_string import format_isa
from tests.vmm.machines import POWER_OFF, registers, run_everywhere
from vmm.config import TlbShape
from vmm.stop import StopReason

HYPERVISOR = format_isa(DEFAULT | BITS["H"])
# HS-mode maps guest-physical 0x80200000 to 0x80000000 plus {frames}, the rest of that GiB onto
# itself, and enters {entry} in VS-mode with vsatp {vsatp}; each departure is recorded.
NEST = """
    .option arch, +h
    .equ ROOT, 0x80300000
    .equ MIDDLE, 0x80304000
    .equ GUEST_ROOT, 0x80306000
    la t0, handler
    csrw stvec, t0
    li t0, MIDDLE >> 2 | 1
    li t1, ROOT
    sd t0, 16(t1)
    li t1, MIDDLE
    li t0, 0x80000000 >> 2 | {second}   # eight mebibytes, the first not dirty
    li t2, 0x80000
    sd t0, 0(t1)
    li t0, 0x80200000 >> 2 | 0xdf
    sd t0, 8(t1)
    li t0, GUEST_ROOT
    li t1, 0x80000000 >> 2 | {first}    # virtual 0x40000000 and 0x80000000 are RAM
    sd t1, 8(t0)
    li t1, 0x80000000 >> 2 | 0xcf
    sd t1, 16(t0)
    li t0, 8 << 60 | 3 << 44 | ROOT >> 12
    csrw hgatp, t0
    li t0, {hedeleg}
    csrw hedeleg, t0
    li t0, {vsatp}
    csrw vsatp, t0
    li t0, 0x180
    csrs hstatus, t0
    li t0, {spp} << 8
    csrs sstatus, t0
    la t0, inside
    csrw sepc, t0
    li s2, {va}
    sret
    .balign 4
handler:
    csrr s10, scause
    csrr s9, stval
    csrr s8, htval
    csrr s7, htinst
    csrr s6, hstatus
    addi s11, s11, 1
    li t6, 10
    beq s10, t6, power_off
    li t6, 8
    beq s10, t6, power_off
    csrr t6, sepc
    addi t6, t6, 4
    csrw sepc, t6
    sret
    .balign 4
inside:
    ld a0, 8(s2)
    sd s2, 8(s2)
    ld a1, 8(s2)
    csrr a2, sstatus
    csrr a3, vsstatus
    csrr a4, sscratch
    csrw sscratch, s2
    sfence.vma
    ld a5, 16(s2)
    lw a6, 3(s2)
    hlv.d a7, (s2)
    ecall
"""


@pytest.mark.parametrize("tlb", [TlbShape(1, 64), TlbShape(1, 1)], ids=str)
@pytest.mark.parametrize("spp", [0, 1])
@pytest.mark.parametrize("hedeleg", [0, 0xB100])
@pytest.mark.parametrize("second", [0xDF, 0x5F, 0x1F, 0xD3, 0])
@pytest.mark.parametrize("vsatp", ["0", "8 << 60 | 5 << 44 | GUEST_ROOT >> 12"])
def test_a_guests_guest_meets_the_same_faults_in_every_mode(vsatp, second, hedeleg, spp, tlb):
    is_paged = vsatp != "0"
    for first in (0xDF, 0xC7, 0xCB, 0x57) if is_paged and second == 0xDF else (0xCF,):
        text = NEST.format(
            second=second,
            first=first,
            hedeleg=hedeleg,
            vsatp=vsatp,
            spp=spp,
            va=0x4000_0000 if is_paged else 0x8000_0000,
        )
        machine = run_everywhere(text + POWER_OFF, isa=HYPERVISOR, tlb=tlb, limit=3000)
        assert machine.stop is not None
        if hedeleg == 0 and spp == 1:
            assert machine.stop.reason is StopReason.EXIT
            assert registers(machine)[0]["X27"] >= 1
