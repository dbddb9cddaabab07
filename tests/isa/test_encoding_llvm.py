"""Every encoding against LLVM: its assembler must give our bits for our text, with any operands.

Where LLVM's text differs from ours for the same instruction, the difference is in `_operand`.
"""

import random
import re
import subprocess

import pytest

from isa.fields import Operand
from isa.insn import OPERAND_NAME, Insn
from isa.spec import TABLE
from tests.isa.samples import operand_sets
from tests.tools import require_tool

# Extensions that LLVM 14 knows; a set for each that it must be told of.
BASE = {"I", "M-mode", "S-mode", "Zicsr", "Zifencei"}
TOLD = {"M", "A", "Zba", "Zbb", "Zbc", "Zbs", "Zbkb", "Zbkc", "Zbkx", "Zknd", "Zkne", "Zknh"}
TOLD |= {"Zksed", "Zksh", "F", "D", "Zfh", "Zfhmin"}
SEED = 20260101
PER_INSN = 40
FEATURES = ",".join(f"+{ext.lower()}" for ext in sorted(TOLD))
# LLVM 14 has no way to write an empty set, a reserved rounding mode, or one that does not matter.
UNSPELLABLE = {"pred": (0,), "succ": (0,), "rm": (5, 6), "rmx": range(1, 8)}
MODES = ("rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn")


def _operand(operand: Operand, value: int) -> str:
    if operand.kind == "xreg":
        return f"x{value}"
    if operand.kind == "freg":
        return f"f{value}"
    if operand.kind == "rm":
        return MODES[value]
    if operand.kind == "fence":
        return "".join(c for c, bit in zip("iorw", (8, 4, 2, 1), strict=True) if value & bit)
    return str(value)


def _text(insn: Insn, values: dict[str, int]) -> str:
    _, _, operands = insn.syntax.partition(" ")
    fields = insn.pattern.operands
    operands = operands.removesuffix(", rmx")
    filled = OPERAND_NAME.sub(lambda m: _operand(fields[m[0]], values[m[0]]), operands)
    return f"{insn.mnemonic(values)} {filled}"


def _cases() -> list[tuple[str, int]]:
    rng = random.Random(SEED)
    return [
        (_text(insn, values), insn.encode(**values))
        for insn in TABLE
        if set(re.split("[|&]", insn.ext)) <= BASE | TOLD
        for values in operand_sets(insn, rng, PER_INSN)
        if not any(values.get(name) in odd for name, odd in UNSPELLABLE.items())
    ]


@pytest.fixture(scope="module")
def llvm_mc() -> str:
    """Give the path of LLVM's assembler and disassembler."""
    return require_tool("llvm-mc")


def _run(llvm_mc: str, option: str, text: str) -> str:
    command = [llvm_mc, "-triple=riscv64", f"-mattr={FEATURES}", option]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _words(listing: str) -> list[int]:
    """Read the words from the comments that `-show-encoding` adds."""
    found = [
        line.partition("encoding: [")[2] for line in listing.splitlines() if "encoding" in line
    ]
    return [
        sum(int(byte, 16) << 8 * i for i, byte in enumerate(text.rstrip("]").split(",")))
        for text in found
    ]


def test_llvm_assembles_every_instruction_to_our_bits(llvm_mc):
    cases = _cases()
    words = _words(_run(llvm_mc, "-show-encoding", "\n".join(text for text, _ in cases)))
    differences = [
        f"{text}: ours {ours:#010x}, LLVM {word:#010x}"
        for (text, ours), word in zip(cases, words, strict=True)
        if ours != word
    ]
    assert not differences, "\n".join(differences[:20])


def test_llvm_disassembles_every_encoding_to_text_that_means_the_same(llvm_mc):
    cases = _cases()
    data = "\n".join(
        ",".join(f"{word >> shift & 0xFF:#04x}" for shift in (0, 8, 16, 24)) for _, word in cases
    )
    text = _run(llvm_mc, "--disassemble", data)
    assert _words(_run(llvm_mc, "-show-encoding", text)) == [word for _, word in cases]
