# monolith, exec: an ELF executable from the disk becomes the image of a process. Segments begin
# on page boundaries (user.ld sees to it); what has no bytes in the file comes on demand.

    .include "monolith.inc"

.equ ELF_MAGIC,     0x464c457f
.equ ELF_ENTRY,     24
.equ ELF_PHOFF,     32
.equ ELF_PHNUM,     56
.equ ELF_HEADER,    64
.equ PH_TYPE,       0
.equ PH_FLAGS,      4
.equ PH_OFFSET,     8
.equ PH_VADDR,      16
.equ PH_FILESZ,     32
.equ PH_MEMSZ,      40
.equ PH_BYTES,      56
.equ PT_LOAD,       1
.equ SEGMENTS,      8                   # at most

# The frame of process_exec.
.equ HEADER,        0                   # of the file, then of a segment
.equ FRAME,         64

    .text

# arguments_page(a0 = page to fill, a1 = user's argv, a2 = 1 if argv is the kernel's) -> a0 =
# argc, or -1. The page will be the top one of the stack: argv stands at its half, the strings
# behind it.
arguments_page:
    enter_wide
    mv s0, a0
    mv s1, a1
    li t0, PAGE_SIZE - ARGUMENT_BYTES
    add s2, a0, t0                      # where argv[i] goes
    addi s3, s2, 8 * ARGUMENTS          # where its string goes
    li s4, PAGE_SIZE
    add s4, s4, a0                      # end
    li s5, 0                            # argc
1:  li t0, ARGUMENTS - 1
    bgeu s5, t0, 3f

    # Which string is it?
    mv a0, s1
    li a1, 8
    call user_range
    bltz a0, 3f
    addi sp, sp, -16
    mv a0, sp
    mv a1, s1
    li a2, 8
    call copy
    ld s6, 0(sp)
    addi sp, sp, 16
    bltz a0, 3f
    beqz s6, 2f

    # Copy it, and say where it will be for the user.
    mv a0, s3
    mv a1, s6
    sub a2, s4, s3
    call copy_string
    bltz a0, 3f
    sub t0, s3, s4
    li t1, USER_TOP
    add t0, t0, t1
    sd t0, 0(s2)
    add s3, s3, a0
    addi s3, s3, 1
    addi s1, s1, 8
    addi s2, s2, 8
    addi s5, s5, 1
    j 1b
2:  sd zero, 0(s2)
    mv a0, s5
    leave_wide
3:  li a0, -1
    leave_wide

# exec_user(a0 = path in kernel memory, a1 = user's argv, tp) -> a0 = -1; or 0, and the process
# returns to U-mode as the new program.
    .globl exec_user
exec_user:
    enter
    mv s0, a0
    mv s1, a1
    call page_zeros
    beqz a0, 2f
    mv s2, a0
    mv a1, s1
    call arguments_page
    bltz a0, 1f
    mv a2, a0
    mv a0, s0
    mv a1, s2
    call process_exec
    leave
1:  mv a0, s2
    call page_release
2:  li a0, -1
    leave

# exec_words(a0 = path, a1 = text, tp) -> as exec_user: the path and the words of the text are
# the arguments.
    .globl exec_words
exec_words:
    enter_wide
    mv s0, a0
    mv s1, a1
    call page_zeros
    mv s2, a0
    li t0, PAGE_SIZE - ARGUMENT_BYTES
    add s3, a0, t0                      # argv
    addi s4, s3, 8 * ARGUMENTS          # the strings
    li s5, USER_TOP - PAGE_SIZE
    sub s5, s5, a0                      # from here to the user's addresses
    add t0, s4, s5
    sd t0, 0(s3)
    mv t1, s0
1:  lbu t0, 0(t1)
    sb t0, 0(s4)
    addi s4, s4, 1
    addi t1, t1, 1
    bnez t0, 1b
    li s6, 1                            # argc

    # A word begins at what is no blank, and ends at a blank or the end.
2:  lbu t0, 0(s1)
    beqz t0, 5f
    addi s1, s1, 1
    li t1, ' '
    beq t0, t1, 2b
    li t2, ARGUMENTS - 1
    bgeu s6, t2, 5f
    slli t2, s6, 3
    add t2, t2, s3
    add t3, s4, s5
    sd t3, 0(t2)
    addi s6, s6, 1
3:  sb t0, 0(s4)
    addi s4, s4, 1
    lbu t0, 0(s1)
    beqz t0, 4f
    addi s1, s1, 1
    bne t0, t1, 3b
4:  sb zero, 0(s4)
    addi s4, s4, 1
    j 2b
5:  mv a0, s0
    mv a1, s2
    mv a2, s6
    call process_exec
    leave_wide

