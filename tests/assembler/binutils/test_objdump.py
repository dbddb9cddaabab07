"""Every listing of `objdump` is that of GNU objdump 2.40, character by character."""

import random
import subprocess
from pathlib import Path

import pytest

from assembler.binutils.arch import read_arch
from assembler.binutils.elf_file import ElfFile
from assembler.binutils.insn_text import Printer
from isa.spec import TABLE
from tests.assembler.binutils.samples import FILES
from tests.tools import require_tool
from trapline.cli import main

LISTINGS = (
    *(
        "-d",
        "-dr",
        "-dl",
        "-dS",
        "-dlS",
        "-D",
        "-Dz",
        "-d -M no-aliases",
        "-d -Mnumeric,no-aliases",
    ),
    *(
        "-f",
        "-h",
        "-hw",
        "-t",
        "-r",
        "-s",
        "-x",
        "-p",
        "-a",
        "-htr",
        "-d --no-show-raw-insn",
        "-dw",
    ),
    *("--disassemble=sw", "--disassemble=fact", "-d -C --start-address=4 --stop-address=0x20"),
    *("-S --disassemble=main", "-h -j .text", "--all-headers --source", "-s --start-address=0x8"),
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("options", LISTINGS)
def test_a_listing_is_that_of_gnu(compare, name: str, options: str):
    ours, theirs = compare("objdump", *options.split(), name)
    assert ours == theirs


@pytest.mark.parametrize(
    "options", ["-d -j .text.fact", "-D -j.debug_line", "-s -j .riscv.attributes"]
)
def test_a_section_alone_is_listed_as_by_gnu(compare, options: str):
    ours, theirs = compare("objdump", *options.split(), "c.o")
    assert ours == theirs


@pytest.mark.parametrize("options", ["-D", "-s", "-D -M no-aliases --adjust-vma=0x80000000"])
def test_any_file_is_disassembled_as_by_gnu(compare, options: str):
    flat = ("-b", "binary", "-m", "riscv:rv64")
    ours, theirs = compare("objdump", *options.split(), *flat, "c.c")
    assert ours == theirs


def test_several_files_are_listed_one_after_the_other(compare):
    ours, theirs = compare("objdump", "-f", "c.o", "c.elf", "c.a")
    assert ours == theirs


KNOWN_TO_GNU = tuple("I M A F D C Zicsr Zifencei Zba Zbb Zbc Zbs S-mode M-mode H".split())
KNOWN_TO_GNU += ("Zfhmin", "Zfh", "Zfhmin&D")
MARCH = "rv64gch_zfh_zba_zbb_zbc_zbs"
OPERANDS = {7: 5, 15: 5, 20: 5, 12: 3, 25: 7}


def _words(count: int) -> list[int]:
    """Give words of every instruction, with operands at their edges and a few odd ones."""
    chance = random.Random(7)
    insns = [insn for insn in TABLE if insn.length == 4 and insn.ext in KNOWN_TO_GNU]
    found = []
    for number in range(count):
        insn = insns[number % len(insns)]
        word = chance.getrandbits(32)
        for at, width in OPERANDS.items():
            if chance.random() < 0.4:
                value = chance.choice([0, 0, 1, 2, (1 << width) - 1])
                word = word & ~(((1 << width) - 1) << at) | value << at
        word = word & ~insn.pattern.mask | insn.pattern.match
        found.append(word ^ (1 << chance.randrange(7, 32) if chance.random() < 0.1 else 0))
    return found


def _compare_words(words: list[int], size: int, tmp_path: Path, *options: str) -> list[str]:
    """Print words by GNU objdump and by ours; give what differs."""
    source, path = tmp_path / "words.s", tmp_path / "words.o"
    source.write_text("".join(f" .insn {size}, {word:#x}\n" for word in words))
    assemble = require_tool("riscv64-unknown-elf-as")
    subprocess.run(
        [assemble, f"-march={MARCH}", "-mpriv-spec=1.12", source, "-o", path], check=True
    )
    command = [require_tool("riscv64-unknown-elf-objdump"), "-dz", *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = [line.split("\t", 2)[2] for line in done.stdout.splitlines() if ":\t" in line]
    printer = Printer(read_arch(ElfFile(path.read_bytes(), "words.o")), not options)
    odd = []
    for number, (word, line) in enumerate(zip(words, theirs, strict=True)):
        text = printer.print(word)
        shown = f".{size}byte\t{word:#x}" if text is None else text.text
        if text is not None and text.goal is not None:
            shown += f"{number * size + text.goal & (1 << 64) - 1:x}"
        expected = line.split(" <")[0].split(" # ")[0].strip()
        is_newer = text is None and expected.split("\t")[0] not in TABLE.by_name
        if shown != expected and not is_newer:
            odd.append(f"{word:08x}: {shown!r}, GNU {expected!r}")
    return odd


WITH_AND_WITHOUT = pytest.mark.parametrize(
    "options", [(), ("-Mno-aliases",)], ids=["aliases", "no aliases"]
)


@WITH_AND_WITHOUT
def test_every_instruction_is_printed_as_by_gnu(tmp_path: Path, options: tuple[str, ...]):
    assert _compare_words(_words(8000), 4, tmp_path, *options) == []


@WITH_AND_WITHOUT
def test_every_parcel_is_printed_as_by_gnu(tmp_path: Path, options: tuple[str, ...]):
    parcels = [word for word in range(0x10000) if word & 3 != 3]
    odd = _compare_words(parcels, 2, tmp_path, *options)
    assert [line for line in odd if not _is_excused(line)] == []


def _is_excused(line: str) -> bool:
    """Zcb and Zcmop are younger than binutils 2.40."""
    return "'.2byte" in line.partition(", GNU ")[2]


def test_capstone_gives_another_view(files: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["objdump", "-d", "-M", "capstone", str(files / "c.elf")]) == 0
    assert "c.addi\tsp, -0x10" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["c.o"], "-d disassembles"),
        (["-d", "nowhere.o"], "No such file"),
        (["-d", "odd.s"], "file format not recognized"),
        (["-d", "-j", ".txt", "c.o"], "there is no section '.txt', did you mean '.text'"),
        (["-d", "-M", "intel", "c.o"], "-M intel: unknown"),
        (["--start-address=x", "-d", "c.o"], "not a number"),
        (["--frobnicate", "c.o"], "unknown option --frobnicate"),
        (["-dy", "c.o"], "unknown option -dy"),
        (["-d", "-j"], "option -j needs a value"),
    ],
)
def test_mistakes_end_with_status_2(files: Path, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(files)
    assert main(["objdump", *arguments]) == 2
    assert message in capsys.readouterr().err
