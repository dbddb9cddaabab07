"""The commands `as`, `ld` and `objdump`: files in, files out, status 2 for the user's errors."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from trapline.cli import main


def test_as_and_ld_make_an_executable(tmp_path: Path):
    source, obj, elf = tmp_path / "x.s", tmp_path / "x.o", tmp_path / "x.elf"
    source.write_text(" .globl _start\n_start: li a0, SIZE\n ret\n")
    options = ["-march=rv64im_zicsr_zifencei", "-mabi=lp64", "-mno-relax", "--defsym", "SIZE=7"]
    assert main(["as", *options, "-o", str(obj), str(source)]) == 0
    assert main(["ld", "-Ttext=0x80000000", "-e", "_start", "-o", str(elf), str(obj)]) == 0
    with elf.open("rb") as file:
        parsed = ELFFile(file)
        assert parsed.header.e_type == "ET_EXEC"
        assert parsed.header.e_entry == 0x80000000
        text = parsed.get_section_by_name(".text")
        assert text is not None
        assert text.data().hex() == "1305700067800000"


def test_ld_takes_a_script(tmp_path: Path):
    source, obj, elf = tmp_path / "x.s", tmp_path / "x.o", tmp_path / "x.elf"
    script = tmp_path / "x.ld"
    source.write_text("go: ret\n .globl go\n")
    script.write_text("ENTRY(go) SECTIONS { . = 0x1000; .text : { *(.text) } }")
    assert main(["as", "-o", str(obj), str(source)]) == 0
    assert main(["ld", "-T", str(script), "-o", str(elf), str(obj)]) == 0
    with elf.open("rb") as file:
        assert ELFFile(file).header.e_entry == 0x1000


def test_objdump_disassembles(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, obj = tmp_path / "x.s", tmp_path / "x.o"
    source.write_text("here: add a0, a1, a2\n")
    assert main(["as", "-o", str(obj), str(source)]) == 0
    assert main(["objdump", "-d", str(obj)]) == 0
    assert "   0:\t00c58533          \tadd\ta0,a1,a2" in capsys.readouterr().out


def test_mistakes_end_with_status_2_a_caret_and_no_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source, obj = tmp_path / "x.s", tmp_path / "x.o"
    source.write_text(" nop\n adw a0, a1\n .wrod 5\n")
    assert main(["as", "-o", str(obj), str(source)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"trapline: error: {source}:2:2: unknown instruction 'adw', did you")
    assert lines[1:3] == ["   adw a0, a1", "   ^"]
    assert not obj.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["as", "nowhere.s"], "No such file"),
        (["as", "--defsym", "x", "y.s"], "expected SYM=VALUE"),
        (["as", "-march=rv32i", "-"], "not rv64"),
        (["ld", "nowhere.o"], "No such file"),
        (["ld", "-m", "elf32lriscv", "x.o"], "only elf64lriscv"),
        (["objdump", "x.o"], "-d disassembles"),
        (["objdump", "-d", __file__], "file format not recognized"),
    ],
)
def test_wrong_arguments_end_with_status_2(
    arguments: list[str], message: str, tmp_path: Path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y.s").write_text(" nop\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" nop\n")))
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
