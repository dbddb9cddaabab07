"""gdb finds its way through what we link: lines, types, scopes, and steps through the source."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.assembler.linking.compare import SCRIPTS, SOURCES, compiled
from tests.tools import require_tool
from trapline.cli import main

SOFT = ("-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-ffreestanding", "-ffunction-sections")
BOARD = "-M virt -bios none -nographic -S -gdb stdio -monitor none -serial none"


@pytest.fixture(params=["-O0", "-O1"])
def program(request, objects: Path, tmp_path: Path) -> Path:
    """Link compiled C, relaxed and with dropped functions, to code that our assembler made."""
    start, output = tmp_path / "start.o", tmp_path / "steps.elf"
    source = str(SOURCES / "steps.s")
    assert main(["as", "-g", "-march=rv64imac", "-o", str(start), source]) == 0
    steps = compiled(objects, "steps.c", *SOFT, request.param)
    arguments = ["-T", str(SCRIPTS / "steps.ld"), "--gc-sections", "--no-warn-rwx-segments"]
    assert main(["ld", *arguments, "-o", str(output), str(start), steps]) == 0
    return output


def gdb(program: Path, *commands: str) -> str:
    """Let gdb carry out commands; give what it says."""
    command = [require_tool("gdb-multiarch"), "-nx", "-batch", "-ex", "set style enabled off"]
    for one in commands:
        command += ["-ex", one]
    done = subprocess.run(
        [*command, str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def test_gdb_finds_lines_types_and_scopes(program: Path):
    said = gdb(program, "info line add", "break steps.c:13", "info scope add", "ptype struct node")
    assert re.search(r'Line \d of ".*steps.c" starts at address 0x8000\w+ <add>', said)
    assert re.search(r"Breakpoint 1 at 0x8000\w+: file .*steps.c, line 13", said)
    assert "Symbol left" in said
    assert "    struct node *next;" in said


def test_gdb_finds_the_lines_of_assembly_that_we_assembled(program: Path):
    said = gdb(program, "info line done", "list _start,done")
    assert re.search(r'Line 5 of ".*steps.s" starts at address 0x8000\w+ <done>', said)
    assert "call main" in said


def test_gdb_steps_through_the_source_on_a_board(program: Path):
    board = f"{require_tool('qemu-system-riscv64')} {BOARD} -kernel {program}"
    said = gdb(
        program,
        *("set architecture riscv:rv64", f"target remote | {board}", "break main", "continue"),
        *("break add", "continue", "backtrace", "print left", "print right", "print pool[1].key"),
        *("delete", "finish", "break done", "continue", "print last", "print $a0", "stepi"),
        *("x/i $pc", "kill"),
    )
    assert re.search(r"Breakpoint 1, (0x\w+ in )?main \(\) at .*steps.c:\d+", said)
    assert re.search(r"\n.1 .*walk \(list=.*\) at .*steps.c:13", said)
    assert re.search(r"\n.2 .*main \(\) at .*steps.c:23", said)
    for value in ("$1 = 0", "$2 = 1", "$3 = 2", "= GREEN", "= 6"):
        assert value in said, said
    assert re.search(r"=> 0x8000\w+ <done>:\s+j\s+0x8000\w+ <done>", said)
