# Hostile: jumps to itself for ever. Nothing changes, so this can be found out.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    j _start
