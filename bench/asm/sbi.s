# Bench: calls of the execution environment. Each of N iterations asks BASE for the version of
# the specification. The checksum is the sum of the error codes: 0.

    .include "sbi.inc"
    .include "macros.inc"
    .include "workload.inc"

.equ GET_SPEC_VERSION, 0

    default_iterations 1000
    workload_named "sbi"

    .text
    .globl workload
workload:
    mv t0, a0
    li t1, 0
1:  sbi_call SBI_BASE, GET_SPEC_VERSION
    add t1, t1, a0
    addi t0, t0, -1
    bnez t0, 1b
    mv a0, t1
    ret
