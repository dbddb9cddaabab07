"""Floating point of a deprivileged guest: its registers, flags and FS are those of a bare hart."""

import pytest

from isa import mstatus as ms
from tests.vmm.test_deprivileged import PRIVILEGES, execute

# Instructions that exit stand between: what they leave must not be lost or mixed up.
COMPUTE = """
    .option arch, +d
    li t0, 3
    fcvt.d.l fa0, t0
    csrr t1, cycle
    fcvt.d.l fa1, s0
    fdiv.d fa2, fa1, fa0
    li t0, 0x80302000
    fsd fa2, 0(t0)
    csrr t1, cycle
    fld fa3, 0(t0)
    fmadd.d fs11, fa3, fa0, fa1, rup
    fsflags t2, zero
    fsrmi 2
    fcvt.s.d ft0, fa2
    csrr t1, cycle
    frcsr a3
    fmv.x.d a4, fs11
"""


@pytest.mark.parametrize("mode", PRIVILEGES)
@pytest.mark.parametrize("fs", range(4))
def test_floating_point_is_what_it_is_on_a_bare_hart(engine, mode, fs):
    hart, _ = execute(COMPUTE, mode, engine, mstatus=f"{fs} << 13")
    if fs == 0:
        assert hart["X27"] >= 10, "each instruction is illegal"
        assert hart["F27"] == hart["FRM"] == 0
    else:
        assert hart["F12"] == 0x4098_4555_5555_5555, "0x1234 divided by 3"
        assert (hart["FRM"], hart["FFLAGS"]) == (2, 1)
        assert hart["MSTATUS"] & (ms.FS | ms.SD) == ms.FS | ms.SD


def test_looking_at_registers_leaves_fs_clean(engine):
    look = ".option arch, +d\n    fmv.x.d a0, fa0\n    csrr t1, sscratch\n    fsw fa0, 0(s1)"
    hart, _ = execute(look, "supervisor", engine, "2 << 13")
    assert hart["MSTATUS"] & (ms.FS | ms.SD) == 2 << 13
    assert hart["X27"] == 0
