# Bench: nothing. N iterations of the loop that the others have around what they measure.

    .include "workload.inc"

    default_iterations 1000
    workload_named "empty"

    .text
    .globl workload
workload:
1:  addi a0, a0, -1
    bnez a0, 1b
    ret
