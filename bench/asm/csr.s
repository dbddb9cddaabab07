# Bench: privileged register accesses. Each of N iterations reads sscratch and writes it: two
# exits of a deprivileged guest.

    .include "workload.inc"

    default_iterations 1000
    workload_named "csr"

    .text
    .globl workload
workload:
    csrw sscratch, zero
1:  csrr t0, sscratch
    csrw sscratch, a0
    addi a0, a0, -1
    bnez a0, 1b
    mv a0, t0
    ret
