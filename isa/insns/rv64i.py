"""RV64I: the base integer instructions.

Follows the chapters "RV32I Base Integer Instruction Set" and "RV64I Base Integer Instruction Set"
of the RISC-V Unprivileged ISA. ECALL and EBREAK are in `privileged.py`.
"""

from isa.insn import branch, insn, jump, load, store
from isa.words import Word, asr, s, sext

# Integer register-immediate


@insn("addi rd, rs1, imm", "imm[11:0] rs1 000 rd 0010011", ext="I")
def addi(rs1: Word, imm: Word) -> Word:
    """Add the sign-extended immediate."""
    return rs1 + imm


@insn("slti rd, rs1, imm", "imm[11:0] rs1 010 rd 0010011", ext="I")
def slti(rs1: Word, imm: Word) -> bool:
    """Set rd to 1 if rs1 is less than the immediate, both signed; else to 0."""
    return s(rs1) < s(imm)


@insn("sltiu rd, rs1, imm", "imm[11:0] rs1 011 rd 0010011", ext="I")
def sltiu(rs1: Word, imm: Word) -> bool:
    """Set rd to 1 if rs1 is less than the sign-extended immediate, both unsigned; else to 0."""
    return rs1 < imm


@insn("xori rd, rs1, imm", "imm[11:0] rs1 100 rd 0010011", ext="I")
def xori(rs1: Word, imm: Word) -> Word:
    """Exclusive-or with the sign-extended immediate."""
    return rs1 ^ imm


@insn("ori rd, rs1, imm", "imm[11:0] rs1 110 rd 0010011", ext="I")
def ori(rs1: Word, imm: Word) -> Word:
    """Or with the sign-extended immediate."""
    return rs1 | imm


@insn("andi rd, rs1, imm", "imm[11:0] rs1 111 rd 0010011", ext="I")
def andi(rs1: Word, imm: Word) -> Word:
    """And with the sign-extended immediate."""
    return rs1 & imm


@insn("slli rd, rs1, shamt", "000000 shamt rs1 001 rd 0010011", ext="I")
def slli(rs1: Word, shamt: Word) -> Word:
    """Shift left by the 6-bit immediate."""
    return rs1 << shamt


@insn("srli rd, rs1, shamt", "000000 shamt rs1 101 rd 0010011", ext="I")
def srli(rs1: Word, shamt: Word) -> Word:
    """Shift right by the 6-bit immediate, filling with zeros."""
    return rs1 >> shamt


@insn("srai rd, rs1, shamt", "010000 shamt rs1 101 rd 0010011", ext="I")
def srai(rs1: Word, shamt: Word) -> Word:
    """Shift right by the 6-bit immediate, filling with the sign."""
    return asr(rs1, shamt)


@insn("addiw rd, rs1, imm", "imm[11:0] rs1 000 rd 0011011", ext="I")
def addiw(rs1: Word, imm: Word) -> Word:
    """Add the immediate to the low 32 bits; sign-extend the 32-bit result."""
    return sext(rs1 + imm, 32)


@insn("slliw rd, rs1, shamtw", "0000000 shamtw rs1 001 rd 0011011", ext="I")
def slliw(rs1: Word, shamtw: Word) -> Word:
    """Shift the low 32 bits left by the 5-bit immediate; sign-extend the 32-bit result."""
    return sext(rs1 << shamtw, 32)


@insn("srliw rd, rs1, shamtw", "0000000 shamtw rs1 101 rd 0011011", ext="I")
def srliw(rs1: Word, shamtw: Word) -> Word:
    """Shift the low 32 bits right, filling with zeros; sign-extend the 32-bit result."""
    return sext((rs1 & 0xFFFFFFFF) >> shamtw, 32)


@insn("sraiw rd, rs1, shamtw", "0100000 shamtw rs1 101 rd 0011011", ext="I")
def sraiw(rs1: Word, shamtw: Word) -> Word:
    """Shift the low 32 bits right, filling with their sign; sign-extend the 32-bit result."""
    return asr(sext(rs1, 32), shamtw)


@insn("lui rd, imm20", "imm20 rd 0110111", ext="I")
def lui(imm20: Word) -> Word:
    """Load the immediate into bits 31 to 12, zeros below; sign-extend the 32-bit result."""
    return sext(imm20 << 12, 32)


@insn("auipc rd, imm20", "imm20 rd 0010111", ext="I")
def auipc(pc: Word, imm20: Word) -> Word:
    """Add the immediate, shifted left by 12 and sign-extended from 32 bits, to the pc."""
    return pc + sext(imm20 << 12, 32)


# Integer register-register


@insn("add rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0110011", ext="I")
def add(rs1: Word, rs2: Word) -> Word:
    """Add."""
    return rs1 + rs2


