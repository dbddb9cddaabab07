"""C and Zcb, Zcmop: the compressed forms, as a table of expansions.

Follows the chapters '"C" Extension for Compressed Instructions' and '"Zc*" Extension for Code Size
Reduction' of the RISC-V Unprivileged ISA. Where two patterns overlap, the more particular one
stands first. The parcel of all zeros is illegal by definition: c.addi4spn with a zero immediate.
"""

from isa.compressed import Form, form

FORMS: tuple[Form, ...] = (
    # Quadrant 0
    form("c.addi4spn rdp, uimm", "000 uimm[5:4|9:6|2|3] rdp 00", "addi rdp, sp, uimm",
         legal="uimm != 0"),
    form("c.lw rdp, uimm(rs1p)", "010 uimm[5:3] rs1p uimm[2|6] rdp 00", "lw rdp, uimm(rs1p)"),
    form("c.ld rdp, uimm(rs1p)", "011 uimm[5:3] rs1p uimm[7:6] rdp 00", "ld rdp, uimm(rs1p)"),
    form("c.sw rs2p, uimm(rs1p)", "110 uimm[5:3] rs1p uimm[2|6] rs2p 00", "sw rs2p, uimm(rs1p)"),
    form("c.sd rs2p, uimm(rs1p)", "111 uimm[5:3] rs1p uimm[7:6] rs2p 00", "sd rs2p, uimm(rs1p)"),
    form("c.lbu rdp, uimm(rs1p)", "100000 rs1p uimm[0|1] rdp 00", "lbu rdp, uimm(rs1p)", "Zcb"),
    form("c.lhu rdp, uimm(rs1p)", "100001 rs1p 0 uimm[1] rdp 00", "lhu rdp, uimm(rs1p)", "Zcb"),
    form("c.lh rdp, uimm(rs1p)", "100001 rs1p 1 uimm[1] rdp 00", "lh rdp, uimm(rs1p)", "Zcb"),
    form("c.sb rs2p, uimm(rs1p)", "100010 rs1p uimm[0|1] rs2p 00", "sb rs2p, uimm(rs1p)", "Zcb"),
    form("c.sh rs2p, uimm(rs1p)", "100011 rs1p 0 uimm[1] rs2p 00", "sh rs2p, uimm(rs1p)", "Zcb"),
    # Quadrant 1
    form("c.nop", "000 0 00000 00000 01", "addi zero, zero, 0"),
    form("c.addi rd, imm", "000 imm[5] rd imm[4:0] 01", "addi rd, rd, imm",
         hint="rd == 0 or imm == 0"),
    form("c.addiw rd, imm", "001 imm[5] rd imm[4:0] 01", "addiw rd, rd, imm", legal="rd != 0"),
    form("c.li rd, imm", "010 imm[5] rd imm[4:0] 01", "addi rd, zero, imm", hint="rd == 0"),
    form("c.addi16sp imm", "011 imm[9] 00010 imm[4|6|8:7|5] 01", "addi sp, sp, imm",
         legal="imm != 0"),
    form("c.mop.1", "011 0 00001 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.3", "011 0 00011 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.5", "011 0 00101 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.7", "011 0 00111 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.9", "011 0 01001 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.11", "011 0 01011 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.13", "011 0 01101 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.mop.15", "011 0 01111 00000 01", "addi zero, zero, 0", "Zcmop"),
    form("c.lui rd, imm", "011 imm[5] rd imm[4:0] 01", "lui rd, imm",
         legal="imm != 0", hint="rd == 0"),
    form("c.srli rdp, shamt", "100 shamt[5] 00 rdp shamt[4:0] 01", "srli rdp, rdp, shamt",
         hint="shamt == 0"),
    form("c.srai rdp, shamt", "100 shamt[5] 01 rdp shamt[4:0] 01", "srai rdp, rdp, shamt",
         hint="shamt == 0"),
    form("c.andi rdp, imm", "100 imm[5] 10 rdp imm[4:0] 01", "andi rdp, rdp, imm"),
    form("c.sub rdp, rs2p", "100 0 11 rdp 00 rs2p 01", "sub rdp, rdp, rs2p"),
    form("c.xor rdp, rs2p", "100 0 11 rdp 01 rs2p 01", "xor rdp, rdp, rs2p"),
    form("c.or rdp, rs2p", "100 0 11 rdp 10 rs2p 01", "or rdp, rdp, rs2p"),
    form("c.and rdp, rs2p", "100 0 11 rdp 11 rs2p 01", "and rdp, rdp, rs2p"),
    form("c.subw rdp, rs2p", "100 1 11 rdp 00 rs2p 01", "subw rdp, rdp, rs2p"),
    form("c.addw rdp, rs2p", "100 1 11 rdp 01 rs2p 01", "addw rdp, rdp, rs2p"),
    form("c.mul rdp, rs2p", "100 1 11 rdp 10 rs2p 01", "mul rdp, rdp, rs2p", "Zcb"),
    form("c.zext.b rdp", "100 1 11 rdp 11000 01", "andi rdp, rdp, 255", "Zcb"),
    form("c.not rdp", "100 1 11 rdp 11101 01", "xori rdp, rdp, -1", "Zcb"),
    form("c.j offset", "101 offset[11|4|9:8|10|6|7|3:1|5] 01", "jal zero, offset"),
    form("c.beqz rs1p, offset", "110 offset[8|4:3] rs1p offset[7:6|2:1|5] 01",
         "beq rs1p, zero, offset"),
    form("c.bnez rs1p, offset", "111 offset[8|4:3] rs1p offset[7:6|2:1|5] 01",
         "bne rs1p, zero, offset"),
    # Quadrant 2
    form("c.slli rd, shamt", "000 shamt[5] rd shamt[4:0] 10", "slli rd, rd, shamt",
         hint="rd == 0 or shamt == 0"),
    form("c.lwsp rd, uimm(sp)", "010 uimm[5] rd uimm[4:2|7:6] 10", "lw rd, uimm(sp)",
         legal="rd != 0"),
    form("c.ldsp rd, uimm(sp)", "011 uimm[5] rd uimm[4:3|8:6] 10", "ld rd, uimm(sp)",
         legal="rd != 0"),
    form("c.jr rs1", "100 0 rs1 00000 10", "jalr zero, 0(rs1)", legal="rs1 != 0"),
    form("c.mv rd, rs2", "100 0 rd rs2 10", "add rd, zero, rs2", hint="rd == 0"),
    form("c.ebreak", "100 1 00000 00000 10", "ebreak"),
    form("c.jalr rs1", "100 1 rs1 00000 10", "jalr ra, 0(rs1)"),
    form("c.add rd, rs2", "100 1 rd rs2 10", "add rd, rd, rs2", hint="rd == 0"),
    form("c.swsp rs2, uimm(sp)", "110 uimm[5:2|7:6] rs2 10", "sw rs2, uimm(sp)"),
    form("c.sdsp rs2, uimm(sp)", "111 uimm[5:3|8:6] rs2 10", "sd rs2, uimm(sp)"),
)  # fmt: skip
