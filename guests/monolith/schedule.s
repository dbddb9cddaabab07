# monolith, scheduler: who runs next, how one goes on where it left off, sleeping and waking,
# and the timer. Round robin over the table of processes.

    .include "monolith.inc"
    .include "sbi.inc"

    .bss
    .balign 8
    .globl slice_over
slice_over: .zero 8                     # the timer wants another process to run
sleepers:   .zero 8                     # processes with a time to wake at

    .text

# yield(tp): let the others run first.
    .globl yield
yield:
    j reschedule

# sleep_on(a0 = channel, tp): until somebody calls wakeup with it, or a signal comes. The caller
# looks again at what it was waiting for.
    .globl sleep_on
sleep_on:
    sd a0, PROC_CHANNEL(tp)
    li t0, STATE_SLEEPING
    sd t0, PROC_STATE(tp)
    # falls through

# reschedule(tp): run the next process that is ready, going round; returns when this one is
# next again. Idle while there is none.
    .globl reschedule
reschedule:
    addi sp, sp, -16
    sd ra, 0(sp)
1:  mv a0, tp
    la t0, processes
    li t1, PROCESSES * PROC_SIZE
    add t1, t1, t0                      # end of the table
    li t2, PROCESSES                    # how many to look at
    li t3, STATE_READY
2:  addi a0, a0, PROC_SIZE
    bltu a0, t1, 3f
    mv a0, t0
3:  ld t4, PROC_STATE(a0)
    beq t4, t3, 4f
    addi t2, t2, -1
    bnez t2, 2b
    call idle
    j 1b
4:  ld ra, 0(sp)
    addi sp, sp, 16
    beq a0, tp, 5f
    # falls through

# switch(a0 = process, tp): leave this one and go on as that one.
switch:
    addi sp, sp, -WIDE_FRAME
    wide_registers sd
    sd sp, PROC_CONTEXT(tp)
    mv tp, a0
    call space_enter
    ld sp, PROC_CONTEXT(tp)
    wide_registers ld
    addi sp, sp, WIDE_FRAME
5:  ret

# idle(): wait for an interrupt. wfi ends when one is pending even though interrupts are off;
# only then is it let in, so that none can slip by between the two. The timer is set only if
# somebody sleeps for a time.
idle:
    enter
    call next_wake
    call set_timer
    wfi
    csrsi sstatus, SSTATUS_SIE
    csrci sstatus, SSTATUS_SIE
    rdtime a0
    li t0, SLICE
    add a0, a0, t0
    call set_timer
    leave

# next_wake() -> a0 = the time at which the first sleeper wakes, or the end of time. Leaf.
next_wake:
    li a0, -1
    load t0, sleepers
    beqz t0, 3f
    la t0, processes
    li t1, PROCESSES
1:  ld t2, PROC_WAKE(t0)
    beqz t2, 2f
    bgeu t2, a0, 2f
    mv a0, t2
2:  addi t0, t0, PROC_SIZE
    addi t1, t1, -1
    bnez t1, 1b
3:  ret

# set_timer(a0 = time)
set_timer:
    sbi_call SBI_TIME, SBI_TIME_SET_TIMER
    ret

# timer_start(): the first slice begins.
    .globl timer_start
timer_start:
    rdtime a0
    li t0, SLICE
    add a0, a0, t0
    j set_timer

# timer_interrupt(): the slice is over; wake who has slept long enough.
    .globl timer_interrupt
timer_interrupt:
    enter
    li t0, 1
    store t0, slice_over, t1
    rdtime s0
    li t0, SLICE
    add a0, s0, t0
    call set_timer
    load t0, sleepers
    beqz t0, 3f
    la s1, processes
    li s2, PROCESSES
1:  ld t0, PROC_WAKE(s1)
    beqz t0, 2f
    bltu s0, t0, 2f
    mv a0, s1
    call wake_process
2:  addi s1, s1, PROC_SIZE
    addi s2, s2, -1
    bnez s2, 1b
3:  leave

# sleep_until(a0 = time, tp): or until a signal comes.
    .globl sleep_until
sleep_until:
    enter
    sd a0, PROC_WAKE(tp)
    la t0, sleepers
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    addi a0, tp, PROC_WAKE
    call sleep_on
    sd zero, PROC_WAKE(tp)
    la t0, sleepers
    ld t1, 0(t0)
    addi t1, t1, -1
    sd t1, 0(t0)
    leave

# wake_process(a0 = process): make it ready if it sleeps. Leaf.
    .globl wake_process
wake_process:
    ld t0, PROC_STATE(a0)
    li t1, STATE_SLEEPING
    bne t0, t1, 1f
    li t0, STATE_READY
    sd t0, PROC_STATE(a0)
1:  ret

# wakeup(a0 = channel): make ready all who sleep on it. Leaf.
    .globl wakeup
wakeup:
    la t0, processes
    li t1, PROCESSES
    li t2, STATE_SLEEPING
    li t4, STATE_READY
1:  ld t3, PROC_STATE(t0)
    bne t3, t2, 2f
    ld t3, PROC_CHANNEL(t0)
    bne t3, a0, 2f
    sd t4, PROC_STATE(t0)
2:  addi t0, t0, PROC_SIZE
    addi t1, t1, -1
    bnez t1, 1b
    ret
