# cc: stands for a compiler in the workload `compile`. Reads a source whole, divides it into
# words, enters them into a table of symbols, goes over the sequence of words PASSES times as an
# optimizer would, and writes eight bytes for each word.

    .include "user.inc"

.equ SOURCE_MAX,  65536
.equ SYMBOL_BITS, 11                    # of the table's size
.equ SYMBOL,      16                    # hash, how often it occurs
.equ WORDS_MAX,   SOURCE_MAX / 2
.equ PASSES,      48

    .text
    .globl main
main:
    enter
    li t0, 3
    bne a0, t0, 9f
    mv s5, a1

    # 1. Memory, which comes when it is touched: source, symbols, words.
    li a0, SOURCE_MAX + (SYMBOL << SYMBOL_BITS) + 8 * WORDS_MAX
    system_call SYS_SBRK
    bltz a0, 9f
    mv s0, a0                           # source
    li t0, SOURCE_MAX
    add s1, s0, t0                      # symbols
    li t0, SYMBOL << SYMBOL_BITS
    add s2, s1, t0                      # words

    # 2. Read.
    ld a0, 8(s5)
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 9f
    mv s4, a0
    mv a1, s0
    li a2, SOURCE_MAX
    system_call SYS_READ
    bltz a0, 9f
    add s3, s0, a0                      # end
    mv a0, s4
    system_call SYS_CLOSE

    # 3. Words and symbols, then the passes.
    call scan
    mv s4, a0                           # end of the words
    li s3, PASSES
1:  call pass
    addi s3, s3, -1
    bnez s3, 1b

    # 4. Write.
    ld a0, 16(s5)
    li a1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE
    system_call SYS_OPEN
    bltz a0, 9f
    mv a1, s2
    sub a2, s4, s2
    system_call SYS_WRITE
    bltz a0, 9f
    li a0, 0
    leave
9:  la a0, text_failed
    la a1, text_nothing
    call complain
    li a0, 1
    leave

# scan: of main; in s0 = source, s3 = its end, s1 = symbols, s2 = words -> a0 = end of the words.
scan:
    mv a0, s2
    mv a1, s0
    li a5, ' '
1:  bgeu a1, s3, 6f
    lbu t0, 0(a1)
    addi a1, a1, 1
    beq t0, a5, 1b
    li a2, 5381                         # a word: its hash
2:  slli t1, a2, 5
    add a2, a2, t1
    xor a2, a2, t0
    bgeu a1, s3, 3f
    lbu t0, 0(a1)
    addi a1, a1, 1
    bne t0, a5, 2b

    # Its symbol: found, or the first free place.
3:  li t1, 0x9e3779b97f4a7c15
    mul t1, a2, t1
    srli t1, t1, 64 - SYMBOL_BITS
4:  slli t2, t1, 4
    add t2, t2, s1
    ld t3, 0(t2)
    beqz t3, 5f
    beq t3, a2, 5f
    addi t1, t1, 1
    slli t1, t1, 64 - SYMBOL_BITS
    srli t1, t1, 64 - SYMBOL_BITS
    j 4b
5:  sd a2, 0(t2)
    ld t3, 8(t2)
    addi t3, t3, 1
    sd t3, 8(t2)
    sd t1, 0(a0)
    addi a0, a0, 8
    j 1b
6:  ret

# pass: of main; in s1 = symbols, s2 = words, s4 = their end: each word is folded with its symbol
# and its neighbour, the number of the symbol staying in its low bits.
pass:
    mv a0, s2
    li a1, 0
1:  bgeu a0, s4, 2f
    ld t0, 0(a0)
    slli t1, t0, 64 - SYMBOL_BITS
    srli t1, t1, 64 - SYMBOL_BITS
    slli t2, t1, 4
    add t2, t2, s1
    ld t3, 0(t2)
    ld t4, 8(t2)
    srli t5, t0, SYMBOL_BITS
    mul t4, t4, t5
    xor t3, t3, t4
    add t3, t3, a1
    srli t4, t3, 23
    xor t3, t3, t4
    mv a1, t3
    slli t3, t3, SYMBOL_BITS
    or t3, t3, t1
    sd t3, 0(a0)
    addi a0, a0, 8
    j 1b
2:  ret

    .section .rodata
text_failed:  .asciz "cc: failed"
text_nothing: .asciz ""
