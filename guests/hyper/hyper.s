# hyper: the smallest hypervisor that runs something. It copies the image that it is part of to
# frames of its own, and runs the kernel `hello` out of that copy, at the addresses where hello
# was linked: VS-mode, behind a second stage of translation that is filled on demand.
# Entry: S-mode (HS-mode, with the H extension), a0 = hart id, a1 = device tree, satp = 0.

    .option arch, +h
    .include "sbi.inc"
    .include "macros.inc"
    .include "board.inc"

    .equ MEGA,          1 << 21
    .equ GUEST_FRAMES,  KERNEL_BASE + MEGA      # where the guest's memory really is
    .equ LEAF,          0xdf                    # V R W X U A D
    .equ POINTER,       0x01
    .equ SV39X4,        8 << 60
    .equ PASSED_ON,     0xb1ff                  # what the guest can handle: not its own calls
    .equ HSTATUS_SPV,   1 << 7
    .equ HSTATUS_SPVP,  1 << 8
    .equ SSTATUS_SPP,   1 << 8
    .equ CALL_FROM_VS,  10
    .equ FETCH_GUEST_PAGE_FAULT, 20
    .equ LOAD_GUEST_PAGE_FAULT,  21
    .equ STORE_GUEST_PAGE_FAULT, 23
    .equ FRAME,         256

    .section .text.entry, "ax"
    .globl _start
_start:
    la sp, stack_top
    la t0, no_extension
    csrw stvec, t0
    csrr t0, hstatus                    # illegal where there is no H extension

    # 1. The guest's memory: a copy of this image, before anything in it has changed.
    li t0, KERNEL_BASE
    li t1, GUEST_FRAMES
    la t2, __kernel_end
1:  ld t3, 0(t0)
    sd t3, 0(t1)
    addi t0, t0, 8
    addi t1, t1, 8
    bltu t0, t2, 1b
    fence.i

    # 2. The second stage: a root with one table below it, in which nothing is mapped yet.
    la t0, root
    la t1, table
    srli t1, t1, 2
    ori t1, t1, POINTER
    sd t1, (KERNEL_BASE >> 30) * 8(t0)
    srli t0, t0, 12
    li t1, SV39X4 | 1 << 44
    or t0, t0, t1
    csrw hgatp, t0
    hfence.gvma

    # 3. What the guest handles by itself.
    li t0, PASSED_ON
    csrw hedeleg, t0
    li t0, 0x444
    csrw hideleg, t0

    # 4. Into the guest.
    call console_init
    la t0, handler
    csrw stvec, t0
    la t0, stack_top
    csrw sscratch, t0
    li t0, HSTATUS_SPV | HSTATUS_SPVP
    csrs hstatus, t0
    li t0, SSTATUS_SPP
    csrs sstatus, t0
    la t0, hello
    csrw sepc, t0
    li a0, 0
    sret

# Every departure of the guest: its registers go to the stack, the cause says what to do.
    .balign 4
handler:
    csrrw sp, sscratch, sp
    addi sp, sp, -FRAME
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    sd x\n, 8 * \n(sp)
    .endr
    csrr t0, scause
    li t1, CALL_FROM_VS
    beq t0, t1, guest_call
    li t1, FETCH_GUEST_PAGE_FAULT
    beq t0, t1, guest_page_fault
    li t1, LOAD_GUEST_PAGE_FAULT
    beq t0, t1, guest_page_fault
    li t1, STORE_GUEST_PAGE_FAULT
    beq t0, t1, guest_page_fault
    la a0, unexpected
    j panic

# Map the 2 MiB that hello is in; it has no other memory.
guest_page_fault:
    csrr t0, htval
    slli t0, t0, 2
    li t1, KERNEL_BASE
    bltu t0, t1, no_memory
    li t1, KERNEL_BASE + MEGA
    bgeu t0, t1, no_memory
    la t1, table
    li t2, GUEST_FRAMES >> 2 | LEAF
    sd t2, ((KERNEL_BASE >> 21) & 511) * 8(t1)
    hfence.gvma
    la t0, mapped
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    j resume
no_memory:
    la a0, beyond
    j panic

# Pass a call on: an address in it is the guest's, so it is translated. A reset is ours.
guest_call:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    li t0, SBI_SRST
    beq a7, t0, finish
    li t0, SBI_DBCN
    bne a7, t0, 1f
    li t0, MEGA
    add a1, a1, t0
1:  ecall
    sd a0, 8 * 10(sp)
    sd a1, 8 * 11(sp)
resume:
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    ld x\n, 8 * \n(sp)
    .endr
    addi sp, sp, FRAME
    csrrw sp, sscratch, sp
    sret

finish:
    la a0, farewell
    call print_string
    la t0, mapped
    ld a0, 0(t0)
    call print_dec
    la a0, pages
    call print_string
    j power_off

    .balign 4
no_extension:
    call console_init
    la a0, missing
    j panic

    .section .rodata
farewell:
    .asciz "hyper: the guest powers off, with "
pages:
    .asciz " large page mapped\n"
unexpected:
    .asciz "hyper: the guest left for no reason that is known here"
beyond:
    .asciz "hyper: the guest has no memory there"
missing:
    .asciz "hyper: there is no H extension"

    .bss
    .balign 16384
root:
    .zero 16384
table:
    .zero 4096
mapped:                                 # guest-page faults served
    .zero 8
    .balign 16
stack:
    .zero 1024
stack_top:
