# monolith, processes: the table of them, how they come to be, end, are waited for, and what
# signals do.

    .include "monolith.inc"

    .bss
    .balign 8
    .globl processes, processes_made, statuses, foreground
processes:
    .zero PROCESSES * PROC_SIZE
processes_made: .zero 8                 # so far, the first one included
statuses:       .zero 8                 # sum of all exit statuses
last_pid:       .zero 8
foreground:     .zero 8                 # the group that Ctrl-C interrupts

    .text

# process_allot() -> a0 = a new process with a pid, an ASID and a kernel stack, or 0. It is
# still free by its state.
process_allot:
    enter
    la s0, processes
    li s1, PROCESSES
    li s2, 1                            # ASID: its place in the table, from 1
1:  ld t0, PROC_STATE(s0)
    beqz t0, 2f
    addi s0, s0, PROC_SIZE
    addi s2, s2, 1
    addi s1, s1, -1
    bnez s1, 1b
    li a0, 0
    leave
2:  mv a0, s0
    li a1, 0
    li a2, PROC_SIZE
    call memset
    call page_alloc
    beqz a0, 3f
    li t0, PAGE_SIZE
    add a0, a0, t0
    sd a0, PROC_STACK(s0)
    sd s2, PROC_ASID(s0)
    la t0, last_pid
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    sd t1, PROC_PID(s0)
    la t0, processes_made
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    mv a0, s0
3:  leave

# process_begin(a0 = process, a1 = where): ready, to go on there in the kernel when switched to.
process_begin:
    ld t0, PROC_STACK(a0)
    addi t0, t0, -WIDE_FRAME
    sd a1, 0(t0)                        # ra
    sd t0, PROC_CONTEXT(a0)
    li t0, STATE_READY
    sd t0, PROC_STATE(a0)
    ret

# process_first(a0 = where): make process 1, going on there, and run it. Does not return.
    .globl process_first
process_first:
    mv s0, a0
    call process_allot
    mv tp, a0
    call space_create
    call space_satp
    sd a0, PROC_SATP(tp)
    ld t0, PROC_PID(tp)
    sd t0, PROC_GROUP(tp)
    store t0, foreground, t1
    mv a0, tp
    mv a1, s0
    call process_begin
    call timer_start
    call space_enter
    ld sp, PROC_CONTEXT(tp)
    addi sp, sp, WIDE_FRAME
    jr s0

# process_last(): process 1 gives up all that it has but the stack it is on, and that is not
# counted any more.
    .globl process_last
process_last:
    enter
    call leave_space
    ld a0, PROC_STACK(tp)
    li t0, PAGE_SIZE
    sub a0, a0, t0
    call page_release
    leave

# leave_space(tp): go over to the kernel's own tables and destroy the process's.
leave_space:
    enter
    ld s0, PROC_SATP(tp)
    load t0, kernel_satp
    sd t0, PROC_SATP(tp)
    call space_enter
    call space_forget
    mv a0, s0
    call root_of
    call space_destroy
    leave

# process_fork(tp) -> a0 = pid of a copy of this process, whose result is 0; or -1.
    .globl process_fork
process_fork:
    enter
    call process_allot
    beqz a0, 4f
    mv s0, a0

    # 1. Memory: shared until one of them writes. Ours has become read-only, too.
    ld a0, PROC_SATP(tp)
    call root_of
    call space_copy
    mv s1, a0
    call space_forget
    beqz s1, 3f

    # 2. Registers and everything else but what is its own.
    mv a0, s0
    mv a1, tp
    li a2, PROC_SATP
    call memcpy
    sd zero, PROC_A0(s0)
    sd tp, PROC_PARENT(s0)
    .irp field, PROC_IGNORED, PROC_GROUP, PROC_HEAP, PROC_BREAK, PROC_CWD
    ld t0, \field(tp)
    sd t0, \field(s0)
    .endr
    .irp field, PROC_NAME, PROC_NAME + 8
    ld t0, \field(tp)
    sd t0, \field(s0)
    .endr
    mv s2, tp
    mv tp, s0
    mv a0, s1
    call space_satp                     # the ASID is the child's
    mv tp, s2
    sd a0, PROC_SATP(s0)

    # 3. Open files and the working directory have one user more.
    ld a0, PROC_CWD(s0)
    call inode_hold
    addi a0, tp, PROC_FILES
    addi a1, s0, PROC_FILES
    call files_copy

    mv a0, s0
    la a1, user_return
    call process_begin
    ld a0, PROC_PID(s0)
    leave
3:  ld a0, PROC_STACK(s0)               # no memory: as if it had never been
    li t0, PAGE_SIZE
    sub a0, a0, t0
    call page_release
    la t0, processes_made
    ld t1, 0(t0)
    addi t1, t1, -1
    sd t1, 0(t0)
4:  li a0, -1
    leave

# process_exit(a0 = status, tp): give up everything but the status, the stack and the place in
# the table, which go with the parent's wait. Does not return.
    .globl process_exit
process_exit:
    mv s0, a0
    ld t0, PROC_PID(tp)
    addi t0, t0, -1
    bnez t0, 1f
    la a0, text_init_ended
    j panic
