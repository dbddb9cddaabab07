"""Code that changes: what is executed is what memory holds, whoever wrote it.

Our harts see stores to code at once, with FENCE.I or without: the manual allows both.
"""

import pytest

from isa.causes import Priv
from isa.hart import Hart
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa.bench import CODE, DATA, asm, bench, entry, map_page, put_word, run, turn_on_sv39

FULL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
NOP = asm("addi", rd=0, rs1=0, imm=0)


def set_x10(value: int) -> int:
    """Give the instruction that sets x10."""
    return asm("addi", rd=10, rs1=0, imm=value)


ALL_FORMS = [("sw", 4, 0), ("sd", 8, 0), ("sh", 2, 2), ("sb", 1, 3)]


@pytest.mark.parametrize("fence", [[], [asm("fence.i")]], ids=["at once", "fence.i"])
def test_a_store_to_code_that_has_run_is_executed(engine, fence):
    target = CODE + 0x40
    code = [asm("jalr", rd=1, rs1=5, imm=0), asm("sw", rs1=5, rs2=6, imm=0), *fence]
    hart = bench(Priv.M, *code, asm("jalr", rd=1, rs1=5, imm=0))
    put_word(hart, target, asm("jalr", rd=0, rs1=1, imm=0) << 32 | set_x10(1))
    hart.x[5], hart.x[6] = target, set_x10(2)
    run(engine, hart, 3)
    assert hart.x[10] == 1
    run(engine, hart, 2 + len(fence) + 1)
    assert hart.x[10] == 2


@pytest.mark.parametrize(("name", "size", "at"), ALL_FORMS)
def test_a_store_of_any_size_changes_the_instruction_it_touches(engine, name, size, at):
    old, new = set_x10(1), set_x10(0x7AB)
    hart = bench(Priv.M, asm(name, rs1=5, rs2=6, imm=at), old, asm("jal", rd=0, offset=-8))
    hart.x[5] = CODE + 4
    run(engine, hart, 2)
    hart.x[6] = 0
    put_word(hart, CODE + 4, old, 4)
    mixed = bytearray(old.to_bytes(4, "little"))
    raw = new.to_bytes(4, "little")
    mixed[at : at + size] = raw[at : at + size]
    follow = asm("jal", rd=0, offset=-8)
    hart.x[6] = int.from_bytes((raw + follow.to_bytes(4, "little"))[at : at + size], "little")
    hart.pc = CODE
    run(engine, hart, 2)
    assert hart.x[10] == int.from_bytes(mixed, "little") >> 20


def test_a_loop_that_rewrites_itself_runs_each_version_once(engine):
    code = [
        asm("addi", rd=10, rs1=10, imm=1),  # its immediate grows by one each time
        asm("lw", rd=6, rs1=5, imm=0),
        asm("add", rd=6, rs1=6, rs2=7),
        asm("sw", rs1=5, rs2=6, imm=0),
        asm("jal", rd=0, offset=-16),
    ]
    hart = bench(Priv.M, *code)
    hart.x[5], hart.x[7] = CODE, 1 << 20
    run(engine, hart, 5 * 20)
    assert hart.x[10] == sum(range(1, 21))


def test_a_store_may_change_the_next_instruction(engine):
    hart = bench(Priv.M, asm("sw", rs1=5, rs2=6, imm=0), set_x10(1))
    hart.x[5], hart.x[6] = CODE + 4, set_x10(2)
    run(engine, hart, 2)
    assert hart.x[10] == 2


def test_data_in_a_page_of_code_may_be_written_while_it_runs(engine):
    code = [
        asm("addi", rd=10, rs1=10, imm=1),
        asm("sd", rs1=5, rs2=10, imm=0),
        asm("ld", rd=11, rs1=5, imm=0),
        asm("bne", rs1=10, rs2=7, offset=-12),
    ]
    hart = bench(Priv.M, *code)
    hart.x[5], hart.x[7] = CODE + 0x800, 300
    run(engine, hart, 4 * 300)
    assert (hart.x[10], hart.x[11], hart.pc) == (300, 300, CODE + 16)


