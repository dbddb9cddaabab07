"""Failing programs shrink to what is needed, and are saved so that they reproduce."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from difftest import campaign, frame
from difftest.generate import plain_program, system_program
from difftest.lockstep import compare
from difftest.program import RAM_BASE, RAM_SIZE, Program, to_assembly
from difftest.reconcile import RECONCILED, as_markdown
from difftest.shrink import NOP, shrink
from difftest.sides import SIDES, make_side
from difftest.sides.ours import OurSide
from difftest.snippets import asm
from isa.errors import TraplineError
from isa.insn import InstructionTable
from isa.spec import TABLE
from isa.words import Word
from tests.tools import require_tool


def wrong_mulhsu(rs1: Word, rs2: Word) -> int:
    """Get the sign wrong."""
    return rs1 * rs2


@pytest.fixture
def broken_side():
    """Give a reference engine in which one instruction is wrong."""
    from isa.engine.reference import ReferenceEngine

    side = OurSide("reference")
    insns = [
        dataclasses.replace(insn, meaning=wrong_mulhsu) if insn.name == "mulhsu" else insn
        for insn in TABLE
    ]
    side.engine = ReferenceEngine(InstructionTable(insns))
    return side


def with_mulhsu(program: Program) -> Program:
    """Put the instruction that is broken into the middle of a program."""
    word = asm("mulhsu", rd=10, rs1=11, rs2=12)
    code = (*program.code[:8], word, *program.code[9:])
    x = (*program.x[:11], 1 << 63, 3 << 62, *program.x[13:])
    return dataclasses.replace(program, code=code, x=x)


def test_a_wrong_instruction_is_found_named_and_shrunk_to_itself(broken_side, tmp_path):
    program = Program((NOP,) * 40, frame.CODE, x=(0,) * 32)
    result = campaign.run(
        [with_mulhsu(program)], broken_side, OurSide("interpreter"), steps=40, folder=tmp_path
    )
    (failure,) = result.failures
    assert "mulhsu\ta0,a1,a2" in failure
    assert "a0: " in failure
    (saved,) = tmp_path.iterdir()
    text = saved.read_text()
    assert text.count("mulhsu a0,a1,a2") == 1
    assert "li x11, 0x8000000000000000" in text


def test_a_window_with_a_difference_is_traced_to_its_instruction(broken_side):
    program = with_mulhsu(Program((NOP,) * 40, frame.CODE, x=(0,) * 32))
    report = compare(program, broken_side, OurSide("interpreter"), 30, stride=30)
    assert report.mismatch is not None
    assert report.mismatch.step == 9
    assert report.mismatch.before.pc == frame.CODE + 32


def test_a_shrunk_program_keeps_nothing_that_it_does_not_need():
    program = plain_program("shrink it")
    needed = (program.code[17], program.code[60])

    def fails(tried):
        return all(word in tried.code for word in needed) and tried.x[9] != 0

    small = shrink(program, fails)
    assert [word for word in small.code if word != NOP] == list(needed)
    assert [i for i, value in enumerate(small.x) if value] == [9]
    assert not small.data
    assert len(small.code) == 61


def test_the_saved_file_assembles_to_the_programs_memory(tmp_path):
    assembler = require_tool("riscv64-unknown-elf-as")
    objcopy = require_tool("riscv64-unknown-elf-objcopy")
    program = system_program("saved")
    source, objects, image = (tmp_path / name for name in ("p.S", "p.o", "p.bin"))
    source.write_text(to_assembly(program, "two lines\nof reason"))
    subprocess.run([assembler, "-march=rv64i_zicsr", source, "-o", objects], check=True)
    subprocess.run([objcopy, "-O", "binary", "-j", ".text", objects, image], check=True)
    expected = bytearray(RAM_SIZE)
    for at, raw in program.segments().items():
        expected[at - RAM_BASE : at - RAM_BASE + len(raw)] = raw
    got = image.read_bytes()
    end = max(at + len(raw) for at, raw in program.segments().items()) - RAM_BASE
    assert got[:end] == bytes(expected[:end])
    assert len(got) > end, "there is no code that makes the starting state"


def test_programs_depend_on_their_seed_alone():
    assert system_program("same") == system_program("same")
    assert system_program("same") != system_program("other")


def test_an_unknown_side_is_refused_with_the_known_ones():
    with pytest.raises(TraplineError, match="there are reference, interpreter, spike"):
        make_side("bochs")


@pytest.mark.parametrize("name", ["spike", "qemu", "unicorn", "reference"])
def test_the_page_has_the_tables_of_today(name):
    page = Path(__file__).parents[2] / "docs" / "difftest.md"
    assert as_markdown(name) in page.read_text()


def test_every_side_says_what_is_compared_and_what_is_not():
    assert SIDES.keys() == RECONCILED.keys()
    for name in SIDES:
        assert as_markdown(name).startswith("| compared | how |")
