"""Instructions from outside: usable everywhere at once, refused with a place when wrong."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from isa.errors import SpecError
from isa.plugins import check_meaning
from isa.spec import TABLE

ROOT = Path(__file__).resolve().parents[2]
GOOD = '''
from isa.insn import insn, load


@insn("mulinc rd, rs1, rs2", "0000001 rs2 rs1 000 rd 0001011", ext="Xmine")
def mulinc(rs1, rs2):
    """Multiply and add one."""
    return rs1 * rs2 + 1


@load("lbinc rd, imm(rs1)", "imm[11:0] rs1 010 rd 0001011", ext="Xmine", size=1)
def lbinc(value):
    """Load a byte and add one."""
    return value + 1
'''
SOURCE = """
    .globl _start
_start:
    li a1, 9
    li a2, 4
    mulinc a0, a1, a2
    la a3, byte
    lbinc a4, 1(a3)
    add a0, a0, a4
    li t0, 0x100000
    slli a0, a0, 16
    li t1, 0x3333
    or a0, a0, t1
    sw a0, 0(t0)
byte: .byte 0, 99
"""


def trapline(folder, *arguments, **environment):
    """Run the command; give its status and all it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "trapline", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_plugin_is_in_assembler_disassembler_and_engines(tmp_path, engine):
    (tmp_path / "mine.py").write_text(GOOD)
    (tmp_path / "a.s").write_text(SOURCE)
    plugin = {"TRAPLINE_ISA_PLUGIN": str(tmp_path / "mine.py"), "TRAPLINE_ENGINE": engine.name}
    assert trapline(tmp_path, "as", "-o", "a.o", "a.s", **plugin)[0] == 0
    assert trapline(tmp_path, "ld", "-Ttext=0x80200000", "-o", "a.elf", "a.o", **plugin)[0] == 0
    _, text = trapline(tmp_path, "objdump", "-d", "a.elf", "--isa-plugin=mine.py")
    assert "\tmulinc\ta0,a1,a2" in text
    assert "\tlbinc\ta4,1(a3)" in text
    assert trapline(tmp_path, "run", "a.elf", **plugin)[0] == 9 * 4 + 1 + 100
    status, text = trapline(tmp_path, "run", "a.elf", "--max-instructions", "5000")
    assert status != 137, "without the plugin it is an illegal instruction"


WRONG = {
    "overlaps": (GOOD.replace("0000001 rs2", "0000001 rs2").replace("0001011", "0110011"), "mul"),
    "word": (GOOD.replace("rs1 * rs2 + 1", "frobnicate(rs1)"), "mine.py:8: mulinc: frobnicate"),
    "builtin": (GOOD.replace("rs1 * rs2 + 1", "abs(rs1)"), "mine.py:8: mulinc: abs"),
    "operand": (GOOD.replace("mulinc(rs1, rs2)", "mulinc(rs1, rs3)"), "mulinc: takes rs3"),
    "bits": (GOOD.replace("0000001 rs2", "000001 rs2"), "31 bits"),
    "syntax": (GOOD.replace("return value", "return return value"), "mine.py:14"),
    "raises": ("import isa\n\n1 / 0\n", "mine.py:3: ZeroDivisionError"),
    "nothing": ("x = 1\n", "describes no instruction"),
    "order": (
        GOOD + '\n\nfrom isa.insn import system\nfrom isa.trap import pend\n\n\n'
        '@system("early rd", "000000000000 00000 011 rd 0001011", ext="Xmine")\n'
        'def early(hart):\n    """Write, then trap."""\n    hart[5] = 1\n    pend(hart, 2, 0)\n'
        "    return 0\n",
        "early: writes the hart before pend",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_plugin_is_refused_with_its_place(tmp_path, what):
    text, expected = WRONG[what]
    (tmp_path / "mine.py").write_text(text)
    status, printed = trapline(tmp_path, "isa", "addw", "--isa-plugin", "mine.py")
    assert status == 2, printed
    assert "Traceback" not in printed
    assert len(printed.strip().splitlines()) == (3 if what == "syntax" else 1), printed
    assert expected in printed
    assert "mine.py" in printed


def test_an_installed_package_is_found_by_its_entry_point(tmp_path):
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trapline.isa]\nmine = mine_instructions\n")
    (tmp_path / "mine_instructions.py").write_text(GOOD)
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    status, printed = trapline(tmp_path, "isa", "mulinc", PYTHONPATH=path)
    assert status == 0, printed
    assert "Multiply and add one." in printed


def test_a_plugin_that_is_not_there_is_refused(tmp_path):
    status, printed = trapline(tmp_path, "isa", "addw", "--isa-plugin", "none.py")
    assert status == 2
    assert "none.py: cannot be read" in printed


def test_an_option_without_a_file_is_refused(tmp_path):
    assert trapline(tmp_path, "isa", "addw", "--isa-plugin")[0] == 2


def test_our_own_meanings_pass_the_same_checks():
    for insn in TABLE:
        check_meaning(insn)


def test_a_check_names_the_line_in_the_file():
    def odd(rs9):
        """Do nothing."""
        return rs9

    changed = dataclasses.replace(TABLE.by_name["add"], meaning=odd)
    with pytest.raises(SpecError, match=r"test_plugins.py:\d+: add: takes rs9"):
        check_meaning(changed)
