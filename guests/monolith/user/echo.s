# echo: write the arguments, a blank between them.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    addi s0, a1, 8
    ld a0, 0(s0)
    beqz a0, 2f
1:  call put_string
    addi s0, s0, 8
    ld a0, 0(s0)
    beqz a0, 2f
    say_character ' '
    ld a0, 0(s0)
    j 1b
2:  say_character '\n'
    li a0, 0
    leave
