# Benchmark: calls and branches that depend on data. Each of N iterations strikes out the
# composites below SIEVE_LIMIT, sorts SORTED pseudo-random doublewords, follows the Collatz
# sequences of the numbers up to COLLATZ_LIMIT and computes a Fibonacci number the slow way.

    .include "macros.inc"
    .include "workload.inc"

.equ SIEVE_LIMIT,   4096
.equ SORTED,        256
.equ COLLATZ_LIMIT, 100
.equ FIBONACCI,     12

    default_iterations 4
    workload_named "branchy"

    .bss
    .balign 8
composite:                              # a byte per number
    .zero SIEVE_LIMIT
sorted:
    .zero SORTED * 8

    .text
    .globl workload
workload:
    enter
    mv s0, a0
    li s1, 0                            # checksum
    li s2, 88172645463325252            # state of a xorshift generator, 13-7-17

    # The checksum after each part: times 31, plus the part's result.
1:  call sieve
    call fold
    call fill
    call sort
    call fold
    call collatz
    call fold
    li a0, FIBONACCI
    call fibonacci
    call fold
    addi s0, s0, -1
    bnez s0, 1b
    mv a0, s1
    leave

# fold(a0 = result): into the checksum in s1.
fold:
    slli a1, s1, 5
    sub a1, a1, s1
    add s1, a1, a0
    ret

# sieve() -> a0 = the number of primes below SIEVE_LIMIT. Calls memset.
sieve:
    addi sp, sp, -16
    sd ra, 8(sp)
    la a0, composite
    li a1, 0
    li a2, SIEVE_LIMIT
    call memset
    mv a1, a0
    li a2, SIEVE_LIMIT
    add a3, a1, a2                      # end
    li a0, 0
    li a4, 2
1:  add a5, a1, a4
    lbu a6, 0(a5)
    bnez a6, 3f
    addi a0, a0, 1
    mul a5, a4, a4
    add a5, a5, a1
2:  bgeu a5, a3, 3f
    sb a4, 0(a5)
    add a5, a5, a4
    j 2b
3:  addi a4, a4, 1
    bltu a4, a2, 1b
    ld ra, 8(sp)
    addi sp, sp, 16
    ret

# fill(): the array with the next numbers of the generator in s2.
fill:
    la a0, sorted
    li a1, SORTED
1:  slli a2, s2, 13
    xor s2, s2, a2
    srli a2, s2, 7
    xor s2, s2, a2
    slli a2, s2, 17
    xor s2, s2, a2
    sd s2, 0(a0)
    addi a0, a0, 8
    addi a1, a1, -1
    bnez a1, 1b
    ret

# sort() -> a0 = a sum that depends on the order: Shell's sort, gaps halved from SORTED / 2.
sort:
    la a0, sorted
    li a1, SORTED * 8
    add a1, a1, a0                      # end
    li a2, SORTED / 2 * 8               # gap in bytes
1:  add a3, a0, a2                      # next to insert
2:  ld a4, 0(a3)
    mv a5, a3
3:  sub a6, a5, a2
    bltu a6, a0, 4f
    ld a7, 0(a6)
    bleu a7, a4, 4f
    sd a7, 0(a5)
    mv a5, a6
    j 3b
4:  sd a4, 0(a5)
    addi a3, a3, 8
    bltu a3, a1, 2b
    srli a2, a2, 1
    li a3, 8
    bgeu a2, a3, 1b

    # The sum of each element times its number, counted from 1.
    mv a3, a0
    li a0, 0
    li a4, 1
5:  ld a5, 0(a3)
    mul a5, a5, a4
    add a0, a0, a5
    addi a4, a4, 1
    addi a3, a3, 8
    bltu a3, a1, 5b
    ret

# collatz() -> a0 = the steps that the numbers 1 to COLLATZ_LIMIT take to reach 1, together.
collatz:
    li a0, 0
    li a1, 1
    li a2, COLLATZ_LIMIT
    li a3, 1
1:  mv a4, a1
2:  beq a4, a3, 5f
    addi a0, a0, 1
    andi a5, a4, 1
    bnez a5, 3f
    srli a4, a4, 1
    j 2b
3:  slli a5, a4, 1
    add a4, a4, a5
    addi a4, a4, 1
    j 2b
5:  addi a1, a1, 1
    bleu a1, a2, 1b
    ret

# fibonacci(a0 = n) -> a0 = the n-th Fibonacci number, by two calls of itself.
fibonacci:
    li a1, 2
    bgeu a0, a1, 1f
    ret
1:  addi sp, sp, -32
    sd ra, 0(sp)
    sd a0, 8(sp)
    addi a0, a0, -1
    call fibonacci
    sd a0, 16(sp)
    ld a0, 8(sp)
    addi a0, a0, -2
    call fibonacci
    ld a1, 16(sp)
    add a0, a0, a1
    ld ra, 0(sp)
    addi sp, sp, 32
    ret
