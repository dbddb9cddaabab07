"""Every encoding against Capstone 5: it must name the same instruction with the same operands.

Capstone always prints pseudo-instructions where they fit; `ALIASES` says what each stands for, so a
form that is not listed here is a difference. CSRs it prints by name when it knows them.
"""

import random
import re

import capstone
import pytest

from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.fields import UNWRITTEN, Operand
from isa.insn import OPERAND_NAME, Insn
from isa.registers import f_number, x_number
from isa.spec import TABLE
from tests.isa.samples import operand_sets

KNOWN = {
    "I",
    "M",
    "A",
    "F",
    "D",
    "Zicsr",
    "Zifencei",
    "M-mode",
    "S-mode",
}  # extensions, to Capstone 5
SEED = 20260102
PER_INSN = 60

# What Capstone prints, and the instruction it stands for; {0}, {1}... are the printed operands.
ALIASES = {
    "nop": "addi zero, zero, 0",
    "mv": "addi {0}, {1}, 0",
    "not": "xori {0}, {1}, -1",
    "neg": "sub {0}, zero, {1}",
    "negw": "subw {0}, zero, {1}",
    "sext.w": "addiw {0}, {1}, 0",
    "seqz": "sltiu {0}, {1}, 1",
    "snez": "sltu {0}, zero, {1}",
    "sltz": "slt {0}, {1}, zero",
    "sgtz": "slt {0}, zero, {1}",
    "beqz": "beq {0}, zero, {1}",
    "bnez": "bne {0}, zero, {1}",
    "blez": "bge zero, {0}, {1}",
    "bgez": "bge {0}, zero, {1}",
    "bltz": "blt {0}, zero, {1}",
    "bgtz": "blt zero, {0}, {1}",
    "j": "jal zero, {0}",
    "ret": "jalr zero, 0(ra)",
    "csrr": "csrrs {0}, {1}, zero",
    "csrw": "csrrw zero, {0}, {1}",
    "csrs": "csrrs zero, {0}, {1}",
    "csrc": "csrrc zero, {0}, {1}",
    "csrwi": "csrrwi zero, {0}, {1}",
    "csrsi": "csrrsi zero, {0}, {1}",
    "csrci": "csrrci zero, {0}, {1}",
    "fmv.s": "fsgnj.s {0}, {1}, {1}",
    "fmv.d": "fsgnj.d {0}, {1}, {1}",
    "fneg.s": "fsgnjn.s {0}, {1}, {1}",
    "fneg.d": "fsgnjn.d {0}, {1}, {1}",
    "fabs.s": "fsgnjx.s {0}, {1}, {1}",
    "fabs.d": "fsgnjx.d {0}, {1}, {1}",
    "rdcycle": "csrrs {0}, 0xc00, zero",
    "rdtime": "csrrs {0}, 0xc01, zero",
    "rdinstret": "csrrs {0}, 0xc02, zero",
    "rdcycleh": "csrrs {0}, 0xc80, zero",
    "rdtimeh": "csrrs {0}, 0xc81, zero",
    "rdinstreth": "csrrs {0}, 0xc82, zero",
}
# An instruction that is printed in several ways by the number of operands that are not the default.
SHORT_FORMS = {
    ("jal", 1): "jal ra, {0}",
    ("jalr", 1): "jalr ra, 0({0})",
    ("jalr", 2): "jalr ra, {1}({0})",
    ("jalr", 3): "jalr {0}, {2}({1})",
    ("jr", 1): "jalr zero, 0({0})",
    ("jr", 2): "jalr zero, {1}({0})",
    ("fence", 0): "fence iorw, iorw",
    ("sfence.vma", 0): "sfence.vma zero, zero",
    ("sfence.vma", 1): "sfence.vma {0}, zero",
}
for _name, _number in (("flags", 1), ("rm", 2), ("csr", 3)):
    ALIASES[f"fr{_name}"] = f"csrrs {{0}}, {_number}, zero"
    for _kind, _base in (("", "csrrw"), ("i", "csrrwi")):
        SHORT_FORMS[f"fs{_name}{_kind}", 1] = f"{_base} zero, {_number}, {{0}}"
        SHORT_FORMS[f"fs{_name}{_kind}", 2] = f"{_base} {{0}}, {_number}, {{1}}"
