# Benchmark: the empty system call. A U-mode loop makes N of them; the trap vector does no
# more than step over the ecall and return. 10 instructions a call, two of them privileged
# register accesses and one an sret.

    .include "isa.inc"
    .include "macros.inc"
    .include "workload.inc"

.equ CALL_NULL, 0                       # a7 of the empty call: a0 = a0 + a1
.equ CALL_DONE, 1                       # a7 of the last call: a0 = checksum

    default_iterations 20000
    workload_named "nullcall"

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

    # Registers other than a0 and t0 belong to the user, who leaves them alone.
    .balign 4
vector:
    bnez a7, done
    add a0, a0, a1
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
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
