# tick, traps: the one trap vector, saving and restoring every register, and the decision
# what a trap was. Follows "Supervisor-Level ISA", sections on stvec, sscratch and scause.
#
# The sscratch protocol: in U-mode sscratch holds the address of the running process, in
# S-mode it holds zero. One swap with tp tells the two apart and finds the process.

    .include "tick.inc"
    .include "macros.inc"

# Every register but x0 and tp, at its place in a frame.
.macro trap_registers op, base
    \op x1, 8(\base)
    \op x2, 16(\base)
    \op x3, 24(\base)
    \op x5, 40(\base)
    \op x6, 48(\base)
    \op x7, 56(\base)
    \op x8, 64(\base)
    \op x9, 72(\base)
    \op x10, 80(\base)
    \op x11, 88(\base)
    \op x12, 96(\base)
    \op x13, 104(\base)
    \op x14, 112(\base)
    \op x15, 120(\base)
    \op x16, 128(\base)
    \op x17, 136(\base)
    \op x18, 144(\base)
    \op x19, 152(\base)
    \op x20, 160(\base)
    \op x21, 168(\base)
    \op x22, 176(\base)
    \op x23, 184(\base)
    \op x24, 192(\base)
    \op x25, 200(\base)
    \op x26, 208(\base)
    \op x27, 216(\base)
    \op x28, 224(\base)
    \op x29, 232(\base)
    \op x30, 240(\base)
    \op x31, 248(\base)
.endm

.equ KERNEL_FRAME, 256

    .text

# trap_init(): install the vector; sscratch says "in the kernel".
    .globl trap_init
trap_init:
    csrw sscratch, zero
    la a0, trap_entry
    csrw stvec, a0
    ret

# The trap vector (direct mode, so 4-byte aligned). Interrupts are off in here, always.
    .balign 4
trap_entry:
    csrrw tp, sscratch, tp
    beqz tp, from_kernel

    # From U-mode: save everything in the process, then be the kernel.
    trap_registers sd, tp
    csrrw a0, sscratch, zero
    sd a0, PROC_TP(tp)
    csrr a0, sepc
    sd a0, PROC_PC(tp)
    la sp, kernel_stack_top
    csrr a0, scause
    csrr a1, stval
    call user_trap
    # falls through: the process goes on

# resume(tp = process): return to U-mode as that process. Does not return.
    .globl resume
resume:
    # 1. Its address space, unless it is the current one already.
    ld a0, PROC_SATP(tp)
    csrr a1, satp
    beq a0, a1, 1f
    call paging_switch

    # 2. sret is to enter U-mode at its pc with interrupts on.
1:  csrw sscratch, tp
    ld a0, PROC_PC(tp)
    csrw sepc, a0
    li a0, SSTATUS_SPP
    csrc sstatus, a0
    li a0, SSTATUS_SPIE
    csrs sstatus, a0

    # 3. Its registers, tp last.
    trap_registers ld, tp
    ld tp, PROC_TP(tp)
    sret

# user_trap(a0 = scause, a1 = stval, tp = process): do what the trap asks for. Returns if
# the process may go on; otherwise the scheduler takes over.
user_trap:
    enter
    mv s0, a0
    mv s1, a1
    bltz s0, 2f

    # A system call.
    li a2, CAUSE_ECALL_U
    bne s0, a2, 1f
    call syscall
    leave

    # A page fault that the kernel can repair, or a crime.
1:  call page_fault
    bnez a0, 3f
    mv a0, s0
    mv a1, s1
    j process_kill

    # The timer: the process stays ready, another one is next.
2:  mv a0, s0
    call interrupt
    j schedule
3:  leave

# A trap taken in S-mode: an interrupt while idle, or a page fault while copying from user
# memory. Everything else is a bug of this kernel.
from_kernel:
    csrrw tp, sscratch, tp              # tp as it was, sscratch zero again
    addi sp, sp, -KERNEL_FRAME
    trap_registers sd, sp
    csrr a0, scause
    bltz a0, 2f

    # A fault between user_copy and user_copy_end: fill the page in, or make the copy fail.
    csrr a1, sepc
    la a2, user_copy
    bltu a1, a2, 3f
    la a2, user_copy_end
    bgeu a1, a2, 3f
    csrr a1, stval
    call page_fault
    bnez a0, 1f
    la a0, user_copy_failed
    csrw sepc, a0

1:  trap_registers ld, sp               # sp itself comes last but is saved unchanged
    addi sp, sp, KERNEL_FRAME
    sret

2:  call interrupt
    j 1b

3:  la a0, text_kernel_trap
    j panic

# interrupt(a0 = scause): only the timer is enabled.
interrupt:
    slli a0, a0, 1                      # drop the interrupt bit
    srli a0, a0, 1
    li a1, IRQ_STI
    beq a0, a1, timer_interrupt
    la a0, text_interrupt
    j panic

    .section .rodata
text_kernel_trap:
    .asciz "unexpected trap in the kernel"
text_interrupt:
    .asciz "unexpected interrupt"
