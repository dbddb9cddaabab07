# link: stands for a linker in the workload `compile`. Reads the objects `0.o`, `1.o` and so on, N
# of them, writes `program`, and says its size and checksum.

    .include "user.inc"

.equ BYTES, 8192
.equ PATH,  32

    .bss
    .balign 8
part: .zero BYTES
path: .zero PATH

    .text
    .globl main
main:
    enter
    li a2, 1
    call number_argument
    mv s0, a0
    la a0, text_program
    li a1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE
    system_call SYS_OPEN
    bltz a0, 5f
    mv s1, a0
    li s2, 0                            # bytes
    li s3, 0xcbf29ce484222325           # checksum
    li s4, 0
1:  bgeu s4, s0, 4f
    mv a0, s4
    addi sp, sp, -32
    addi a1, sp, 31
    sb zero, 31(sp)
    call format_number
    mv a1, a0
    la a0, path
    call string_copy
    addi sp, sp, 32
    la a1, text_o
    call string_copy
    la a0, path
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 5f
    mv s5, a0
    la a1, part
    li a2, BYTES
    system_call SYS_READ
    bltz a0, 5f
    mv a2, a0
    add s2, s2, a0
    la t0, part
    add t1, t0, a2
    li t2, 0x100000001b3
2:  bgeu t0, t1, 3f
    ld t3, 0(t0)
    xor s3, s3, t3
    mul s3, s3, t2
    addi t0, t0, 8
    j 2b
3:  mv a0, s1
    la a1, part
    system_call SYS_WRITE
    bltz a0, 5f
    mv a0, s5
    system_call SYS_CLOSE
    addi s4, s4, 1
    j 1b
4:  say text_linked
    mv a0, s2
    call put_number
    say text_checksum
    mv a0, s3
    call put_hex
    say_character '\n'
    li a0, 0
    leave
5:  la a0, text_failed
    la a1, text_nothing
    call complain
    li a0, 1
    leave

    .section .rodata
text_program:  .asciz "program"
text_o:        .asciz ".o"
text_linked:   .asciz "compile: "
text_checksum: .asciz " bytes, checksum "
text_failed:   .asciz "link: failed"
text_nothing:  .asciz ""
