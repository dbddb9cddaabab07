# Bench: interprocessor interrupts. N times, the hart sends one to itself by the SBI and takes it.

    .include "isa.inc"
    .include "macros.inc"
    .include "workload.inc"

.equ SBI_IPI,  0x735049
.equ SEND_IPI, 0
.equ ALL,      -1                       # hart_mask_base: every hart

    default_iterations 1000
    workload_named "ipi"

    .text
    .globl workload
workload:
    mv t2, a0
    li t3, 0                            # interrupts taken
    la t0, vector
    csrw stvec, t0
    li t0, 1 << IRQ_SSI
    csrs sie, t0
    csrsi sstatus, SSTATUS_SIE
1:  li a0, 0
    li a1, ALL
    sbi_call SBI_IPI, SEND_IPI
    addi t2, t2, -1
    bnez t2, 1b
    csrci sstatus, SSTATUS_SIE
    mv a0, t3
    ret

    .balign 4
vector:
    csrci sip, 1 << IRQ_SSI
    addi t3, t3, 1
    sret
