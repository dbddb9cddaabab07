"""Floating-point instructions: against Spike, case by case; and what is around the arithmetic."""

import os
import random

import pytest

from difftest.sides import make_side
from difftest.sides.ours import OurSide
from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.insn import Kind
from isa.isa_string import parse_isa
from isa.spec import TABLE
from isa.state import Slot
from tests.isa import float_kernel
from tests.isa.bench import CODE, DATA, asm, bench, get_word, put_word, run
from tests.tools import require_module

FLOATING = [insn for insn in TABLE if insn.kind is Kind.FLOAT]
WITH_FLOATS = parse_isa("rv64imafd_zfh_zfa_zicsr")
SOAK = "TRAPLINE_SOAK_SECONDS" in os.environ
COUNTS = {"reference": 40, "interpreter": 400 if not SOAK else float_kernel.ROOM}
ROUNDS = 1 if not SOAK else 10


@pytest.fixture(scope="module")
def spike():
    """Give Spike as a side."""
    require_module("riscv")
    return make_side("spike", float_kernel.RAM_SIZE)


@pytest.fixture(scope="module")
def expected(spike):
    """Give a function that asks Spike, once for each program of all engines."""
    found = {}

    def ask(program, count):
        key = (program.code, program.data[float_kernel.ROWS])
        if key not in found:
            found[key] = outcomes(spike, program, count)
        return found[key]

    return ask


def outcomes(side, program, count):
    """Run a program to its end; gives what it has found."""
    side.load(program)
    side.step(count * float_kernel.STEPS)
    return float_kernel.outcomes(side.memory(), count)


@pytest.mark.parametrize("insn", FLOATING, ids=lambda insn: insn.name)
def test_results_and_flags_are_those_of_spike(engine, insn, expected):
    count = COUNTS[engine.name]
    ours = OurSide(engine.name, ram_size=float_kernel.RAM_SIZE)
    for turn in range(ROUNDS):
        rng = random.Random(f"{insn.name} {turn if not SOAK else random.random()}")
        cases = float_kernel.draw_cases(insn, rng, COUNTS["interpreter"])[:count]
        modes = (7, rng.randrange(5)) if insn.rounding else (0,)
        for rm in modes:
            for number in float_kernel.numbers(insn):
                program = float_kernel.program(insn, cases, rm, number)
                found = outcomes(ours, program, count)
                for case, mine, theirs in zip(cases, found, expected(program, count), strict=True):
                    assert mine == theirs, (
                        rm,
                        number,
                        [hex(v) for v in (*case.operands, case.fcsr)],
                    )


def hart_with(*code, fs=3, frm=0, priv=Priv.M):
    """Give a hart with floating point in a state of mstatus.FS."""
    hart = bench(priv, *code, isa=WITH_FLOATS)
    hart.csr["mstatus"] = ms.FS
    hart.csr["frm"] = frm
    hart.csr["mstatus"] = fs << ms.FS_SHIFT
    return hart


@pytest.mark.parametrize("insn", [i for i in TABLE if i.is_float], ids=lambda insn: insn.name)
def test_nothing_floats_while_fs_is_off(engine, insn):
    word = insn.encode(**{name: op.lo for name, op in insn.pattern.operands.items()})
    hart = hart_with(word, fs=0)
    hart.x[0], hart[Slot.F0] = 0, 77
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, word)
    assert (hart[Slot.F0], hart.csr["mstatus"] & ms.FS) == (77, 0)


@pytest.mark.parametrize("name", ["fflags", "frm", "fcsr"])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
def test_no_csr_of_floating_point_is_there_while_fs_is_off(engine, name, priv):
    number = {"fflags": 1, "frm": 2, "fcsr": 3}[name]
    hart = hart_with(asm("csrrs", rd=1, csr=number, rs1=0), fs=0, priv=priv)
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.ILLEGAL


@pytest.mark.parametrize("fs", [1, 2, 3])
@pytest.mark.parametrize(
    ("code", "is_dirty"),
    [
        (asm("fadd.d", fd=1, fs1=2, fs2=3), True),  # zeros: exact, but f1 is written
        (asm("feq.d", rd=5, fs1=2, fs2=3), False),
        (asm("fmv.x.d", rd=5, fs1=2), False),
        (asm("flt.s", rd=5, fs1=2, fs2=3), True),  # not boxed: invalid
        (asm("fsd", fs2=2, rs1=8, imm=0), False),
        (asm("fld", fd=2, rs1=8, imm=0), True),
        (asm("fmv.d.x", fd=2, rs1=0), True),
        (asm("csrrs", rd=5, csr=3, rs1=0), False),
        (asm("csrrwi", rd=0, csr=1, uimm=0), True),
    ],
)
def test_fs_becomes_dirty_with_a_write_of_registers_or_flags(engine, fs, code, is_dirty):
    hart = hart_with(code, fs=fs)
    hart.x[8] = DATA
    run(engine, hart)
    assert hart.pc == CODE + 4
    now = 3 if is_dirty else fs
    assert hart.csr["mstatus"] & ms.FS == now << ms.FS_SHIFT
    assert hart.csr["sstatus"] >> 63 == (now == 3)


@pytest.mark.parametrize("frm", range(8))
@pytest.mark.parametrize("rm", range(8))
def test_a_reserved_rounding_mode_is_illegal(engine, rm, frm):
    words = [asm("fsqrt.s", fd=1, fs1=2, rm=rm), asm("fcvt.d.w", fd=1, rs1=0, rmx=rm)]
    for word in words:
        hart = hart_with(word, frm=frm)
        run(engine, hart)
        mode = frm if rm == 7 else rm
        assert (hart.csr["mcause"] == Cause.ILLEGAL) == (mode > 4)
        assert (hart.pc == CODE + 4) == (mode <= 4)


@pytest.mark.parametrize(("name", "size"), [("fld", 8), ("flw", 4), ("flh", 2)])
def test_loads_box_and_stores_keep_the_low_bits(engine, name, size):
    store = name.replace("l", "s")
    code = [asm(name, fd=31, rs1=8, imm=1), asm(store, fs2=31, rs1=8, imm=16)]
    hart = hart_with(*code)
    put_word(hart, DATA + 1, 0x8182_8384_8586_8788)
    hart.x[8] = DATA
    run(engine, hart, 2)
    low = 0x8182_8384_8586_8788 & (1 << 8 * size) - 1
    assert hart[Slot.F31] == low | (1 << 64) - (1 << 8 * size)
    assert get_word(hart, DATA + 16) == low


def test_misa_names_the_formats_that_are_there():
    for text, letters in (("rv64i", ""), ("rv64if", "f"), ("rv64id", "df"), ("rv64i_zfh", "f")):
        misa = bench(Priv.M, isa=parse_isa(text)).csr["misa"]
        assert {c for c in "df" if misa >> ord(c) - ord("a") & 1} == set(letters)


def test_fs_is_zero_where_there_is_no_floating_point():
    hart = bench(Priv.M, isa=parse_isa("rv64ima_zicsr"))
    hart.csr["mstatus"] = ms.FS
    assert hart.csr["mstatus"] & (ms.FS | ms.SD) == 0
