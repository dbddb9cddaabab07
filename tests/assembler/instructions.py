"""Programs about instructions: pseudo-instructions, relocation functions, `.option`, raw formats.

They are compared with GNU as, with and without relaxation.
"""

PSEUDO = """
 .text
 .option push
 .option rvc
 addi a0,a0,1
 .option norvc
 addi a0,a0,1
 .option pop
 .option push
 .option pic
 la a0, x
 lla a0, x
 la a1, x+16
 .option nopic
 la a0, x
 .option pop
 la.tls.ie a0, t
 la.tls.gd a1, t
 lui a5,%tprel_hi(t)
 add a5,a5,tp,%tprel_add(t)
 addi a5,a5,%tprel_lo(t)
 lw a0,%tprel_lo(t+4)(a5)
 sw a0,%tprel_lo(t)(a5)
1: auipc a0,%got_pcrel_hi(x)
 ld a0,%pcrel_lo(1b)(a0)
2: auipc a0,%tls_ie_pcrel_hi(t)
 ld a0,%pcrel_lo(2b)(a0)
3: auipc a0,%tls_gd_pcrel_hi(t)
 addi a0,a0,%pcrel_lo(3b)
4: auipc a0,%pcrel_hi(x)
 sd a1,%pcrel_lo(4b)(a0)
 lb a0,x
 lbu a0,x+4
 lwu a0,x
 ld a0,x
 sb a0,x,t0
 sd a0,x,t0
 call x@plt
 call t5,x
 tail x
 jump x,t1
 jal x
 jal t0,x
 jalr a0
 jalr a0,a1
 jalr a0,4(a1)
 jalr a0,a1,4
 jr a0
 jr 4(a0)
 jr a0,4
 ret
 bgt a0,a1,1b
 bleu a0,a1,1b
 bnez a0,far
 beq a0,a1,far
 j far
 beqz a3,far
 .skip 5000
far: nop
 .option arch,-c
 nop
 .option arch,rv64imac_zicsr
 nop
 csrr a0,mstatus
 csrw mstatus,5
 rdcycle a0
 rdtime a0
 rdinstret a0
 fence
 fence r,w
 fence.tso
 sfence.vma
 sfence.vma a0
 sfence.vma a0,a1
 wfi
 mret
 sret
 ecall
 ebreak
 unimp
 c.unimp
 seqz a0,a1
 sext.b a0,a0
 zext.h a0,a0
 zext.w a1,a1
 lw a0,(a0)
 amoadd.w a0,a1,(a2)
 lr.w a0,0(a1)
 .option arch,+zifencei
 fence.i
 .data
 .dtprelword t
 .dtpreldword t+8
 .word x, x-4b
"""

RAW = """
 .insn r 0x33, 0, 0, a0, a1, a2
 .insn r OP, 7, 0x20, a0, a1, fa2
 .insn r MADD, 0, 1, fa0, fa1, fa2, fa3
 .insn r4 MADD, 0, 1, fa0, fa1, fa2, fa3
 .insn i OP_IMM, 0, a0, a1, -5
 .insn i LOAD, 2, a0, 8(a1)
 .insn i 0x13, 0, a0, a1, %lo(x)
 .insn s STORE, 3, a0, 16(sp)
 .insn s STORE_FP, 3, fa0, %lo(x)(sp)
1: .insn b BRANCH, 1, a0, a1, 1b
 .insn sb BRANCH, 5, a0, a1, far
 .insn u LUI, a0, 0x12345
 .insn u AUIPC, a0, %pcrel_hi(x)
 .insn j JAL, ra, 1b
 .insn uj JAL, ra, x
 .insn 0x00000013
 .insn 4, 0x13
 .insn cr C2, 0x8, a0, a1
 .insn ci C1, 2, a0, -3
 .insn ciw C0, 0, a0, 5
 .insn css C2, 6, a0, 7
 .insn cl C0, 2, a0, 4(a1)
 .insn cs C0, 6, a0, 4(a1)
 .insn ca C1, 0x23, 1, a0, a1
 .insn cj C1, 5, 1b
 .insn cb C1, 6, a0, 1b
 .insn 0x0001
 .insn 2, 0x1
 .skip 5000
far:
"""

INSTRUCTIONS = {"pseudo": PSEUDO, "raw": RAW}
