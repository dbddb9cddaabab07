# monolith, traps: the one trap vector, saving and restoring every register, what a trap was,
# and copying from and to user memory, which may fault.
# Follows "Supervisor-Level ISA", sections on stvec, sscratch and scause.
#
# The sscratch protocol: in U-mode sscratch holds the address of the running process, in
# S-mode it holds zero. One swap with tp tells the two apart and finds the process.

    .include "monolith.inc"

# Every register but x0 and tp, at its place in a frame.
.macro trap_registers op, base
    \op x1, 8(\base)
    \op x2, 16(\base)
    \op x3, 24(\base)
    .irp number, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
    \op x\number, 8 * \number(\base)
    .endr
    .irp number, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op x\number, 8 * \number(\base)
    .endr
.endm

.equ KERNEL_FRAME, 256

    .text

# trap_init(): install the vector; sscratch says "in the kernel"; say which interrupts there are.
    .globl trap_init
trap_init:
    csrw sscratch, zero
    la a0, trap_entry
    csrw stvec, a0
    li a0, (1 << IRQ_STI) | (1 << IRQ_SEI)
    csrw sie, a0
    li a0, SSTATUS_SPP                  # the first return is to U-mode, interrupts on
    csrc sstatus, a0
    li a0, SSTATUS_SPIE
    csrs sstatus, a0
    ret

# The trap vector (direct mode, so 4-byte aligned). Interrupts are off in here.
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
    ld sp, PROC_STACK(tp)
    csrr s0, scause
    bltz s0, 2f

    # A system call.
    li t0, CAUSE_ECALL_U
    bne s0, t0, 1f
    call syscall
    j user_return

    # A page fault that the kernel can repair, or a crime.
1:  csrr s1, stval
    mv a0, s0
    mv a1, s1
    call page_fault
    bnez a0, user_return
    mv a0, s0
    mv a1, s1
    call report_fault
    li a0, STATUS_SIGNALLED + STATUS_FAULT
    j process_exit

    # The timer lets the next process run.
2:  mv a0, s0
    call interrupt
    load a0, slice_over
    beqz a0, user_return
    store zero, slice_over, t0
    call yield
    # falls through

# user_return(tp = process): back to U-mode as that process, unless a signal ends it.
    .globl user_return
user_return:
    # 1. Signals that are pending and not ignored. SIGCHLD only wakes.
    ld a0, PROC_SIGNALS(tp)
    beqz a0, 1f
    call signals_take
1:
    # 2. sret is to enter U-mode at its pc with interrupts on. sstatus says so already: the trap
    # that came from there left it so, and so did each sret since, here or of an interrupt
    # while idle. (Each access to a CSR that is saved counts where it has to be emulated.)
    csrw sscratch, tp
    ld a0, PROC_PC(tp)
    csrw sepc, a0

    # 3. Its registers, tp last.
    trap_registers ld, tp
    ld tp, PROC_TP(tp)
    sret

# A trap taken in S-mode: an interrupt while idle, or a page fault while copying from or to
# user memory. Everything else is a bug of this kernel.
from_kernel:
    csrrw tp, sscratch, tp              # tp as it was, sscratch zero again
    addi sp, sp, -KERNEL_FRAME
    trap_registers sd, sp
    csrr a0, scause
    bltz a0, 2f

    # A fault in the copying: repair it, or make the copy fail.
    csrr a1, sepc
    la a2, copy_start
    bltu a1, a2, 3f
    la a2, copy_end
    bgeu a1, a2, 3f
    csrr a1, stval
    call page_fault
    bnez a0, 1f
    la a0, copy_failed
    csrw sepc, a0
1:  trap_registers ld, sp               # sp itself is saved unchanged
    addi sp, sp, KERNEL_FRAME
    sret

2:  call interrupt
    j 1b

3:  csrr a0, sepc
    li a1, 16
    call print_hex
    la a0, text_kernel_trap
    j panic

# interrupt(a0 = scause): the timer, or a device by way of the PLIC.
interrupt:
    slli a0, a0, 1                      # drop the interrupt bit
    srli a0, a0, 1
    li a1, IRQ_STI
    beq a0, a1, timer_interrupt
    li a1, IRQ_SEI
    beq a0, a1, plic_interrupt
    la a0, text_interrupt
    j panic