1:  call files_close
    ld a0, PROC_CWD(tp)
    call fs_lock
    ld a0, PROC_CWD(tp)
    call inode_release
    call fs_unlock
    call leave_space

    # Its children become those of process 1, which may be waiting for them.
    la s1, processes
    mv s2, s1
    li s3, PROCESSES
2:  ld t0, PROC_PARENT(s2)
    bne t0, tp, 3f
    sd s1, PROC_PARENT(s2)
3:  addi s2, s2, PROC_SIZE
    addi s3, s3, -1
    bnez s3, 2b
    mv a0, s1
    call wakeup

    # Tell the parent.
    sd s0, PROC_STATUS(tp)
    li t0, STATE_ZOMBIE
    sd t0, PROC_STATE(tp)
    la t0, statuses
    ld t1, 0(t0)
    add t1, t1, s0
    sd t1, 0(t0)
    ld s1, PROC_PARENT(tp)
    ld t0, PROC_SIGNALS(s1)
    li t1, 1 << SIGCHLD
    or t0, t0, t1
    sd t0, PROC_SIGNALS(s1)
    mv a0, s1
    call wakeup
    call reschedule                     # never back

# process_wait(a0 = pid or -1, a1 = WAIT_NOW or 0, tp) -> a0 = pid of a child that has ended, or
# -1 if there is no such child, -2 if none has ended yet; a1 = its status.
    .globl process_wait
process_wait:
    enter
    mv s0, a0
    mv s4, a1
1:  la s1, processes
    li s2, PROCESSES
    li s3, -1                           # what to say if nobody is found
2:  ld t0, PROC_PARENT(s1)
    bne t0, tp, 3f
    ld t0, PROC_STATE(s1)
    beqz t0, 3f
    ld t1, PROC_PID(s1)
    bltz s0, 4f
    bne t1, s0, 3f
4:  li s3, -2
    li t2, STATE_ZOMBIE
    beq t0, t2, 5f
3:  addi s1, s1, PROC_SIZE
    addi s2, s2, -1
    bnez s2, 2b

    # Nobody has ended: sleep on ourselves, unless there is nobody or no time, or a signal.
    addi t0, s3, 1
    beqz t0, 6f
    bnez s4, 6f
    call signals_pending
    bnez a0, 6f
    mv a0, tp
    call sleep_on
    j 1b

    # One has: its stack and its place are free now.
5:  ld a0, PROC_STACK(s1)
    li t0, PAGE_SIZE
    sub a0, a0, t0
    call page_release
    sd zero, PROC_STATE(s1)
    ld s3, PROC_PID(s1)
    ld a1, PROC_STATUS(s1)
6:  mv a0, s3
    leave

# process_kill(a0 = pid, or minus a group, a1 = signal) -> a0 = 0, or -1 if there is nobody.
# Process 1 is nobody.
    .globl process_kill
process_kill:
    enter
    mv s0, a0
    mv s1, a1
    li s4, -1
    li t0, SIGNALS
    bgeu a1, t0, 4f
    neg s5, a0                          # the group
    la s2, processes + PROC_SIZE
    li s3, PROCESSES - 1
1:  ld t0, PROC_STATE(s2)
    beqz t0, 3f
    li t1, STATE_ZOMBIE
    beq t0, t1, 3f
    ld t0, PROC_PID(s2)
    beq t0, s0, 2f
    ld t0, PROC_GROUP(s2)
    bne t0, s5, 3f
2:  li s4, 0
    li t0, 1
    sll t0, t0, s1
    ld t1, PROC_SIGNALS(s2)
    or t1, t1, t0
    sd t1, PROC_SIGNALS(s2)
    mv a0, s2
    call wake_process
3:  addi s2, s2, PROC_SIZE
    addi s3, s3, -1
    bnez s3, 1b
4:  mv a0, s4
    leave

# signals_pending(tp) -> a0 = the signals that will end this process: what waits gives up. Leaf.
    .globl signals_pending
signals_pending:
    ld a0, PROC_SIGNALS(tp)
    ld t0, PROC_IGNORED(tp)
    not t0, t0
    and a0, a0, t0
    li t0, ~(1 << SIGCHLD)
    and a0, a0, t0
    ret

# signals_take(tp): a signal that is not ignored ends the process; the others are forgotten.
    .globl signals_take
signals_take:
    addi sp, sp, -16
    sd ra, 0(sp)
    call signals_pending
    bnez a0, 1f
    sd zero, PROC_SIGNALS(tp)
    ld ra, 0(sp)
    addi sp, sp, 16
    ret
1:  li t0, STATUS_SIGNALLED             # the lowest one decides
2:  andi t1, a0, 1
    bnez t1, 3f
    srli a0, a0, 1
    addi t0, t0, 1
    j 2b
3:  mv a0, t0
    j process_exit

# process_find(a0 = pid) -> a0 = that process, or 0. Leaf.
    .globl process_find
process_find:
    la t0, processes
    li t1, PROCESSES
1:  ld t2, PROC_STATE(t0)
    beqz t2, 2f
    ld t2, PROC_PID(t0)
    beq t2, a0, 3f
2:  addi t0, t0, PROC_SIZE
    addi t1, t1, -1
    bnez t1, 1b
    li t0, 0
3:  mv a0, t0
    ret

    .section .rodata
text_init_ended:
    .asciz "process 1 has ended"
