# monolith, PLIC: which device wants something. Follows the RISC-V Platform-Level Interrupt
# Controller Specification. The context of a hart's S-mode is 2 * hart + 1, as on the board.

    .include "monolith.inc"

.equ PLIC_ENABLE,    0x2000             # 0x80 a context
.equ PLIC_THRESHOLD, 0x200000           # 0x1000 a context
.equ PLIC_CLAIM,     4                  # from the threshold

    .bss
    .balign 8
enable:  .zero 8                        # this hart's enable bits
context: .zero 8                        # its threshold and claim registers

    .text

# plic_init(a0 = hart id): let every priority through to this hart.
    .globl plic_init
plic_init:
    load a1, plic_base
    slli a0, a0, 1
    addi a0, a0, 1
    slli a2, a0, 7
    add a2, a2, a1
    li t0, PLIC_ENABLE
    add a2, a2, t0
    store a2, enable, t0
    slli a0, a0, 12
    add a0, a0, a1
    li t0, PLIC_THRESHOLD
    add a0, a0, t0
    store a0, context, t0
    sw zero, 0(a0)
    ret

# plic_enable(a0 = interrupt, below 32)
    .globl plic_enable
plic_enable:
    load a1, plic_base
    slli t0, a0, 2
    add a1, a1, t0
    li t0, 1
    sw t0, 0(a1)                        # priority
    sll t0, t0, a0
    load a1, enable
    lw t1, 0(a1)
    or t1, t1, t0
    sw t1, 0(a1)
    ret

# plic_interrupt(): hand out what is pending.
    .globl plic_interrupt
plic_interrupt:
    enter
    load s0, context
1:  lw s1, PLIC_CLAIM(s0)
    beqz s1, 4f
    load t0, uart_irq
    bne s1, t0, 2f
    call uart_interrupt
    j 3f
2:  load t0, disk_irq
    bne s1, t0, 3f
    call disk_interrupt
3:  sw s1, PLIC_CLAIM(s0)
    j 1b
4:  leave
