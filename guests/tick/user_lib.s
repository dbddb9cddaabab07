# tick, user library: numbers on the console, and the meeting of two processes. U-mode.

    .include "user.inc"

    .section .user, "ax"
    .include "format.inc"

# user_print_dec(a0 = unsigned value)
    .globl user_print_dec
user_print_dec:
    addi sp, sp, -48
    sd ra, 40(sp)
    addi a1, sp, FORMAT_BYTES
    call format_dec
    j print_formatted

# user_print_hex(a0 = value, a1 = digits)
    .globl user_print_hex
user_print_hex:
    addi sp, sp, -48
    sd ra, 40(sp)
    mv a2, a1
    addi a1, sp, FORMAT_BYTES
    call format_hex
print_formatted:                        # a0 = first character, the end is FORMAT_BYTES(sp)
    addi a1, sp, FORMAT_BYTES
    sub a1, a1, a0
    system_call SYS_WRITE
    ld ra, 40(sp)
    addi sp, sp, 48
    ret

# Each register that `meet` uses to see whether it survives, with a value of its own.
.macro witnesses op
    \op a2, 0x0123456789abcde2
    \op a3, 0x0123456789abcde3
    \op a4, 0x0123456789abcde4
    \op a5, 0x0123456789abcde5
    \op a6, 0x0123456789abcde6
    \op a7, 0x0123456789abcde7
    \op t1, 0x0123456789abcdf1
    \op t2, 0x0123456789abcdf2
    \op t3, 0x0123456789abcdf3
    \op t4, 0x0123456789abcdf4
    \op t5, 0x0123456789abcdf5
    \op t6, 0x0123456789abcdf6
.endm

.macro expect register, value
    li t0, \value
    bne \register, t0, damaged
.endm

# meet(a0 = own word of the mailbox, a1 = the other's): raise one's own flag and spin, without
# a system call, until the other's is up. Only preemption lets the other raise it: the output
# of tick proves that the timer works. Ends the process with status -1 if a register was not
# what it was. Clobbers all but sp, ra and the callee-saved registers.
    .globl meet
meet:
    li t0, 1
    sd t0, 0(a0)
    witnesses li
1:  ld t0, 0(a1)
    beqz t0, 1b
    witnesses expect
    ret
damaged:
    li a0, -1
    system_call SYS_EXIT
