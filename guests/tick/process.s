# tick, processes: the table of them, their creation and end, and the round-robin scheduler.

    .include "tick.inc"
    .include "macros.inc"

    .bss
    .balign 8
    .globl processes
processes:
    .zero PROCESSES * PROC_SIZE

    .text

# processes_init(): make one process of each program, pids from 1, and count the pages that
# are the kernel's before the first of them has any. tp is set for the scheduler: the search
# starts behind the last process.
    .globl processes_init
processes_init:
    enter
    call pages_keep
    la s0, processes
    la s1, programs
    li s2, 1
1:  sd s2, PROC_PID(s0)
    ld a0, 0(s1)                        # entry, at its kernel address
    la a1, __user_start
    sub a0, a0, a1
    li a1, USER_TEXT
    add a0, a0, a1
    sd a0, PROC_PC(s0)
    ld a0, 8(s1)
    sd a0, PROC_NAME(s0)
    li a0, USER_STACK_TOP
    sd a0, PROC_SP(s0)
    li a0, USER_HEAP
    sd a0, PROC_BREAK(s0)
    mv a0, s2
    call space_create
    sd a0, PROC_SATP(s0)
    li a0, STATE_READY
    sd a0, PROC_STATE(s0)
    mv tp, s0
    addi s0, s0, PROC_SIZE
    addi s1, s1, 16
    addi s2, s2, 1
    li a0, PROCESSES
    bleu s2, a0, 1b
    leave

# schedule(tp = the process that ran last): resume the next one that is ready, going round;
# idle while all that live sleep; finish when none lives. Does not return.
    .globl schedule
schedule:
    la sp, kernel_stack_top
    la s0, processes
    li s1, PROCESSES * PROC_SIZE
    add s1, s1, s0                      # end of the table
    li s2, PROCESSES                    # how many to look at
    li s3, 0                            # whether somebody sleeps
1:  addi tp, tp, PROC_SIZE
    bltu tp, s1, 2f
    mv tp, s0
2:  ld a0, PROC_STATE(tp)
    li a1, STATE_READY
    beq a0, a1, resume
    addi a0, a0, -STATE_SLEEPING
    seqz a0, a0
    or s3, s3, a0
    addi s2, s2, -1
    bnez s2, 1b

    # Nobody is ready. Sleepers come first, then the dead; who waits for either is lost.
    bnez s3, idle
    li a1, STATE_DEAD
3:  ld a0, PROC_STATE(s0)
    bne a0, a1, 4f
    addi s0, s0, PROC_SIZE
    bltu s0, s1, 3b
    j finish
4:  la a0, text_deadlock
    j panic

# Wait for the timer. wfi ends when the interrupt is pending even though interrupts are off;
# only then is it let in, so that none can slip by between the two.
idle:
    wfi
    csrsi sstatus, SSTATUS_SIE
    csrci sstatus, SSTATUS_SIE
    j schedule

# process_kill(a0 = scause, a1 = stval, tp = process): report, then end it. Does not return.
    .globl process_kill
process_kill:
    mv s0, a0
    mv s1, a1
    la a0, text_process
    call print_string
    ld a0, PROC_PID(tp)
    call print_dec
    la a0, text_open
    call print_string
    ld a0, PROC_NAME(tp)
    call print_string
    la a0, text_killed
    call print_string

    # The name of the cause; the address only where the manual says that stval has one.
    la a0, text_illegal
    li a1, CAUSE_ILLEGAL
    beq s0, a1, 2f
    la a0, text_load_fault
    li a1, CAUSE_LOAD_PAGE
    beq s0, a1, 1f
    la a0, text_store_fault
    li a1, CAUSE_STORE_PAGE
    beq s0, a1, 1f
    la a0, text_other
    j 2f
1:  call print_string
    mv a0, s1
    li a1, 16
    call print_hex
    la a0, text_newline
2:  call print_string
    neg a0, s0
    # falls through

# process_exit(a0 = status, tp = process): free its space, wake who waits. Does not return.
    .globl process_exit
process_exit:
    sd a0, PROC_STATUS(tp)
    mv s0, a0
    li a1, STATE_DEAD
    sd a1, PROC_STATE(tp)
    ld a0, PROC_SATP(tp)
    call space_destroy

    # wait() returns the status in the waiter's a0.
    ld a0, PROC_PID(tp)
    la a1, processes
    li a2, PROCESSES
    li a3, STATE_WAITING
1:  ld a4, PROC_STATE(a1)
    bne a4, a3, 2f
    ld a4, PROC_EVENT(a1)
    bne a4, a0, 2f
    sd s0, PROC_A0(a1)
    li a4, STATE_READY
    sd a4, PROC_STATE(a1)
2:  addi a1, a1, PROC_SIZE
    addi a2, a2, -1
    bnez a2, 1b
    j schedule

    .section .rodata
    .balign 8
programs:                               # entry and name of each program
    .dword sieve_main, name_sieve
    .dword crc_main, name_crc
    .dword intruder_main, name_intruder
    .dword usurper_main, name_usurper
name_sieve:
    .asciz "sieve"
name_crc:
    .asciz "crc"
name_intruder:
    .asciz "intruder"
name_usurper:
    .asciz "usurper"
text_process:
    .asciz "tick: process "
text_open:
    .asciz " ("
text_killed:
    .asciz ") killed: "
text_illegal:
    .asciz "illegal instruction\n"
text_load_fault:
    .asciz "load page fault at "
text_store_fault:
    .asciz "store page fault at "
text_other:
    .asciz "another cause\n"
text_newline:
    .asciz "\n"
text_deadlock:
    .asciz "processes wait for each other"
