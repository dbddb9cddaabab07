# tick, second process: the CRC-32 (reflected, polynomial 0xedb88320) of BYTES pseudo-random
# bytes, bit by bit. U-mode; see user.inc for the entry conditions.

    .include "user.inc"

.equ BYTES,      4096
.equ POLYNOMIAL, 0xedb88320
.equ SEED,       88172645463325252      # of the xorshift generator, 13-7-17

    .section .user_rodata, "a"
text_result:
    .ascii "crc: CRC-32 of 4096 bytes: "
.equ text_result_length, . - text_result
text_pid:
    .ascii ", by process "
.equ text_pid_length, . - text_pid
text_end:
    .ascii "\n"

    .section .user, "ax"
    .globl crc_main
crc_main:
    system_call SYS_YIELD

    # The heap is asked for a little off a page boundary, so that the bytes lie on two pages.
    li a0, 1000
    system_call SYS_SBRK
    li a0, BYTES
    system_call SYS_SBRK
    mv s0, a0
    li s1, BYTES
    add s1, s1, s0                      # end

    # Fill it: one byte of each number.
    li t0, SEED
    mv t1, s0
1:  slli t2, t0, 13
    xor t0, t0, t2
    srli t2, t0, 7
    xor t0, t0, t2
    slli t2, t0, 17
    xor t0, t0, t2
    sb t0, 0(t1)
    addi t1, t1, 1
    bltu t1, s1, 1b

    # Divide it by the polynomial.
    li s2, 0xffffffff                   # remainder
    li s3, POLYNOMIAL
    mv t1, s0
2:  lbu t0, 0(t1)
    xor s2, s2, t0
    li t2, 8
3:  andi t3, s2, 1
    neg t3, t3
    and t3, t3, s3
    srli s2, s2, 1
    xor s2, s2, t3
    addi t2, t2, -1
    bnez t2, 3b
    addi t1, t1, 1
    bltu t1, s1, 2b
    not s2, s2
    slli s2, s2, 32
    srli s2, s2, 32

    # Meet the sieve, then let it speak first.
    li a0, MAILBOX_CRC
    li a1, MAILBOX_SIEVE
    call meet
    li a0, 1
    system_call SYS_WAIT

    say text_result, text_result_length
    mv a0, s2
    li a1, 8
    call user_print_hex
    say text_pid, text_pid_length
    system_call SYS_GETPID
    call user_print_dec
    say text_end, 1
    mv a0, s2
    system_call SYS_EXIT
