# tick, system calls: what a process may ask for, one small routine each in a table, and the
# careful copy out of user memory.

    .include "tick.inc"
    .include "macros.inc"

.equ COPY_BYTES, 64                     # written to the console at a time

    .bss
    .balign 8
copy_buffer:
    .zero COPY_BYTES

    .text

# syscall(tp = process): perform the call in its a7. Returns if the process goes on.
    .globl syscall
syscall:
    enter
    ld a0, PROC_PC(tp)                  # go on behind the ecall
    addi a0, a0, 4
    sd a0, PROC_PC(tp)
    ld a2, PROC_A7(tp)
    li a0, -1
    li a1, SYSCALLS
    bgeu a2, a1, 1f
    la a1, syscalls
    slli a2, a2, 3
    add a1, a1, a2
    ld a2, 0(a1)
    ld a0, PROC_A0(tp)
    ld a1, PROC_A1(tp)
    jalr a2
1:  sd a0, PROC_A0(tp)
    leave

# Each sys_ routine: a0 and a1 = arguments, tp = process -> a0 = result.

# write(address, bytes): to the console, by way of a kernel buffer.
sys_write:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a1
1:  beqz s1, 3f
    li s3, COPY_BYTES
    bgeu s1, s3, 2f
    mv s3, s1
2:  la a0, copy_buffer
    mv a1, s0
    mv a2, s3
    call copy_from_user
    bltz a0, 4f
    la a0, copy_buffer
    mv a1, s3
    call console_write
    add s0, s0, s3
    sub s1, s1, s3
    j 1b
3:  mv a0, s2
4:  leave

# yield(): stay ready, let the others go first.
sys_yield:
    sd zero, PROC_A0(tp)
    j schedule

sys_exit:
    j process_exit

sys_getpid:
    ld a0, PROC_PID(tp)
    ret

# sbrk(bytes): move the end of the heap; the pages come when they are touched.
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

# wait(pid): until that process is dead. One cannot wait for oneself.
sys_wait:
    addi a1, a0, -1
    li a2, PROCESSES
    bgeu a1, a2, 1f
    li a2, PROC_SIZE
    mul a1, a1, a2
    la a2, processes
    add a1, a1, a2
    beq a1, tp, 1f
    sd a0, PROC_EVENT(tp)
    ld a0, PROC_STATUS(a1)
    ld a1, PROC_STATE(a1)
    li a2, STATE_DEAD
    beq a1, a2, 2f
    li a0, STATE_WAITING                # process_exit will put the status in a0
    sd a0, PROC_STATE(tp)
    j schedule
1:  li a0, -1
2:  ret

# sleep(ticks): until that much time has passed and the timer notices.
sys_sleep:
    rdtime a1
    add a0, a0, a1
    sd a0, PROC_EVENT(tp)
    sd zero, PROC_A0(tp)
    li a0, STATE_SLEEPING
    sd a0, PROC_STATE(tp)
    j schedule

# copy_from_user(a0 = kernel buffer, a1 = user address, a2 = bytes) -> a0 = 0, or -1 if the
# user may not read there. S-mode reaches user pages only while SUM is set; a fault between
# user_copy and user_copy_end is resolved by the trap handler or continues at
# user_copy_failed. Clobbers a1 to a5.
copy_from_user:
    li a4, USER_TOP
    add a3, a1, a2                      # end
    bltu a3, a1, user_copy_refused
    bltu a4, a3, user_copy_refused
    li a4, SSTATUS_SUM
    csrs sstatus, a4
    .globl user_copy
user_copy:
    bgeu a1, a3, 1f
    lbu a5, 0(a1)
    addi a1, a1, 1
    sb a5, 0(a0)
    addi a0, a0, 1
    j user_copy
    .globl user_copy_end
user_copy_end:
1:  csrc sstatus, a4
    li a0, 0
    ret
    .globl user_copy_failed
user_copy_failed:
    csrc sstatus, a4
user_copy_refused:
    li a0, -1
    ret

    .section .rodata
    .balign 8
syscalls:                               # by number, see tick.inc
    .dword sys_write, sys_yield, sys_exit, sys_getpid, sys_sbrk, sys_wait, sys_sleep
