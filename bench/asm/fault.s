# Bench: page faults of a user, handled by a kernel. Each of N rounds touches 512 pages that are
# not there; the handler saves 16 registers, writes the entry, fences the page and returns. After
# a round the kernel takes all pages away and fences everything.

    .include "isa.inc"
    .include "macros.inc"
    .include "workload.inc"
    .include "tables.inc"

.equ PAGES, 512
.equ LEAVES, TABLES + 2 * PAGE_SIZE
.equ FRAME, 16 * 8

    default_iterations 1
    workload_named "fault"

    .text
    .globl workload
workload:
    enter
    mv s0, a0
    physical_mode s1
    li s2, TABLES
    copy_kernel_tables s1, s2
    li t0, LEAVES
    pte_of t1, t0, PTE_V
    li t2, PAGE_SIZE
    add t2, t2, s2
    li t3, WINDOW_MIDDLE
    add t2, t2, t3
    sd t1, 0(t2)                        # the window
    pte_of t3, t0, WINDOW_FLAGS         # and behind it the page of its own table
    li t1, LEAVES + PAGE_SIZE
    pte_of t1, t1, PTE_V
    sd t1, 8(t2)
    li t0, LEAVES + PAGE_SIZE
    sd t3, 0(t0)
    li t0, WINDOW_PAGES
    li t1, PAGES
    li t2, PAGE_SIZE
1:  sd t1, 0(t0)
    add t0, t0, t2
    addi t1, t1, -1
    bnez t1, 1b
    satp_of s2, s2
    csrw satp, s2
    sfence.vma

    la a1, vector
    csrw stvec, a1
    csrw sscratch, sp
    li a1, SSTATUS_SPP                  # sret shall enter U-mode, with interrupts off
    csrc sstatus, a1
    li a1, SSTATUS_SPIE
    csrc sstatus, a1
    la a1, user_loop
    csrw sepc, a1
    li a0, 0                            # checksum
    sret

.macro temporaries op
    \op ra, 0(sp)
    \op t0, 8(sp)
    \op t1, 16(sp)
    \op t2, 24(sp)
    \op a0, 32(sp)
    \op a1, 40(sp)
    \op a2, 48(sp)
    \op a3, 56(sp)
    \op a4, 64(sp)
    \op a5, 72(sp)
    \op a6, 80(sp)
    \op a7, 88(sp)
    \op t3, 96(sp)
    \op t4, 104(sp)
    \op t5, 112(sp)
    \op t6, 120(sp)
.endm

    .balign 4
vector:
    csrrw sp, sscratch, sp
    addi sp, sp, -FRAME
    temporaries sd
    csrr t0, scause
    li t1, CAUSE_LOAD_PAGE
    bne t0, t1, call

    # Every page of the window stands as far into the memory behind it.
    csrr t0, stval
    li t1, WINDOW
    sub t1, t0, t1
    srli t1, t1, PAGE_SHIFT
    li t2, PAGES
    bgeu t1, t2, fail
    li t2, WINDOW_PAGES
    srli t2, t2, PAGE_SHIFT
    add t2, t2, t1
    slli t2, t2, PTE_PPN_SHIFT
    ori t2, t2, WINDOW_FLAGS | PTE_U
    slli t1, t1, 3
    li t3, WINDOW + 512 * PAGE_SIZE
    add t1, t1, t3
    sd t2, 0(t1)
    sfence.vma t0, zero
    temporaries ld
    addi sp, sp, FRAME
    csrrw sp, sscratch, sp
    sret

    # The end of a round.
call:
    li t1, CAUSE_ECALL_U
    bne t0, t1, fail
    addi s0, s0, -1
    beqz s0, done
    li t1, WINDOW + 512 * PAGE_SIZE
    li t2, PAGE_SIZE
    add t2, t2, t1
1:  sd zero, 0(t1)
    addi t1, t1, 8
    bltu t1, t2, 1b
    sfence.vma
    la t0, user_loop
    csrw sepc, t0
    temporaries ld
    addi sp, sp, FRAME
    csrrw sp, sscratch, sp
    sret
done:
    addi sp, sp, FRAME
    csrw satp, s1
    sfence.vma
    leave

    .section .user, "ax"
user_loop:
    li a1, WINDOW
    li a2, PAGES
    li a3, 0x1000
1:  ld a4, 0(a1)
    add a0, a0, a4
    add a1, a1, a3
    addi a2, a2, -1
    bnez a2, 1b
    ecall