MODES = ("rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn")
SEPARATORS = re.compile(r"[,()\s]+")


def _ours(insn: Insn, values: dict[str, int]) -> list[str | int]:
    """Give the mnemonic and the operands, registers and sets by their names."""

    def value(operand: Operand) -> str | int:
        if operand.kind == "xreg":
            return f"x{values[operand.name]}"
        if operand.kind == "freg":
            return f"f{values[operand.name]}"
        if operand.kind == "rm":
            return MODES[values[operand.name]]
        if operand.kind == "fence":
            bits = zip("iorw", (8, 4, 2, 1), strict=True)
            return "".join(c for c, bit in bits if values[operand.name] & bit) or "unknown"
        return values[operand.name]

    _, _, text = insn.syntax.partition(" ")
    fields = insn.pattern.operands
    names = [name for name in OPERAND_NAME.findall(text) if UNWRITTEN.get(name) != values[name]]
    return [insn.mnemonic(values), *(value(fields[name]) for name in names)]


def _theirs(mnemonic: str, op_str: str, csrs: dict[str, int]) -> list[str | int]:
    """Read Capstone's text, with its aliases resolved."""
    operands = [part for part in SEPARATORS.split(op_str) if part]
    full = SHORT_FORMS.get((mnemonic, len(operands))) or ALIASES.get(mnemonic)
    if full:
        mnemonic, _, text = full.format(*operands).partition(" ")
        operands = [part for part in SEPARATORS.split(text) if part]
    return [mnemonic, *(_operand(part, csrs) for part in operands)]


def _operand(text: str, csrs: dict[str, int]) -> str | int:
    number = x_number(text)
    if number is not None:
        return f"x{number}"
    if f_number(text) is not None:
        return f"f{f_number(text)}"
    if text in csrs:
        return csrs[text]
    return text if re.fullmatch("[iorw]+|unknown|r[a-z]{2}", text) else int(text, 0)


@pytest.fixture(scope="module")
def disassembler() -> capstone.Cs:
    """Give Capstone for RV64 without compressed instructions."""
    return capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64)


@pytest.fixture(scope="module")
def csrs(disassembler) -> dict[str, int]:
    """Give the CSRs that Capstone knows by name, from what it prints for each number."""
    csrrw = TABLE.by_name["csrrw"]
    numbers = {"fflags": 1, "frm": 2, "fcsr": 3}  # written by instructions of their own
    for number in range(4096):
        word = csrrw.encode(rd=5, csr=number, rs1=6)
        (found,) = disassembler.disasm(word.to_bytes(4, "little"), 0)
        operands = SEPARATORS.split(found.op_str)
        if found.mnemonic == "csrrw" and not operands[1].isdigit():
            numbers[operands[1]] = number
    return numbers


def test_capstone_and_we_give_csrs_the_same_numbers(csrs):
    wrong = {"pmpaddr13", "pmpaddr14"}  # which Capstone has the wrong way round
    both = csrs.keys() & CSRS.by_name.keys() - wrong
    assert len(both) > 80
    assert {name: csrs[name] for name in both} == {n: CSRS.by_name[n].number for n in both}


@pytest.mark.parametrize("insn", [i for i in TABLE if i.ext in KNOWN], ids=lambda i: i.name)
def test_capstone_reads_the_same_instruction_and_operands(insn, disassembler, csrs):
    rng = random.Random(f"{SEED} {insn.name}")
    for values in operand_sets(insn, rng, PER_INSN):
        values |= {name: v or 15 for name, v in values.items() if name in ("pred", "succ")}
        if values.get("rm") in (5, 6) or values.get("rmx", 0) != 0:
            continue  # reserved, or without effect
        word = insn.encode(**values)
        found = list(disassembler.disasm(word.to_bytes(4, "little"), 0))
        assert found, f"Capstone does not know {word:#010x}, {disassemble(word)}"
        text = f"{found[0].mnemonic} {found[0].op_str}"
        named = _theirs(found[0].mnemonic, found[0].op_str, csrs)
        assert named == _ours(insn, values), f"{word:#010x} is {text} to Capstone"
