"""`trapline as` takes what GNU as takes: options, several sources, the preprocessor, listings."""

import io
import subprocess
from pathlib import Path

import pytest

from tests.tools import require_tool
from trapline.cli import main

SOURCE = """\
f: addi a0,a0,1
 .macro m x
 nop
 li a1,\\x
 .endm
 m 5
 m 0x12345678
 .data
 .word 1,2,3,4,5,6,7
x: .asciz "hello world this is long"
 .L1: .zero 100
 .text
 call ext
 lw a0, x
 .rept 2
 nop
 .endr
 .if 0
 nop
 .endif
 .globl f
"""
PREPROCESSED = """\
#include "sizes.h"
#define LOAD(rd, rs) ld rd, 0(rs); \\
    addi rd, rd, WORD
        .text
#ifdef __riscv_compressed
        .option norvc
#endif
start:  LOAD(a0, a1)    # not FOO
        li a1, COUNT
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with sources."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.s").write_text(SOURCE)
    (tmp_path / "k.S").write_text(PREPROCESSED)
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc/sizes.h").write_text("#pragma once\n#define WORD 8\n")
    return tmp_path


def gnu(*arguments: str) -> str:
    """Run GNU as."""
    command = [require_tool("riscv64-unknown-elf-as"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def text_of(path: str) -> bytes:
    """Give the code of an object."""
    objcopy = require_tool("riscv64-unknown-elf-objcopy")
    subprocess.run([objcopy, "-O", "binary", "-j", ".text", path, "text.bin"], check=True)
    return Path("text.bin").read_bytes()


@pytest.mark.parametrize("letters", ["-al", "-aln", "-alhn"])
def test_a_listing_is_that_of_gnu(letters: str, capsys: pytest.CaptureFixture[str]):
    source = SOURCE.replace(" .rept 2\n nop\n .endr\n", "")
    Path("x.s").write_text(source)
    options = ["-march=rv64ic", letters, "-o", "x.o", "x.s"]
    assert main(["as", *options]) == 0
    assert capsys.readouterr().out == gnu(*options)


def test_a_listing_of_symbols_names_those_that_gnu_names(capsys: pytest.CaptureFixture[str]):
    options = ["-march=rv64ic", "-as", "-o", "x.o", "x.s"]
    assert main(["as", *options]) == 0
    assert sorted(capsys.readouterr().out.split("\n")) == sorted(gnu(*options).split("\n"))


def test_a_listing_goes_into_a_file_when_one_is_named(capsys: pytest.CaptureFixture[str]):
    assert main(["as", "-aln=x.lst", "-o", "x.o", "x.s"]) == 0
    assert capsys.readouterr().out == ""
    assert Path("x.lst").read_text().startswith("   1 0000 ")


OPTIONS = (
    "-march=rv64imac -mabi=lp64 -mno-relax -fpic -mcsr-check -I . --defsym A=1 -g --gdwarf-5",
    "-mrelax -fno-pic -mno-csr-check -D -K -L --keep-locals -R -f -W --noexecstack -Z -J",
    "-mlittle-endian --traditional-format --strip-local-absolute --size-check=error --warn",
    "--compress-debug-sections=none --nocompress-debug-sections --statistics -misa-spec=20191213",
    "-mpriv-spec=1.12 -march-attr --gstabs --hash-size=7 --reduce-memory-overheads -w",
)


@pytest.mark.parametrize("options", OPTIONS)
def test_the_options_of_gnu_as_are_taken(options: str):
    assert main(["as", *options.split(), "-o", "x.o", "x.s"]) == 0
    assert Path("x.o").read_bytes()[:4] == b"\x7fELF"


def test_options_come_from_a_file(folder: Path):
    Path("args").write_text("-march=rv64ic -o 'y.o'")
    assert main(["as", "@args", "x.s"]) == 0
    assert Path("y.o").exists()


def test_several_sources_are_assembled_as_one(capsys: pytest.CaptureFixture[str]):
    Path("a.s").write_text(" .macro two\n nop\n nop\n .endm\n")
    Path("b.s").write_text(" two\n\n oops\n")
    assert main(["as", "a.s", "b.s", "-o", "x.o"]) == 2
    assert capsys.readouterr().err.startswith(
        "trapline: error: b.s:3:2: unknown instruction 'oops'"
    )
    Path("b.s").write_text(" two\n")
    assert main(["as", "-march=rv64i", "a.s", "b.s", "-o", "x.o"]) == 0
    assert text_of("x.o") == bytes.fromhex("13000000" * 2)


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" ret\n")))
    assert main(["as", "-march=rv64i", "-o", "x.o", "-"]) == 0
    assert text_of("x.o") == bytes.fromhex("67800000")


@pytest.mark.parametrize("how", [["k.S"], ["-x", "assembler-with-cpp", "k.s"]])
def test_a_source_is_preprocessed_by_its_name_or_on_request(how: list[str]):
    Path("k.s").write_text(PREPROCESSED)
    options = ["-march=rv64gc", "-I", "inc", "-DCOUNT=7", "-o"]
    assert main(["as", *options, "ours.o", *how]) == 0
    gcc = require_tool("riscv64-unknown-elf-gcc")
    subprocess.run([gcc, "-c", *options, "theirs.o", "k.S"], check=True)
    assert text_of("ours.o") == text_of("theirs.o")


def test_errors_of_a_preprocessed_source_are_at_its_own_lines(capsys: pytest.CaptureFixture[str]):
    Path("k.S").write_text('#include "inc/sizes.h"\n\n\n li a0, WORDS(\n')
    assert main(["as", "-o", "x.o", "k.S"]) == 2
    assert capsys.readouterr().err.startswith("trapline: error: k.S:4:")


def test_only_preprocessing_prints_the_source(capsys: pytest.CaptureFixture[str]):
    assert main(["as", "-E", "-I", "inc", "-march=rv64imac", "k.S"]) == 0
    assert "start: ld a0, 0(a1); addi a0, a0, 8" in capsys.readouterr().out


def test_dependencies_are_written_for_make():
    Path("y.s").write_text(' .include "x.s"\n')
    assert main(["as", "--MD", "y.d", "-o", "y.o", "y.s"]) == 0
    assert Path("y.d").read_text() == "y.o: y.s x.s\n\nx.s:\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--frobnicate", "x.s"], "unknown option --frobnicate"),
        (["-mabi"], "option -mabi needs a value"),
        (["-mpriv-spec=2.0", "x.s"], "-mpriv-spec=2.0"),
        (["-x", "c", "x.s"], "-x c: there are"),
        (["-march=rv32i", "x.s"], "rv32i"),
        (["-mabi=lp65", "x.s"], "lp65"),
        (["--mri", "x.s"], "not supported"),
        (["-D3=4", "k.S"], "identifiers"),
    ],
)
def test_wrong_arguments_end_with_status_2(arguments: list[str], message: str, capsys):
    assert main(["as", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["-L"]])
def test_local_labels_are_kept_on_request(options: list[str]):
    Path("l.s").write_text("f: beqz a0, .L1\n nop\n.L1: j 1f\n1: nop\n.L2 = 5\n")
    assert main(["as", *options, "-march=rv64imac", "-o", "ours.o", "l.s"]) == 0
    gnu(*options, "-march=rv64imac", "-o", "theirs.o", "l.s")
    nm = require_tool("riscv64-unknown-elf-nm")
    shown = [
        subprocess.run([nm, "-a", "--special-syms", name], capture_output=True, check=True).stdout
        for name in ("ours.o", "theirs.o")
    ]
    assert shown[0] == shown[1]
