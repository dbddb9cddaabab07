# monolith, buffer cache: blocks of the disk in memory, the least recently used one given up
# first, changed ones written when they are given up or at sync. And the lock of the file system,
# which whoever calls anything here has.
#
# A buffer need not be held: between two sleeps no one else comes in, and what has been asked for
# among the last BUFFERS - 1 requests is never given up. No operation uses as many at a time.

    .include "monolith.inc"

    .bss
    .balign 8
buffers:    .zero BUFFERS * BUFFER_SIZE
stamp:      .zero 8                     # counts requests
fs_holder:  .zero 8                     # the process that has the lock, or 0

    .text

# fs_lock(tp), fs_unlock(): the file system is one process's at a time.
    .globl fs_lock
fs_lock:
    addi sp, sp, -16
    sd ra, 0(sp)
1:  load t0, fs_holder
    beqz t0, 2f
    la a0, fs_holder
    call sleep_on
    j 1b
2:  store tp, fs_holder, t0
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

    .globl fs_unlock
fs_unlock:
    store zero, fs_holder, t0
    la a0, fs_holder
    j wakeup

# buffers_init(): a page for each.
    .globl buffers_init
buffers_init:
    enter
    la s0, buffers
    li s1, BUFFERS
1:  call page_alloc
    sd a0, BUFFER_DATA(s0)
    addi s0, s0, BUFFER_SIZE
    addi s1, s1, -1
    bnez s1, 1b
    leave

# buffer_find(a0 = block) -> a0 = its buffer or the one to use for it, a1 = 1 if it is there.
# A block is looked for from its place modulo BUFFERS on: it is mostly right there.
buffer_find:
    la t5, stamp
    ld t6, 0(t5)
    addi t6, t6, 1
    sd t6, 0(t5)
    andi t0, a0, BUFFERS - 1
    slli t0, t0, 5                      # times BUFFER_SIZE
    la t1, buffers
    add t0, t0, t1
    li t2, BUFFERS * BUFFER_SIZE
    add t2, t2, t1                      # end of the table
    li t3, BUFFERS
    mv a1, t0                           # the oldest so far
1:  ld t4, BUFFER_BLOCK(t0)
    bne t4, a0, 2f
    ld t4, BUFFER_STATE(t0)
    bnez t4, 4f
2:  ld t4, BUFFER_STAMP(t0)
    ld t5, BUFFER_STAMP(a1)
    bgeu t4, t5, 3f
    mv a1, t0
3:  addi t0, t0, BUFFER_SIZE
    bltu t0, t2, 5f
    mv t0, t1
5:  addi t3, t3, -1
    bnez t3, 1b
    mv a0, a1
    sd t6, BUFFER_STAMP(a0)
    li a1, 0
    ret
4:  mv a0, t0
    sd t6, BUFFER_STAMP(a0)
    li a1, 1
    ret

# buffer_read(a0 = block) -> a0 = buffer with what the disk has there.
# buffer_fresh(a0 = block) -> a0 = buffer for it, of unknown content.
    .globl buffer_read, buffer_fresh
buffer_fresh:
    li a1, 0
    j 1f
buffer_read:
    li a1, 1
1:  enter
    mv s0, a0
    mv s1, a1
    call buffer_find
    mv s2, a0
    bnez a1, 3f

    # Not there: the one to use goes to the disk first if it has changed.
    ld t0, BUFFER_STATE(s2)
    andi t0, t0, BUFFER_DIRTY
    beqz t0, 2f
    ld a0, BUFFER_BLOCK(s2)
    ld a1, BUFFER_DATA(s2)
    call disk_write
2:  sd s0, BUFFER_BLOCK(s2)
    li t0, BUFFER_VALID
    sd t0, BUFFER_STATE(s2)
    beqz s1, 3f
    mv a0, s0
    ld a1, BUFFER_DATA(s2)
    call disk_read
3:  mv a0, s2
    leave

# buffer_changed(a0 = buffer): it differs from the disk now. Leaf.
    .globl buffer_changed
buffer_changed:
    li t0, BUFFER_VALID | BUFFER_DIRTY
    sd t0, BUFFER_STATE(a0)
    ret

# buffers_sync(): write all that has changed, by the order of the table.
    .globl buffers_sync
buffers_sync:
    enter
    la s0, buffers
    li s1, BUFFERS
1:  ld t0, BUFFER_STATE(s0)
    andi t1, t0, BUFFER_DIRTY
    beqz t1, 2f
    li t0, BUFFER_VALID
    sd t0, BUFFER_STATE(s0)
    ld a0, BUFFER_BLOCK(s0)
    ld a1, BUFFER_DATA(s0)
    call disk_write
2:  addi s0, s0, BUFFER_SIZE
    addi s1, s1, -1
    bnez s1, 1b
    leave
