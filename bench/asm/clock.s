# Bench: a device's handler. Each of N iterations reads what the clock's alarm is set to. The frame
# has no page for a device, so translation is off meanwhile: its tables map each address to itself.

    .include "macros.inc"
    .include "workload.inc"

.equ CLOCK_BASE,  0x101000               # goldfish RTC of QEMU's `virt`
.equ ALARM_LOW,   8

    default_iterations 1000
    workload_named "clock"

    .text
    .globl workload
workload:
    csrrw t2, satp, zero
    li t0, CLOCK_BASE
    li t1, 0
1:  lw a1, ALARM_LOW(t0)
    add t1, t1, a1
    addi a0, a0, -1
    bnez a0, 1b
    csrw satp, t2
    mv a0, t1
    ret
