"""Zicond: integer conditional operations; and Zimop: may-be-operations.

Follows the chapters '"Zicond" Extension for Integer Conditional Operations' and '"Zimop" and
"Zcmop" Extensions for May-Be-Operations' of the RISC-V Unprivileged ISA. The number of a
may-be-operation stands in its mnemonic.
"""

from isa.insn import insn
from isa.words import Word


@insn("czero.eqz rd, rs1, rs2", "0000111 rs2 rs1 101 rd 0110011", ext="Zicond")
def czero_eqz(rs1: Word, rs2: Word) -> int:
    """Give 0 if rs2 is 0, else rs1."""
    if rs2 == 0:
        return 0
    return rs1


@insn("czero.nez rd, rs1, rs2", "0000111 rs2 rs1 111 rd 0110011", ext="Zicond")
def czero_nez(rs1: Word, rs2: Word) -> int:
    """Give 0 if rs2 is not 0, else rs1."""
    if rs2 == 0:
        return rs1
    return 0


@insn("mop.r rd, rs1", "1 mop5[4] 00 mop5[3:2] 0111 mop5[1:0] rs1 100 rd 1110011", ext="Zimop")
def mop_r() -> int:
    """Give 0, until an extension gives the operation of this number (0 to 31) a meaning."""
    return 0


@insn("mop.rr rd, rs1, rs2", "1 mop3[2] 00 mop3[1:0] 1 rs2 rs1 100 rd 1110011", ext="Zimop")
def mop_rr() -> int:
    """Give 0, until an extension gives the operation of this number (0 to 7) a meaning."""
    return 0
