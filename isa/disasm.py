"""Disassembly in the form of GNU objdump with `-M no-aliases`.

The text comes from the instruction's syntax; pc-relative operands print as absolute addresses.
"""

import re

from isa.csrs import CSRS
from isa.fields import UNWRITTEN, Operand
from isa.insn import OPERAND_NAME, Insn
from isa.registers import F_NAMES, MODES, X_NAMES
from isa.softfloat.constants import CONSTANT_TEXTS
from isa.spec import TABLE

_FENCE = "iorw"
_HEXADECIMAL = ("imm20", "shamt", "shamtw", "bs", "rnum")


def disassemble(word: int, pc: int = 0) -> str:
    """Give the text of an instruction word at address `pc`; `.4byte` when it is none."""
    insn = TABLE.decode(word)
    if insn is None:
        return f".4byte\t{word:#x}" if word & 3 == 3 else f".2byte\t{word & 0xFFFF:#x}"
    return format_insn(insn, insn.extract(word), pc)


def format_insn(insn: Insn, values: dict[str, int], pc: int) -> str:
    """Give the text of an instruction with its operand values."""
    mnemonic = insn.mnemonic(values)
    _, space, text = insn.syntax.partition(" ")
    if not space:
        return mnemonic
    operands = insn.pattern.operands
    if insn.rounding and values[insn.rounding] == UNWRITTEN[insn.rounding]:
        text = text.removesuffix(f", {insn.rounding}")

    def fill(found: re.Match[str]) -> str:
        name = found[0]
        return _format(operands[name], values[name], pc) if name in operands else name

    return f"{mnemonic}\t{OPERAND_NAME.sub(fill, text).replace(', ', ',')}"


def _format(operand: Operand, value: int, pc: int) -> str:
    if operand.kind == "xreg":
        return X_NAMES[value]
    if operand.kind == "freg":
        return F_NAMES[value]
    if operand.kind == "rm":
        return MODES.get(value, "unknown")
    if operand.kind == "fli":
        return CONSTANT_TEXTS[value]
    if operand.kind == "csr":
        csr = CSRS.by_number.get(value)
        return csr.name if csr else f"{value:#x}"
    if operand.kind == "fence":
        return "".join(c for i, c in enumerate(_FENCE) if value >> (3 - i) & 1) or "unknown"
    if operand.kind == "offset":
        return f"{(pc + value) & ((1 << 64) - 1):#x}"
    return f"{value:#x}" if operand.name in _HEXADECIMAL else str(value)
