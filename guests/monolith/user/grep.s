# grep: the lines of a file, or of the input, in which a text occurs. `^` at its beginning binds
# it to the beginning of a line. Ends with 1 when there is no such line.

    .include "user.inc"

.equ BYTES, 512
.equ LINE,  256

    .bss
    .balign 8
input: .zero BYTES
line:  .zero LINE

    .text
    .globl main
main:
    enter
    li s5, 1                            # status
    ld s0, 8(a1)
    beqz s0, 6f
    li s1, STDIN
    ld a0, 16(a1)
    beqz a0, 1f
    mv s2, a0
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 5f
    mv s1, a0
1:  la s2, line                         # where the next character goes
2:  mv a0, s1
    la a1, input
    li a2, BYTES
    system_call SYS_READ
    blez a0, 4f
    la s3, input
    add s4, s3, a0                      # end

    # Lines are put together; what is longer than a line may be is cut.
3:  lbu t0, 0(s3)
    addi s3, s3, 1
    li t1, '\n'
    beq t0, t1, 7f
    la t1, line + LINE - 2
    bgeu s2, t1, 8f
    sb t0, 0(s2)
    addi s2, s2, 1
    j 8f
7:  call consider
8:  bltu s3, s4, 3b
    j 2b
4:  la t0, line
    beq s2, t0, 9f
    call consider                       # the last line has no end
9:  mv a0, s5
    leave
5:  la a0, text_cannot
    mv a1, s2
    call complain
    li a0, 2
    leave
6:  la a0, text_usage
    la a1, text_nothing
    call complain
    li a0, 2
    leave

# consider: of main; in s0 = text, s2 = end of the line; out s2 = begin of the next, s5 = 0 if
# the text is in the line, which is then written.
consider:
    addi sp, sp, -16
    sd ra, 0(sp)
    sb zero, 0(s2)
    la t0, line
    lbu t1, 0(s0)
    li t2, '^'
    mv t3, s0
    bne t1, t2, 1f
    addi t3, s0, 1
1:  mv t4, t0                           # does it begin here?
    mv t5, t3
2:  lbu t6, 0(t5)
    beqz t6, 4f
    lbu a0, 0(t4)
    bne a0, t6, 3f
    addi t4, t4, 1
    addi t5, t5, 1
    j 2b
3:  beq t1, t2, 5f
    addi t0, t0, 1
    bleu t0, s2, 1b
    j 5f
4:  li s5, 0
    la a0, line
    call put_string
    say_character '\n'
5:  la s2, line
    ld ra, 0(sp)
    addi sp, sp, 16
    ret

    .section .rodata
text_cannot:  .asciz "grep: cannot open "
text_usage:   .asciz "usage: grep TEXT [FILE]"
text_nothing: .asciz ""
