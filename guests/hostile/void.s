# Hostile: jumps to an address where nothing is, with no trap vector set. The fetch faults,
# the vector faults, and the hart never gets anywhere again.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    csrw stvec, zero
    li t0, 0x7ffffffffff0
    jr t0
