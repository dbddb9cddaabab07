# Bench: what stands below a guest kernel where there is no SBI. Entered in M-mode at
# 0x80000000, it enters the guest in S-mode at GUEST and answers the calls that the bundled
# guests make: the legacy console_putchar, and SRST. BASE says that there is no other. What
# the guest prints is kept and shown at the end, so that no simulator pays for its console
# while it is measured.
# With TWO_STAGE defined the guest is entered in VS-mode, behind a second stage of 4 KiB pages that
# maps RAM onto itself; nothing comes back to HS-mode.
# `shim_done` is reached once the guest has ended: a simulator that has no HTIF stops there.
# Clobbers nothing of the guest's but a0 and a1 of a call.

    .equ GUEST,          0x80200000
    .equ PMPCFG0,        0x3a0
    .equ PMPADDR0,       0x3b0
    .equ PMP_NAPOT_RWX,  0x1f
    .equ ECALL_FROM_S,   9
    .equ TO_S_MODE,      0xb1ff         # all exceptions but calls from S-mode
    .equ TO_S_INTERRUPT, 0x222
    .equ MPP_S,          1 << 11
    .equ FS_INITIAL,     1 << 13        # floating point is on, as our SBI leaves it
    .equ SBI_PUTCHAR,    1
    .equ SBI_BASE,       0x10
    .equ SBI_SRST,       0x53525354
    .equ NOT_SUPPORTED,  -2
    .equ HTIF_PUTCHAR,   0x0101         # device and command, above 48 bits of payload
    .equ FAILED,         3              # HTIF: exit with status 1

    .equ ECALL_FROM_VS,  10
    .equ MPV,            1 << 39
    .equ RAM,            0x80000000
    .equ RAM_PAGES,      128 << 8
    .equ HGATP_SV39X4,   8
    .equ GUEST_ROOT,     0x80100000     # 16 KiB; behind it the middle table, then the leaves
    .equ GUEST_LEAF,     0xdf           # of U-mode, all allowed, accessed and dirty

    .section .shim, "ax"
    .globl shim_start
shim_start:
    la sp, shim_stack_top
    csrw mscratch, sp
    la t0, next_character
    la t1, shim_console
    sd t1, 0(t0)

    # A hart without memory protection has none of these: then go on behind them.
    la t0, 1f
    csrw mtvec, t0
    li t0, -1
    csrw PMPADDR0, t0
    li t0, PMP_NAPOT_RWX
    csrw PMPCFG0, t0
    .balign 4
1:  la t0, vector
    csrw mtvec, t0

    li t0, TO_S_MODE
    csrw medeleg, t0
    li t0, TO_S_INTERRUPT
    csrw mideleg, t0
    li t0, 7
    csrw mcounteren, t0
    csrw satp, zero
    li t0, MPP_S
    .ifdef TWO_STAGE
    call guest_tables
    li t0, TO_S_MODE
    csrw hedeleg, t0
    li t0, -1
    csrw hideleg, t0
    csrw hcounteren, t0
    csrw vsatp, zero
    li t0, MPP_S | MPV
    .endif
    li t1, FS_INITIAL
    or t0, t0, t1
    csrw mstatus, t0
    li t0, GUEST
    csrw mepc, t0
    li a0, 0
    li a1, 0
    mret

    .ifdef TWO_STAGE
# guest_tables(): the second stage, and hgatp.
guest_tables:
    li t0, GUEST_ROOT
    li t1, GUEST_ROOT + 0x4000
    srli t2, t1, 2
    ori t2, t2, 1
    sd t2, 2 * 8(t0)                    # the third GiB
    li t2, (GUEST_ROOT + 0x5000) >> 2 | 1
    li t3, RAM_PAGES >> 9
1:  sd t2, 0(t1)
    addi t2, t2, 1 << 10
    addi t1, t1, 8
    addi t3, t3, -1
    bnez t3, 1b
    li t1, GUEST_ROOT + 0x5000
    li t2, RAM >> 2 | GUEST_LEAF
    li t3, RAM_PAGES
2:  sd t2, 0(t1)
    addi t2, t2, 1 << 10
    addi t1, t1, 8
    addi t3, t3, -1
    bnez t3, 2b
    li t2, HGATP_SV39X4
    slli t2, t2, 60
    srli t0, t0, 12
    or t0, t0, t2
    csrw hgatp, t0
    .option push
    .option arch, +h
    hfence.gvma
    hfence.vvma
    .option pop
    ret
    .endif

    .balign 4
vector:
    csrrw sp, mscratch, sp
    addi sp, sp, -16
    sd t0, 0(sp)
    sd t1, 8(sp)
    csrr t0, mcause
    li t1, ECALL_FROM_S
    .ifdef TWO_STAGE
    li t1, ECALL_FROM_VS
    .endif
    bne t0, t1, failed
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    li t0, SBI_PUTCHAR
    beq a7, t0, putchar
    li t0, SBI_SRST
    beq a7, t0, shim_done
    li t0, SBI_BASE
    bne a7, t0, unknown
    li a0, 0                            # of BASE only the probe: nothing more is there
    li a1, 0
    j back
unknown:
    li a0, NOT_SUPPORTED
    j back
putchar:
    la t0, next_character
    ld t1, 0(t0)
    sb a0, 0(t1)
    addi t1, t1, 1
    sd t1, 0(t0)
    li a0, 0
back:
    ld t0, 0(sp)
    ld t1, 8(sp)
    addi sp, sp, 16
    csrrw sp, mscratch, sp
    mret

    # Show what the guest printed, then end with status 0.
    .globl shim_done
shim_done:
    la s0, shim_console
    la s1, next_character
    ld s1, 0(s1)
1:  bgeu s0, s1, 2f
    lbu a0, 0(s0)
    li a1, HTIF_PUTCHAR
    slli a1, a1, 48
    or a0, a0, a1
    call tell_host
    addi s0, s0, 1
    j 1b
2:  li a0, 1
    call tell_host
failed:
    li a0, FAILED
    call tell_host
    j failed

# tell_host(a0 = word): wait until the host has taken the last one, then send this one.
tell_host:
    la t0, tohost
1:  ld t1, 0(t0)
    bnez t1, 1b
    sd a0, 0(t0)
    ret

    .section .shim_data, "aw"
    .balign 64
    .globl tohost
    .type tohost, @object
    .size tohost, 8
tohost:
    .dword 0
    .balign 64
    .globl fromhost
    .type fromhost, @object
    .size fromhost, 8
fromhost:
    .dword 0
    .balign 64
next_character:
    .dword 0
    .globl shim_console
shim_console:
    .zero 1024
    .zero 1024
shim_stack_top:
