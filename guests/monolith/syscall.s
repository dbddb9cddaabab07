# monolith, system calls: one small routine each, in a table. Arguments are the user's: nothing
# is believed before it has been checked.

    .include "monolith.inc"

    .text

# syscall(tp = process): perform the call in its a7; the result goes into its a0.
    .globl syscall
syscall:
    addi sp, sp, -16
    sd ra, 0(sp)
    ld t0, PROC_PC(tp)                  # go on behind the ecall
    addi t0, t0, 4
    sd t0, PROC_PC(tp)
    ld t0, PROC_A7(tp)
    li a0, -1
    li t1, SYSCALLS
    bgeu t0, t1, 1f
    la t1, syscalls
    slli t0, t0, 3
    add t1, t1, t0
    ld t0, 0(t1)
    ld a0, PROC_A0(tp)
    ld a1, PROC_A1(tp)
    ld a2, PROC_A2(tp)
    jalr t0
1:  sd a0, PROC_A0(tp)
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

# Each sys_ routine: a0 to a2 = arguments, tp = process -> a0 = result.

# ---------------------------------------------------------------------- processes

sys_exit:
    andi a0, a0, 0xff
    j process_exit

sys_fork:
    j process_fork

sys_wait:
    addi sp, sp, -16
    sd ra, 0(sp)
    call process_wait
    sd a1, PROC_A1(tp)
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

# exec(path, argv): a success sets the registers itself, a0 included.
sys_exec:
    enter
    addi sp, sp, -PATH_BYTES
    mv s1, a1
    mv a1, a0
    mv a0, sp
    li a2, PATH_BYTES
    call copy_string
    bltz a0, 1f
    mv a0, sp
    mv a1, s1
    call exec_user
    bltz a0, 1f
    ld a0, PROC_A0(tp)
1:  addi sp, sp, PATH_BYTES
    leave

sys_kill:
    j process_kill

sys_getpid:
    ld a0, PROC_PID(tp)
    ret

# sbrk(bytes): move the end of the heap up; the pages come when they are touched.
sys_sbrk:
    ld a1, PROC_BREAK(tp)
    li a2, USER_HEAP_END
    sub a2, a2, a1                      # what is left
    bltu a2, a0, 1f
    add a0, a0, a1
    sd a0, PROC_BREAK(tp)
    mv a0, a1
    ret
1:  li a0, -1
    ret

sys_sleep:
    addi sp, sp, -16
    sd ra, 0(sp)
    rdtime t0
    add a0, a0, t0
    call sleep_until
    li a0, 0
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

sys_yield:
    addi sp, sp, -16
    sd ra, 0(sp)
    call yield
    li a0, 0
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

# process(index, buffer): what is known of the process at that place of the table.
sys_process:
    enter
    addi sp, sp, -INFO_SIZE - 8
    mv s1, a1
    li t0, PROCESSES
    bgeu a0, t0, 2f
    li t0, PROC_SIZE
    mul a0, a0, t0
    la s0, processes
    add s0, s0, a0
    ld t0, PROC_STATE(s0)
    sd t0, INFO_STATE(sp)
    ld t0, PROC_PID(s0)
    sd t0, INFO_PID(sp)
    sd zero, INFO_PARENT(sp)
    ld t0, PROC_PARENT(s0)
    beqz t0, 1f
    ld t0, PROC_PID(t0)
    sd t0, INFO_PARENT(sp)
1:  ld t0, PROC_NAME(s0)
    sd t0, INFO_NAME(sp)
    ld t0, PROC_NAME + 8(s0)
    sd t0, INFO_NAME + 8(sp)
    mv a0, s1
    li a1, INFO_SIZE
    call user_range
    bltz a0, 3f
    mv a0, s1
    mv a1, sp
    li a2, INFO_SIZE
    call copy
    j 3f
2:  li a0, -1
3:  addi sp, sp, INFO_SIZE + 8
    leave

