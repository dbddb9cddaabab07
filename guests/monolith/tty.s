# monolith, console: the 16550A serial port, and what makes lines of its characters. Input is
# kept as it comes and echoed when it is read, so that what is on the screen does not depend on
# when somebody typed.

    .include "monolith.inc"

.equ UART_DATA,     0
.equ UART_IER,      1
.equ UART_FCR,      2
.equ UART_LCR,      3
.equ UART_LSR,      5
.equ LSR_RECEIVED,  1
.equ LSR_EMPTY,     0x20
.equ UART_FIFO,     16
.equ RING,          512                 # characters that wait, a power of two
.equ LINE,          256
.equ CHUNK,         128                 # written from the stack at a time
.equ CTRL_C,        3
.equ CTRL_D,        4
.equ BACKSPACE,     8
.equ DELETE,        127

    .bss
    .balign 8
ring_head:   .zero 8                    # characters ever put in
ring_tail:   .zero 8                    # characters ever taken out
line_at:     .zero 8                    # next character of the line that is being read
line_end:    .zero 8
ring:        .zero RING
line:        .zero LINE

    .text

# uart_init(): 8 bits, FIFOs, an interrupt for what is received.
    .globl uart_init
uart_init:
    load t0, uart_base
    li t1, 3
    sb t1, UART_LCR(t0)
    li t1, 1                            # what is in the FIFOs already stays there
    sb t1, UART_FCR(t0)
    sb t1, UART_IER(t0)
    load a0, uart_irq
    j plic_enable

# uart_write(a0 = address, a1 = bytes): all of it; the FIFO is filled each time it is empty.
    .globl uart_write
uart_write:
    load t0, uart_base
    add a1, a1, a0                      # end
1:  bgeu a0, a1, 4f
2:  lbu t1, UART_LSR(t0)
    andi t1, t1, LSR_EMPTY
    beqz t1, 2b
    li t2, UART_FIFO
3:  lbu t1, 0(a0)
    sb t1, UART_DATA(t0)
    addi a0, a0, 1
    addi t2, t2, -1
    bgeu a0, a1, 4f
    bnez t2, 3b
    j 1b
4:  ret

# tty_string(a0 = NUL-terminated string)
    .globl tty_string
tty_string:
    mv a1, a0
1:  lbu t0, 0(a1)
    addi a1, a1, 1
    bnez t0, 1b
    addi a1, a1, -1
    sub a1, a1, a0
    j uart_write

# uart_interrupt(): take what has come, as long as there is room for it.
    .globl uart_interrupt
uart_interrupt:
    enter
    load s0, uart_base
1:  load t1, ring_head
    load t2, ring_tail
    sub t1, t1, t2
    li t2, RING
    bgeu t1, t2, 2f
    lbu t1, UART_LSR(s0)
    andi t1, t1, LSR_RECEIVED
    beqz t1, 3f
    lbu a0, UART_DATA(s0)
    call tty_input
    j 1b
2:  sb zero, UART_IER(s0)               # no room: tty_read asks for more
3:  leave

# tty_input(a0 = character): Ctrl-C is for the foreground, everything else for who reads.
tty_input:
    li t0, CTRL_C
    beq a0, t0, 1f
    load t0, ring_head
    andi t1, t0, RING - 1
    la t2, ring
    add t2, t2, t1
    sb a0, 0(t2)
    addi t0, t0, 1
    store t0, ring_head, t1
    la a0, ring
    j wakeup
1:  load t0, ring_head                  # what was typed before it is forgotten
    store t0, ring_tail, t1
    load a0, foreground
    neg a0, a0
    li a1, SIGINT
    j process_kill

# tty_character(tp) -> a0 = the next character, or -1 if a signal came instead.
tty_character:
    enter
1:  load t0, ring_tail
    load t1, ring_head
    bne t0, t1, 2f
    load t0, uart_base
    li t1, 1
    sb t1, UART_IER(t0)
    call signals_pending
    bnez a0, 3f
    la a0, ring
    call sleep_on
    j 1b
2:  andi t1, t0, RING - 1
    la t2, ring
    add t2, t2, t1
    lbu a0, 0(t2)
    addi t0, t0, 1
    store t0, ring_tail, t1
    leave
3:  li a0, -1
    leave

# tty_line(tp) -> a0 = 0 and a line in `line`, or -1 if a signal came. Echoes and edits.
tty_line:
    enter
    la s0, line
    mv s1, s0                           # where the next character goes
    store s0, line_at, t0
    store s0, line_end, t0
1:  call tty_character
    bltz a0, 7f
    mv s2, a0
    li t0, '\r'
    bne s2, t0, 2f
    li s2, '\n'
2:  li t0, CTRL_D
    beq s2, t0, 6f
    li t0, DELETE
    beq s2, t0, 4f
    li t0, BACKSPACE
    beq s2, t0, 4f

    # An ordinary character: the last place is for the end of the line.
    li t0, '\n'
    beq s2, t0, 3f
    addi t0, s0, LINE - 1
    bgeu s1, t0, 1b
3:  sb s2, 0(s1)
    mv a0, s1
    li a1, 1
    addi s1, s1, 1
    call uart_write
    li t0, '\n'
    bne s2, t0, 1b
    j 6f

    # Take one back.
4:  beq s1, s0, 1b
    addi s1, s1, -1
    la a0, text_rubout
    call tty_string
    j 1b

6:  store s1, line_end, t0
    li a0, 0
7:  leave

# tty_read(a0 = user's buffer, a1 = bytes, tp) -> a0 = bytes of the line read, 0 for the end of
# input, or -1.
    .globl tty_read
tty_read:
    enter
    mv s0, a0
    mv s1, a1
    load t0, line_at
    load t1, line_end
    bltu t0, t1, 1f
    call tty_line
    bltz a0, 3f
1:  load a1, line_at
    load s2, line_end
    sub s2, s2, a1
    bleu s2, s1, 2f
    mv s2, s1
2:  mv a0, s0
    mv a2, s2
    add t0, a1, s2
    store t0, line_at, t1
    call copy
    bltz a0, 3f
    mv a0, s2
3:  leave

# tty_write(a0 = user's buffer, a1 = bytes) -> a0 = bytes written, or -1.
    .globl tty_write
tty_write:
    enter
    addi sp, sp, -CHUNK
    mv s0, a0
    mv s1, a1
    mv s2, a1
1:  beqz s1, 3f
    li s3, CHUNK
    bleu s3, s1, 2f
    mv s3, s1
2:  mv a0, sp
    mv a1, s0
    mv a2, s3
    call copy
    bltz a0, 4f
    mv a0, sp
    mv a1, s3
    call uart_write
    add s0, s0, s3
    sub s1, s1, s3
    j 1b
3:  mv a0, s2
4:  addi sp, sp, CHUNK
    leave

    .section .rodata
text_rubout:
    .asciz "\b \b"
