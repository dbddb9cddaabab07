# Console: text out through the SBI, by the debug console extension where there is one and
# by the legacy console_putchar otherwise. Not a driver: no UART register is touched here.
# All routines follow the standard calling convention and run in S-mode, with strings at
# addresses that are both virtual and physical (identity-mapped kernel).

    .include "sbi.inc"
    .include "macros.inc"

    .bss
    .balign 8
has_dbcn:                               # 1 when the SBI has the debug console
    .zero 8

    .text
    .include "format.inc"

# console_init(): ask once which console the SBI has.
    .globl console_init
console_init:
    li a0, SBI_DBCN
    sbi_call SBI_BASE, SBI_BASE_PROBE_EXTENSION
    snez a1, a1
    la a0, has_dbcn
    sd a1, 0(a0)
    ret

# console_write(a0 = address, a1 = bytes): write all of it.
    .globl console_write
console_write:
    add a3, a0, a1                      # end
    mv a4, a0                           # next byte
    la a5, has_dbcn
    ld a5, 0(a5)
    beqz a5, put_each

    # The debug console may take fewer bytes than it is offered.
1:  sub a0, a3, a4
    beqz a0, 2f
    mv a1, a4
    li a2, 0                            # upper half of the physical address
    sbi_call SBI_DBCN, SBI_DBCN_CONSOLE_WRITE
    bnez a0, put_each                   # it failed: the rest goes the old way
    add a4, a4, a1
    j 1b
2:  ret

    # One call per byte.
put_each:
    beq a4, a3, 2b
    lbu a0, 0(a4)
    addi a4, a4, 1
    sbi_call SBI_LEGACY_PUTCHAR, 0
    j put_each

# print_string(a0 = address of a NUL-terminated string)
    .globl print_string
print_string:
    mv a1, a0
1:  lbu a2, 0(a1)
    addi a1, a1, 1
    bnez a2, 1b
    addi a1, a1, -1
    sub a1, a1, a0
    j console_write

# print_dec(a0 = unsigned value)
    .globl print_dec
print_dec:
    addi sp, sp, -48
    sd ra, 40(sp)
    addi a1, sp, FORMAT_BYTES
    call format_dec
    j print_formatted

# print_hex(a0 = value, a1 = digits): "0x" and exactly that many digits.
    .globl print_hex
print_hex:
    addi sp, sp, -48
    sd ra, 40(sp)
    mv a2, a1
    addi a1, sp, FORMAT_BYTES
    call format_hex
print_formatted:                        # a0 = first character, the end is FORMAT_BYTES(sp)
    addi a1, sp, FORMAT_BYTES
    sub a1, a1, a0
    call console_write
    ld ra, 40(sp)
    addi sp, sp, 48
    ret