# signal(number, 0 or 1): SIGKILL cannot be ignored.
sys_signal:
    li t0, SIGNALS
    bgeu a0, t0, 2f
    li t0, SIGKILL
    beq a0, t0, 2f
    li t0, 1
    sll t0, t0, a0
    ld t1, PROC_IGNORED(tp)
    or t1, t1, t0
    bnez a1, 1f
    xor t1, t1, t0
1:  sd t1, PROC_IGNORED(tp)
    li a0, 0
    ret
2:  li a0, -1
    ret

sys_setgroup:
    addi sp, sp, -16
    sd ra, 0(sp)
    sd a1, 8(sp)
    call process_find
    beqz a0, 1f
    ld a1, 8(sp)
    sd a1, PROC_GROUP(a0)
    li a0, 1
1:  addi a0, a0, -1
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

sys_foreground:
    store a0, foreground, t0
    li a0, 0
    ret

sys_time:
    rdtime a0
    ret

# shutdown(): process 1 has ended the others first, and waited for them.
sys_shutdown:
    enter
    ld t0, PROC_PID(tp)
    addi t0, t0, -1
    bnez t0, 1f
    li a0, -1
    li a1, WAIT_NOW
    call process_wait
    addi a0, a0, 1
    beqz a0, finish
1:  li a0, -1
    leave

# -------------------------------------------------------------------------- files

# Copy the path at the user's a0 to the stack; to `refused` if that cannot be.
.macro take_path refused
    mv a1, a0
    mv a0, sp
    li a2, PATH_BYTES
    call copy_string
    bltz a0, \refused
.endm

# read(fd, buffer, bytes) and write(fd, buffer, bytes)
sys_read:
    la a3, file_read
    j 1f
sys_write:
    la a3, file_write
1:  enter
    mv s0, a1
    mv s1, a2
    mv s2, a3
    call fd_file
    beqz a0, 2f
    mv s3, a0
    mv a0, s0
    mv a1, s1
    call user_range
    bltz a0, 2f
    mv a0, s3
    mv a1, s0
    mv a2, s1
    jalr s2
    leave
2:  li a0, -1
    leave

# open(path, modes)
sys_open:
    enter
    addi sp, sp, -PATH_BYTES
    mv s0, a1
    take_path 4f
    call fs_lock
    andi t0, s0, OPEN_CREATE
    mv a0, sp
    bnez t0, 1f
    call path_find
    j 2f
1:  li a1, TYPE_FILE
    call path_create
2:  mv s1, a0
    beqz a0, 3f
    lw s2, DISK_TYPE(s1)

    # A directory can be read; its bytes are not for writing.
    li t0, TYPE_DIRECTORY
    bne s2, t0, 5f
    bnez s0, 6f
5:  andi t0, s0, OPEN_TRUNCATE
    beqz t0, 7f
    mv a0, s1
    call inode_truncate
7:  mv a0, s2
    mv a1, s0
    mv a2, s1
    call file_make
    beqz a0, 6f
    mv s2, a0
    call fd_allot
    bgez a0, 8f
    sd zero, FILE_REFS(s2)
6:  mv a0, s1
    call inode_release
3:  li a0, -1
8:  mv s0, a0
    call fs_unlock
    mv a0, s0
4:  addi sp, sp, PATH_BYTES
    leave

sys_close:
    enter
    call fd_file
    beqz a0, 1f
    sd zero, 0(t0)
    call file_close
    li a0, 0
    leave
1:  li a0, -1
    leave

sys_pipe:
    enter
    call pipe_make
    beqz a0, 3f
    mv s0, a0
    mv s1, a1
    call fd_allot
    bltz a0, 2f
    mv s2, a0
    mv a0, s1
    call fd_allot
    bltz a0, 1f
    sd a0, PROC_A1(tp)
    mv a0, s2
    leave
1:  mv a0, s2
    call fd_file
    sd zero, 0(t0)
