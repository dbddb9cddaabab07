"""Disassembly: the text of GNU objdump with `-M no-aliases`; words that are nothing are data."""

import random
import re

import pytest

from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.spec import TABLE
from tests.isa.samples import operand_sets
from tests.tools import require_tool

START = 0x80000000
LINE = re.compile(r"^ *[0-9a-f]+:\t[0-9a-f]+ +\t?(.*?)(?:\s+#.*)?$", re.MULTILINE)
ANNOTATION = re.compile(r" <[^>]*>$")
# What objdump 2.40 prints: the extensions that have to be named, and those it does not know.
MARCH = "rv64ima_zicsr_zifencei_zihintpause_zicbom_zicbop_zicboz_zawrs"
MARCH += "_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zknd_zkne_zknh_zksed_zksh"
BASE = {"I", "M", "A", "F", "D", "Zicsr", "Zifencei", "M-mode", "S-mode"}
UNKNOWN = {
    "Zicond",
    "Zimop",
    "Zacas",
    "Zabha",
    "Zihintntl|I",
    "Zfhmin",
    "Zfh",
    "Zfa",
    "H",
    "Svinval",
}
KNOWN = [insn for insn in TABLE if not set(insn.ext.split("&")) & UNKNOWN]


def _is_comparable(values: dict[str, int]) -> bool:
    """Tell CSRs and rounding modes that only objdump, or only we, give names from the others."""
    return values.get("csr", 0) in (0, *CSRS.by_number) and values.get("rmx", 0) == 0


@pytest.fixture
def list_raw(tmp_path, subprocess_text):
    """Give a function from instruction words to what objdump prints for bare bits at START."""
    objdump = require_tool("riscv64-unknown-elf-objdump")

    def listing(words: list[int]) -> list[str]:
        image = tmp_path / "code.bin"
        image.write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
        options = ["-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases"]
        return _lines(subprocess_text([objdump, *options, f"--adjust-vma={START:#x}", str(image)]))

    return listing


@pytest.fixture
def list_object(tmp_path, subprocess_text):
    """Give a function from instruction words to what objdump prints for an object that names MARCH.

    Of bare bits it knows only what RV64GC has; but it prints targets in an object differently.
    """
    assembler = require_tool("riscv64-unknown-elf-as")
    objdump = require_tool("riscv64-unknown-elf-objdump")

    def listing(words: list[int]) -> list[str]:
        source, built = tmp_path / "code.s", tmp_path / "code.o"
        source.write_text("\n".join(f".insn {word:#x}" for word in words) + "\n")
        subprocess_text([assembler, f"-march={MARCH}", "-o", str(built), str(source)])
        return _lines(subprocess_text([objdump, "-d", "-M", "no-aliases", str(built)]))

    return listing


def _lines(listing: str) -> list[str]:
    return [ANNOTATION.sub("", found).strip() for found in LINE.findall(listing)]


@pytest.mark.parametrize("insn", KNOWN, ids=lambda i: i.name)
def test_the_text_is_what_objdump_prints(insn, list_raw, list_object):
    rng = random.Random(insn.name)
    sets = [v for v in operand_sets(insn, rng, 40) if _is_comparable(v)]
    if "csr" in insn.pattern.operands:
        last = operand_sets(insn, rng, 1)[-1]
        sets += [last | {"csr": number} for number in CSRS.by_number]
    words = [insn.encode(**values) for values in sets]
    ours = [disassemble(word, START + 4 * i) for i, word in enumerate(words)]
    assert ours == (list_raw if insn.ext in BASE else list_object)(words)


def test_a_word_that_is_no_instruction_is_shown_as_data():
    assert disassemble(0xFFFFFFFF) == ".4byte\t0xffffffff"
    assert disassemble(0x00000000) == ".2byte\t0x0"
