# Hostile: waits for an interrupt with none enabled and no timer set.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    csrw sie, zero
1:  wfi
    j 1b
