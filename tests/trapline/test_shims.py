"""`trapline shims` writes programs that stand in for a toolchain's."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.tools import require_tool
from trapline.cli import main
from trapline.commands.shims import TOOLS

C = """\
static volatile unsigned char *const uart = (void *)0x10000000;
static void put(const char *text) { while (*text) *uart = *text++; }
double scale(double a, long b) { return a * b / 3.0; }
int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(void)
{
    char digits[8];
    int value = fib(15) + (int)scale(3.0, 7), at = 7;
    digits[at] = 0;
    for (; value; value /= 10) digits[--at] = '0' + value % 10;
    put("fib: ");
    put(&digits[at]);
    put("\\n");
    *(volatile unsigned *)0x100000 = 0x5555;
    for (;;) ;
}
"""
START = """\
#define SIZE 4096
        .globl _start
_start: la sp, stack_top
        call main
1:      j 1b
        .bss
        .align 4
        .zero SIZE
stack_top:
"""
START_UP_S = 0.3  # CPU seconds; doubled, as the machine may be busy


@pytest.fixture
def shims(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Write the programs into a folder."""
    assert main(["shims", str(tmp_path / "tools")]) == 0
    assert capsys.readouterr().out.startswith("30 programs in ")
    return tmp_path / "tools"


def test_every_tool_is_there_under_every_name(shims: Path):
    for prefix in ("", "riscv64-unknown-elf-", "riscv64-linux-gnu-"):
        for tool in TOOLS:
            assert os.access(shims / f"{prefix}{tool}", os.X_OK)
    done = subprocess.run([shims / "as", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("GNU assembler")


def test_prefixes_can_be_chosen(tmp_path: Path):
    assert main(["shims", "--prefix", "rv-", str(tmp_path / "x")]) == 0
    names = {path.name for path in (tmp_path / "x").iterdir()}
    assert names == {*TOOLS, *(f"rv-{tool}" for tool in TOOLS)}


def test_folders_of_sources_are_not_taken_for_ours(shims: Path, tmp_path: Path):
    for name in ("assembler", "trapline", "isa"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit(99)\n")
    (tmp_path / "x.s").write_text(" ret\n")
    subprocess.run([shims / "as", "-o", "x.o", "x.s"], cwd=tmp_path, check=True)


def test_gcc_builds_a_program_that_runs(shims: Path, tmp_path: Path, capsys):
    gcc = require_tool("riscv64-unknown-elf-gcc")
    (tmp_path / "main.c").write_text(C)
    (tmp_path / "start.S").write_text(START)
    target = ["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany", "-nostdlib", "-O2", "-g"]
    place = ["-Wl,-Ttext-segment=0x80000000", "-o", "main.elf"]
    command = [gcc, "-B", f"{shims}/", *target, *place, "start.S", "main.c", "-lgcc"]
    subprocess.run(command, cwd=tmp_path, check=True)
    comment = b"GNU ld"  # what GNU's linker would have left behind
    assert comment not in (tmp_path / "main.elf").read_bytes()
    assert main(["run", str(tmp_path / "main.elf")]) == 0
    assert "fib: 617" in capsys.readouterr().out


def test_a_makefile_uses_them(shims: Path, tmp_path: Path):
    make = require_tool("make")
    (tmp_path / "x.s").write_text(" .globl _start\n_start: ret\n")
    (tmp_path / "Makefile").write_text(
        "x.bin: x.s\n"
        "\t$(CROSS)as -march=rv64i -mabi=lp64 -o x.o x.s\n"
        "\t$(CROSS)ld -Ttext=0x1000 -o x.elf x.o\n"
        "\t$(CROSS)objcopy -O binary x.elf x.bin\n"
    )
    cross = f"CROSS={shims}/riscv64-unknown-elf-"
    subprocess.run([make, cross], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "x.bin").read_bytes() == bytes.fromhex("67800000")


def test_the_assembler_starts_at_once(shims: Path, tmp_path: Path):
    (tmp_path / "x.s").write_text(" ret\n")

    def spent() -> float:
        before = os.times()
        subprocess.run([shims / "as", "-o", "x.o", "x.s"], cwd=tmp_path, check=True)
        after = os.times()
        return (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )

    began = time.perf_counter()
    assert min(spent() for _ in range(5)) < 2 * START_UP_S
    assert time.perf_counter() - began < 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["x.s"], "not a folder"), (["--prefix", "a/b", "d"], "cannot hold a slash")],
)
def test_mistakes_end_with_status_2(arguments, message, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("x.s").write_text("")
    assert main(["shims", *arguments]) == 2
    assert message in capsys.readouterr().err