def test_a_store_over_a_pages_end_changes_code_in_both_pages(engine):
    end = CODE + 0x1000
    hart = bench(Priv.M)
    add = asm("addi", rd=10, rs1=10, imm=1)
    put_word(hart, end - 4, add | add << 32)
    hart.pc = end - 4
    run(engine, hart, 2)
    assert hart.x[10] == 2
    put_word(hart, CODE, asm("sd", rs1=5, rs2=6, imm=0), 4)
    ten = asm("addi", rd=10, rs1=10, imm=10)
    hart.x[5], hart.x[6] = end - 4, ten | ten << 32
    hart.pc = CODE
    run(engine, hart, 1)
    hart.pc = end - 4
    run(engine, hart, 2)
    assert hart.x[10] == 22


def test_code_written_through_another_address_is_seen(engine):
    hart = bench(Priv.S)
    here = 0x4000_0000
    map_page(hart, here, entry(DATA, FULL))
    put_word(hart, DATA, set_x10(1) | asm("sw", rs1=5, rs2=6, imm=0) << 32)
    put_word(hart, DATA + 8, asm("jal", rd=0, offset=-8), 4)
    map_page(hart, 0x4000_1000, entry(DATA, FULL))
    turn_on_sv39(hart)
    hart.x[5], hart.x[6] = 0x4000_1000, set_x10(2)
    hart.pc = here
    run(engine, hart, 4)
    assert hart.x[10] == 2


def test_a_page_of_data_becomes_code(engine):
    hart = bench(Priv.M, asm("sw", rs1=5, rs2=6, imm=0), asm("jalr", rd=1, rs1=5, imm=0))
    hart.x[5], hart.x[6] = DATA, set_x10(1)
    put_word(hart, DATA + 4, asm("jalr", rd=0, rs1=1, imm=0), 4)
    run(engine, hart, 4)
    assert hart.x[10] == 1
    hart.x[6] = set_x10(2)
    hart.pc = CODE
    run(engine, hart, 3)
    assert hart.x[10] == 2


def test_memory_written_from_outside_is_executed(engine):
    hart = bench(Priv.M, set_x10(1), asm("jal", rd=0, offset=-4))
    run(engine, hart, 4)
    put_word(hart, CODE, set_x10(2), 4)
    run(engine, hart, 1)
    assert hart.x[10] == 2
    hart.memory.write(CODE - 2, set_x10(3).to_bytes(4, "little"))  # two bytes of each
    put_word(hart, CODE, set_x10(4), 4)
    run(engine, hart, 2)
    assert hart.x[10] == 4


def test_code_that_another_hart_writes_is_seen_by_this_one(engine):
    hart = bench(Priv.M, set_x10(1), asm("jal", rd=0, offset=-4))
    other = Hart(hart.memory, 1)
    put_word(hart, DATA, asm("sw", rs1=5, rs2=6, imm=0) | asm("jal", rd=0, offset=-4) << 32)
    other.pc = DATA
    for value in (2, 3, 4):
        run(engine, hart, 5)
        other.x[5], other.x[6] = CODE, set_x10(value)
        run(engine, other, 4)
        run(engine, hart, 4)
        assert hart.x[10] == value


def test_a_hart_that_stored_to_a_page_sees_that_another_has_made_it_code(engine):
    writer = bench(Priv.M, asm("sw", rs1=5, rs2=6, imm=0), asm("jal", rd=0, offset=-4))
    writer.x[5], writer.x[6] = DATA, set_x10(1)
    run(engine, writer, 4)
    put_word(writer, DATA + 4, asm("jal", rd=0, offset=-4), 4)
    runner = Hart(writer.memory, 1)
    runner.pc = DATA
    for value in (1, 2, 3, 4):
        writer.x[6] = set_x10(value)
        run(engine, writer, 6)
        run(engine, runner, 6)
        assert runner.x[10] == value


def test_a_page_table_update_may_hit_a_page_of_code(engine):
    hart = bench(Priv.S, NOP)
    at = map_page(hart, 0x4000_0000, entry(DATA, FULL & ~PTE_A & ~PTE_D))
    map_page(hart, CODE, entry(CODE, FULL))
    turn_on_sv39(hart)
    put_word(hart, DATA, NOP, 4)
    hart.pc = 0x4000_0000
    run(engine, hart, 1)
    assert hart.memory.read(at, 1)[0] & PTE_A
    assert hart.slots[Slot.TRAPS] == 0
