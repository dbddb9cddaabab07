"""The disassembly of files is that of GNU objdump with `-M no-aliases`."""

import subprocess
from pathlib import Path

import pytest

from assembler import LinkError, assemble, link
from assembler.dump import disassembly
from assembler.elf_reader import read_image
from tests.assembler import programs
from tests.tools import require_tool


def theirs(path: Path, *options: str) -> list[str]:
    """Disassemble with GNU objdump."""
    command = [require_tool("riscv64-unknown-elf-objdump"), "-d", "-M", "no-aliases", *options]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("text", [programs.BRANCHES, programs.SYMBOLS], ids=["branches", "symbols"])
def test_an_object_is_listed_as_by_objdump(text: str, tmp_path: Path):
    path = tmp_path / "x.o"
    path.write_bytes(assemble(text).to_bytes())
    ours = list(disassembly(read_image(path.read_bytes(), str(path)), None, True))
    assert ours == theirs(path, "-r")


def test_an_executable_is_listed_as_by_objdump(tmp_path: Path):
    text = " .globl _start\n_start: la a0, x\n call f\n j _start\nf: lw a0, x\n ret\n"
    text += " .data\nx: .word 1\n"
    path = tmp_path / "x.elf"
    path.write_bytes(link([assemble(text)], text_base=0x80000000).to_bytes())
    assert list(disassembly(read_image(path.read_bytes(), str(path)))) == theirs(path)


def test_an_unknown_section_is_refused(tmp_path: Path):
    obj = assemble(" nop\n", filename="x.o")
    with pytest.raises(LinkError, match=r"there is no section '.txt', did you mean '.text'"):
        list(disassembly(obj, [".txt"]))
