# Hostile: stores where neither memory nor a device is, counts what the trap vector sees, and
# powers off only if the hart reported every one of them as a store access fault.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .include "isa.inc"

# Between the devices (twice), above the memory, beyond 56 bits of physical address.
.macro stray address
    li t0, \address
    sb t0, 0(t0)
    sd t0, 0(t0)
.endm

    .section .text.entry, "ax"
    .globl _start
_start:
    la sp, stack_top
    call console_init
    la t0, vector
    csrw stvec, t0
    li s0, 0                            # faults seen

    stray 0x8000000
    stray 0x0ffffff8
    stray 0x4000000000
    stray 0x7ffffffffffff8
    stray 0xfffffffffffffff8

    # Two stores each, none of which may have passed in silence.
    li t0, 10
    bne s0, t0, fail
    la a0, text_faults
    call print_string
    j power_off

# Step over the store, whose address is in t0, if this is the fault it deserves.
    .balign 4
vector:
    csrr t1, scause
    li t2, CAUSE_STORE_ACCESS
    bne t1, t2, fail
    csrr t1, stval
    bne t1, t0, fail
    csrr t1, sepc
    addi t1, t1, 4
    csrw sepc, t1
    addi s0, s0, 1
    sret

    .section .rodata
text_faults:
    .asciz "nowhere: 10 stores, 10 access faults\n"

    .bss
    .balign 16
    .zero 1024
stack_top:
