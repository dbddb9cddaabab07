# Power: end the run, well or badly. The SBI's system reset comes first; where it is missing
# or returns, the sifive_test device is written, with translation off. S-mode, kernel mapped
# at its physical addresses. Nothing here returns.

    .include "sbi.inc"
    .include "board.inc"
    .include "macros.inc"

    .text

# power_off(): shut down; the run's exit status is 0.
    .globl power_off
power_off:
    li s0, SIFIVE_TEST_PASS
    li a1, SBI_REASON_NONE
    j shut_down

# panic(a0 = NUL-terminated reason): print it and shut down as a system failure.
    .globl panic
panic:
    mv s0, a0
    la a0, panic_text
    call print_string
    mv a0, s0
    call print_string
    la a0, newline
    call print_string
    # falls through

# fail(): shut down as a system failure; the run's exit status is not 0.
    .globl fail
fail:
    li s0, SIFIVE_TEST_FAIL
    li a1, SBI_REASON_FAILURE

shut_down:                              # a1 = reason, s0 = word for sifive_test
    li a0, SBI_RESET_SHUTDOWN
    sbi_call SBI_SRST, SBI_SRST_SYSTEM_RESET

    # Still here: the SBI could not. Device registers are not mapped, so leave Sv39.
    csrw satp, zero
    sfence.vma
    li t0, SIFIVE_TEST
    sw s0, 0(t0)

    # Still here: no such device either.
1:  wfi
    j 1b

    .section .rodata
panic_text:
    .asciz "panic: "
newline:
    .asciz "\n"
