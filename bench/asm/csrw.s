# Bench: a privileged register is written. N writes of sscratch.

    .include "workload.inc"

    default_iterations 1000
    workload_named "csrw"

    .text
    .globl workload
workload:
1:  csrw sscratch, a0
    addi a0, a0, -1
    bnez a0, 1b
    csrw sscratch, zero
    ret
