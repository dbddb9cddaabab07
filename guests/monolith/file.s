# monolith, open files: what a process's small numbers stand for: a file on the disk, one end of
# a pipe, or the console. Processes share open files after fork, the offset included.

    .include "monolith.inc"

.equ PIPE_READERS,  0                   # a pipe is a page: users of either end, bytes ever put
.equ PIPE_WRITERS,  8                   # in and taken out, and the bytes in between
.equ PIPE_IN,       16
.equ PIPE_OUT,      24
.equ PIPE_DATA,     2048
.equ PIPE_BYTES,    2048

    .bss
    .balign 8
open_files:
    .zero OPEN_FILES * FILE_SIZE

    .text

# file_make(a0 = type, a1 = modes, a2 = object) -> a0 = open file with one user, or 0. Leaf.
    .globl file_make
file_make:
    la t0, open_files
    li t1, OPEN_FILES
1:  ld t2, FILE_REFS(t0)
    beqz t2, 2f
    addi t0, t0, FILE_SIZE
    addi t1, t1, -1
    bnez t1, 1b
    li a0, 0
    ret
2:  sd a0, FILE_TYPE(t0)
    sd a1, FILE_MODES(t0)
    sd a2, FILE_OBJECT(t0)
    sd zero, FILE_OFFSET(t0)
    li t1, 1
    sd t1, FILE_REFS(t0)
    mv a0, t0
    ret

# fd_allot(a0 = open file, tp) -> a0 = the lowest free fd, now standing for it, or -1. Leaf.
    .globl fd_allot
fd_allot:
    addi t0, tp, PROC_FILES
    li t1, 0
    li t2, FDS
1:  ld t3, 0(t0)
    beqz t3, 2f
    addi t0, t0, 8
    addi t1, t1, 1
    bltu t1, t2, 1b
    li a0, -1
    ret
2:  sd a0, 0(t0)
    mv a0, t1
    ret

# fd_file(a0 = fd, tp) -> a0 = open file, or 0; t0 = where the process keeps it. Leaf.
    .globl fd_file
fd_file:
    li t1, FDS
    bgeu a0, t1, 1f
    slli t0, a0, 3
    add t0, t0, tp
    addi t0, t0, PROC_FILES
    ld a0, 0(t0)
    ret
1:  li a0, 0
    ret

# console_files(tp): fds 0, 1 and 2 are the console.
    .globl console_files
console_files:
    enter
    li a0, TYPE_CONSOLE
    li a1, OPEN_WRITE
    li a2, 0
    call file_make
    li t0, 3
    sd t0, FILE_REFS(a0)
    .irp fd, 0, 1, 2
    sd a0, PROC_FILES + 8 * \fd(tp)
    .endr
    leave

# files_copy(a0 = a process's open files, a1 = those of another): one user more for each. Leaf.
    .globl files_copy
files_copy:
    li t0, FDS
1:  ld t1, 0(a0)
    sd t1, 0(a1)
    beqz t1, 2f
    ld t2, FILE_REFS(t1)
    addi t2, t2, 1
    sd t2, FILE_REFS(t1)
2:  addi a0, a0, 8
    addi a1, a1, 8
    addi t0, t0, -1
    bnez t0, 1b
    ret

# files_close(tp): all that the process has open.
    .globl files_close
files_close:
    enter
    addi s0, tp, PROC_FILES
    li s1, FDS
1:  ld a0, 0(s0)
    beqz a0, 2f
    sd zero, 0(s0)
    call file_close
2:  addi s0, s0, 8
    addi s1, s1, -1
    bnez s1, 1b
    leave

# file_close(a0 = open file): one user less.
    .globl file_close
file_close:
    enter
    mv s0, a0
    ld t0, FILE_REFS(s0)
    addi t0, t0, -1
    sd t0, FILE_REFS(s0)
    bnez t0, 3f
    ld t0, FILE_TYPE(s0)
    ld s1, FILE_OBJECT(s0)
    li t1, TYPE_CONSOLE
    beq t0, t1, 3f
    li t1, TYPE_PIPE
    beq t0, t1, 1f
    call fs_lock
    mv a0, s1
    call inode_release
    call fs_unlock
    j 3f

    # One end of a pipe: who waits at the other end has to know.
1:  ld t0, FILE_MODES(s0)
    slli t0, t0, 3                      # OPEN_WRITE is 1: writers are behind readers
    add t0, t0, s1
    ld t1, 0(t0)
    addi t1, t1, -1
    sd t1, 0(t0)
    mv a0, s1
    call wakeup
    ld t0, PIPE_READERS(s1)
    ld t1, PIPE_WRITERS(s1)
    or t0, t0, t1
    bnez t0, 3f
    mv a0, s1
    call page_release
3:  leave

# file_read(a0 = open file, a1 = user's buffer, a2 = bytes, tp) -> a0 = bytes, or -1.
    .globl file_read
file_read:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a2
    ld t0, FILE_TYPE(s0)
    li t1, TYPE_CONSOLE
    bne t0, t1, 1f
    mv a0, s1
    mv a1, s2
    call tty_read
    leave
1:  li t1, TYPE_PIPE
    bne t0, t1, 2f
    ld t0, FILE_MODES(s0)
    bnez t0, 3f
    ld a0, FILE_OBJECT(s0)
    call pipe_read
    leave
