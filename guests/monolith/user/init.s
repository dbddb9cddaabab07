# init: process 1. Starts what the kernel's command line asks for (`run=compile scale=2`), or a
# shell, and shuts down when that has ended.

    .include "user.inc"

.equ PATH, 64

    .text
    .globl main
main:
    enter
    addi sp, sp, -PATH
    mv s0, a1
    la s1, program
    la s2, scale

    # 1. The words of the command line: those that mean nothing to us are others' business.
1:  addi s0, s0, 8
    ld s3, 0(s0)
    beqz s3, 4f
    mv a0, s3
    la a1, word_run
    call value_of
    beqz a0, 2f
    sd a0, 0(s1)
2:  mv a0, s3
    la a1, word_scale
    call value_of
    beqz a0, 1b
    sd a0, 0(s2)
    j 1b

    # 2. The program and its argument, or the shell without one.
4:  la a1, text_bin
    mv a0, sp
    call string_copy
    ld a1, 0(s1)
    call string_copy
    mv a0, sp
    mv a1, s1
    call run
    bnez a0, 7f

    # 3. End everybody else, wait for them, and turn the machine off.
5:  li a0, -1
    li a1, SIGKILL
    system_call SYS_KILL
6:  call end_all
    system_call SYS_SHUTDOWN
    j 6b
7:  mv s0, a0
    say text_status
    mv a0, s0
    call put_number
    say_character '\n'
    call flush
    j 5b

# end_all(): kill every process but this one; wait until none is left.
end_all:
    enter
    addi sp, sp, -INFO_SIZE - 8
    li s0, 0
1:  mv a0, s0
    mv a1, sp
    system_call SYS_PROCESS
    bltz a0, 2f
    addi s0, s0, 1
    ld t0, INFO_STATE(sp)
    beqz t0, 1b
    ld a0, INFO_PID(sp)
    li a1, SIGKILL
    system_call SYS_KILL
    j 1b
2:  li a0, -1
    li a1, 0
    system_call SYS_WAIT
    bgtz a0, 2b
    addi sp, sp, INFO_SIZE + 8
    leave

# value_of(a0 = word, a1 = beginning) -> a0 = what follows in the word, or 0. Leaf.
value_of:
    lbu t1, 0(a1)
    beqz t1, 1f
    lbu t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    beq t0, t1, value_of
    li a0, 0
1:  ret

    .data
    .balign 8
program: .dword text_sh                 # argv of what is run
scale:   .dword 0
         .dword 0

    .section .rodata
word_run:    .asciz "run="
word_scale:  .asciz "scale="
text_bin:    .asciz "/bin/"
text_sh:     .asciz "sh"
text_status: .asciz "init: it ended with status "
