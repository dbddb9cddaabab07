"""Disassembly: the text of GNU objdump with `-M no-aliases`; words that are nothing are data."""

import random
import re

import pytest

from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.insn import Insn
from isa.spec import TABLE
from tests.isa.samples import operand_sets
from tests.tools import require_tool

START = 0x80000000
LINE = re.compile(r"^ *[0-9a-f]+:\t[0-9a-f]+ +\t?(.*?)(?:\s+#.*)?$", re.MULTILINE)
ANNOTATION = re.compile(r" <[^>]*>$")


UNKNOWN = ("Zfhmin", "Zfh", "Zfa", "H", "Svinval")  # what objdump 2.40 does not expect in bare code


def _is_comparable(values: dict[str, int]) -> bool:
    """Tell CSRs and rounding modes that only objdump, or only we, give names from the others."""
    return values.get("csr", 0) in (0, *CSRS.by_number) and values.get("rmx", 0) == 0


def _is_known(insn: Insn) -> bool:
    return not set(insn.ext.split("&")) & set(UNKNOWN)


@pytest.mark.parametrize("insn", [i for i in TABLE if _is_known(i)], ids=lambda i: i.name)
def test_the_text_is_what_objdump_prints(insn, tmp_path, subprocess_text):
    objdump = require_tool("riscv64-unknown-elf-objdump")
    rng = random.Random(insn.name)
    sets = [v for v in operand_sets(insn, rng, 40) if _is_comparable(v)]
    if "csr" in insn.pattern.operands:
        last = operand_sets(insn, rng, 1)[-1]
        sets += [last | {"csr": number} for number in CSRS.by_number]
    words = [insn.encode(**values) for values in sets]
    image = tmp_path / "code.bin"
    image.write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
    command = [objdump, "-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases"]
    listing = subprocess_text([*command, f"--adjust-vma={START:#x}", str(image)])
    theirs = [ANNOTATION.sub("", found).strip() for found in LINE.findall(listing)]
    ours = [disassemble(word, START + 4 * i) for i, word in enumerate(words)]
    assert ours == theirs


def test_a_word_that_is_no_instruction_is_shown_as_data():
    assert disassemble(0xFFFFFFFF) == ".4byte\t0xffffffff"
    assert disassemble(0x00000000) == ".2byte\t0x0"
