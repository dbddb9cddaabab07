"""Every instruction of the tables with random operands: the bytes are those of LLVM's assembler.

LLVM 19 knows all extensions of the tables. What it has no way to write is left out, with a reason.
"""

import io
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from assembler import assemble
from assembler.compress import is_another
from isa.compressed import Form
from isa.fields import Operand
from isa.insn import OPERAND_NAME, Insn
from isa.softfloat.constants import CONSTANT_TEXTS
from isa.spec import FORMS, TABLE
from tests.isa.samples import draw, operand_sets
from tests.tools import require_tool

PER_INSN = 30
TOLD = (
    "m a f d zicsr zifencei zihintpause zihintntl zicbom zicbop zicboz zawrs zicond zimop zacas "
    "zabha zfh zfa zba zbb zbc zbs zbkb zbkc zbkx zknd zkne zknh zksed zksh svinval h"
).split()
SHORT = ["c", "zihintntl", "zca", "zcb", "zcd", "zcmop", "zba", "zbb", "m", "d"]
EXPERIMENTAL = ("zacas",)  # in LLVM 19
# No way to write: empty fence sets, reserved rounding modes, and modes that change nothing.
UNSPELLABLE = {"pred": (0,), "succ": (0,), "rm": (5, 6), "rmx": range(1, 8)}
PAIRED = "amocas.q"  # takes pairs of registers
MODES = ("rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn")


def spelled(operand: Operand, value: int) -> str:
    """Write an operand."""
    match operand.kind:
        case "xreg":
            return f"x{value}"
        case "freg":
            return f"f{value}"
        case "rm":
            return MODES[value]
        case "fli":
            return CONSTANT_TEXTS[value]
        case "offset":
            return f".{value:+}"
        case "fence":
            return "".join(c for c, b in zip("iorw", (8, 4, 2, 1), strict=True) if value & b)
    return str(value)


def statement(described: Insn | Form, values: dict[str, int]) -> str:
    """Write an instruction."""
    name, _, operands = described.syntax.partition(" ")
    if isinstance(described, Insn):
        name, operands = described.mnemonic(values), operands.removesuffix(", rmx")
    fields = described.pattern.operands
    filled = OPERAND_NAME.sub(
        lambda m: spelled(fields[m[0]], values[m[0]]) if m[0] in fields else m[0], operands
    )
    if name == "c.addi16sp":
        filled = f"sp, {filled}"
    if name == "c.addi4spn":
        filled = filled.replace(", ", ", sp, ")
    return f" {name} {filled}"


def instructions(seed: int) -> list[str]:
    """Write every instruction."""
    rng = random.Random(seed)
    return [
        statement(insn, values)
        for insn in TABLE
        for values in operand_sets(insn, rng, PER_INSN)
        if not any(values.get(name) in odd for name, odd in UNSPELLABLE.items())
        if insn.name != PAIRED or not (values["rd"] | values["rs2"]) & 1
    ]


def short_instructions(seed: int) -> list[str]:
    """Write every compressed instruction, hints left out: LLVM has other names for them."""
    rng = random.Random(seed)
    found = []
    for form in FORMS:
        for _ in range(PER_INSN):
            values = {name: draw(op, rng) for name, op in form.pattern.operands.items()}
            is_lui = form.name == "c.lui" and values["imm"] < 0
            is_other = is_another(form, form.encode(**values))
            if form.is_legal(values) and not (form.is_hint(values) or is_other or is_lui):
                found.append(statement(form, values))
    return found


def llvm_bytes(lines: list[str], extensions: list[str], folder: Path) -> bytes:
    """Assemble with LLVM."""
    source, output = folder / "llvm.s", folder / "llvm.o"
    source.write_text("\n".join([" .option norelax", *lines, ""]))
    names = (f"experimental-{name}" if name in EXPERIMENTAL else name for name in extensions)
    features = ",".join(f"+{name}" for name in names)
    command = [require_tool("llvm-mc-19"), "-triple=riscv64", f"-mattr={features}"]
    done = subprocess.run(
        [*command, "-filetype=obj", "-o", str(output), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr[:3000]
    return text_of(output.read_bytes())


def text_of(data: bytes) -> bytes:
    """Give the code of an object."""
    section: Any = ELFFile(io.BytesIO(data)).get_section_by_name(".text")
    code: bytes = section.data()
    return code


def march(extensions: list[str]) -> str:
    """Give the architecture string."""
    return "rv64i_" + "_".join(extensions)


@pytest.mark.parametrize("seed", range(2))
def test_every_instruction_has_the_bytes_of_llvm(seed: int, tmp_path: Path):
    lines = instructions(seed)
    ours = text_of(assemble("\n".join(lines) + "\n", march=march(TOLD), relax=False).to_bytes())
    theirs = llvm_bytes(lines, TOLD, tmp_path)
    assert len(ours) == len(theirs) == 4 * len(lines)
    wrong = [
        f"{line}: {ours[at : at + 4].hex()} {theirs[at : at + 4].hex()}"
        for at, line in zip(range(0, len(ours), 4), lines, strict=True)
        if ours[at : at + 4] != theirs[at : at + 4]
    ]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("seed", range(2))
def test_every_short_instruction_has_the_bytes_of_llvm(seed: int, tmp_path: Path):
    lines = short_instructions(seed)
    ours = text_of(assemble("\n".join(lines) + "\n", march=march(SHORT), relax=False).to_bytes())
    theirs = llvm_bytes(lines, SHORT, tmp_path)
    wrong = [
        f"{line}: {ours[at : at + 2].hex()} {theirs[at : at + 2].hex()}"
        for at, line in zip(range(0, len(ours), 2), lines, strict=True)
        if ours[at : at + 2] != theirs[at : at + 2]
    ]
    assert not wrong, "\n".join(wrong[:20])
