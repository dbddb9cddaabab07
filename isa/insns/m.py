"""M: integer multiplication and division.

Follows the chapter '"M" Extension for Integer Multiplication and Division' of the RISC-V
Unprivileged ISA. Division by zero and overflow give results, not traps.
"""

from isa.insn import insn
from isa.words import Word, divs, divu, mulhs, mulhsu, mulhu, rems, remu, sext

_MIN64 = 1 << 63
_ONES = (1 << 64) - 1


@insn("mul rd, rs1, rs2", "0000001 rs2 rs1 000 rd 0110011", ext="M")
def mul(rs1: Word, rs2: Word) -> int:
    """Low 64 bits of the product."""
    return rs1 * rs2


@insn("mulh rd, rs1, rs2", "0000001 rs2 rs1 001 rd 0110011", ext="M")
def mulh(rs1: Word, rs2: Word) -> int:
    """High 64 bits of the signed product."""
    return mulhs(rs1, rs2)


@insn("mulhsu rd, rs1, rs2", "0000001 rs2 rs1 010 rd 0110011", ext="M")
def mulhsu_(rs1: Word, rs2: Word) -> int:
    """High 64 bits of the product of signed rs1 and unsigned rs2."""
    return mulhsu(rs1, rs2)


@insn("mulhu rd, rs1, rs2", "0000001 rs2 rs1 011 rd 0110011", ext="M")
def mulhu_(rs1: Word, rs2: Word) -> int:
    """High 64 bits of the unsigned product."""
    return mulhu(rs1, rs2)


@insn("div rd, rs1, rs2", "0000001 rs2 rs1 100 rd 0110011", ext="M")
def div(rs1: Word, rs2: Word) -> int:
    """Signed quotient, rounded towards zero; by zero all ones; on overflow the dividend."""
    if rs2 == 0:
        return _ONES
    if rs1 == _MIN64 and rs2 == _ONES:
        return rs1
    return divs(rs1, rs2)


@insn("divu rd, rs1, rs2", "0000001 rs2 rs1 101 rd 0110011", ext="M")
def divu_(rs1: Word, rs2: Word) -> int:
    """Unsigned quotient; by zero all ones."""
    if rs2 == 0:
        return _ONES
    return divu(rs1, rs2)


@insn("rem rd, rs1, rs2", "0000001 rs2 rs1 110 rd 0110011", ext="M")
def rem(rs1: Word, rs2: Word) -> int:
    """Signed remainder with the dividend's sign; by zero the dividend; on overflow zero."""
    if rs2 == 0:
        return rs1
    if rs1 == _MIN64 and rs2 == _ONES:
        return 0
    return rems(rs1, rs2)


@insn("remu rd, rs1, rs2", "0000001 rs2 rs1 111 rd 0110011", ext="M")
def remu_(rs1: Word, rs2: Word) -> int:
    """Unsigned remainder; by zero the dividend."""
    if rs2 == 0:
        return rs1
    return remu(rs1, rs2)


@insn("mulw rd, rs1, rs2", "0000001 rs2 rs1 000 rd 0111011", ext="M")
def mulw(rs1: Word, rs2: Word) -> int:
    """Low 32 bits of the product, sign-extended."""
    return sext(rs1 * rs2, 32)


@insn("divw rd, rs1, rs2", "0000001 rs2 rs1 100 rd 0111011", ext="M")
def divw(rs1: Word, rs2: Word) -> int:
    """Signed 32-bit quotient, sign-extended; by zero all ones; on overflow the dividend."""
    a = sext(rs1, 32)
    b = sext(rs2, 32)
    if b == 0:
        return _ONES
    return sext(divs(a, b), 32)


@insn("divuw rd, rs1, rs2", "0000001 rs2 rs1 101 rd 0111011", ext="M")
def divuw(rs1: Word, rs2: Word) -> int:
    """Unsigned 32-bit quotient, sign-extended; by zero all ones."""
    b = rs2 & 0xFFFFFFFF
    if b == 0:
        return _ONES
    return sext(divu(rs1 & 0xFFFFFFFF, b), 32)


@insn("remw rd, rs1, rs2", "0000001 rs2 rs1 110 rd 0111011", ext="M")
def remw(rs1: Word, rs2: Word) -> int:
    """Signed 32-bit remainder, sign-extended; by zero the dividend; on overflow zero."""
    a = sext(rs1, 32)
    b = sext(rs2, 32)
    if b == 0:
        return a
    return sext(rems(a, b), 32)


@insn("remuw rd, rs1, rs2", "0000001 rs2 rs1 111 rd 0111011", ext="M")
def remuw(rs1: Word, rs2: Word) -> int:
    """Unsigned 32-bit remainder, sign-extended; by zero the dividend."""
    a = rs1 & 0xFFFFFFFF
    b = rs2 & 0xFFFFFFFF
    if b == 0:
        return sext(a, 32)
    return sext(remu(a, b), 32)
