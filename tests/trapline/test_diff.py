"""`trapline diff`: a program on several executors in lock step."""

import dataclasses
import json

import pytest

from difftest.generate import plain_program
from difftest.program import to_assembly
from difftest.sides.ours import OurSide
from tests.tools import require_module, require_tool
from trapline.cli import main
from trapline.commands.diff import read_program

SOURCE = """
    .globl _start
_start:
    li a0, 0
    li a1, 100
    la a2, area
1:  add a0, a0, a1
    sd a0, 0(a2)
    addi a1, a1, -1
    bnez a1, 1b
    li t0, 0x100000
    sw a0, 0(t0)
    .balign 8
area: .dword 0
"""
LOOP = 4 * 100


@pytest.fixture
def program(tmp_path):
    """Assemble and link a small loop; gives the ELF file's name."""
    source, objects, linked = (str(tmp_path / name) for name in ("p.s", "p.o", "p.elf"))
    (tmp_path / "p.s").write_text(SOURCE)
    assert main(["as", "-o", objects, source]) == 0
    assert main(["ld", "-Ttext=0x80000000", "-o", linked, objects]) == 0
    return linked


def test_the_engines_agree_until_the_program_leaves_the_shared_machine(program, capsys):
    assert main(["diff", program]) == 0
    out = capsys.readouterr().out
    assert out.startswith("interpreter and reference agree on 40")
    assert "left the part of the machine that all sides share" in out


def test_several_sides_are_compared_one_after_the_other(program, capsys):
    require_module("riscv")
    require_module("unicorn")
    require_tool("qemu-system-riscv64")
    arguments = ["--against", "reference,spike,qemu,unicorn", "--max-instructions", "300"]
    assert main(["diff", program, *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["reference", "spike", "qemu", "unicorn"]
    assert all(line.endswith("agree on 300 instructions") for line in lines)


def test_random_programs_are_compared_and_what_they_cover_is_told(tmp_path, capsys):
    told = tmp_path / "cover.json"
    arguments = ["--count", "2", "--max-instructions", "100", "--coverage", "--json", str(told)]
    assert main(["diff", "--random", "system", *arguments]) == 0
    out = capsys.readouterr().out
    assert out.startswith("interpreter and reference: 2 programs, ")
    assert "instructions x privilege: " in out
    assert json.loads(told.read_text())["steps"] <= 200


def test_a_program_that_was_saved_assembles_to_one_that_runs_the_same(tmp_path, capsys):
    program = plain_program("saved and run")
    source, objects, linked = (str(tmp_path / name) for name in ("p.S", "p.o", "p.elf"))
    (tmp_path / "p.S").write_text(to_assembly(program))
    assert main(["as", "-march=rv64i_zicsr", "-o", objects, source]) == 0
    assert main(["ld", "-Ttext=0x80000000", "-o", linked, objects]) == 0
    read, ram_size = read_program(linked)
    side, fresh = OurSide("interpreter", ram_size=ram_size), OurSide("interpreter")
    side.load(dataclasses.replace(read, isa=program.isa))
    fresh.load(program)
    for _ in range(1000):
        if side.hart.pc == program.start:
            break
        side.step()
    assert side.hart.pc == program.start
    assert side.step(500) == fresh.step(500)
    assert list(side.hart.x) == list(fresh.hart.x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "expected an ELF file or --random"), (["--random", "odd"], "there are base, plain")],
)
def test_a_comparison_of_nothing_known_is_refused(arguments, message, capsys):
    assert main(["diff", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_side_is_one_line_and_status_2(program, capsys):
    assert main(["diff", program, "--against", "bochs"]) == 2
    assert "nothing to compare with is called 'bochs'" in capsys.readouterr().err


def test_a_program_that_lies_elsewhere_is_refused(program, tmp_path, capsys):
    linked = str(tmp_path / "low.elf")
    assert main(["ld", "-Ttext=0x10000", "-o", linked, str(tmp_path / "p.o")]) == 0
    assert main(["diff", linked]) == 2
    assert "expected a place from 0x80000000" in capsys.readouterr().err


def test_a_file_that_is_missing_is_refused(capsys):
    assert main(["diff", "nowhere.elf"]) == 2
    assert "nowhere.elf" in capsys.readouterr().err
