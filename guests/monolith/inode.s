# monolith, inodes: files as numbers and bytes, without names. Blocks of the disk are allotted
# here, and inodes kept in memory while somebody uses them. The caller has the lock.

    .include "monolith.inc"

.equ ELF_MAGIC, 0x464c457f

    .bss
    .balign 8
inodes:      .zero INODES * INODE_SIZE
disk_blocks: .zero 8                    # how many the disk has
disk_inodes: .zero 8
block_hint:  .zero 8                    # where to look for a free block first

    .text

# fs_mount(tp = process 1): look at the disk; the root is the working directory.
    .globl fs_mount
fs_mount:
    enter
    call fs_lock
    li a0, 0
    call buffer_read
    ld a0, BUFFER_DATA(a0)
    lw t0, 0(a0)
    li t1, SUPER_MAGIC
    bne t0, t1, 1f
    ld t0, SUPER_BLOCKS(a0)
    store t0, disk_blocks, t1
    ld t0, SUPER_INODES(a0)
    store t0, disk_inodes, t1
    li a0, ROOT_INODE
    call inode_get
    sd a0, PROC_CWD(tp)
    call fs_unlock
    leave
1:  la a0, text_no_fs
    j panic

# fs_close(tp = process 1) -> a0 = sum over all files: process 1 lets go of its own, changed
# blocks are written, and each file is hashed, FNV-1a. A sum does not depend on the order. Programs
# are left out: the bytes of an executable are its linker's affair.
    .globl fs_close
fs_close:
    enter_wide
    call files_close
    call fs_lock
    ld a0, PROC_CWD(tp)
    call inode_release
    call buffers_sync
    li s0, ROOT_INODE
    li s1, 0
1:  load t0, disk_inodes
    bgeu s0, t0, 3f
    mv a0, s0
    call inode_get
    mv s2, a0
    lw t0, DISK_TYPE(s2)
    li t1, TYPE_FILE
    bne t0, t1, 2f
    mv a0, s2
    call inode_hash
    add s1, s1, a0
2:  mv a0, s2
    call inode_release
    addi s0, s0, 1
    j 1b
3:  call fs_unlock
    mv a0, s1
    leave_wide

# inode_hash(a0 = inode) -> a0 = FNV-1a of its size and bytes, by doublewords; 0 for a program.
inode_hash:
    enter_wide
    addi sp, sp, -16
    mv s0, a0
    sd zero, 0(sp)
    mv a1, sp
    li a2, 0
    li a3, 4
    call inode_read
    lw t0, 0(sp)
    addi sp, sp, 16
    li t1, ELF_MAGIC
    li s1, 0
    beq t0, t1, 4f
    li s1, 0xcbf29ce484222325
    li s2, 0x100000001b3
    lwu s3, DISK_SIZE(s0)
    xor s1, s1, s3
    mul s1, s1, s2
    li s4, 0                            # block
1:  slli t0, s4, BLOCK_SHIFT
    bgeu t0, s3, 4f
    mv a0, s0
    mv a1, s4
    li a2, 0
    call block_of
    call buffer_read
    ld s5, BUFFER_DATA(a0)
    slli t0, s4, BLOCK_SHIFT
    sub t0, s3, t0
    li t1, BLOCK_SIZE
    bleu t0, t1, 2f
    mv t0, t1
2:  add s6, s5, t0                      # what is behind the end of a file is zeros
3:  ld t1, 0(s5)
    xor s1, s1, t1
    mul s1, s1, s2
    addi s5, s5, 8
    bltu s5, s6, 3b
    addi s4, s4, 1
    j 1b
4:  mv a0, s1
    leave_wide

# ------------------------------------------------------------------------- blocks

# block_allot() -> a0 = a block that was free, of zeros, or 0 if the disk is full.
block_allot:
    enter
    li a0, BITMAP_BLOCK
    call buffer_read
    mv s1, a0
    ld s0, BUFFER_DATA(a0)
    load t0, block_hint
    load t1, disk_blocks
    mv t2, t1                           # how many to look at
1:  bltu t0, t1, 2f
    li t0, 0
2:  srli t3, t0, 3
    add t3, t3, s0
    lbu t4, 0(t3)
    andi t5, t0, 7
    li t6, 1
    sll t6, t6, t5
    and t5, t4, t6
    beqz t5, 3f
    addi t0, t0, 1
    addi t2, t2, -1
    bnez t2, 1b
    li a0, 0
    leave
3:  or t4, t4, t6
    sb t4, 0(t3)
    store t0, block_hint, t1
    mv s2, t0
    mv a0, s1
    call buffer_changed
    mv a0, s2
    call buffer_fresh
    mv s1, a0
    call buffer_changed
    ld a0, BUFFER_DATA(s1)
    li a1, 0
    li a2, BLOCK_SIZE
    call memset
    mv a0, s2
    leave

