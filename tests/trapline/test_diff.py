"""`trapline diff`: a program on several executors in lock step."""

import pytest

from tests.tools import require_module
from trapline.cli import main

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
    arguments = ["--against", "reference,spike,unicorn", "--max-instructions", "300"]
    assert main(["diff", program, *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["reference", "spike", "unicorn"]
    assert all(line.endswith("agree on 300 instructions") for line in lines)


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
