# Hostile: its trap handler executes an illegal instruction, for ever.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    la t0, vector
    csrw stvec, t0
    .word 0                             # defined to be illegal

    .balign 4
vector:
    .word 0
