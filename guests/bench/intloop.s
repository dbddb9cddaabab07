# Benchmark: a loop of integer arithmetic without memory accesses and with no branch but its
# own. 14 instructions for each of N iterations.

    .include "workload.inc"

    default_iterations 50000
    workload_named "intloop"

    .text
    .globl workload
workload:
    li a1, 88172645463325252            # state of a xorshift generator, 13-7-17
    li a2, 0x9e3779b97f4a7c15           # odd multiplier
    li a3, 0                            # checksum
1:  slli a4, a1, 13
    xor a1, a1, a4
    srli a4, a1, 7
    xor a1, a1, a4
    slli a4, a1, 17
    xor a1, a1, a4
    mul a4, a1, a2
    add a3, a3, a4
    srai a4, a3, 11
    xor a3, a3, a4
    addw a4, a3, a1
    sub a3, a3, a4
    addi a0, a0, -1
    bnez a0, 1b
    mv a0, a3
    ret
