# monolith, user library: the start of a program, strings, and output. Output to file descriptor
# 1 is gathered in a buffer, which is written when it is full, by `flush`, and at the end.

    .include "user.inc"

.equ OUT_BYTES, 512

    .bss
    .balign 8
out_used:   .zero 8
out_buffer: .zero OUT_BYTES

    .text
    .include "format.inc"

# The kernel enters here with a0 = argc, a1 = argv.
    .globl _start
_start:
    call main
    # falls through

# leave_program(a0 = status): write what is left, and end.
    .globl leave_program
leave_program:
    mv s0, a0
    call flush
    mv a0, s0
    system_call SYS_EXIT

# string_length(a0 = string) -> a0. Leaf.
    .globl string_length
string_length:
    mv t0, a0
1:  lbu t1, 0(a0)
    addi a0, a0, 1
    bnez t1, 1b
    addi a0, a0, -1
    sub a0, a0, t0
    ret

# string_equal(a0, a1 = strings) -> a0 = 1 if they are the same. Leaf.
    .globl string_equal
string_equal:
    lbu t0, 0(a0)
    lbu t1, 0(a1)
    bne t0, t1, 1f
    addi a0, a0, 1
    addi a1, a1, 1
    bnez t0, string_equal
    li a0, 1
    ret
1:  li a0, 0
    ret

# string_copy(a0 = to, a1 = from) -> a0 = the NUL at the end of the copy. Leaf.
    .globl string_copy
string_copy:
    lbu t0, 0(a1)
    sb t0, 0(a0)
    beqz t0, 1f
    addi a0, a0, 1
    addi a1, a1, 1
    j string_copy
1:  ret

# read_number(a0 = digits) -> a0. Leaf.
    .globl read_number
read_number:
    li t0, 0
    li t2, 10
1:  lbu t1, 0(a0)
    addi t1, t1, -'0'
    bgeu t1, t2, 2f
    mul t0, t0, t2
    add t0, t0, t1
    addi a0, a0, 1
    j 1b
2:  mv a0, t0
    ret

# number_argument(a0 = argc, a1 = argv, a2 = default) -> a0 = the first argument as a number.
    .globl number_argument
number_argument:
    li t0, 2
    bltu a0, t0, 1f
    ld a0, 8(a1)
    j read_number
1:  mv a0, a2
    ret

# put_bytes(a0 = address, a1 = how many)
    .globl put_bytes
put_bytes:
    enter
    mv s0, a0
    add s1, a0, a1
1:  bgeu s0, s1, 2f
    lbu a0, 0(s0)
    call put_character
    addi s0, s0, 1
    j 1b
2:  leave

# put_character(a0)
    .globl put_character
put_character:
    la t0, out_used
    ld t1, 0(t0)
    la t2, out_buffer
    add t2, t2, t1
    sb a0, 0(t2)
    addi t1, t1, 1
    sd t1, 0(t0)
    li t2, OUT_BYTES
    beq t1, t2, flush
    ret

# put_string(a0 = string)
    .globl put_string
put_string:
    enter
    mv s0, a0
    call string_length
    mv a1, a0
    mv a0, s0
    call put_bytes
    leave

# put_number(a0 = number)
    .globl put_number
put_number:
    addi sp, sp, -48
    sd ra, 40(sp)
    addi a1, sp, FORMAT_BYTES
    call format_dec
1:  addi a1, sp, FORMAT_BYTES
    sub a1, a1, a0
    call put_bytes
    ld ra, 40(sp)
    addi sp, sp, 48
    ret

# put_hex(a0 = number): with 16 digits.
    .globl put_hex
put_hex:
    addi sp, sp, -48
    sd ra, 40(sp)
    addi a1, sp, FORMAT_BYTES
    li a2, 16
    call format_hex
    j 1b

# format_number(a0 = number, a1 = end of a buffer) -> a0 = its first digit. Leaf.
    .globl format_number
format_number:
    j format_dec

# put_column(a0 = number, a1 = width): right-aligned.
    .globl put_column
put_column:
    enter
    addi sp, sp, -32
    mv s1, a1
    addi a1, sp, 32
    call format_dec
    mv s0, a0
    addi s2, sp, 32
    sub s2, s2, a0                      # digits
1:  bgeu s2, s1, 2f
    say_character ' '
    addi s1, s1, -1
    j 1b
2:  mv a0, s0
    mv a1, s2
    call put_bytes
    addi sp, sp, 32
    leave

# flush(): write what has been gathered.
    .globl flush
flush:
    la t0, out_used
    ld a2, 0(t0)
    beqz a2, 1f
    sd zero, 0(t0)
    li a0, STDOUT
    la a1, out_buffer
    system_call SYS_WRITE
1:  ret

# complain(a0 = string, a1 = string): both and the end of a line, to file descriptor 2, at once.
    .globl complain
complain:
    enter
    mv s0, a1
    call complain_part
    mv a0, s0
    call complain_part
    la a0, text_newline
    call complain_part
    leave

complain_part:
    enter
    mv s0, a0
    call string_length
    mv a2, a0
    mv a1, s0
    li a0, STDERR
    system_call SYS_WRITE
    leave

# copy_out(a0 = fd): all that can be read from it goes to file descriptor 1.
    .globl copy_out
copy_out:
    enter
    addi sp, sp, -1024
    mv s0, a0
    call flush
1:  mv a0, s0
    mv a1, sp
    li a2, 1024
    system_call SYS_READ
    blez a0, 2f
    mv a2, a0
    li a0, STDOUT
    mv a1, sp
    system_call SYS_WRITE
    bgtz a0, 1b
2:  addi sp, sp, 1024
    leave

# spawn(a0 = path, a1 = argv) -> a0 = pid of a new process that runs it.
    .globl spawn
spawn:
    enter
    mv s0, a0
    mv s1, a1
    call flush
    system_call SYS_FORK
    bnez a0, 1f
    mv a0, s0
    mv a1, s1
    system_call SYS_EXEC
    la a0, text_cannot_run
    mv a1, s0
    call complain
    li a0, 127
    system_call SYS_EXIT
1:  leave

# run(a0 = path, a1 = argv) -> a0 = exit status of a process that ran it.
    .globl run
run:
    enter
    call spawn
    li a1, 0
    system_call SYS_WAIT
    mv a0, a1
    leave

    .section .rodata
text_newline:
    .asciz "\n"
text_cannot_run:
    .asciz "cannot run "