@insn("sub rd, rs1, rs2", "0100000 rs2 rs1 000 rd 0110011", ext="I")
def sub(rs1: Word, rs2: Word) -> Word:
    """Subtract rs2 from rs1."""
    return rs1 - rs2


@insn("sll rd, rs1, rs2", "0000000 rs2 rs1 001 rd 0110011", ext="I")
def sll(rs1: Word, rs2: Word) -> Word:
    """Shift left by the low 6 bits of rs2."""
    return rs1 << (rs2 & 63)


@insn("slt rd, rs1, rs2", "0000000 rs2 rs1 010 rd 0110011", ext="I")
def slt(rs1: Word, rs2: Word) -> bool:
    """Set rd to 1 if rs1 is less than rs2, both signed; else to 0."""
    return s(rs1) < s(rs2)


@insn("sltu rd, rs1, rs2", "0000000 rs2 rs1 011 rd 0110011", ext="I")
def sltu(rs1: Word, rs2: Word) -> bool:
    """Set rd to 1 if rs1 is less than rs2, both unsigned; else to 0."""
    return rs1 < rs2


@insn("xor rd, rs1, rs2", "0000000 rs2 rs1 100 rd 0110011", ext="I")
def xor(rs1: Word, rs2: Word) -> Word:
    """Exclusive-or."""
    return rs1 ^ rs2


@insn("srl rd, rs1, rs2", "0000000 rs2 rs1 101 rd 0110011", ext="I")
def srl(rs1: Word, rs2: Word) -> Word:
    """Shift right by the low 6 bits of rs2, filling with zeros."""
    return rs1 >> (rs2 & 63)


@insn("sra rd, rs1, rs2", "0100000 rs2 rs1 101 rd 0110011", ext="I")
def sra(rs1: Word, rs2: Word) -> Word:
    """Shift right by the low 6 bits of rs2, filling with the sign."""
    return asr(rs1, rs2 & 63)


@insn("or rd, rs1, rs2", "0000000 rs2 rs1 110 rd 0110011", ext="I")
def or_(rs1: Word, rs2: Word) -> Word:
    """Or."""
    return rs1 | rs2


@insn("and rd, rs1, rs2", "0000000 rs2 rs1 111 rd 0110011", ext="I")
def and_(rs1: Word, rs2: Word) -> Word:
    """And."""
    return rs1 & rs2


@insn("addw rd, rs1, rs2", "0000000 rs2 rs1 000 rd 0111011", ext="I")
def addw(rs1: Word, rs2: Word) -> Word:
    """Add the low 32 bits; sign-extend the 32-bit result."""
    return sext(rs1 + rs2, 32)


@insn("subw rd, rs1, rs2", "0100000 rs2 rs1 000 rd 0111011", ext="I")
def subw(rs1: Word, rs2: Word) -> Word:
    """Subtract the low 32 bits; sign-extend the 32-bit result."""
    return sext(rs1 - rs2, 32)


@insn("sllw rd, rs1, rs2", "0000000 rs2 rs1 001 rd 0111011", ext="I")
def sllw(rs1: Word, rs2: Word) -> Word:
    """Shift the low 32 bits left by the low 5 bits of rs2; sign-extend the 32-bit result."""
    return sext(rs1 << (rs2 & 31), 32)


@insn("srlw rd, rs1, rs2", "0000000 rs2 rs1 101 rd 0111011", ext="I")
def srlw(rs1: Word, rs2: Word) -> Word:
    """Shift the low 32 bits right by the low 5 bits of rs2, filling with zeros; sign-extend."""
    return sext((rs1 & 0xFFFFFFFF) >> (rs2 & 31), 32)


@insn("sraw rd, rs1, rs2", "0100000 rs2 rs1 101 rd 0111011", ext="I")
def sraw(rs1: Word, rs2: Word) -> Word:
    """Shift the low 32 bits right by the low 5 bits of rs2, filling with their sign."""
    return asr(sext(rs1, 32), rs2 & 31)


# Control transfer


@jump("jal rd, offset", "offset[20|10:1|11|19:12] rd 1101111", ext="I")
def jal(pc: Word, offset: Word) -> Word:
    """Jump to pc + offset; rd takes the address of the next instruction."""
    return pc + offset


@jump("jalr rd, imm(rs1)", "imm[11:0] rs1 000 rd 1100111", ext="I")
def jalr(rs1: Word, imm: Word) -> Word:
    """Jump to rs1 + imm with bit 0 cleared; rd takes the address of the next instruction."""
    return (rs1 + imm) & ~1


