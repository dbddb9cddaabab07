# monolith, directories: names of files, and paths through them. The caller has the lock.

    .include "monolith.inc"

    .text

# directory_find(a0 = directory, a1 = name of NAME_BYTES) -> a0 = number of the inode, or 0;
# a1 = offset of the entry.
    .globl directory_find
directory_find:
    enter_wide
    addi sp, sp, -ENTRY_SIZE
    mv s0, a0
    mv s1, a1
    li s2, 0
1:  mv a0, s0
    mv a1, sp
    mv a2, s2
    li a3, ENTRY_SIZE
    call inode_read
    li t0, ENTRY_SIZE
    bne a0, t0, 3f
    lwu s3, ENTRY_INODE(sp)
    beqz s3, 2f
    addi a0, sp, ENTRY_NAME
    mv a1, s1
    call string_equal
    bnez a0, 4f
2:  addi s2, s2, ENTRY_SIZE
    j 1b
3:  li s3, 0
4:  mv a0, s3
    mv a1, s2
    addi sp, sp, ENTRY_SIZE
    leave_wide

# directory_add(a0 = directory, a1 = name of NAME_BYTES, a2 = number of an inode) -> a0 = 0, or
# -1 if the disk is full. The first unused entry is taken.
    .globl directory_add
directory_add:
    enter_wide
    addi sp, sp, -ENTRY_SIZE
    mv s0, a0
    mv s1, a1
    mv s2, a2
    li s3, 0
1:  mv a0, s0
    mv a1, sp
    mv a2, s3
    li a3, ENTRY_SIZE
    call inode_read
    li t0, ENTRY_SIZE
    bne a0, t0, 2f
    lwu t0, ENTRY_INODE(sp)
    beqz t0, 2f
    addi s3, s3, ENTRY_SIZE
    j 1b
2:  sw s2, ENTRY_INODE(sp)
    addi a0, sp, ENTRY_NAME
    mv a1, s1
    li a2, NAME_BYTES
    call memcpy
    mv a0, s0
    mv a1, sp
    mv a2, s3
    li a3, ENTRY_SIZE
    call inode_write
    slti t0, a0, ENTRY_SIZE
    neg a0, t0
    addi sp, sp, ENTRY_SIZE
    leave_wide

# directory_remove(a0 = directory, a1 = offset of the entry)
    .globl directory_remove
directory_remove:
    enter
    addi sp, sp, -ENTRY_SIZE
    mv a2, a1
    .irp at, 0, 8, 16, 24
    sd zero, \at(sp)
    .endr
    mv a1, sp
    li a3, ENTRY_SIZE
    call inode_write
    addi sp, sp, ENTRY_SIZE
    leave

# directory_empty(a0 = directory) -> a0 = 1 if it has only the entries `.` and `..`.
    .globl directory_empty
directory_empty:
    enter_wide
    addi sp, sp, -ENTRY_SIZE
    mv s0, a0
    li s1, 2 * ENTRY_SIZE
1:  mv a0, s0
    mv a1, sp
    mv a2, s1
    li a3, ENTRY_SIZE
    call inode_read
    li t0, ENTRY_SIZE
    bne a0, t0, 2f
    addi s1, s1, ENTRY_SIZE
    lwu t0, ENTRY_INODE(sp)
    beqz t0, 1b
    li a0, 0
    j 3f
2:  li a0, 1
3:  addi sp, sp, ENTRY_SIZE
    leave_wide

# next_part(a0 = path, a1 = room of NAME_BYTES) -> a0 = the path behind its first part, a1 = the
# length of that part, 0 if there is none. The name is cut at the room, filled up with NULs. Leaf.
next_part:
    .irp at, 0, 4, 8, 12, 16, 20, 24
    sw zero, \at(a1)
    .endr
    li t0, '/'
    mv t3, a1
1:  lbu t1, 0(a0)
    bne t1, t0, 2f
    addi a0, a0, 1
    j 1b
2:  mv t2, a0
    addi t4, a1, NAME_BYTES - 1
3:  lbu t1, 0(a0)
    beqz t1, 5f
    beq t1, t0, 5f
    bgeu t3, t4, 4f
    sb t1, 0(t3)
    addi t3, t3, 1
4:  addi a0, a0, 1
    j 3b
5:  sub a1, a0, t2
    ret

# path_begin(a0 = path, tp) -> a0 = the directory where it begins, held.
path_begin:
    lbu t0, 0(a0)
    li t1, '/'
    bne t0, t1, 1f
    li a0, ROOT_INODE
    j inode_get
1:  ld a0, PROC_CWD(tp)
    j inode_hold

# path_find(a0 = path) -> a0 = its inode, held, or 0.
    .globl path_find
