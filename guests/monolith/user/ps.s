# ps: the processes there are: pid, parent, what they do, name.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    addi sp, sp, -INFO_SIZE - 8
    say text_head
    li s0, 0
1:  mv a0, s0
    mv a1, sp
    system_call SYS_PROCESS
    bltz a0, 2f
    addi s0, s0, 1
    ld s1, INFO_STATE(sp)
    beqz s1, 1b
    ld a0, INFO_PID(sp)
    li a1, 5
    call put_column
    ld a0, INFO_PARENT(sp)
    li a1, 7
    call put_column
    la a0, states
    slli s1, s1, 3
    add a0, a0, s1
    ld a0, 0(a0)
    call put_string
    addi a0, sp, INFO_NAME
    call put_string
    say_character '\n'
    j 1b
2:  li a0, 0
    addi sp, sp, INFO_SIZE + 8
    leave

    .section .rodata
    .balign 8
states:       .dword text_ready, text_ready, text_sleeping, text_ended
text_head:    .asciz "  pid parent state name\n"
text_ready:   .asciz " ready "
text_sleeping: .asciz " sleep "
text_ended:   .asciz " ended "
