# wc: count the lines, words and bytes of the file named, or of the input.

    .include "user.inc"

.equ BYTES, 1024

    .text
    .globl main
main:
    enter
    addi sp, sp, -BYTES
    li s0, STDIN
    ld a0, 8(a1)
    mv s5, a0
    beqz a0, 1f
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 6f
    mv s0, a0
1:  li s1, 0                            # lines
    li s2, 0                            # words
    li s3, 0                            # bytes
    li s4, 0                            # whether we are in a word
2:  mv a0, s0
    mv a1, sp
    li a2, BYTES
    system_call SYS_READ
    blez a0, 5f
    add s3, s3, a0
    add t1, sp, a0                      # end
    mv t0, sp
3:  lbu t2, 0(t0)
    addi t0, t0, 1
    li t3, '\n'
    bne t2, t3, 4f
    addi s1, s1, 1
4:  addi t2, t2, -' ' - 1               # blanks and control characters end a word
    li t3, 127 - ' '
    sltu t2, t2, t3
    sltu t3, s4, t2
    add s2, s2, t3
    mv s4, t2
    bltu t0, t1, 3b
    j 2b
5:  mv a0, s1
    li a1, 7
    call put_column
    mv a0, s2
    li a1, 8
    call put_column
    mv a0, s3
    li a1, 8
    call put_column
    say_character '\n'
    li a0, 0
    j 7f
6:  la a0, text_cannot
    mv a1, s5
    call complain
    li a0, 1
7:  addi sp, sp, BYTES
    leave

    .section .rodata
text_cannot: .asciz "wc: cannot open "