path_find:
    enter
    addi sp, sp, -32
    mv s0, a0
    call path_begin
    mv s1, a0
1:  mv a0, s0
    mv a1, sp
    call next_part
    mv s0, a0
    beqz a1, 3f
    lw t0, DISK_TYPE(s1)
    li t1, TYPE_DIRECTORY
    bne t0, t1, 2f
    mv a0, s1
    mv a1, sp
    call directory_find
    beqz a0, 2f
    call inode_get
    mv s2, a0
    mv a0, s1
    call inode_release
    mv s1, s2
    j 1b
2:  mv a0, s1
    call inode_release
    li s1, 0
3:  mv a0, s1
    addi sp, sp, 32
    leave

# path_parent(a0 = path, a1 = room of NAME_BYTES) -> a0 = the directory of its last part, held,
# and that part in the room; or 0.
    .globl path_parent
path_parent:
    enter
    addi sp, sp, -32
    mv s0, a0
    mv s2, a1
    call path_begin
    mv s1, a0
    mv a0, s0
    mv a1, s2
    call next_part
    mv s0, a0
    beqz a1, 2f
1:  lw t0, DISK_TYPE(s1)
    li t1, TYPE_DIRECTORY
    bne t0, t1, 2f

    # Is there another part? Then this one is a directory on the way.
    mv a0, s0
    mv a1, sp
    call next_part
    mv s0, a0
    beqz a1, 3f
    mv a0, s1
    mv a1, s2
    call directory_find
    beqz a0, 2f
    call inode_get
    mv s3, a0
    mv a0, s1
    call inode_release
    mv s1, s3
    mv a0, s2
    mv a1, sp
    li a2, NAME_BYTES
    call memcpy
    j 1b
2:  mv a0, s1
    call inode_release
    li s1, 0
3:  mv a0, s1
    addi sp, sp, 32
    leave

# path_create(a0 = path, a1 = type) -> a0 = the inode made there, held, or 0; a file that is
# there already is as good as a new one.
    .globl path_create
path_create:
    enter_wide
    addi sp, sp, -32
    mv s2, a1
    mv a1, sp
    call path_parent
    beqz a0, 5f
    mv s0, a0
    mv a1, sp
    call directory_find
    beqz a0, 1f

    # There is something of that name.
    call inode_get
    mv s1, a0
    lw t0, DISK_TYPE(s1)
    li t1, TYPE_FILE
    bne t0, t1, 4f
    bne s2, t1, 4f
    j 3f

    # There is not: an inode, then its name. A directory begins with itself and its parent.
1:  mv a0, s2
    call inode_make
    mv s1, a0
    beqz a0, 3f
    li t0, TYPE_DIRECTORY
    bne s2, t0, 2f
    mv a0, s1
    la a1, name_self
    ld a2, INODE_NUMBER(s1)
    call directory_add
    bltz a0, 6f
    mv a0, s1
    la a1, name_parent
    ld a2, INODE_NUMBER(s0)
    call directory_add
    bltz a0, 6f
2:  mv a0, s0
    mv a1, sp
    ld a2, INODE_NUMBER(s1)
    call directory_add
    bltz a0, 6f
3:  mv a0, s0
    call inode_release
    mv a0, s1
5:  addi sp, sp, 32
    leave_wide
6:  sw zero, DISK_LINKS(s1)             # the disk is full: the inode goes when it is released
4:  mv a0, s1
    call inode_release
    li s1, 0
    j 3b

# path_remove(a0 = path) -> a0 = 0, or -1: the name goes, and the file with its last user.
    .globl path_remove
path_remove:
    enter_wide
    addi sp, sp, -32
    li s3, -1
    mv a1, sp
    call path_parent
    beqz a0, 4f
    mv s0, a0
    mv a0, sp
    la a1, name_self
    call string_equal
    bnez a0, 3f
    mv a0, sp
    la a1, name_parent
    call string_equal
    bnez a0, 3f
    mv a0, s0
    mv a1, sp
    call directory_find
    beqz a0, 3f
    mv s2, a1
    call inode_get
    mv s1, a0
    lw t0, DISK_TYPE(s1)
    li t1, TYPE_DIRECTORY
    bne t0, t1, 1f
    call directory_empty
    beqz a0, 2f
1:  mv a0, s0
    mv a1, s2
    call directory_remove
    sw zero, DISK_LINKS(s1)
    mv a0, s1
    call inode_update
    li s3, 0
2:  mv a0, s1
    call inode_release
3:  mv a0, s0
    call inode_release
4:  mv a0, s3
    addi sp, sp, 32
    leave_wide

    .section .rodata
    .balign 8
name_self:
    .asciz "."
    .zero NAME_BYTES - 2
name_parent:
    .asciz ".."
    .zero NAME_BYTES - 3
