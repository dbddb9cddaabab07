# monolith, device tree: finds memory, the command line, and the devices that the kernel drives.
# Follows the Devicetree Specification, chapter "Flattened Devicetree (DTB) Format". Runs before
# translation is on. Sizes of cells are those of the `virt` board: two for addresses and sizes.

    .include "monolith.inc"

.equ FDT_STRUCT,     8                  # offsets in the header
.equ FDT_STRINGS,    12
.equ FDT_BEGIN_NODE, 1                  # tokens
.equ FDT_END_NODE,   2
.equ FDT_PROPERTY,   3
.equ FDT_NOP,        4
.equ COMMAND_BYTES,  256

    .bss
    .balign 8
    .globl memory_base, memory_size, uart_base, uart_irq, plic_base, virtio_slots, virtio_count
memory_base: .zero 8
memory_size: .zero 8
uart_base:   .zero 8
uart_irq:    .zero 8
plic_base:   .zero 8
virtio_slots:                           # base and interrupt of each slot
    .zero 8 * 16
virtio_count: .zero 8
node_name:   .zero 8                    # the node that is being read
node_reg:    .zero 8
node_bytes:  .zero 8                    # the size in its `reg`
node_irq:    .zero 8
node_kinds:  .zero 8                    # its `compatible`, and how long that is
node_length: .zero 8
    .globl command_line
command_line:
    .zero COMMAND_BYTES

    .text

# word_at(a0 = address) -> a0 = the big-endian 32-bit word there. Clobbers t0 and t1.
word_at:
    lbu t0, 0(a0)
    lbu t1, 1(a0)
    slli t0, t0, 8
    or t0, t0, t1
    lbu t1, 2(a0)
    slli t0, t0, 8
    or t0, t0, t1
    lbu t1, 3(a0)
    slli t0, t0, 8
    or a0, t0, t1
    ret

# cell_at(a0 = address) -> a0 = the big-endian 64-bit number there. Clobbers t0 to t3.
cell_at:
    mv t3, ra
    mv t2, a0
    call word_at
    slli a0, a0, 32
    mv t1, a0
    mv a0, t2
    mv t2, t1
    addi a0, a0, 4
    call word_at
    or a0, a0, t2
    jr t3

# tree_read(a0 = device tree): fill in the variables above.
    .globl tree_read
tree_read:
    enter_wide
    mv s0, a0
    addi a0, s0, FDT_STRINGS
    call word_at
    add s1, s0, a0                      # names of properties
    addi a0, s0, FDT_STRUCT
    call word_at
    add s0, s0, a0                      # next token

1:  mv a0, s0
    call word_at
    addi s0, s0, 4
    li t0, FDT_NOP
    beq a0, t0, 1b
    li t0, FDT_PROPERTY
    beq a0, t0, 3f
    mv s2, a0

    # The properties of a node come before its children: a node is complete at either token.
    call node_complete
    li t0, FDT_END_NODE
    beq s2, t0, 1b
    li t0, FDT_BEGIN_NODE
    bne s2, t0, 4f
    store s0, node_name, t0
2:  lbu t0, 0(s0)
    addi s0, s0, 1
    bnez t0, 2b
    addi s0, s0, 3
    andi s0, s0, -4
    j 1b

    # A property: its length, where its name is, its value.
3:  mv a0, s0
    call word_at
    mv s2, a0
    addi a0, s0, 4
    call word_at
    add a0, a0, s1
    addi s0, s0, 8
    mv a1, s0
    mv a2, s2
    call property
    add s0, s0, s2
    addi s0, s0, 3
    andi s0, s0, -4
    j 1b
4:  leave_wide

# property(a0 = name, a1 = value, a2 = bytes): keep it if it is of interest.
property:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a2
    la a1, name_reg
    call string_equal
    bnez a0, 1f
    mv a0, s0
    la a1, name_interrupts
    call string_equal
    bnez a0, 2f
    mv a0, s0
    la a1, name_compatible
    call string_equal
    bnez a0, 3f
    mv a0, s0
    la a1, name_bootargs
    call string_equal
    bnez a0, 4f
    j 5f
1:  mv a0, s1
    call cell_at
    store a0, node_reg, t0
    addi a0, s1, 8
    call cell_at
    store a0, node_bytes, t0
    j 5f
2:  mv a0, s1
    call word_at
    store a0, node_irq, t0
    j 5f
3:  store s1, node_kinds, t0
    store s2, node_length, t0
    j 5f
4:  li t0, COMMAND_BYTES - 1            # the last byte stays NUL
    bleu s2, t0, 6f
    mv s2, t0
6:  la a0, command_line
    mv a1, s1
    mv a2, s2
    call memcpy
5:  leave

# node_complete(): all properties of a node are known; take it in if it is one of ours.
node_complete:
    enter
    load a0, node_name
    beqz a0, 4f
    la a1, name_memory
    call string_begins
    beqz a0, 1f
    load a0, node_reg
    store a0, memory_base, t0
    load a0, node_bytes
    store a0, memory_size, t0

1:  la a0, kind_uart
    call node_is
    beqz a0, 2f
    load a0, node_reg
    store a0, uart_base, t0
    load a0, node_irq
    store a0, uart_irq, t0

2:  la a0, kind_plic
    call node_is
    beqz a0, 3f
    load a0, node_reg
    store a0, plic_base, t0

3:  la a0, kind_virtio
    call node_is
    beqz a0, 4f
    load a1, virtio_count
    li a2, 8
    bgeu a1, a2, 4f
    slli a2, a1, 4
    la a3, virtio_slots
    add a3, a3, a2
    load a0, node_reg
    sd a0, 0(a3)
    load a0, node_irq
    sd a0, 8(a3)
    addi a1, a1, 1
    store a1, virtio_count, t0

4:  store zero, node_name, t0
    store zero, node_length, t0
    leave

# node_is(a0 = kind) -> a0 = 1 if that is one of the node's `compatible` strings.
node_is:
    enter
    mv s0, a0
    load s1, node_kinds
    load s2, node_length
    add s2, s2, s1                      # end
1:  bgeu s1, s2, 3f
    mv a0, s1
    mv a1, s0
    call string_equal
    bnez a0, 4f
2:  lbu t0, 0(s1)
    addi s1, s1, 1
    bnez t0, 2b
    j 1b
3:  li a0, 0
4:  leave

# string_equal(a0, a1 = NUL-terminated strings) -> a0 = 1 if they are the same. Leaf.
    .globl string_equal
string_equal:
1:  lbu t0, 0(a0)
    lbu t1, 0(a1)
    bne t0, t1, 2f
    addi a0, a0, 1
    addi a1, a1, 1
    bnez t0, 1b
    li a0, 1
    ret
2:  li a0, 0
    ret

# string_begins(a0 = string, a1 = beginning) -> a0 = 1 if it begins so. Leaf.
string_begins:
1:  lbu t1, 0(a1)
    beqz t1, 2f
    lbu t0, 0(a0)
    bne t0, t1, 3f
    addi a0, a0, 1
    addi a1, a1, 1
    j 1b
2:  li a0, 1
    ret
3:  li a0, 0
    ret

    .section .rodata
name_reg:        .asciz "reg"
name_interrupts: .asciz "interrupts"
name_compatible: .asciz "compatible"
name_bootargs:   .asciz "bootargs"
name_memory:     .asciz "memory@"
kind_uart:       .asciz "ns16550a"
kind_plic:       .asciz "riscv,plic0"
kind_virtio:     .asciz "virtio,mmio"
