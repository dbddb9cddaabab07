# ls: the names in the directories named, or in the working directory, one a line, with sizes.

    .include "user.inc"

    .text
    .globl main
main:
    enter
    addi s0, a1, 8
    li s1, 0                            # status
    ld a0, 0(s0)
    bnez a0, 1f
    la a0, text_here
    call list
    mv s1, a0
    j 2f
1:  call list
    or s1, s1, a0
    addi s0, s0, 8
    ld a0, 0(s0)
    bnez a0, 1b
2:  mv a0, s1
    leave

# list(a0 = path) -> a0 = 0, or 1
list:
    enter
    addi sp, sp, -ENTRY_SIZE
    mv s1, a0
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 4f
    mv s0, a0
    system_call SYS_STAT
    li t0, TYPE_DIRECTORY
    beq a0, t0, 1f

    # A file: its own line.
    mv a0, a1
    mv a1, s1
    call line
    j 3f

    # A directory: a line for each entry, which is looked at from inside.
1:  mv a0, s1
    system_call SYS_CHDIR
2:  mv a0, s0
    mv a1, sp
    li a2, ENTRY_SIZE
    system_call SYS_READ
    li t0, ENTRY_SIZE
    bne a0, t0, 3f
    lwu t0, ENTRY_INODE(sp)
    beqz t0, 2b
    lbu t0, ENTRY_NAME(sp)
    li t1, '.'
    beq t0, t1, 2b
    addi a0, sp, ENTRY_NAME
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 2b
    mv s2, a0
    system_call SYS_STAT
    mv s3, a0
    mv a0, a1
    addi a1, sp, ENTRY_NAME
    li t0, TYPE_DIRECTORY
    bne s3, t0, 5f
    li a0, 0
5:  call line
    mv a0, s2
    system_call SYS_CLOSE
    j 2b
3:  mv a0, s0
    system_call SYS_CLOSE
    li a0, 0
    j 6f
4:  la a0, text_cannot
    mv a1, s1
    call complain
    li a0, 1
6:  addi sp, sp, ENTRY_SIZE
    leave

# line(a0 = size, a1 = name)
line:
    enter
    mv s0, a1
    li a1, 7
    call put_column
    say_character ' '
    mv a0, s0
    call put_string
    say_character '\n'
    leave

    .section .rodata
text_here:   .asciz "."
text_cannot: .asciz "ls: cannot open "
