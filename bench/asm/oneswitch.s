# Bench: context switches. N times, the address space becomes the other one of two, with ASIDs of
# their own, and four pages of data are read.

    .include "entries.inc"

.equ ENTRIES, 512
.equ PAGES,   4

    default_iterations 1000
    workload_named "oneswitch"

    .text
    .globl workload
workload:
    # The other root is a copy of this one.
    csrr a1, satp
    slli t0, a1, 64 - SATP_ASID_SHIFT
    srli t0, t0, 64 - SATP_ASID_SHIFT - PAGE_SHIFT
    la t1, root
    li t2, ENTRIES
1:  ld t3, 0(t0)
    sd t3, 0(t1)
    addi t0, t0, 8
    addi t1, t1, 8
    addi t2, t2, -1
    bnez t2, 1b
    la a2, root
    srli a2, a2, PAGE_SHIFT
    li t0, SATP_MODE_SV39 << (SATP_MODE_SHIFT - SATP_ASID_SHIFT) | 1
    slli t0, t0, SATP_ASID_SHIFT
    or a2, a2, t0

    la a3, pages
    li a4, PAGE_SIZE
2:  csrw satp, a2
    mv t0, a3
    .rept PAGES
    lbu t1, 0(t0)
    add t0, t0, a4
    .endr
    mv t0, a1
    mv a1, a2
    mv a2, t0
    addi a0, a0, -1
    bnez a0, 2b
    li a0, PAGES
    ret

    .bss
    .balign 4096
root:
    .zero 8 * ENTRIES
pages:
    .zero 4096 * PAGES
