"""Fuel: any way of cutting a run into pieces gives the same states."""

import pytest

from difftest.generate import guest_program, plain_program, system_program
from difftest.lockstep import compare
from difftest.sides.ours import OurSide
from isa.causes import Priv
from isa.exits import ExitReason
from tests.isa.bench import CODE, asm, bench, run

STEPS = 400


def steps_inside(engine, program, tlb):
    """Count the steps, STEPS at most, before the program leaves what all sides share."""
    side = OurSide(engine.name, tlb)
    side.load(program)
    for done in range(STEPS):
        if side.step(1).value != "running":
            return done
    return STEPS


def cut(engine, program, steps, pieces, tlb=None):
    """Run in pieces of the given size; gives the state and memory at the end."""
    side = OurSide(engine.name, tlb)
    side.load(program)
    for done in range(0, steps, pieces):
        assert side.step(min(pieces, steps - done)).value == "running"
    return side.state(with_csrs=True), side.memory()


@pytest.mark.parametrize("tlb", [None, (1, 2)], ids=str)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("make", [plain_program, system_program, guest_program])
def test_fuel_of_one_at_a_time_equals_one_big_run(engine, make, seed, tlb):
    program = make(f"fuel {seed}")
    steps = steps_inside(engine, program, tlb)
    whole = cut(engine, program, steps, STEPS, tlb)
    for pieces in (1, 3, 64):
        assert cut(engine, program, steps, pieces, tlb) == whole


@pytest.mark.parametrize("stride", [1, 5])
def test_every_state_on_the_way_is_the_same(engine, stride):
    report = compare(
        system_program("fuel on the way"), OurSide(engine.name), OurSide(engine.name), 400, stride
    )
    assert report.mismatch is None


def test_fuel_is_what_is_retired(engine):
    hart = bench(Priv.M, *[asm("addi", rd=1, rs1=1, imm=1)] * 50)
    for fuel in (0, 1, 7, 0, 20):
        before = hart.x[1]
        assert run(engine, hart, fuel).reason is ExitReason.FUEL
        assert hart.x[1] == before + fuel
    assert (hart.pc, hart.csr["minstret"]) == (CODE + 4 * 28, 28)


def test_a_trap_takes_fuel_so_that_a_storm_of_them_ends(engine):
    hart = bench(Priv.M)
    hart.csr["mtvec"] = CODE  # an illegal instruction at its own handler
    assert run(engine, hart, 1000).reason is ExitReason.FUEL
    assert hart.progress == 1000


def test_fuel_may_end_at_the_end_of_a_page(engine):
    hart = bench(Priv.M)
    add = asm("addi", rd=1, rs1=1, imm=1).to_bytes(4, "little")
    hart.memory.write(CODE + 0xFF8, add * 4)
    hart.pc = CODE + 0xFF8
    run(engine, hart, 2)
    assert (hart.pc, hart.x[1]) == (CODE + 0x1000, 2)
    run(engine, hart, 2)
    assert (hart.pc, hart.x[1]) == (CODE + 0x1008, 4)
