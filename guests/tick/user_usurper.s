# tick, fourth process: executes an instruction of the kernel's and is killed. U-mode; see
# user.inc for the entry conditions.

    .include "user.inc"

    .section .user_rodata, "a"
text_attempt:
    .ascii "usurper: turning translation off\n"
.equ text_attempt_length, . - text_attempt
text_crowned:
    .ascii "usurper: long live me!\n"
.equ text_crowned_length, . - text_crowned

    .section .user, "ax"
    .globl usurper_main
usurper_main:
    # The third process must have died of a load page fault.
    li a0, 3
    system_call SYS_WAIT
    li t0, -CAUSE_LOAD_PAGE
    bne a0, t0, 1f

    say text_attempt, text_attempt_length
    csrw satp, zero

    # Still alive: that is a failure of the kernel.
1:  say text_crowned, text_crowned_length
    li a0, -1
    system_call SYS_EXIT
