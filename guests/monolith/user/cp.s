# cp: copy a file to another.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    li t0, 3
    bne a0, t0, 3f
    mv s0, a1
    ld a0, 8(s0)
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 1f
    mv s1, a0
    ld a0, 16(s0)
    li a1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE
    system_call SYS_OPEN
    bltz a0, 2f
    li a1, STDOUT
    system_call SYS_DUP
    mv a0, s1
    call copy_out
    li a0, 0
    leave
1:  la a0, text_cannot
    ld a1, 8(s0)
    j 4f
2:  la a0, text_cannot
    ld a1, 16(s0)
    j 4f
3:  la a0, text_usage
    la a1, text_nothing
4:  call complain
    li a0, 1
    leave

    .section .rodata
text_cannot:  .asciz "cp: cannot open "
text_usage:   .asciz "usage: cp FROM TO"
text_nothing: .asciz ""
