# compile: a workload after the parallel make of the papers. N sources are written, each compiled
# by /bin/cc in a process of its own, two at a time; /bin/link puts the objects together; then all
# files but the result are removed.

    .include "user.inc"

.equ SOURCE_BYTES, 4096
.equ PATH,         32
.equ JOBS,         2

    .bss
    .balign 8
source:      .zero SOURCE_BYTES
source_path: .zero PATH
object_path: .zero PATH
digits:      .zero PATH

    .text
    .globl main
main:
    enter
    li a2, 2
    call number_argument
    mv s0, a0
    la a0, text_folder
    system_call SYS_MKDIR
    la a0, text_folder
    system_call SYS_CHDIR
    bltz a0, 9f

    # 1. The sources.
    li s1, 0
1:  bgeu s1, s0, 2f
    mv a0, s1
    call name_files
    mv a0, s1
    call write_source
    bltz a0, 9f
    addi s1, s1, 1
    j 1b

    # 2. The compilers: a new one whenever less than JOBS are at work.
2:  li s1, 0
    li s2, 0                            # at work
3:  bgeu s1, s0, 4f
    li t0, JOBS
    bgeu s2, t0, 4f
    mv a0, s1
    call name_files
    la a0, text_cc
    la a1, cc_arguments
    call spawn
    blez a0, 9f
    addi s2, s2, 1
    addi s1, s1, 1
    j 3b
4:  beqz s2, 5f
    li a0, -1
    li a1, 0
    system_call SYS_WAIT
    bnez a1, 9f
    addi s2, s2, -1
    j 3b

    # 3. The linker, and away with what is not needed any more.
5:  mv a0, s0
    call name_files                     # leaves the number in `digits`
    la a0, text_link
    la a1, link_arguments
    call run
    bnez a0, 9f
    li s1, 0
6:  bgeu s1, s0, 7f
    mv a0, s1
    call name_files
    la a0, source_path
    system_call SYS_UNLINK
    la a0, object_path
    system_call SYS_UNLINK
    addi s1, s1, 1
    j 6b
7:  li a0, 0
    leave
9:  la a0, text_failed
    la a1, text_nothing
    call complain
    li a0, 1
    leave

# name_files(a0 = number): its digits, `N.c` and `N.o`.
name_files:
    enter
    addi sp, sp, -32
    addi a1, sp, 31
    sb zero, 31(sp)
    call format_number
    mv s0, a0
    la a0, digits
    mv a1, s0
    call string_copy
    la a0, source_path
    mv a1, s0
    call string_copy
    la a1, text_c
    call string_copy
    la a0, object_path
    mv a1, s0
    call string_copy
    la a1, text_o
    call string_copy
    addi sp, sp, 32
    leave

# write_source(a0 = number) -> a0 = 0, or -1: words of letters, by a generator begun with it.
write_source:
    enter
    la s0, source
    li t0, SOURCE_BYTES
    add s1, s0, t0
    li t1, 0x9e3779b97f4a7c15
    addi a0, a0, 1
    mul s2, a0, t1
1:  slli t0, s2, 13
    xor s2, s2, t0
    srli t0, s2, 7
    xor s2, s2, t0
    slli t0, s2, 17
    xor s2, s2, t0
    andi t1, s2, 7                      # a word of 1 to 8 letters, from 16 different ones
    srli t2, s2, 8
2:  andi t3, t2, 15
    addi t3, t3, 'a'
    sb t3, 0(s0)
    addi s0, s0, 1
    bgeu s0, s1, 3f
    srli t2, t2, 4
    addi t1, t1, -1
    bgez t1, 2b
    li t3, ' '
    sb t3, 0(s0)
    addi s0, s0, 1
    bltu s0, s1, 1b
3:  la a0, source_path
    li a1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE
    system_call SYS_OPEN
    bltz a0, 4f
    mv s0, a0
    la a1, source
    li a2, SOURCE_BYTES
    system_call SYS_WRITE
    mv s1, a0
    mv a0, s0
    system_call SYS_CLOSE
    li t0, SOURCE_BYTES
    bne s1, t0, 4f
    li a0, 0
    leave
4:  li a0, -1
    leave

    .data
    .balign 8
cc_arguments:   .dword text_cc, source_path, object_path, 0
link_arguments: .dword text_link, digits, 0

    .section .rodata
text_folder: .asciz "/tmp/build"
text_cc:     .asciz "/bin/cc"
text_link:   .asciz "/bin/link"
text_c:      .asciz ".c"
text_o:      .asciz ".o"
text_failed: .asciz "compile: failed"
text_nothing: .asciz ""
