# cat: write the files named, or the input.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    li s1, 0                            # status
    addi s0, a1, 8
    ld a0, 0(s0)
    bnez a0, 1f
    li a0, STDIN
    call copy_out
    j 3f
1:  li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 4f
    mv s2, a0
    call copy_out
    mv a0, s2
    system_call SYS_CLOSE
2:  addi s0, s0, 8
    ld a0, 0(s0)
    bnez a0, 1b
3:  mv a0, s1
    leave
4:  la a0, text_cannot
    ld a1, 0(s0)
    call complain
    li s1, 1
    j 2b

    .section .rodata
text_cannot: .asciz "cat: cannot open "