# report_fault(a0 = scause, a1 = stval, tp): say what the process did.
report_fault:
    enter
    mv s0, a0
    mv s1, a1
    la a0, text_process
    call tty_string
    addi a0, tp, PROC_NAME
    call tty_string
    la a0, text_fault
    li t0, CAUSE_ILLEGAL
    bne s0, t0, 1f
    la a0, text_illegal
1:  call tty_string
    leave

# copy(a0 = to, a1 = from, a2 = bytes) -> a0 = 0, or -1 if user memory was not there. Either
# end may be the kernel's; the caller has checked that the other one is in user space. S-mode
# reaches user pages only while SUM is set. A fault in between is repaired by the trap handler,
# or goes on at copy_failed. Clobbers a1 to a4, t0 to t2.
    .globl copy
copy:
    li t0, USER_TOP
    bltu a0, t0, 1f
    bltu a1, t0, 1f
    addi sp, sp, -16                    # within the kernel
    sd ra, 0(sp)
    call memcpy
    ld ra, 0(sp)
    addi sp, sp, 16
    li a0, 0
    ret
1:  li a3, SSTATUS_SUM
    csrs sstatus, a3
    add t0, a1, a2                      # end
    or t1, a0, a1
    or t1, t1, a2
    andi t1, t1, 7
copy_start:
    bnez t1, 5f

    # Everything is aligned: by doublewords, four at a time as long as that goes.
    addi a4, t0, -32
    j 3f
2:  ld t1, 0(a1)
    ld t2, 8(a1)
    sd t1, 0(a0)
    sd t2, 8(a0)
    ld t1, 16(a1)
    ld t2, 24(a1)
    sd t1, 16(a0)
    sd t2, 24(a0)
    addi a1, a1, 32
    addi a0, a0, 32
3:  bleu a1, a4, 2b
4:  bgeu a1, t0, 8f
    ld t1, 0(a1)
    sd t1, 0(a0)
    addi a1, a1, 8
    addi a0, a0, 8
    j 4b
5:  bgeu a1, t0, 8f
    lbu t1, 0(a1)
    sb t1, 0(a0)
    addi a1, a1, 1
    addi a0, a0, 1
    j 5b

    # Of copy_string: up to the NUL, or the end of the room at t0.
6:  bgeu a0, t0, copy_failed
    lbu t1, 0(a1)
    sb t1, 0(a0)
    addi a1, a1, 1
    addi a0, a0, 1
    bnez t1, 6b
    csrc sstatus, a3
    sub a0, a0, t2
    addi a0, a0, -1
    ret
copy_end:
8:  csrc sstatus, a3
    li a0, 0
    ret
copy_failed:
    li a3, SSTATUS_SUM
    csrc sstatus, a3
    li a0, -1
    ret

# copy_string(a0 = to, a1 = user address, a2 = room) -> a0 = length, or -1 if it does not fit
# or is not there.
    .globl copy_string
copy_string:
    li t0, USER_BASE
    bltu a1, t0, 2f
    li t0, USER_TOP
    bgeu a1, t0, 2f
    sub t0, t0, a1                      # user memory ends after as many bytes
    bleu a2, t0, 1f
    mv a2, t0
1:  add t0, a0, a2                      # end of the room
    mv t2, a0
    li a3, SSTATUS_SUM
    csrs sstatus, a3
    j 6b
2:  li a0, -1
    ret

# user_range(a0 = address, a1 = bytes) -> a0 = 0 if all of it is in user space, else -1. Leaf.
    .globl user_range
user_range:
    li t0, USER_BASE
    bltu a0, t0, 1f
    li t0, USER_TOP
    bgtu a0, t0, 1f
    sub t0, t0, a0
    bltu t0, a1, 1f
    li a0, 0
    ret
1:  li a0, -1
    ret

    .section .rodata
text_kernel_trap:
    .asciz ": unexpected trap in the kernel"
text_interrupt:
    .asciz "unexpected interrupt"
text_process:
    .asciz "monolith: "
text_fault:
    .asciz ": stopped, it reached for memory that it has not\n"
text_illegal:
    .asciz ": stopped, illegal instruction\n"