# block_free(a0 = block): the lowest free one is allotted next, so that disks stay alike.
block_free:
    enter
    mv s0, a0
    load t0, block_hint
    bgeu s0, t0, 1f
    store s0, block_hint, t1
1:  li a0, BITMAP_BLOCK
    call buffer_read
    ld t0, BUFFER_DATA(a0)
    srli t1, s0, 3
    add t0, t0, t1
    andi t2, s0, 7
    li t3, 1
    sll t3, t3, t2
    not t3, t3
    lbu t4, 0(t0)
    and t4, t4, t3
    sb t4, 0(t0)
    call buffer_changed
    leave

# block_of(a0 = inode, a1 = index, a2 = 1 to allot) -> a0 = block, or 0 if there is none.
block_of:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a2
    li t0, DIRECT
    bgeu a1, t0, 2f
    slli t0, a1, 2
    add s3, s0, t0
    lwu a0, DISK_BLOCKS(s3)
    bnez a0, 1f
    beqz s2, 1f
    call block_allot
    sw a0, DISK_BLOCKS(s3)
1:  leave

    # Behind the direct ones: a block of numbers.
2:  addi s1, s1, -DIRECT
    li a0, 0
    li t0, INDIRECT
    bgeu s1, t0, 1b
    lwu a0, DISK_INDIRECT(s0)
    bnez a0, 3f
    beqz s2, 1b
    call block_allot
    sw a0, DISK_INDIRECT(s0)
    beqz a0, 1b
3:  call buffer_read
    mv s4, a0
    ld s3, BUFFER_DATA(a0)
    slli t0, s1, 2
    add s3, s3, t0
    lwu a0, 0(s3)
    bnez a0, 1b
    beqz s2, 1b
    call block_allot
    sw a0, 0(s3)
    mv s5, a0
    mv a0, s4
    call buffer_changed
    mv a0, s5
    leave

# ------------------------------------------------------------------------- inodes

# disk_inode(a0 = number) -> a0 = buffer, a1 = address of that inode in it.
disk_inode:
    enter
    mv s0, a0
    srli a0, a0, BLOCK_SHIFT - 6
    addi a0, a0, INODE_BLOCK
    call buffer_read
    ld a1, BUFFER_DATA(a0)
    andi t0, s0, BLOCK_SIZE / DISK_INODE - 1
    slli t0, t0, 6
    add a1, a1, t0
    leave

# inode_get(a0 = number) -> a0 = inode, with one user more. All inodes in use at once: a panic.
    .globl inode_get
inode_get:
    enter
    mv s0, a0
    la t0, inodes
    li t1, INODES
    li s1, 0                            # a free one
1:  ld t2, INODE_REFS(t0)
    beqz t2, 2f
    ld t2, INODE_NUMBER(t0)
    bne t2, s0, 3f
    mv a0, t0
    call inode_hold
    leave
2:  mv s1, t0
3:  addi t0, t0, INODE_SIZE
    addi t1, t1, -1
    bnez t1, 1b
    beqz s1, 4f
    sd s0, INODE_NUMBER(s1)
    li t0, 1
    sd t0, INODE_REFS(s1)
    mv a0, s0
    call disk_inode
    addi a0, s1, DISK_TYPE
    li a2, DISK_INODE
    call memcpy
    mv a0, s1
    leave
4:  la a0, text_inodes
    j panic

# inode_hold(a0 = inode) -> a0: one user more. Leaf.
    .globl inode_hold
inode_hold:
    ld t0, INODE_REFS(a0)
    addi t0, t0, 1
    sd t0, INODE_REFS(a0)
    ret

# inode_release(a0 = inode): one user less; without users and names the file is gone.
    .globl inode_release
inode_release:
    enter
    mv s0, a0
    ld t0, INODE_REFS(s0)
    addi t0, t0, -1
    bnez t0, 1f
    lw t1, DISK_LINKS(s0)
    bnez t1, 1f
    lw t1, DISK_TYPE(s0)
    beqz t1, 1f
    call inode_truncate
    sw zero, DISK_TYPE(s0)
    mv a0, s0
    call inode_update
    li t0, 0
1:  sd t0, INODE_REFS(s0)
    leave

# inode_update(a0 = inode): the disk's copy becomes the same.
    .globl inode_update
inode_update:
    enter
    mv s0, a0
    ld a0, INODE_NUMBER(s0)
    call disk_inode
    mv s1, a0
    mv a0, a1
    addi a1, s0, DISK_TYPE
    li a2, DISK_INODE
    call memcpy
    mv a0, s1
    call buffer_changed
    leave

