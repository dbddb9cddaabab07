# tick, timer: the SBI's one-shot timer, set again after each interrupt, takes the hart from
# the running process and wakes those that sleep.

    .include "tick.inc"
    .include "sbi.inc"
    .include "macros.inc"

    .text

# timer_init(): let timer interrupts through and ask for the first.
    .globl timer_init
timer_init:
    li a0, 1 << IRQ_STI
    csrw sie, a0
    # falls through

# timer_arm(): the next interrupt comes TIMER_INTERVAL from now.
timer_arm:
    rdtime a0
    addi a0, a0, TIMER_INTERVAL
    sbi_call SBI_TIME, SBI_TIME_SET_TIMER
    ret

# timer_stop(): no further interrupts.
    .globl timer_stop
timer_stop:
    csrw sie, zero
    li a0, -1
    sbi_call SBI_TIME, SBI_TIME_SET_TIMER
    ret

# timer_interrupt(): wake who has slept enough; arm the timer, which also clears the pending
# interrupt. A leaf as far as the stack goes.
    .globl timer_interrupt
timer_interrupt:
    rdtime a0
    la a1, processes
    li a2, PROCESSES
    li a3, STATE_SLEEPING
    li a4, STATE_READY
1:  ld a5, PROC_STATE(a1)
    bne a5, a3, 2f
    ld a5, PROC_EVENT(a1)
    bltu a0, a5, 2f
    sd a4, PROC_STATE(a1)
2:  addi a1, a1, PROC_SIZE
    addi a2, a2, -1
    bnez a2, 1b
    j timer_arm
