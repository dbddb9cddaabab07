# monolith, disk: the virtio block device behind a virtio-mmio slot of version 2. One request at
# a time: whoever makes it has the lock of the file system, and sleeps until it is done.
# Follows "Virtual I/O Device (VIRTIO) Version 1.1", chapters "Virtio Over MMIO" and "Block Device".

    .include "monolith.inc"

# Registers of the slot
.equ VIRTIO_MAGIC,     0x00
.equ VIRTIO_VERSION,   0x04
.equ VIRTIO_DEVICE,    0x08
.equ VIRTIO_FEATURES,  0x20             # the driver's
.equ VIRTIO_FEATURES_SELECT, 0x24
.equ VIRTIO_QUEUE,     0x30
.equ VIRTIO_QUEUE_SIZE, 0x38
.equ VIRTIO_READY,     0x44
.equ VIRTIO_NOTIFY,    0x50
.equ VIRTIO_INTERRUPT, 0x60
.equ VIRTIO_ACKNOWLEDGE, 0x64
.equ VIRTIO_STATUS,    0x70
.equ VIRTIO_DESCRIPTORS, 0x80
.equ VIRTIO_AVAILABLE, 0x90
.equ VIRTIO_USED,      0xa0
.equ MAGIC,            0x74726976
.equ VERSION,          2
.equ BLOCK_DEVICE,     2

# Status bits: acknowledged, driver, features settled, driver ready
.equ STATUS_DRIVER,    1 | 2
.equ STATUS_FEATURES,  STATUS_DRIVER | 8
.equ STATUS_READY,     STATUS_FEATURES | 4
.equ FEATURE_VERSION_1, 1               # bit 32: bit 0 of the upper word

.equ QUEUE_SIZE,       8
.equ CHAIN,            3                # header, data, status
.equ DESCRIPTOR_NEXT,  1
.equ DESCRIPTOR_WRITE, 2                # the device writes there
.equ REQUEST_READ,     0
.equ REQUEST_WRITE,    1
.equ SECTORS,          BLOCK_SIZE / 512

    .bss
    .balign 4096
descriptors: .zero 16 * QUEUE_SIZE
available:   .zero 8 + 2 * QUEUE_SIZE
    .balign 8
used:        .zero 8 + 8 * QUEUE_SIZE
    .balign 8
request:     .zero 16                   # kind, reserved, sector
result:      .zero 8
disk_base:   .zero 8
    .globl disk_irq
disk_irq:    .zero 8

    .text

# disk_init(): find the disk among the slots and set its queue up.
    .globl disk_init
disk_init:
    enter
    la s0, virtio_slots
    load s1, virtio_count
1:  beqz s1, 5f
    ld s2, 0(s0)
    lw t0, VIRTIO_MAGIC(s2)
    li t1, MAGIC
    bne t0, t1, 2f
    lw t0, VIRTIO_DEVICE(s2)
    li t1, BLOCK_DEVICE
    beq t0, t1, 3f
2:  addi s0, s0, 16
    addi s1, s1, -1
    j 1b
3:  lw t0, VIRTIO_VERSION(s2)
    li t1, VERSION
    bne t0, t1, 6f
    store s2, disk_base, t0
    ld a0, 8(s0)
    store a0, disk_irq, t0

    # 1. Reset, then say that there is a driver, which wants nothing but the standard.
    sw zero, VIRTIO_STATUS(s2)
    li t0, STATUS_DRIVER
    sw t0, VIRTIO_STATUS(s2)
    sw zero, VIRTIO_FEATURES_SELECT(s2)
    sw zero, VIRTIO_FEATURES(s2)
    li t0, 1
    sw t0, VIRTIO_FEATURES_SELECT(s2)
    li t0, FEATURE_VERSION_1
    sw t0, VIRTIO_FEATURES(s2)
    li t0, STATUS_FEATURES
    sw t0, VIRTIO_STATUS(s2)

    # 2. The queue.
    sw zero, VIRTIO_QUEUE(s2)
    li t0, QUEUE_SIZE
    sw t0, VIRTIO_QUEUE_SIZE(s2)
    la t0, descriptors
    sw t0, VIRTIO_DESCRIPTORS(s2)
    sw zero, VIRTIO_DESCRIPTORS + 4(s2)
    la t0, available
    sw t0, VIRTIO_AVAILABLE(s2)
    sw zero, VIRTIO_AVAILABLE + 4(s2)
    la t0, used
    sw t0, VIRTIO_USED(s2)
    sw zero, VIRTIO_USED + 4(s2)
    li t0, 1
    sw t0, VIRTIO_READY(s2)
    li t0, STATUS_READY
    sw t0, VIRTIO_STATUS(s2)

    # 3. The chain of descriptors is always the same, but for the data.
    la t0, descriptors
    la t1, request
    sd t1, 0(t0)
    li t1, 16
    sw t1, 8(t0)
    li t1, 1 << 16 | DESCRIPTOR_NEXT
    sw t1, 12(t0)
    li t1, BLOCK_SIZE
    sw t1, 24(t0)
    la t1, result
    sd t1, 32(t0)
    li t1, 1
    sw t1, 40(t0)
    li t1, DESCRIPTOR_WRITE
    sw t1, 44(t0)
    load a0, disk_irq
    call plic_enable
    leave
5:  la a0, text_no_disk
    j panic
6:  la a0, text_legacy
    j panic

# disk_read, disk_write(a0 = block, a1 = page): come back when it is done.
    .globl disk_read, disk_write
disk_read:
    li a2, REQUEST_READ
    li a3, 2 << 16 | DESCRIPTOR_NEXT | DESCRIPTOR_WRITE
    j transfer
disk_write:
    li a2, REQUEST_WRITE
    li a3, 2 << 16 | DESCRIPTOR_NEXT
transfer:
    enter
    la t0, request
    sw a2, 0(t0)
    li t1, SECTORS
    mul a0, a0, t1
    sd a0, 8(t0)
    la t0, descriptors
    sd a1, 16(t0)
    sw a3, 28(t0)
    la t0, result
    li t1, 255
    sb t1, 0(t0)

    # Offer the chain: an entry of the ring, then the index, then tell the device.
    la t0, available
    lhu s0, 2(t0)
    andi t1, s0, QUEUE_SIZE - 1
    slli t1, t1, 1
    add t1, t1, t0
    sh zero, 4(t1)
    fence
    addi s0, s0, 1
    sh s0, 2(t0)
    fence
    load t0, disk_base
    sw zero, VIRTIO_NOTIFY(t0)

    # Sleep until the device has used it.
1:  la t0, used
    lhu t1, 2(t0)
    slli t2, s0, 48
    srli t2, t2, 48
    beq t1, t2, 2f
    la a0, used
    call sleep_on
    j 1b
2:  fence
    la t0, result
    lbu t0, 0(t0)
    bnez t0, 3f
    leave
3:  la a0, text_error
    j panic

# disk_interrupt(): a request is done.
    .globl disk_interrupt
disk_interrupt:
    load t0, disk_base
    lw t1, VIRTIO_INTERRUPT(t0)
    sw t1, VIRTIO_ACKNOWLEDGE(t0)
    la a0, used
    j wakeup

    .section .rodata
text_no_disk:
    .asciz "no disk: attach one as a virtio block device"
text_legacy:
    .asciz "the disk is of virtio's legacy kind: use -global virtio-mmio.force-legacy=false"
text_error:
    .asciz "the disk refuses"