@branch("beq rs1, rs2, offset", "offset[12|10:5] rs2 rs1 000 offset[4:1|11] 1100011", ext="I")
def beq(rs1: Word, rs2: Word) -> bool:
    """Branch if equal."""
    return rs1 == rs2


@branch("bne rs1, rs2, offset", "offset[12|10:5] rs2 rs1 001 offset[4:1|11] 1100011", ext="I")
def bne(rs1: Word, rs2: Word) -> bool:
    """Branch if not equal."""
    return rs1 != rs2


@branch("blt rs1, rs2, offset", "offset[12|10:5] rs2 rs1 100 offset[4:1|11] 1100011", ext="I")
def blt(rs1: Word, rs2: Word) -> bool:
    """Branch if rs1 is less than rs2, signed."""
    return s(rs1) < s(rs2)


@branch("bge rs1, rs2, offset", "offset[12|10:5] rs2 rs1 101 offset[4:1|11] 1100011", ext="I")
def bge(rs1: Word, rs2: Word) -> bool:
    """Branch if rs1 is not less than rs2, signed."""
    return s(rs1) >= s(rs2)


@branch("bltu rs1, rs2, offset", "offset[12|10:5] rs2 rs1 110 offset[4:1|11] 1100011", ext="I")
def bltu(rs1: Word, rs2: Word) -> bool:
    """Branch if rs1 is less than rs2, unsigned."""
    return rs1 < rs2


@branch("bgeu rs1, rs2, offset", "offset[12|10:5] rs2 rs1 111 offset[4:1|11] 1100011", ext="I")
def bgeu(rs1: Word, rs2: Word) -> bool:
    """Branch if rs1 is not less than rs2, unsigned."""
    return rs1 >= rs2


# Loads and stores: `value` is what memory holds, zero-extended; a store keeps the low bytes


@load("lb rd, imm(rs1)", "imm[11:0] rs1 000 rd 0000011", ext="I", size=1)
def lb(value: Word) -> Word:
    """Load a byte and sign-extend it."""
    return sext(value, 8)


@load("lh rd, imm(rs1)", "imm[11:0] rs1 001 rd 0000011", ext="I", size=2)
def lh(value: Word) -> Word:
    """Load 16 bits and sign-extend them."""
    return sext(value, 16)


@load("lw rd, imm(rs1)", "imm[11:0] rs1 010 rd 0000011", ext="I", size=4)
def lw(value: Word) -> Word:
    """Load 32 bits and sign-extend them."""
    return sext(value, 32)


@load("ld rd, imm(rs1)", "imm[11:0] rs1 011 rd 0000011", ext="I", size=8)
def ld(value: Word) -> Word:
    """Load 64 bits."""
    return value


@load("lbu rd, imm(rs1)", "imm[11:0] rs1 100 rd 0000011", ext="I", size=1)
def lbu(value: Word) -> Word:
    """Load a byte and zero-extend it."""
    return value


@load("lhu rd, imm(rs1)", "imm[11:0] rs1 101 rd 0000011", ext="I", size=2)
def lhu(value: Word) -> Word:
    """Load 16 bits and zero-extend them."""
    return value


@load("lwu rd, imm(rs1)", "imm[11:0] rs1 110 rd 0000011", ext="I", size=4)
def lwu(value: Word) -> Word:
    """Load 32 bits and zero-extend them."""
    return value


@store("sb rs2, imm(rs1)", "imm[11:5] rs2 rs1 000 imm[4:0] 0100011", ext="I", size=1)
def sb(rs2: Word) -> Word:
    """Store the low byte of rs2."""
    return rs2


@store("sh rs2, imm(rs1)", "imm[11:5] rs2 rs1 001 imm[4:0] 0100011", ext="I", size=2)
def sh(rs2: Word) -> Word:
    """Store the low 16 bits of rs2."""
    return rs2


@store("sw rs2, imm(rs1)", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", ext="I", size=4)
def sw(rs2: Word) -> Word:
    """Store the low 32 bits of rs2."""
    return rs2


@store("sd rs2, imm(rs1)", "imm[11:5] rs2 rs1 011 imm[4:0] 0100011", ext="I", size=8)
def sd(rs2: Word) -> Word:
    """Store rs2."""
    return rs2


# Memory ordering


@insn("fence pred, succ", "---- pred succ ----- 000 ----- 0001111", ext="I")
def fence() -> None:
    """Order the memory and I/O accesses before (pred) against those after (succ).

    Harts here are sequentially consistent, so nothing is left to do. Reserved fm, rs1 and rd values
    are ignored, as the manual asks.
    """


@insn("fence.tso", "1000 0011 0011 ----- 000 ----- 0001111", ext="I", refines="fence")
def fence_tso() -> None:
    """Order loads before later loads and stores, and stores before later stores."""
