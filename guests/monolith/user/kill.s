# kill: send a signal, 15 unless `-N` says another, to the processes named by their pids.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    addi s0, a1, 8
    li s1, SIGTERM
    li s2, 0                            # status
    ld a0, 0(s0)
    beqz a0, 3f
    lbu t0, 0(a0)
    li t1, '-'
    bne t0, t1, 1f
    addi a0, a0, 1
    call read_number
    mv s1, a0
    addi s0, s0, 8
1:  ld a0, 0(s0)
    beqz a0, 3f
    call read_number
    mv a1, s1
    system_call SYS_KILL
    bgez a0, 2f
    la a0, text_cannot
    ld a1, 0(s0)
    call complain
    li s2, 1
2:  addi s0, s0, 8
    j 1b
3:  mv a0, s2
    leave

    .section .rodata
text_cannot: .asciz "kill: no process "
