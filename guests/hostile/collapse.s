# Hostile: turns translation on with a root table outside of memory and no trap vector.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .include "isa.inc"

    .section .text.entry, "ax"
    .globl _start
_start:
    csrw stvec, zero
    li t0, SATP_MODE_SV39
    slli t0, t0, SATP_MODE_SHIFT
    addi t0, t0, 1                      # page number 1 holds no memory
    csrw satp, t0
    sfence.vma