# inode_make(a0 = type) -> a0 = a new inode with one link, or 0 if the disk has no more.
    .globl inode_make
inode_make:
    enter
    mv s0, a0
    li s1, ROOT_INODE
1:  load t0, disk_inodes
    bgeu s1, t0, 2f
    mv a0, s1
    call disk_inode
    lw t0, 0(a1)
    beqz t0, 3f
    addi s1, s1, 1
    j 1b
2:  li a0, 0
    leave
3:  mv a0, s1
    call inode_get
    mv s1, a0
    addi a0, s1, DISK_TYPE
    li a1, 0
    li a2, DISK_INODE
    call memset
    sw s0, DISK_TYPE(s1)
    li t0, 1
    sw t0, DISK_LINKS(s1)
    mv a0, s1
    call inode_update
    mv a0, s1
    leave

# inode_truncate(a0 = inode): free all of its blocks.
    .globl inode_truncate
inode_truncate:
    enter
    mv s0, a0
    addi s1, s0, DISK_BLOCKS
    addi s2, s0, DISK_INDIRECT
1:  lwu a0, 0(s1)
    beqz a0, 2f
    call block_free
    sw zero, 0(s1)
2:  addi s1, s1, 4
    bltu s1, s2, 1b
    lwu a0, 0(s2)
    beqz a0, 5f
    call buffer_read
    ld s1, BUFFER_DATA(a0)
    li s3, INDIRECT
3:  lwu a0, 0(s1)
    beqz a0, 4f
    call block_free
4:  addi s1, s1, 4
    addi s3, s3, -1
    bnez s3, 3b
    lwu a0, 0(s2)
    sw zero, 0(s2)
    call block_free
5:  sw zero, DISK_SIZE(s0)
    mv a0, s0
    call inode_update
    leave

# ------------------------------------------------------------------------- bytes

# inode_read(a0 = inode, a1 = to, kernel's or user's, a2 = offset, a3 = bytes) -> a0 = bytes
# read, less at the end of the file; or -1.
    .globl inode_read
inode_read:
    enter_wide
    mv s0, a0
    mv s1, a1
    mv s2, a2
    lwu t0, DISK_SIZE(s0)
    li s4, 0
    bgeu s2, t0, 4f
    sub t0, t0, s2
    mv s3, a3
    bleu s3, t0, 1f
    mv s3, t0                           # left to read
1:  mv s4, s3
2:  beqz s3, 4f
    mv a0, s0
    srli a1, s2, BLOCK_SHIFT
    li a2, 0
    call block_of
    beqz a0, 5f
    call buffer_read
    ld a1, BUFFER_DATA(a0)
    call block_part
    mv a0, s1
    call copy
    bltz a0, 5f
    add s1, s1, s5
    add s2, s2, s5
    sub s3, s3, s5
    j 2b
4:  mv a0, s4
    leave_wide
5:  li a0, -1
    leave_wide

# Of inode_read and inode_write: in s2 = offset, s3 = bytes left, a1 = data of the block; out
# a1 = where in it, a2 and s5 = how much of it.
block_part:
    slli t0, s2, 64 - BLOCK_SHIFT
    srli t0, t0, 64 - BLOCK_SHIFT
    add a1, a1, t0
    li s5, BLOCK_SIZE
    sub s5, s5, t0
    bleu s5, s3, 1f
    mv s5, s3
1:  mv a2, s5
    ret

# inode_write(a0 = inode, a1 = from, kernel's or user's, a2 = offset, a3 = bytes) -> a0 = bytes
# written, less when the disk is full; or -1.
    .globl inode_write
inode_write:
    enter_wide
    mv s0, a0
    mv s1, a1
    mv s2, a2
    mv s3, a3
    mv s4, a2                           # where it began
1:  beqz s3, 3f
    mv a0, s0
    srli a1, s2, BLOCK_SHIFT
    li a2, 1
    call block_of
    beqz a0, 3f
    call buffer_read
    mv s6, a0
    ld a1, BUFFER_DATA(a0)
    call block_part
    mv a0, a1
    mv a1, s1
    call copy
    mv s7, a0
    mv a0, s6
    call buffer_changed
    bltz s7, 3f
    add s1, s1, s5
    add s2, s2, s5
    sub s3, s3, s5
    j 1b
3:  lwu t0, DISK_SIZE(s0)
    bleu s2, t0, 4f
    sw s2, DISK_SIZE(s0)
4:  mv a0, s0
    call inode_update
    sub a0, s2, s4
    bnez a0, 5f
    beqz s3, 5f
    li a0, -1
5:  leave_wide

    .section .rodata
text_no_fs:
    .asciz "the disk holds no file system of ours"
text_inodes:
    .asciz "too many files in use"
