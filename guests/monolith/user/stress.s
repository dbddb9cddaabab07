# stress: N children at a time fork, share and copy pages, fill pipes and end; what they found is
# added up. The sum depends on N alone.

    .include "user.inc"

.equ PAGES,  16
.equ PAGE,   4096

    .bss
    .balign 4096
shared: .zero PAGES * PAGE

    .text
    .globl main
main:
    enter
    li a2, 4
    call number_argument
    mv s0, a0

    # 1. Pages that all will share until they write.
    la t0, shared
    li t1, PAGES
    li t2, PAGE
1:  sd t1, 0(t0)
    add t0, t0, t2
    addi t1, t1, -1
    bnez t1, 1b

    # 2. The children, all writing to one pipe.
    system_call SYS_PIPE
    mv s1, a0                           # to read from
    mv s2, a1                           # to write to
    li s3, 0
2:  bgeu s3, s0, 3f
    addi s3, s3, 1
    system_call SYS_FORK
    bltz a0, 6f
    beqz a0, child
    j 2b

    # 3. Add up what they say, until there is nobody left to say anything.
3:  mv a0, s2
    system_call SYS_CLOSE
    li s4, 0
4:  addi sp, sp, -16
    mv a0, s1
    mv a1, sp
    li a2, 8
    system_call SYS_READ
    ld t0, 0(sp)
    addi sp, sp, 16
    blez a0, 5f
    add s4, s4, t0
    j 4b
5:  li a0, -1
    li a1, 0
    system_call SYS_WAIT
    bgtz a0, 5b
    say text_sum
    mv a0, s4
    call put_number
    say_character '\n'
    li a0, 0
    leave
6:  la a0, text_fork
    la a1, text_nothing
    call complain
    li a0, 1
    leave

# A child: changes its copy of every page, then writes the sum of what it has there PAGES times.
child:
    la t0, shared
    li t1, PAGES
    li t2, PAGE
    li s4, 0
1:  ld t3, 0(t0)
    mul t3, t3, s3
    sd t3, 0(t0)
    add s4, s4, t3
    add t0, t0, t2
    addi t1, t1, -1
    bnez t1, 1b
    li s5, PAGES
2:  addi sp, sp, -16
    sd s4, 0(sp)
    mv a0, s2
    mv a1, sp
    li a2, 8
    system_call SYS_WRITE
    addi sp, sp, 16
    addi s5, s5, -1
    bnez s5, 2b
    li a0, 0
    system_call SYS_EXIT

    .section .rodata
text_sum:     .asciz "stress: sum "
text_fork:    .asciz "stress: cannot fork"
text_nothing: .asciz ""
