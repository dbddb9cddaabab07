# Hostile to nobody but itself: panics at once, to show what a guest's own failure looks like.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .globl _start
_start:
    la sp, stack_top
    call console_init
    la a0, text_reason
    j panic

    .section .rodata
text_reason:
    .asciz "on purpose"

    .bss
    .balign 16
    .zero 1024
stack_top:
