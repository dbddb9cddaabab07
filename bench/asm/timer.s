# Bench: timer programming. N times, the timer is set by the SBI for a time far away.

    .include "macros.inc"
    .include "sbi.inc"
    .include "workload.inc"

    default_iterations 1000
    workload_named "timer"

    .text
    .globl workload
workload:
    mv t2, a0
1:  li a0, -1
    sbi_call SBI_TIME, SBI_TIME_SET_TIMER
    addi t2, t2, -1
    bnez t2, 1b
    li a0, 0
    ret
