# mkdir: make the directories named.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    addi s0, a1, 8
    li s1, 0                            # status
1:  ld a0, 0(s0)
    beqz a0, 3f
    system_call SYS_MKDIR
    bgez a0, 2f
    la a0, text_cannot
    ld a1, 0(s0)
    call complain
    li s1, 1
2:  addi s0, s0, 8
    j 1b
3:  mv a0, s1
    leave

    .section .rodata
text_cannot: .asciz "mkdir: cannot make "
