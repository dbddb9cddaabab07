# calls: a workload of system calls. N hundred rounds of: who am I, how long is this file, a read
# of it from its beginning, a byte through a pipe and back out; a sum of all results in the end.

    .include "user.inc"

.equ ROUNDS, 100
.equ BYTES,  64

    .text
    .globl main
main:
    enter
    addi sp, sp, -BYTES
    li a2, 1
    call number_argument
    li t0, ROUNDS
    mul s0, a0, t0
    la a0, path
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 3f
    mv s1, a0
    system_call SYS_PIPE
    mv s2, a0
    mv s3, a1
    li s4, 0
1:  beqz s0, 2f
    addi s0, s0, -1
    system_call SYS_GETPID
    add s4, s4, a0
    mv a0, s1
    system_call SYS_STAT
    add s4, s4, a1
    mv a0, s1
    li a1, 0
    system_call SYS_SEEK
    mv a0, s1
    mv a1, sp
    li a2, BYTES
    system_call SYS_READ
    add s4, s4, a0
    mv a0, s3
    mv a1, sp
    li a2, 1
    system_call SYS_WRITE
    mv a0, s2
    mv a1, sp
    li a2, 1
    system_call SYS_READ
    add s4, s4, a0
    j 1b
2:  say text_sum
    mv a0, s4
    call put_number
    say_character '\n'
    li a0, 0
    j 4f
3:  la a0, text_cannot
    la a1, path
    call complain
    li a0, 1
4:  addi sp, sp, BYTES
    leave

    .section .rodata
path:        .asciz "/etc/motd"
text_sum:    .asciz "calls: sum "
text_cannot: .asciz "calls: cannot open "
