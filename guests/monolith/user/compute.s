# compute: a workload that computes. N rounds of multiplying two matrices of 48 x 48 doublewords
# into a third, which is then the first of the next round; a checksum in the end. It fits the TLB
# and makes no system calls.

    .include "user.inc"

.equ ORDER,    48
.equ ROW,      8 * ORDER
.equ MATRIX,   ROW * ORDER

    .bss
    .balign 8
left:    .zero MATRIX
right:   .zero MATRIX
product: .zero MATRIX

    .text
    .globl main
main:
    enter
    li a2, 1
    call number_argument
    mv s0, a0

    # 1. Numbers to begin with.
    la t0, left
    li t1, 2 * MATRIX
    add t1, t1, t0
    li t2, 88172645463325252
1:  slli t3, t2, 13                     # xorshift
    xor t2, t2, t3
    srli t3, t2, 7
    xor t2, t2, t3
    slli t3, t2, 17
    xor t2, t2, t3
    sd t2, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

    # 2. The rounds.
2:  beqz s0, 6f
    addi s0, s0, -1
    la a0, left                         # row
    la a2, product
    li a3, ORDER
3:  la a1, right                        # column
    li a4, ORDER
4:  mv t0, a0
    mv t1, a1
    li t2, ORDER
    li t3, 0
5:  ld t4, 0(t0)
    ld t5, 0(t1)
    mul t4, t4, t5
    add t3, t3, t4
    addi t0, t0, 8
    addi t1, t1, ROW
    addi t2, t2, -1
    bnez t2, 5b
    srli t4, t3, 29                     # keep the low bits alive
    xor t3, t3, t4
    sd t3, 0(a2)
    addi a2, a2, 8
    addi a1, a1, 8
    addi a4, a4, -1
    bnez a4, 4b
    addi a0, a0, ROW
    addi a3, a3, -1
    bnez a3, 3b
    la t0, left
    la t1, product
    li t2, MATRIX
    add t2, t2, t1
7:  ld t3, 0(t1)
    sd t3, 0(t0)
    addi t0, t0, 8
    addi t1, t1, 8
    bltu t1, t2, 7b
    j 2b

    # 3. FNV-1a over the first matrix.
6:  li s1, 0xcbf29ce484222325
    li t0, 0x100000001b3
    la t1, left
    li t2, MATRIX
    add t2, t2, t1
8:  ld t3, 0(t1)
    xor s1, s1, t3
    mul s1, s1, t0
    addi t1, t1, 8
    bltu t1, t2, 8b
    say text_checksum
    mv a0, s1
    call put_hex
    say_character '\n'
    li a0, 0
    leave

    .section .rodata
text_checksum: .asciz "compute: checksum "
