"""Line tables and frames are those of GNU as, and mean the right thing to those who read them."""

import io
import subprocess
from pathlib import Path

import pytest
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from assembler import link, read_object
from tests.assembler.same import assert_same
from tests.tools import require_tool

MARCH = "rv64imac_zicsr_zifencei"
C_SOURCE = """
static int table[30];
struct pair { long a, b; };
static int weigh(struct pair *p, int n) { int sum = 0; for (int i = 0; i < n; i++)
  { sum += p[i].a > p[i].b ? table[i % 30] : -1; } return sum; }
int call(int (*f)(int), int x) { if (x > 3) return f(x) * 2; return call(f, x + 1); }
long run(struct pair *p, int n) { char room[5000]; for (int i = 0; i < n; i++)
  room[i] = weigh(p, i); return room[n / 2] + call(0, n); }
"""
WRITTEN = """
        .macro  save reg, at
        sd      \\reg, \\at(sp)
        .endm
        .globl  start
        .type   start, @function
start:
        addi    sp, sp, -32
        save    ra, 0
        save    s0, 8
        .rept   2
        addi    a0, a0, 1
        .endr
        call    helper
        ld      ra, 0(sp)
        ret
        .size   start, . - start
        .type   helper, @function
helper:
        beqz    a0, 1f
        j       helper
1:      ret
        .size   helper, . - helper
        .section .text.cold, "ax", @progbits
        .globl  cold
        .type   cold, @function
cold:   ebreak
        .size   cold, 4
"""


def compiled(*options: str) -> str:
    """Give what GCC makes of the C source."""
    compiler = require_tool("riscv64-unknown-elf-gcc")
    command = [compiler, "-march=rv64imac", "-mabi=lp64", "-ffreestanding", *options]
    done = subprocess.run(
        [*command, "-x", "c", "-", "-S", "-o", "-"],
        input=C_SOURCE,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("relax", [False, True], ids=["norelax", "relax"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_a_compilers_debugging_information_is_the_same(
    version: int, level: str, relax: bool, tmp_path: Path
):
    text = compiled("-g", f"-gdwarf-{version}", level)
    assert_same(text, tmp_path, march=MARCH, relax=relax)


@pytest.mark.parametrize("relax", [False, True], ids=["norelax", "relax"])
def test_a_compilers_unwinding_tables_are_the_same(relax: bool, tmp_path: Path):
    text = compiled("-O2", "-fasynchronous-unwind-tables", "-fexceptions")
    assert_same(text, tmp_path, march=MARCH, relax=relax)


@pytest.mark.parametrize("debug", [0, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "text", [WRITTEN, WRITTEN.split("        .section", maxsplit=1)[0]], ids=["two", "one"]
)
def test_hand_written_source_is_described_as_by_gnu_as(text: str, debug: int, tmp_path: Path):
    assert_same(text, tmp_path, march=MARCH, debug=debug)


def lines_of(data: bytes) -> list[tuple[int, int]]:
    """Read the line table with pyelftools: addresses and lines."""
    dwarf = ELFFile(io.BytesIO(data)).get_dwarf_info()
    (unit,) = dwarf.iter_CUs()
    program = dwarf.line_program_for_CU(unit)
    assert program is not None, "the unit has a line table"
    states = [entry.state for entry in program.get_entries()]
    return [(s.address, s.line) for s in states if s is not None and not s.end_sequence]


@pytest.mark.parametrize("debug", [0, 4, 5])
def test_lines_are_those_of_the_source(debug: int, tmp_path: Path):
    text = " .globl first\nfirst: li a0, 1\n\n li a1, 2\n call first\n ret\n"
    made = assert_same(text, tmp_path, march="rv64im", debug=debug)
    image = link([read_object(made)], text_base=0x80000000, entry="first").to_bytes()
    found = [(address - 0x80000000, line) for address, line in lines_of(image)]
    assert found == [(0, 2), (4, 4), (8, 5), (16, 6)]


def test_frames_unwind_to_the_caller(tmp_path: Path):
    text = """
f:      .cfi_startproc
        addi    sp, sp, -16
        .cfi_def_cfa_offset 16
        sd      ra, 8(sp)
        .cfi_offset ra, -8
        addi    sp, sp, 16
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
"""
    made = assert_same(text, tmp_path, march="rv64im")
    image = link([read_object(made)], text_base=0x80000000, entry=0x80000000).to_bytes()
    dwarf = ELFFile(io.BytesIO(image)).get_dwarf_info()
    (entry,) = [found for found in dwarf.EH_CFI_entries() if isinstance(found, FDE)]
    rows = [(row["pc"], row["cfa"].offset) for row in entry.get_decoded().table]
    assert [offset for _, offset in rows[-3:]] == [16, 16, 0]
    assert [at - rows[0][0] for at, _ in rows[-3:]] == [4, 8, 12]


def test_a_debugger_finds_lines_and_functions(tmp_path: Path):
    gdb = require_tool("gdb-multiarch")
    made = assert_same(WRITTEN, tmp_path, march="rv64im", debug=5)
    image = link([read_object(made)], text_base=0x80000000, entry="start").to_bytes()
    path = tmp_path / "image.elf"
    path.write_bytes(image)
    commands = ["info line start", "info line helper", "info symbol 0x80000000", "list helper,+1"]
    arguments = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        [gdb, "-nx", "-batch", *arguments, str(path)], capture_output=True, text=True, check=False
    )
    assert 'Line 8 of "' in done.stdout
    assert "start in section .text" in done.stdout
    assert "beqz    a0, 1f" in done.stdout
