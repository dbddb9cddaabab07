# Bench: page-table writes. N times, a bit that is left to software changes in the entry of a page
# that is in use.

    .include "entries.inc"

.equ SOFTWARE_BIT, 0x100

    default_iterations 1000
    workload_named "pte"

    .text
    .globl workload
workload:
    la a1, page
    find_entry a2, a1
    ld a3, 0(a2)
    lbu t0, 0(a1)
1:  xori a3, a3, SOFTWARE_BIT
    sd a3, 0(a2)
    addi a0, a0, -1
    bnez a0, 1b
    andi a0, a3, 0xff
    ret

    .bss
    .balign 4096
page:
    .zero 4096
