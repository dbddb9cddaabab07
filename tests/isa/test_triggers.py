"""Triggers: what stops where, what a trigger's registers hold.

Expected values are read from the chapter "Sdtrig" of the RISC-V Debug Specification.
"""

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.isa_string import parse_isa
from isa.state import Slot
from tests.isa import bench as benches
from tests.isa.bench import CODE, DATA, M_VECTOR, WHOLE_ISA, asm, run

LOAD, STORE, EXECUTE, IN_U, IN_S, IN_M = 1, 2, 4, 8, 16, 64
IN_VU, IN_VS = 1 << 23, 1 << 24
ANYWHERE = IN_U | IN_S | IN_M | IN_VU | IN_VS
CHAIN = 1 << 11
MCONTROL, MCONTROL6 = 2 << 60, 6 << 60
HIT = 1 << 22
DISABLED = 15 << 60
EQUAL, NAPOT, AT_LEAST, BELOW, LOW, HIGH = (match << 7 for match in range(6))

LD = asm("ld", rd=10, rs1=11, imm=0)
SD = asm("sd", rs1=11, rs2=12, imm=0)
NOP = asm("addi", rd=0, rs1=0, imm=0)


def bench(priv, *code, in_guest=False):
    """Give a hart whose breakpoints M-mode takes, and which may take its own."""
    hart = benches.bench(priv, *code, isa=parse_isa(f"{WHOLE_ISA}_zacas"))
    hart[Slot.V] = int(in_guest)
    hart.csr["mstatus"] = ms.MIE
    hart.x[11], hart.x[12] = DATA, 99
    return hart


def set_trigger(hart, index, control, address):
    """Set a trigger."""
    hart.csr["tselect"] = index
    hart.csr["tdata1"] = 0
    hart.csr["tdata2"] = address
    hart.csr["tdata1"] = control


# Registers


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (0, DISABLED),
        (15 << 60, DISABLED),
        (3 << 60 | 0xFF, DISABLED),  # a type that is not there
        (MCONTROL6 | (1 << 60) - 1, MCONTROL6 | 0x1C0_085F),
        (MCONTROL | (1 << 60) - 1, MCONTROL | 0x10_085F),
        (MCONTROL6 | NAPOT, MCONTROL6 | NAPOT),
        (MCONTROL | NAPOT, MCONTROL),  # maskmax is 0
        (MCONTROL6 | HIGH, MCONTROL6 | HIGH),
        (MCONTROL6 | 6 << 7, MCONTROL6),  # reserved
        (MCONTROL6 | 1 << 12, MCONTROL6),  # no Debug Mode to enter
    ],
)
def test_tdata1_keeps_what_is_there(written, kept):
    hart = bench(Priv.M)
    hart.csr["tdata1"] = written
    assert hart.csr["tdata1"] == kept


def test_four_triggers_are_selected():
    hart = bench(Priv.M)
    for index in range(4):
        set_trigger(hart, index, MCONTROL6 | LOAD, index)
    hart.csr["tselect"] = 4
    assert hart.csr["tselect"] == 3
    assert hart.csr["tdata2"] == 3
    assert hart.csr["tinfo"] == 1 << 24 | 1 << 15 | 1 << 6 | 1 << 2


def test_guests_have_no_bits_without_the_hypervisor_extension():
    hart = benches.bench(Priv.M, isa=parse_isa("rv64i_zicsr"))
    hart.csr["tdata1"] = MCONTROL6 | ANYWHERE
    assert hart.csr["tdata1"] == MCONTROL6 | IN_U | IN_S | IN_M


# What stops


def stops(engine, hart, insn=None):
    """Run an instruction; say whether a trigger stopped it, and check what it left."""
    at = hart.pc
    run(engine, hart)
    if hart.pc != M_VECTOR:
        assert hart.pc == at + 4
        return False
    assert hart.csr["mcause"] == Cause.BREAKPOINT
    assert hart.csr["mepc"] == at
    assert hart.csr["mtval"] == (DATA if insn in (LD, SD) else at)
    return True


@pytest.mark.parametrize("insn", [LD, SD, NOP], ids=["ld", "sd", "nop"])
@pytest.mark.parametrize("control", [LOAD, STORE, EXECUTE])
def test_a_trigger_stops_the_access_that_it_looks_at(engine, insn, control):
    hart = bench(Priv.M, insn)
    set_trigger(hart, 1, MCONTROL6 | IN_M | control, CODE if control == EXECUTE else DATA)
    expected = control == {LD: LOAD, SD: STORE, NOP: EXECUTE}[insn] or control == EXECUTE
    assert stops(engine, hart, None if control == EXECUTE else insn) == expected
    assert hart.csr["tdata1"] == MCONTROL6 | IN_M | control | (HIT if expected else 0)
    assert hart.x[10] == 0


MODES = {
    "m": (Priv.M, False, IN_M), "s": (Priv.S, False, IN_S), "u": (Priv.U, False, IN_U),
    "vs": (Priv.S, True, IN_VS), "vu": (Priv.U, True, IN_VU),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_a_trigger_is_for_the_modes_that_it_names(engine, mode):
    priv, in_guest, own = MODES[mode]
    for control, expected in ((own, True), (ANYWHERE & ~own, False)):
        hart = bench(priv, LD, in_guest=in_guest)
        set_trigger(hart, 0, MCONTROL6 | control | LOAD, DATA)
        assert stops(engine, hart, LD) == expected


@pytest.mark.parametrize(
    ("match", "operand", "expected"),
    [
        (EQUAL, DATA, True), (EQUAL, DATA + 7, True), (EQUAL, DATA + 8, False),
        (EQUAL, DATA - 1, False),
        (NAPOT, DATA + 8 | 7, True), (NAPOT, DATA | 3, True), (NAPOT, DATA + 16 | 7, False),
        (NAPOT, (1 << 64) - 1, True),
        (AT_LEAST, DATA + 7, True), (AT_LEAST, DATA + 8, False), (AT_LEAST, 0, True),
        (BELOW, DATA + 1, True), (BELOW, DATA, False),
        (LOW, 0xFFF << 32 | DATA & 0xFFF | 5, True), (LOW, 0xFFF << 32 | DATA & 0xFFF | 8, False),
        (LOW, 0xF << 32 | 0x10, False),  # a bit wanted that is masked away
        (HIGH, 0, True), (HIGH, 1 << 32 | 1, False),
    ],
)  # fmt: skip
def test_addresses_are_compared(engine, match, operand, expected):
    hart = bench(Priv.M, LD)
    hart.x[11] = DATA
    set_trigger(hart, 3, MCONTROL6 | IN_M | LOAD | match, operand)
    assert stops(engine, hart, LD) == expected


def test_a_chain_stops_where_all_of_it_matches(engine):
    for limit, expected in ((DATA + 8, True), (DATA, False)):
        hart = bench(Priv.M, LD)
        set_trigger(hart, 0, MCONTROL6 | IN_M | LOAD | AT_LEAST | CHAIN, DATA)
        set_trigger(hart, 1, MCONTROL6 | IN_M | LOAD | BELOW, limit)
        assert stops(engine, hart, LD) == expected


@pytest.mark.parametrize(
    ("priv", "in_guest", "open_"),
    [(Priv.M, 0, "mstatus"), (Priv.S, 0, "sstatus"), (Priv.S, 1, "vsstatus")],
)
def test_a_mode_that_takes_its_own_breakpoints_must_have_interrupts_on(
    engine, priv, in_guest, open_
):
    for is_on in (False, True):
        hart = bench(priv, LD, in_guest=in_guest)
        hart.csr["mstatus"] = 0
        if priv == Priv.S:
            hart.csr["medeleg"] = hart.csr["hedeleg"] = 1 << Cause.BREAKPOINT
        hart.csr[open_] = is_on * (ms.MIE if priv == Priv.M else ms.SIE)
        set_trigger(hart, 0, MCONTROL6 | ANYWHERE | LOAD, DATA)
        run(engine, hart)
        assert (hart.pc != CODE + 4) == is_on


@pytest.mark.parametrize("name", ["amoadd.d", "lr.d", "sc.d", "amocas.q", "amocas.d"])
@pytest.mark.parametrize("control", [LOAD, STORE])
def test_atomics_load_and_store(engine, name, control):
    fields = {"rd": 14, "rs1": 11, "rs2": 12, "aqrl": 0}
    word = asm(name, **{n: v for n, v in fields.items() if n != "rs2" or name != "lr.d"})
    hart = bench(Priv.M, asm("lr.d", rd=10, rs1=11, aqrl=0), word)
    run(engine, hart)
    set_trigger(hart, 0, MCONTROL6 | IN_M | control, DATA)
    only = {"lr.d": LOAD, "sc.d": STORE}.get(name, control)
    assert stops(engine, hart, LD) == (control == only)


def test_a_store_conditional_that_fails_does_not_store(engine):
    hart = bench(Priv.M, asm("sc.d", rd=14, rs1=11, rs2=12, aqrl=0))
    set_trigger(hart, 0, MCONTROL6 | IN_M | STORE, DATA)
    assert not stops(engine, hart)


def test_a_breakpoint_comes_before_other_reasons_to_trap(engine):
    hart = bench(Priv.M, LD)
    hart.x[11] = 1 << 60
    set_trigger(hart, 0, MCONTROL6 | IN_M | LOAD, 1 << 60)
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.BREAKPOINT


def test_pages_in_use_are_looked_at_from_the_write_on(engine):
    """An engine may reach a page directly only while no trigger is on it."""
    hart = bench(Priv.M, *[LD, SD] * 8)
    run(engine, hart, 6)
    set_trigger(hart, 0, MCONTROL6 | IN_M | STORE, DATA)
    run(engine, hart, 2)
    assert (hart.pc, hart.csr["mepc"]) == (M_VECTOR, CODE + 4 * 7)
    hart.csr["tdata1"] = 0
    hart.csr["tdata1"] = MCONTROL6 | IN_M | EXECUTE
    hart.csr["tdata2"] = CODE + 4 * 10
    hart.csr["mstatus"] = ms.MIE
    hart.pc = CODE
    run(engine, hart, 11)
    assert (hart.pc, hart.csr["mepc"]) == (M_VECTOR, CODE + 4 * 10)
