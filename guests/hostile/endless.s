# Hostile: counts for ever. No state recurs (for some centuries): only a bound ends it.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    li t0, 0
1:  addi t0, t0, 1
    j 1b
