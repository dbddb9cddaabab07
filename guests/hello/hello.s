# hello: the smallest kernel that says something. Shows the entry contract, a stack, the
# SBI console and a clean power off; uses no paging, no traps and no timer.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .section .text.entry, "ax"
    .weak _start                        # a hypervisor that runs this has an entry of its own
    .globl hello
_start:
hello:
    la sp, stack_top
    call console_init
    la a0, greeting
    call print_string
    j power_off

    .section .rodata
greeting:
    .asciz "hello from supervisor mode\n"

    .bss
    .balign 16
stack:
    .zero 1024
stack_top:
