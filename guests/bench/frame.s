# Benchmarks, the frame: turns on Sv39 with 4 KiB pages, runs one workload in S-mode, prints
# its checksum and powers off. A workload's file defines
#   workload_name   a NUL-terminated string,
#   iterations      a doubleword, from the symbol N (--defsym N=...) or a default,
#   workload(a0 = iterations) -> a0 = checksum, by the standard calling convention.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .include "isa.inc"
    .include "board.inc"
    .include "macros.inc"

.equ LEAF_TABLES,  3                    # of 2 MiB each, from KERNEL_BASE
.equ ROOT_ENTRY,   (KERNEL_BASE >> 30) * 8     # of KERNEL_BASE, in bytes
.equ MIDDLE_ENTRY, ((KERNEL_BASE >> 21) & 511) * 8
.equ READ,         PTE_V | PTE_R | PTE_A
.equ WRITE,        READ | PTE_W | PTE_D
.equ EXECUTE,      READ | PTE_X

    .section .text.entry, "ax"
    .globl _start
_start:
    la sp, stack_top
    call console_init
    call paging_on
    la a0, iterations
    ld a0, 0(a0)
    call workload
    mv s0, a0

    la a0, workload_name
    call print_string
    la a0, text_iterations
    call print_string
    la a0, iterations
    ld a0, 0(a0)
    call print_dec
    la a0, text_checksum
    call print_string
    mv a0, s0
    li a1, 16
    call print_hex
    la a0, text_newline
    call print_string
    j power_off

# Map [start, end), both page-aligned, onto itself.
.macro map start, end, flags
    la a0, \start
    la a1, \end
    li a2, \flags
    call map_range
.endm

# paging_on(): fill the tables, then enter Sv39 at the same addresses.
    .text
paging_on:
    enter
    map __text_start, __text_end, EXECUTE
    map __user_start, __user_end, EXECUTE | PTE_U
    map __rodata_start, __rodata_end, READ
    map __data_start, __kernel_end, WRITE

    # The leaf tables lie one behind the other: entries one apart.
    la a0, leaf_tables
    srli a0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori a0, a0, PTE_V
    la a1, middle_table
    li a2, MIDDLE_ENTRY
    add a2, a2, a1
    li a3, LEAF_TABLES
1:  sd a0, 0(a2)
    addi a0, a0, 1 << PTE_PPN_SHIFT
    addi a2, a2, 8
    addi a3, a3, -1
    bnez a3, 1b

    # Above them the middle table, above that the root.
    srli a1, a1, PAGE_SHIFT - PTE_PPN_SHIFT
    ori a1, a1, PTE_V
    la a0, root_table
    sd a1, ROOT_ENTRY(a0)
    srli a0, a0, PAGE_SHIFT
    li a1, SATP_MODE_SV39
    slli a1, a1, SATP_MODE_SHIFT
    or a0, a0, a1
    csrw satp, a0
    sfence.vma
    leave

# map_range(a0 = start, a1 = end, a2 = flags): fill entries of the leaf tables. A leaf
# routine; clobbers a0 and a3 to a5.
map_range:
    la a3, leaf_tables
    li a4, KERNEL_BASE
    sub a4, a0, a4
    srli a4, a4, PAGE_SHIFT - 3
    add a3, a3, a4                      # first entry
    li a4, PAGE_SIZE
1:  bgeu a0, a1, 2f
    srli a5, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    or a5, a5, a2
    sd a5, 0(a3)
    addi a3, a3, 8
    add a0, a0, a4
    j 1b
2:  ret

    .section .rodata
text_iterations:
    .asciz ": N = "
text_checksum:
    .asciz ", checksum "
text_newline:
    .asciz "\n"

    .bss
    .balign 4096
root_table:
    .zero PAGE_SIZE
middle_table:
    .zero PAGE_SIZE
leaf_tables:
    .zero LEAF_TABLES * PAGE_SIZE
    .zero 4096
    .globl stack_top
stack_top:
