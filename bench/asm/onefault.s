# Bench: page faults. N times, a page is unmapped and read; the trap handler maps it again and
# forgets that it was not there. Two entries are written and two translations forgotten a time.

    .include "entries.inc"
    .include "macros.inc"

    default_iterations 1000
    workload_named "onefault"

    .text
    .globl workload
workload:
    la t0, vector
    csrw stvec, t0
    la a1, page
    find_entry a2, a1
    ld a3, 0(a2)
1:  sd zero, 0(a2)
    sfence.vma a1, zero
    lbu t0, 0(a1)
    addi a0, a0, -1
    bnez a0, 1b
    andi a0, a3, 0xff
    ret

    .balign 4
vector:
    csrr t0, scause
    li t1, CAUSE_LOAD_PAGE
    bne t0, t1, fail
    csrr t0, stval
    bne t0, a1, fail
    sd a3, 0(a2)
    sfence.vma a1, zero
    sret

    .bss
    .balign 4096
page:
    .zero 4096
