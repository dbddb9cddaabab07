# Bench: device registers. Each of N iterations reads the UART's line status. The frame has no
# page for a device, so translation is off meanwhile: its tables map each address to itself.

    .include "macros.inc"
    .include "workload.inc"

.equ UART_BASE,   0x10000000             # ns16550a of QEMU's `virt`
.equ LINE_STATUS, 5

    default_iterations 1000
    workload_named "uart"

    .text
    .globl workload
workload:
    csrrw t2, satp, zero
    li t0, UART_BASE
    li t1, 0
1:  lbu a1, LINE_STATUS(t0)
    add t1, t1, a1
    addi a0, a0, -1
    bnez a0, 1b
    csrw satp, t2
    mv a0, t1
    ret
