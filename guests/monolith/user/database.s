# database: a workload with a large footprint, after decision support. A table of 32768 tuples of
# 128 bytes with a hash index is built in memory; then N rounds of two queries:
#   scan    sum a column of all tuples that satisfy a predicate, reading every one whole,
#   join    look 2048 keys up in the index, and group what is found by a column.
# The table is some 4 MiB: a TLB of 64 entries misses on every tuple that the join finds.

    .include "user.inc"

.equ TUPLES,       32768
.equ TUPLE,        128
.equ TUPLE_KEY,    0
.equ TUPLE_VALUE,  8
.equ TUPLE_REST,   16                   # up to the end
.equ BUCKETS,      65536                # 32 bits each: number of the tuple, from 1
.equ BUCKET_BITS,  16
.equ PROBES,       2048
.equ GROUPS,       64
.equ GOLDEN,       0x9e3779b97f4a7c15

    .bss
    .balign 8
groups: .zero 8 * GROUPS

    .text
    .globl main
main:
    enter
    li a2, 1
    call number_argument
    mv s0, a0
    li a0, TUPLES * TUPLE + BUCKETS * 4
    system_call SYS_SBRK
    bltz a0, 4f
    mv s1, a0                           # the table
    li t0, TUPLES * TUPLE
    add s2, a0, t0                      # the index
    call load_table
    li s3, 0                            # checksum
    li s4, 1                            # seed of the probes
1:  beqz s0, 2f
    addi s0, s0, -1
    mv a0, s0
    call scan
    add s3, s3, a0
    call join
    j 1b

    # Fold the groups in.
2:  la t0, groups
    li t1, GROUPS
    li t2, 0x100000001b3
3:  ld t3, 0(t0)
    mul s3, s3, t2
    xor s3, s3, t3
    addi t0, t0, 8
    addi t1, t1, -1
    bnez t1, 3b
    say text_checksum
    mv a0, s3
    call put_hex
    say_character '\n'
    li a0, 0
    leave
4:  la a0, text_memory
    la a1, text_nothing
    call complain
    li a0, 1
    leave

# next_random in \register: xorshift; clobbers t6.
.macro next_random register
    slli t6, \register, 13
    xor \register, \register, t6
    srli t6, \register, 7
    xor \register, \register, t6
    slli t6, \register, 17
    xor \register, \register, t6
.endm

# bucket_of \key -> t0 = address of its first bucket. Clobbers t1.
.macro bucket_of key
    li t1, GOLDEN
    mul t0, \key, t1
    srli t0, t0, 64 - BUCKET_BITS
    slli t0, t0, 2
    add t0, t0, s2
.endm

# load_table: of main; keys are the even numbers, in no order that helps.
load_table:
    mv a0, s1
    li a1, 1                            # number of the tuple
    li a2, 88172645463325252
1:  slli a3, a1, 1
    li t0, 0x5555
    xor a3, a3, t0
    slli a3, a3, 1
    sd a3, TUPLE_KEY(a0)
    next_random a2
    sd a2, TUPLE_VALUE(a0)
    addi t0, a0, TUPLE_REST
    addi t1, a0, TUPLE
2:  add a2, a2, a1
    sd a2, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 2b

    # Into the index: the first free bucket from its own on.
    bucket_of a3
    li t2, BUCKETS * 4
    add t2, t2, s2
3:  lw t3, 0(t0)
    beqz t3, 4f
    addi t0, t0, 4
    bltu t0, t2, 3b
    mv t0, s2
    j 3b
4:  sw a1, 0(t0)
    addi a0, a0, TUPLE
    addi a1, a1, 1
    li t0, TUPLES
    bleu a1, t0, 1b
    ret

# scan(a0 = predicate: the low bits of the value) -> a0 = sum over the tuples it holds for.
scan:
    andi a1, a0, 7
    li a0, 0
    mv a2, s1
    li a3, TUPLES
1:  li t0, 0
    addi t1, a2, TUPLE_REST             # read it whole
    addi t2, a2, TUPLE
2:  ld t3, 0(t1)
    ld t4, 8(t1)
    srli t5, t3, 3
    xor t0, t0, t5
    add t0, t0, t4
    addi t1, t1, 16
    bltu t1, t2, 2b
    ld t3, TUPLE_VALUE(a2)
    andi t4, t3, 7
    bne t4, a1, 3f
    add a0, a0, t0
3:  addi a2, a2, TUPLE
    addi a3, a3, -1
    bnez a3, 1b
    ret

# join: of main; half of the keys are there.
join:
    li a0, PROBES
    li t2, BUCKETS * 4
    add t2, t2, s2
1:  next_random s4
    slli a1, s4, 64 - BUCKET_BITS - 2   # a key, from as many bits as keys have
    srli a1, a1, 64 - BUCKET_BITS - 2
    bucket_of a1
2:  lwu t3, 0(t0)
    beqz t3, 5f
    addi t3, t3, -1
    slli t3, t3, 7                      # times TUPLE
    add t3, t3, s1
    ld t4, TUPLE_KEY(t3)
    beq t4, a1, 3f
    addi t0, t0, 4
    bltu t0, t2, 2b
    mv t0, s2
    j 2b

    # Found: digest the tuple, add it to its group.
3:  li t0, 0
    addi t1, t3, TUPLE_REST
    addi t4, t3, TUPLE
4:  ld t5, 0(t1)
    srli t6, t0, 5
    xor t0, t0, t6
    add t0, t0, t5
    addi t1, t1, 8
    bltu t1, t4, 4b
    ld t4, TUPLE_VALUE(t3)
    andi t4, t4, GROUPS - 1
    slli t4, t4, 3
    la t5, groups
    add t5, t5, t4
    ld t4, 0(t5)
    add t4, t4, t0
    sd t4, 0(t5)
5:  addi a0, a0, -1
    bnez a0, 1b
    ret

    .section .rodata
text_checksum: .asciz "database: checksum "
text_memory:   .asciz "database: no memory"
text_nothing:  .asciz ""
