# Bench: switches between two address spaces that have no ASID. Each of N iterations writes satp,
# fences everything and touches 8 pages, which hold the number of their space.

    .include "isa.inc"
    .include "macros.inc"
    .include "workload.inc"
    .include "tables.inc"

.equ SPACES, 2
.equ TOUCHED, 8

    default_iterations 1000
    workload_named "switch"

    .text
    .globl workload
workload:
    enter
    mv s0, a0
    physical_mode s1

    # Each space: a copy of the kernel's root and middle table, and a leaf table of its own.
    li s3, TABLES
    li s4, WINDOW_PAGES                 # the pages behind the window
    li s5, 0                            # the space
1:  copy_kernel_tables s1, s3
    li t1, PAGE_SIZE
    slli t1, t1, 1
    add t0, s3, t1                      # its leaf table, in the middle table's entry
    pte_of t2, t0, PTE_V
    li t1, WINDOW_MIDDLE
    li t3, PAGE_SIZE
    add t3, t3, s3
    add t3, t3, t1
    sd t2, 0(t3)
    li t4, TOUCHED
2:  pte_of t2, s4, WINDOW_FLAGS
    sd t2, 0(t0)
    sd s5, 0(s4)                        # what is read there: the space's number
    li t1, PAGE_SIZE
    add s4, s4, t1
    addi t0, t0, 8
    addi t4, t4, -1
    bnez t4, 2b
    li t1, 4 * PAGE_SIZE
    add s3, s3, t1
    addi s5, s5, 1
    li t1, SPACES
    bltu s5, t1, 1b

    # The two values of satp.
    li t0, TABLES
    satp_of s2, t0
    li t1, 4 * PAGE_SIZE
    add t0, t0, t1
    satp_of s3, t0
    li s5, 0                            # checksum
    li a1, WINDOW
    li a2, PAGE_SIZE
3:  csrw satp, s2
    sfence.vma
    mv a3, a1
    .rept TOUCHED
    ld a4, 0(a3)
    add s5, s5, a4
    add a3, a3, a2
    .endr
    mv a4, s2
    mv s2, s3
    mv s3, a4
    addi s0, s0, -1
    bnez s0, 3b

    csrw satp, s1
    sfence.vma
    mv a0, s5
    leave
