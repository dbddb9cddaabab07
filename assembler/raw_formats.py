"""The formats of `.insn`: instructions written by their fields, for what has no mnemonic.

Follows the manual "Using as", section "RISC-V Instruction Formats". Each line of the table is a
format's name, its operands as they are written, and its length in bytes.
"""

from collections.abc import Iterator
from typing import Any

from isa.fields import Operand, Pattern, Slice
from isa.insn import OPERAND_NAME, Insn, Kind

DIRECTIVE = ".insn"
_FORMATS = """
r   op, f3, f7, rd, rs1, rs2            4
r   op, f3, f2, rd, rs1, rs2, rs3       4
r4  op, f3, f2, rd, rs1, rs2, rs3       4
i   op, f3, rd, rs1, imm                4
i   op, f3, rd, imm(rs1)                4
s   op, f3, rs2, simm(rs1)              4
b   op, f3, rs1, rs2, offset            4
sb  op, f3, rs1, rs2, offset            4
sb  op, f3, rs1, simm(rs2)              4
u   op, rd, imm20                       4
j   op, rd, joffset                     4
uj  op, rd, joffset                     4
cr  cop, f4, rd, crs2                   2
ci  cop, cf3, rd, cimm                  2
ciw cop, cf3, crdp, uimm8               2
css cop, cf3, crs2, uimm6               2
cl  cop, cf3, crdp, uimm5(crs1p)        2
cs  cop, cf3, crs2p, uimm5(crs1p)       2
ca  cop, f6, cf2, crs1p, crs2p          2
cb  cop, cf3, crs1p, coffset            2
cj  cop, cf3, cjoffset                  2
"""
# A field: its kind, and its parts as (bit of the word, bit of the operand, width).
_FIELDS: dict[str, tuple[str, tuple[tuple[int, int, int], ...]]] = {
    "op": ("opcode", ((0, 0, 7),)),
    "cop": ("opcode", ((0, 0, 2),)),
    "f2": ("uimm", ((25, 0, 2),)),
    "f3": ("uimm", ((12, 0, 3),)),
    "f7": ("uimm", ((25, 0, 7),)),
    "cf2": ("uimm", ((5, 0, 2),)),
    "cf3": ("uimm", ((13, 0, 3),)),
    "f4": ("uimm", ((12, 0, 4),)),
    "f6": ("uimm", ((10, 0, 6),)),
    "rd": ("register", ((7, 0, 5),)),
    "rs1": ("register", ((15, 0, 5),)),
    "rs2": ("register", ((20, 0, 5),)),
    "rs3": ("register", ((27, 0, 5),)),
    "crs2": ("register", ((2, 0, 5),)),
    "crdp": ("popular", ((2, 0, 3),)),
    "crs2p": ("popular", ((2, 0, 3),)),
    "crs1p": ("popular", ((7, 0, 3),)),
    "imm": ("imm", ((20, 0, 12),)),
    "simm": ("imm", ((7, 0, 5), (25, 5, 7))),
    "cimm": ("imm", ((2, 0, 5), (12, 5, 1))),
    "imm20": ("uimm", ((12, 0, 20),)),
    "uimm8": ("uimm", ((5, 0, 8),)),
    "uimm6": ("uimm", ((7, 0, 6),)),
    "uimm5": ("uimm", ((5, 0, 2), (10, 2, 3))),
    "offset": ("offset", ((8, 1, 4), (25, 5, 6), (7, 11, 1), (31, 12, 1))),
    "joffset": ("offset", ((21, 1, 10), (20, 11, 1), (12, 12, 8), (31, 20, 1))),
    "coffset": ("offset", ((3, 1, 2), (10, 3, 2), (2, 5, 1), (5, 6, 2), (12, 8, 1))),
    "cjoffset": (
        "offset",
        (
            *((3, 1, 3), (11, 4, 1), (2, 5, 1), (7, 6, 1), (6, 7, 1)),
            *((9, 8, 2), (8, 10, 1), (12, 11, 1)),
        ),
    ),
}
_POPULAR = 8
_KINDS = {"offset": Kind.BRANCH, "joffset": Kind.JUMP}
_KINDS |= {"coffset": Kind.BRANCH, "cjoffset": Kind.JUMP}
_OPCODES = (
    *("load", "load_fp", "custom_0", "misc_mem", "op_imm", "auipc", "op_imm_32", ""),
    *("store", "store_fp", "custom_1", "amo", "op", "lui", "op_32", ""),
    *("madd", "msub", "nmsub", "nmadd", "op_fp", "op_v", "custom_2", ""),
    *("branch", "jalr", "", "jal", "system", "", "custom_3", ""),
)


def opcode_number(name: str) -> int | None:
    """Give the number of an opcode by the name that `.insn` has for it, or None."""
    lower = name.lower()
    if lower in ("c0", "c1", "c2"):
        return int(lower[1])
    return _OPCODES.index(lower) << 2 | 3 if lower and lower in _OPCODES else None


def is_short_opcode(text: str) -> bool:
    """Say whether a number is the opcode of a compressed instruction."""
    try:
        return int(text, 0) & 3 != 3
    except ValueError:
        return False


def raw_formats() -> Iterator[Insn]:
    """Give each format as an instruction of which only the length is fixed."""
    for line in _FORMATS.strip().splitlines():
        name, _, rest = line.partition(" ")
        operands, _, length = rest.strip().rpartition(" ")
        syntax = f"{DIRECTIVE}.{name} {operands.strip()}"
        names = OPERAND_NAME.findall(operands)
        fields = {field: _operand(field) for field in names}
        kind = next((_KINDS[field] for field in names if field in _KINDS), Kind.ALU)
        pattern = Pattern(syntax, int(length), 0, 0, fields)
        ext = "C" if length == "2" else "I"
        yield Insn(f"{DIRECTIVE}.{name}", syntax, pattern, ext, kind, _no_meaning)


def _operand(name: str) -> Operand:
    kind, parts = _FIELDS[name]
    slices = tuple(Slice(*part) for part in parts)
    top = max(part.low + part.width for part in slices)
    align = 1 << min(part.low for part in slices)
    if kind in ("imm", "offset"):
        return Operand(name, kind, slices, -(1 << top - 1), (1 << top - 1) - align, align)
    if kind == "popular":
        return Operand(name, "register", slices, _POPULAR, _POPULAR + 7, 1, _POPULAR)
    return Operand(name, kind, slices, 0, (1 << top) - align, align)


def _no_meaning(*_: Any) -> int:
    """Stand for an instruction that nobody carries out."""
    return 0
