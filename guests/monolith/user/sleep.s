# sleep: do nothing for so many milliseconds.

    .include "user.inc"

.equ TICKS, 10000                       # of the timebase in a millisecond

    .text
    .globl main
main:
    enter
    li a2, 1000
    call number_argument
    li t0, TICKS
    mul a0, a0, t0
    system_call SYS_SLEEP
    li a0, 0
    leave