# process_exec(a0 = path, a1 = page of arguments, which is taken over, a2 = argc, tp) -> a0 = 0,
# or -1 and the process is as it was.
process_exec:
    enter_wide
    addi sp, sp, -FRAME
    mv s0, a0
    mv s1, a1
    mv s2, a2
    call fs_lock

    # 1. The file, and its header.
    mv a0, s0
    call path_find
    mv s3, a0
    beqz a0, 9f
    lw t0, DISK_TYPE(s3)
    li t1, TYPE_FILE
    bne t0, t1, 8f
    mv a0, s3
    addi a1, sp, HEADER
    li a2, 0
    li a3, ELF_HEADER
    call inode_read
    li t0, ELF_HEADER
    bne a0, t0, 8f
    lw t0, HEADER(sp)
    li t1, ELF_MAGIC
    bne t0, t1, 8f
    ld s4, HEADER + ELF_ENTRY(sp)
    ld s5, HEADER + ELF_PHOFF(sp)
    lhu s6, HEADER + ELF_PHNUM(sp)
    li t0, SEGMENTS
    bgtu s6, t0, 8f

    # 2. A new space, with the arguments at the top and the segments where they want to be.
    call space_create
    beqz a0, 8f
    mv s7, a0
    li s8, USER_BASE                    # end of what the file fills
    li s9, USER_BASE                    # end of the image
    mv a0, s7
    li a1, USER_TOP - PAGE_SIZE
    mv a2, s1
    li a3, PTE_R | PTE_W
    call space_map
    bltz a0, 7f
    mv a0, s1                           # a user more: it goes with the space if that fails,
    call page_share                     # and stays with the caller
1:  beqz s6, 3f
    addi s6, s6, -1
    mv a0, s3
    addi a1, sp, HEADER
    mv a2, s5
    li a3, PH_BYTES
    call inode_read
    li t0, PH_BYTES
    bne a0, t0, 6f
    addi s5, s5, PH_BYTES
    lw t0, HEADER + PH_TYPE(sp)
    li t1, PT_LOAD
    bne t0, t1, 1b
    mv a0, s3
    mv a1, s7
    addi a2, sp, HEADER
    call load_segment
    bltz a0, 6f
    bgeu s8, a0, 2f
    mv s8, a0
2:  bgeu s9, a1, 1b
    mv s9, a1
    j 1b

    # 3. It can be done: the old space goes.
3:  mv a0, s1
    call page_release
    ld s10, PROC_SATP(tp)
    mv a0, s7
    call space_satp
    sd a0, PROC_SATP(tp)
    call space_enter
    call space_forget                   # the ASID stays the same
    mv a0, s10
    call root_of
    call space_destroy
    sd s8, PROC_HEAP(tp)
    sd s9, PROC_BREAK(tp)
    sd s4, PROC_PC(tp)
    sd s2, PROC_A0(tp)
    li t0, USER_TOP - ARGUMENT_BYTES
    sd t0, PROC_A1(tp)
    sd t0, PROC_SP(tp)
    mv a0, s0
    call set_name
    mv a0, s3
    call inode_release
    call fs_unlock
    li a0, 0
    j 10f

    # It cannot: undo what has been done.
6:  mv a0, s7
    call space_destroy
    j 8f
7:  mv a0, s7
    call space_destroy
8:  mv a0, s3
    call inode_release
9:  call fs_unlock
    mv a0, s1
    call page_release
    li a0, -1
10: addi sp, sp, FRAME
    leave_wide

# load_segment(a0 = inode, a1 = root, a2 = program header) -> a0 = end of its pages that the
# file fills, a1 = end of it in memory; or a0 = -1.
load_segment:
    enter_wide
    mv s0, a0
    mv s1, a1
    ld s2, PH_VADDR(a2)
    ld s3, PH_OFFSET(a2)
    ld s4, PH_FILESZ(a2)
    ld s5, PH_MEMSZ(a2)
    lw s6, PH_FLAGS(a2)
    slli t0, s2, 64 - PAGE_SHIFT
    bnez t0, 5f
    mv a0, s2
    mv a1, s5
    call user_range
    bltz a0, 5f
    bltu s5, s4, 5f
    li t0, USER_HEAP_END
    add s5, s5, s2                      # end in memory
    bgtu s5, t0, 5f

    # X, W and R are bits 0, 1 and 2 in the file, and 3, 2 and 1 in a table.
    andi t0, s6, 1
    slli s7, t0, 3
    andi t0, s6, 2
    slli t0, t0, 1
    or s7, s7, t0
    ori s7, s7, PTE_R
1:  beqz s4, 4f
    call page_zeros
    beqz a0, 5f
    mv s8, a0
    mv a0, s1
    mv a1, s2
    mv a2, s8
    mv a3, s7
    call space_map
    bltz a0, 3f
    li s9, PAGE_SIZE
    bleu s9, s4, 2f
    mv s9, s4
2:  mv a0, s0
    mv a1, s8
    mv a2, s3
    mv a3, s9
    call inode_read
    bne a0, s9, 5f
    sub s4, s4, s9
    add s3, s3, s9
    li t0, PAGE_SIZE
    add s2, s2, t0
    j 1b
3:  mv a0, s8
    call page_release
    j 5f
4:  mv a0, s2
    mv a1, s5
    leave_wide
5:  li a0, -1
    leave_wide

# set_name(a0 = path, tp): the last part of a path is the name of the process. Leaf.
set_name:
    mv t0, a0
1:  lbu t1, 0(a0)
    addi a0, a0, 1
    beqz t1, 2f
    li t2, '/'
    bne t1, t2, 1b
    mv t0, a0
    j 1b
2:  addi t2, tp, PROC_NAME
    addi t3, t2, 15
    sd zero, 0(t2)
    sd zero, 8(t2)
3:  lbu t1, 0(t0)
    beqz t1, 4f
    sb t1, 0(t2)
    addi t0, t0, 1
    addi t2, t2, 1
    bltu t2, t3, 3b
4:  ret
