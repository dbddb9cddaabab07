# tick, first process: the primes below LIMIT by the sieve of Eratosthenes, on pages that
# appear as they are touched. U-mode; see user.inc for the entry conditions.

    .include "user.inc"

.equ LIMIT, 16384

    .section .user_rodata, "a"
text_count:
    .ascii "sieve: primes below 16384: "
.equ text_count_length, . - text_count
text_sum:
    .ascii ", their sum "
.equ text_sum_length, . - text_sum
text_end:
    .ascii "\n"

    .section .user, "ax"
    .globl sieve_main
sieve_main:
    system_call SYS_YIELD
    li a0, LIMIT
    system_call SYS_SBRK
    mv s0, a0                           # a byte per number, not 0 if it is composite
    li s1, LIMIT
    add s2, s0, s1                      # end of the bytes

    # Strike out the multiples of each prime up to the root of LIMIT.
    li t0, 2
1:  mul t1, t0, t0
    bgeu t1, s1, 4f
    add t2, s0, t0
    lbu t3, 0(t2)
    bnez t3, 3f
    add t2, s0, t1
2:  sb t0, 0(t2)
    add t2, t2, t0
    bltu t2, s2, 2b
3:  addi t0, t0, 1
    j 1b

    # Count what is left, and add it up.
4:  li t0, 2
    li s3, 0                            # count
    li s4, 0                            # sum
5:  add t2, s0, t0
    lbu t3, 0(t2)
    bnez t3, 6f
    addi s3, s3, 1
    add s4, s4, t0
6:  addi t0, t0, 1
    bltu t0, s1, 5b

    # The other worker must have come as far, though nobody gave way.
    li a0, MAILBOX_SIEVE
    li a1, MAILBOX_CRC
    call meet

    say text_count, text_count_length
    mv a0, s3
    call user_print_dec
    say text_sum, text_sum_length
    mv a0, s4
    call user_print_dec
    say text_end, 1
    mv a0, s3
    system_call SYS_EXIT