2:  call fs_lock
    ld a0, FILE_OBJECT(s0)
    mv a1, s1
    ld a2, FILE_OFFSET(s0)
    mv a3, s2
    call inode_read
    bltz a0, 4f
    ld t0, FILE_OFFSET(s0)
    add t0, t0, a0
    sd t0, FILE_OFFSET(s0)
4:  mv s1, a0
    call fs_unlock
    mv a0, s1
    leave
3:  li a0, -1
    leave

# file_write(a0 = open file, a1 = user's buffer, a2 = bytes, tp) -> a0 = bytes, or -1.
    .globl file_write
file_write:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a2
    ld t0, FILE_MODES(s0)
    andi t0, t0, OPEN_WRITE
    beqz t0, 6f
    ld t0, FILE_TYPE(s0)
    li t1, TYPE_CONSOLE
    bne t0, t1, 1f
    mv a0, s1
    mv a1, s2
    call tty_write
    leave
1:  li t1, TYPE_PIPE
    bne t0, t1, 2f
    ld a0, FILE_OBJECT(s0)
    call pipe_write
    leave
2:  call fs_lock
    ld a0, FILE_OBJECT(s0)
    ld a2, FILE_OFFSET(s0)
    ld t0, FILE_MODES(s0)
    andi t0, t0, OPEN_APPEND
    beqz t0, 4f
    lwu a2, DISK_SIZE(a0)
4:  mv a1, s1
    mv a3, s2
    mv s3, a2
    call inode_write
    bltz a0, 5f
    add s3, s3, a0
    sd s3, FILE_OFFSET(s0)
5:  mv s1, a0
    call fs_unlock
    mv a0, s1
    leave
6:  li a0, -1
    leave

# pipe_make() -> a0 = open file to read from, a1 = open file to write to; or a0 = 0.
    .globl pipe_make
pipe_make:
    enter
    call page_alloc
    beqz a0, 3f
    mv s0, a0
    li t0, 1
    sd t0, PIPE_READERS(s0)
    sd t0, PIPE_WRITERS(s0)
    sd zero, PIPE_IN(s0)
    sd zero, PIPE_OUT(s0)
    li a0, TYPE_PIPE
    li a1, OPEN_READ
    mv a2, s0
    call file_make
    beqz a0, 2f
    mv s1, a0
    li a0, TYPE_PIPE
    li a1, OPEN_WRITE
    mv a2, s0
    call file_make
    beqz a0, 1f
    mv a1, a0
    mv a0, s1
    leave
1:  sd zero, FILE_REFS(s1)
2:  mv a0, s0
    call page_release
    li a0, 0
3:  leave

# pipe_part: in s0 = pipe, s4 = position in it, s2 = bytes wanted, s3 = bytes that could be had;
# out a1 = address, a2 and s3 = bytes up to the end of the ring.
pipe_part:
    bleu s3, s2, 1f
    mv s3, s2
1:  andi t0, s4, PIPE_BYTES - 1
    li t1, PIPE_BYTES
    sub t1, t1, t0
    bleu s3, t1, 2f
    mv s3, t1
2:  add a1, s0, t0
    li t0, PIPE_DATA
    add a1, a1, t0
    mv a2, s3
    ret

# pipe_read(a0 = pipe, s1 = user's buffer, s2 = bytes) -> a0 = bytes, at least one; 0 when there
# are no more writers; -1 for a signal.
pipe_read:
    enter
    mv s0, a0
1:  ld s4, PIPE_OUT(s0)
    ld s3, PIPE_IN(s0)
    sub s3, s3, s4
    bnez s3, 2f
    ld t0, PIPE_WRITERS(s0)
    li a0, 0
    beqz t0, 4f
    call signals_pending
    bnez a0, 3f
    mv a0, s0
    call sleep_on
    j 1b
2:  call pipe_part
    mv a0, s1
    call copy
    bltz a0, 4f
    add s4, s4, s3
    sd s4, PIPE_OUT(s0)
    mv a0, s0
    call wakeup
    mv a0, s3
4:  leave
3:  li a0, -1
    leave

# pipe_write(a0 = pipe, s1 = user's buffer, s2 = bytes) -> a0 = bytes, all of them; -1, with
# SIGPIPE, when there are no more readers, or for another signal.
pipe_write:
    enter_wide
    mv s0, a0
    mv s5, s2
1:  beqz s2, 5f
    ld t0, PIPE_READERS(s0)
    beqz t0, 3f
    ld s4, PIPE_IN(s0)
    ld s3, PIPE_OUT(s0)
    sub s3, s4, s3
    li t0, PIPE_BYTES
    sub s3, t0, s3                      # room
    bnez s3, 2f
    call signals_pending
    bnez a0, 4f
    mv a0, s0
    call sleep_on
    j 1b
2:  call pipe_part
    mv a0, a1
    mv a1, s1
    call copy
    bltz a0, 4f
    add s4, s4, s3
    sd s4, PIPE_IN(s0)
    add s1, s1, s3
    sub s2, s2, s3
    mv a0, s0
    call wakeup
    j 1b
3:  ld t0, PROC_SIGNALS(tp)
    li t1, 1 << SIGPIPE
    or t0, t0, t1
    sd t0, PROC_SIGNALS(tp)
4:  li a0, -1
    leave_wide
5:  mv a0, s5
    leave_wide
