# tick, third process: tries to get at kernel memory, first through the kernel's own hands,
# then by itself, and is killed. U-mode; see user.inc for the entry conditions.

    .include "user.inc"

.equ NAP,      1700                     # timebase ticks: several intervals with nobody to run
.equ UNMAPPED, USER_HEAP_END            # an address that belongs to no one

    .section .user_rodata, "a"
text_refused:
    .ascii "intruder: the kernel refuses; reading its memory myself\n"
.equ text_refused_length, . - text_refused
text_inside:
    .ascii "intruder: I am in!\n"
.equ text_inside_length, . - text_inside

    .section .user, "ax"
    .globl intruder_main
intruder_main:
    li a0, 2
    system_call SYS_WAIT
    li a0, NAP
    system_call SYS_SLEEP

    # The kernel must refuse to read for us what we may not read ourselves.
    li a0, KERNEL_BASE
    li a1, 8
    system_call SYS_WRITE
    li t0, -1
    bne a0, t0, 1f
    li a0, UNMAPPED
    li a1, 8
    system_call SYS_WRITE
    li t0, -1
    bne a0, t0, 1f
    say text_refused, text_refused_length

    # The hart must refuse, too.
    li t0, KERNEL_BASE
    lw a0, 0(t0)

    # Still alive: that is a failure of the kernel.
1:  say text_inside, text_inside_length
    li a0, -1
    system_call SYS_EXIT
