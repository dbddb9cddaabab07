"""The hypervisor's instructions and Svinval against GNU as and objdump, which know them by name."""

import random
import re

import pytest

from isa.disasm import disassemble
from isa.spec import TABLE
from tests.isa.samples import operand_sets
from tests.tools import require_tool

MARCH = "rv64ima_h_svinval"
LINE = re.compile(r"^ *[0-9a-f]+:\t([0-9a-f]{8}) +\t(.*?)$", re.MULTILINE)
OURS = [insn for insn in TABLE if insn.ext in ("H", "Svinval")]


@pytest.mark.parametrize("insn", OURS, ids=lambda insn: insn.name)
def test_gnu_gives_our_bits_and_our_text(insn, tmp_path, subprocess_text):
    assembler = require_tool("riscv64-unknown-elf-as")
    objdump = require_tool("riscv64-unknown-elf-objdump")
    words = [insn.encode(**v) for v in operand_sets(insn, random.Random(insn.name), 20)]
    texts = [disassemble(word) for word in words]
    source, built = tmp_path / "code.s", tmp_path / "code.o"
    source.write_text("\n".join(texts) + "\n")
    subprocess_text([assembler, f"-march={MARCH}", "-o", str(built), str(source)])
    listing = subprocess_text([objdump, "-d", "-M", "no-aliases", str(built)])
    found = LINE.findall(listing)
    assert [int(word, 16) for word, _ in found] == words
    assert [text for _, text in found] == texts
