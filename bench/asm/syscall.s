# Bench: system calls of a kernel that saves what belongs to its caller. A U-mode loop makes N
# of them; the trap vector saves 31 registers, steps over the ecall, restores them and returns.

    .include "isa.inc"
    .include "macros.inc"
    .include "workload.inc"

.equ CALL_NULL, 0                       # a7 of the empty call: a0 = a0 + a1
.equ CALL_DONE, 1                       # a7 of the last call: a0 = checksum
.equ FRAME,     32 * 8

    default_iterations 20000
    workload_named "syscall"

    .text
    .globl workload
workload:
    enter
    la a1, vector
    csrw stvec, a1
    csrw sscratch, sp
    li a1, SSTATUS_SPP                  # sret shall enter U-mode, with interrupts off
    csrc sstatus, a1
    li a1, SSTATUS_SPIE
    csrc sstatus, a1
    la a1, user_loop
    csrw sepc, a1
    sret

# Every register but x0 and sp, which goes through sscratch.
.macro user_registers op
    \op x1, 8(sp)
    .irp number, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    \op x\number, \number * 8(sp)
    .endr
    .irp number, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op x\number, \number * 8(sp)
    .endr
.endm

    .balign 4
vector:
    csrrw sp, sscratch, sp
    addi sp, sp, -FRAME
    user_registers sd
    csrr t0, sscratch
    sd t0, 16(sp)
    addi t0, sp, FRAME
    csrw sscratch, t0
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    bnez a7, done
    add a0, a0, a1
    sd a0, 80(sp)
    user_registers ld
    ld sp, 16(sp)
    sret

    # Only an ecall may end the workload.
done:
    csrr a1, scause
    li a2, CAUSE_ECALL_U
    bne a1, a2, fail
    csrr sp, sscratch
    leave

    # The user: calls numbered from N down to 1, so that the checksum is their sum.
    .section .user, "ax"
user_loop:
    mv a1, a0
    li a0, 0
    li a7, CALL_NULL
1:  ecall
    addi a1, a1, -1
    bnez a1, 1b
    li a7, CALL_DONE
    ecall