2:  mv a0, s0
    call file_close
    mv a0, s1
    call file_close
3:  li a0, -1
    leave

# dup(old, new): what `new` stood for is closed first.
sys_dup:
    enter
    mv s0, a1
    call fd_file
    beqz a0, 2f
    mv s1, a0
    li t0, FDS
    bgeu s0, t0, 2f
    ld t0, FILE_REFS(s1)
    addi t0, t0, 1
    sd t0, FILE_REFS(s1)
    mv a0, s0
    call fd_file
    sd s1, 0(t0)
    beqz a0, 1f
    call file_close
1:  mv a0, s0
    leave
2:  li a0, -1
    leave

sys_unlink:
    enter
    addi sp, sp, -PATH_BYTES
    take_path 1f
    call fs_lock
    mv a0, sp
    call path_remove
    mv s0, a0
    call fs_unlock
    mv a0, s0
1:  addi sp, sp, PATH_BYTES
    leave

sys_mkdir:
    enter
    addi sp, sp, -PATH_BYTES
    take_path 2f
    call fs_lock
    mv a0, sp
    li a1, TYPE_DIRECTORY
    call path_create
    li s0, -1
    beqz a0, 1f
    call inode_release
    li s0, 0
1:  call fs_unlock
    mv a0, s0
2:  addi sp, sp, PATH_BYTES
    leave

sys_chdir:
    enter
    addi sp, sp, -PATH_BYTES
    take_path 3f
    call fs_lock
    mv a0, sp
    call path_find
    li s0, -1
    beqz a0, 2f
    lw t0, DISK_TYPE(a0)
    li t1, TYPE_DIRECTORY
    bne t0, t1, 1f
    ld t0, PROC_CWD(tp)
    sd a0, PROC_CWD(tp)
    mv a0, t0
    li s0, 0
1:  call inode_release
2:  call fs_unlock
    mv a0, s0
3:  addi sp, sp, PATH_BYTES
    leave

# stat(fd) -> type, size
sys_stat:
    addi sp, sp, -16
    sd ra, 0(sp)
    call fd_file
    beqz a0, 2f
    ld t0, FILE_TYPE(a0)
    li t1, 0
    li t2, TYPE_DIRECTORY
    bgtu t0, t2, 1f
    ld t1, FILE_OBJECT(a0)
    lwu t1, DISK_SIZE(t1)
1:  sd t1, PROC_A1(tp)
    mv a0, t0
    j 3f
2:  li a0, -1
3:  ld ra, 0(sp)
    addi sp, sp, 16
    ret

# seek(fd, offset): within a file, up to its end.
sys_seek:
    addi sp, sp, -16
    sd ra, 0(sp)
    call fd_file
    beqz a0, 1f
    ld t0, FILE_TYPE(a0)
    li t1, TYPE_DIRECTORY
    bgtu t0, t1, 1f
    ld t0, FILE_OBJECT(a0)
    lwu t0, DISK_SIZE(t0)
    bgtu a1, t0, 1f
    sd a1, FILE_OFFSET(a0)
    mv a0, a1
    j 2f
1:  li a0, -1
2:  ld ra, 0(sp)
    addi sp, sp, 16
    ret

sys_sync:
    addi sp, sp, -16
    sd ra, 0(sp)
    call fs_lock
    call buffers_sync
    call fs_unlock
    li a0, 0
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

    .section .rodata
    .balign 8
syscalls:                               # by number, see abi.inc
    .dword sys_exit, sys_fork, sys_wait, sys_exec, sys_read, sys_write, sys_open, sys_close
    .dword sys_pipe, sys_dup, sys_kill, sys_getpid, sys_sbrk, sys_sleep, sys_yield, sys_unlink
    .dword sys_mkdir, sys_chdir, sys_stat, sys_seek, sys_process, sys_signal, sys_setgroup
    .dword sys_foreground, sys_sync, sys_time, sys_shutdown
