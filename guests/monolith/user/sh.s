# sh: the shell. A line is pipelines divided by `;` or `&`; a pipeline is commands divided by `|`;
# a command is words, `< file`, `> file` and `>> file`. Quotes '…' and "…" keep blanks in a word,
# `#` begins a comment. What ends with `&` runs in the background. Built in: cd, wait, exit.
#
# `sh FILE` takes the lines from a file. On the console it prompts, and Ctrl-C is for the
# processes that it waits for, not for itself.

    .include "user.inc"

.equ LINE_BYTES,  256
.equ INPUT_BYTES, 512
.equ WORDS_BYTES, 512                   # room for the words of a command
.equ WORDS,       24                    # at most in a command
.equ COMMANDS,    8                     # at most in a pipeline
.equ PATH,        64

    .bss
    .balign 8
input:       .zero INPUT_BYTES          # read ahead
input_at:    .zero 8
input_end:   .zero 8
line:        .zero LINE_BYTES
words:       .zero WORDS_BYTES
argv:        .zero 8 * (WORDS + 1)
input_name:  .zero 8                    # `<`, or 0
output_name: .zero 8                    # `>` or `>>`, or 0
output_modes: .zero 8
pids:        .zero 8 * COMMANDS
own_group:   .zero 8
interactive: .zero 8
status:      .zero 8                    # of what ended last

    .text
    .globl main
main:
    enter
    ld a0, 8(a1)
    beqz a0, 1f
    mv s0, a0
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 5f
    li a1, STDIN
    system_call SYS_DUP

    # A group of our own, in the foreground; Ctrl-C is not for us.
1:  system_call SYS_GETPID
    la t0, own_group
    sd a0, 0(t0)
    mv a1, a0
    system_call SYS_SETGROUP
    li a0, STDIN
    system_call SYS_STAT
    addi a0, a0, -TYPE_CONSOLE
    seqz a0, a0
    la t0, interactive
    sd a0, 0(t0)
    beqz a0, 2f
    call to_foreground
    li a0, SIGINT
    li a1, 1
    system_call SYS_SIGNAL

    # Line by line, until there are no more.
2:  li a0, -1                           # who ended in the background meanwhile
    li a1, WAIT_NOW
    system_call SYS_WAIT
    bgtz a0, 2b
    la t0, interactive
    ld t0, 0(t0)
    beqz t0, 3f
    say text_prompt
    call flush
3:  call read_line
    bltz a0, 4f
    la a0, line
    call run_line
    j 2b
4:  la t0, status
    ld a0, 0(t0)
    leave
5:  la a0, text_cannot_open
    mv a1, s0
    call complain
    li a0, 1
    leave

# to_foreground(): Ctrl-C is for this shell's group again.
to_foreground:
    la t0, own_group
    ld a0, 0(t0)
    system_call SYS_FOREGROUND
    ret

# read_line() -> a0 = 0 and a line, without its end, in `line`; -1 if there are no more.
read_line:
    enter
    la s0, line
    la s1, line + LINE_BYTES - 1
1:  la t0, input_at
    ld t1, 0(t0)
    la t2, input_end
    ld t3, 0(t2)
    bltu t1, t3, 2f
    li a0, STDIN
    la a1, input
    li a2, INPUT_BYTES
    system_call SYS_READ
    blez a0, 4f
    la t1, input
    add t3, t1, a0
    sd t3, 0(t2)
2:  lbu t3, 0(t1)
    addi t1, t1, 1
    sd t1, 0(t0)
    li t2, '\n'
    beq t3, t2, 3f
    bgeu s0, s1, 1b                     # too long: the rest is dropped
    sb t3, 0(s0)
    addi s0, s0, 1
    j 1b
3:  sb zero, 0(s0)
    li a0, 0
    leave
4:  la t0, line                         # a last line without an end counts
    bne s0, t0, 3b
    li a0, -1
    leave

# ---------------------------------------------------------------------- parsing

# skip_blanks(a0 = text) -> a0. Leaf.
skip_blanks:
    li t0, ' '
    li t1, '\t'
1:  lbu t2, 0(a0)
    beq t2, t0, 2f
    bne t2, t1, 3f
2:  addi a0, a0, 1
    j 1b
3:  ret

# is_operator(t2 = character) -> t3 = 1 if it ends a word. Clobbers t4.
is_operator:
    la t4, operators
1:  lbu t3, 0(t4)
    beqz t3, 2f
    beq t3, t2, 3f
    addi t4, t4, 1
    j 1b
2:  seqz t3, t2                         # the end of the line ends a word, too
    ret
3:  li t3, 1
    ret

# take_word(a0 = text at a word, a1 = where to put it, a2 = end of the room) -> a0 = text behind
# it, a1 = behind the copy with its NUL; a0 = 0 if a quote is not closed or there is no room.
take_word:
    enter
    li t5, 0                            # the quote that we are in
1:  lbu t2, 0(a0)
    bnez t5, 4f
    call is_operator
    bnez t3, 6f
    li t3, '"'
    beq t2, t3, 3f
    li t3, '\''
    beq t2, t3, 3f
2:  addi t3, a1, 1
    bgeu t3, a2, 7f
    sb t2, 0(a1)
    addi a1, a1, 1
    addi a0, a0, 1
    j 1b
3:  mv t5, t2                           # a quote opens
    addi a0, a0, 1
    j 1b
4:  beqz t2, 7f
    bne t2, t5, 2b
    li t5, 0                            # and closes
    addi a0, a0, 1
    j 1b
6:  sb zero, 0(a1)
    addi a1, a1, 1
    leave
7:  li a0, 0
    leave

# parse_command(a0 = text) -> a0 = text at what ends the command, argv and the names filled in;
# or 0 if it is not a command.
parse_command:
    enter
    mv s0, a0
    la s1, words
    la s2, argv
    la s3, argv + 8 * WORDS
    la t0, input_name
    sd zero, 0(t0)
    la t0, output_name
    sd zero, 0(t0)
1:  mv a0, s0
    call skip_blanks
    mv s0, a0
    li s4, 0                            # where the address of the next word goes, if not argv
    lbu t2, 0(s0)
    li t0, '<'
    beq t2, t0, 2f
    li t0, '>'
    beq t2, t0, 3f
    call is_operator
    bnez t3, 6f
    mv s4, s2
    bgeu s2, s3, 7f
    addi s2, s2, 8
    j 5f

    # A redirection: a name has to follow.
2:  la s4, input_name
    addi s0, s0, 1
    j 4f
3:  la s4, output_name
    addi s0, s0, 1
    li t1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE
    lbu t2, 0(s0)
    bne t2, t0, 8f
    addi s0, s0, 1
    li t1, OPEN_WRITE | OPEN_CREATE | OPEN_APPEND
8:  la t0, output_modes
    sd t1, 0(t0)
4:  mv a0, s0
    call skip_blanks
    mv s0, a0
    lbu t2, 0(s0)
    call is_operator
    bnez t3, 7f
5:  sd s1, 0(s4)
    mv a0, s0
    mv a1, s1
    la a2, words + WORDS_BYTES
    call take_word
    beqz a0, 7f
    mv s0, a0
    mv s1, a1
    j 1b
6:  sd zero, 0(s2)
    mv a0, s0
    leave
7:  li a0, 0
    leave

# ---------------------------------------------------------------------- running

# run_line(a0 = text): every pipeline in it.
run_line:
    enter
    mv s0, a0
1:  mv a0, s0
    call skip_blanks
    lbu t0, 0(a0)
    beqz t0, 2f
    li t1, '#'
    beq t0, t1, 2f
    call run_pipeline
    beqz a0, 2f
    mv s0, a0
    lbu t0, 0(s0)
    beqz t0, 2f
    addi s0, s0, 1                      # behind the `;` or `&`
    j 1b
2:  leave

# run_pipeline(a0 = text) -> a0 = text at what ends it, or 0 if it could not be understood.
run_pipeline:
    addi sp, sp, -96
    frame_registers sd
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    mv s0, a0
    li s1, -1                           # what the next command reads from
    li s2, 0                            # group: the pid of the first one
    la s3, pids
    mv s8, s3

1:  mv a0, s0
    call parse_command
    beqz a0, 9f
    mv s0, a0
    la t0, argv
    ld t1, 0(t0)
    beqz t1, 9f
    lbu s4, 0(s0)                       # what ends it
    li s5, -1
    li s6, -1
    li t0, '|'
    beq s4, t0, 2f

    # The only command of a pipeline may be one that the shell does itself.
    bgez s1, 3f
    bne s8, s3, 3f
    call built_in
    bnez a0, 8f
    j 3f
2:  system_call SYS_PIPE
    bltz a0, 9f
    mv s5, a0                           # to read from
    mv s6, a1                           # to write to
3:  call flush
    system_call SYS_FORK
    bltz a0, 9f
    beqz a0, in_child

    # The shell: the child is in the pipeline's group, and the pipe's ends are its business.
    sd a0, 0(s8)
    addi s8, s8, 8
    bnez s2, 4f
    mv s2, a0
4:  mv a1, s2
    system_call SYS_SETGROUP
    bltz s1, 5f
    mv a0, s1
    system_call SYS_CLOSE
5:  bltz s6, 6f
    mv a0, s6
    system_call SYS_CLOSE
    mv s1, s5
    addi s0, s0, 1
    la t0, pids + 8 * COMMANDS
    bltu s8, t0, 1b
    j 9f

    # All run. In the background: say which it is. Else wait for them all.
6:  li t0, '&'
    bne s4, t0, 7f
    say_character '['
    mv a0, s2
    call put_number
    say text_background
    call flush
    j 8f
7:  mv a0, s2
    mv a1, s8
    call wait_for
8:  mv a0, s0
    j 10f
9:  bltz s1, 11f
    mv a0, s1
    system_call SYS_CLOSE
11: la a0, text_what
    la a1, text_nothing
    call complain
    li a0, 0
10: frame_registers ld
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    addi sp, sp, 96
    ret

# wait_for(a0 = group, a1 = end of its pids): in the foreground, until all have ended.
wait_for:
    enter
    mv s2, a1
    la t0, interactive
    ld s3, 0(t0)
    beqz s3, 1f
    system_call SYS_FOREGROUND
1:  la s0, pids
    li s1, 0
2:  ld a0, 0(s0)
    li a1, 0
    system_call SYS_WAIT
    mv s1, a1
    addi s0, s0, 8
    bltu s0, s2, 2b
    la t0, status
    sd s1, 0(t0)
    beqz s3, 3f
    call to_foreground

    # Somebody ended it: say so.
3:  addi s1, s1, -STATUS_SIGNALLED
    blez s1, 4f
    say text_signal
    mv a0, s1
    call put_number
    say_character '\n'
    call flush
4:  leave

# in_child: of run_pipeline, in the new process. Connects it and becomes the command.
in_child:
    system_call SYS_GETPID
    mv a1, s2
    bnez s2, 1f
    mv a1, a0
1:  system_call SYS_SETGROUP
    li a0, SIGINT
    li a1, 0
    system_call SYS_SIGNAL

    # The pipes, on the left and on the right.
    bltz s1, 2f
    mv a0, s1
    li a1, STDIN
    call become
2:  bltz s6, 3f
    mv a0, s6
    li a1, STDOUT
    call become
    mv a0, s5
    system_call SYS_CLOSE

    # The files.
3:  la t0, input_name
    ld a0, 0(t0)
    beqz a0, 4f
    mv s7, a0
    li a1, OPEN_READ
    system_call SYS_OPEN
    bltz a0, 8f
    li a1, STDIN
    call become
4:  la t0, output_name
    ld a0, 0(t0)
    beqz a0, 5f
    mv s7, a0
    la t0, output_modes
    ld a1, 0(t0)
    system_call SYS_OPEN
    bltz a0, 8f
    li a1, STDOUT
    call become

    # The program: a name without `/` is one of /bin's.
5:  la t0, argv
    ld s7, 0(t0)
    mv t0, s7
6:  lbu t1, 0(t0)
    addi t0, t0, 1
    li t2, '/'
    beq t1, t2, 7f
    bnez t1, 6b
    mv a0, s7
    call string_length
    li t0, PATH - 6
    bgeu a0, t0, 7f
    addi sp, sp, -PATH
    mv a0, sp
    la a1, text_bin
    call string_copy
    mv a1, s7
    call string_copy
    mv a0, sp
    la a1, argv
    system_call SYS_EXEC
7:  mv a0, s7
    la a1, argv
    system_call SYS_EXEC
    la a0, text_not_found
    mv a1, s7
    call complain
    li a0, 127
    system_call SYS_EXIT
8:  la a0, text_cannot_open
    mv a1, s7
    call complain
    li a0, 1
    system_call SYS_EXIT

# become(a0 = fd, a1 = another): the other one is that file now, and the first one closed.
become:
    enter
    mv s0, a0
    beq a0, a1, 1f
    system_call SYS_DUP
    mv a0, s0
    system_call SYS_CLOSE
1:  leave

# built_in() -> a0 = 1 if argv was a command of the shell itself, which is done.
built_in:
    enter
    la t0, argv
    ld s0, 0(t0)
    ld s1, 8(t0)
    mv a0, s0
    la a1, text_cd
    call string_equal
    bnez a0, 1f
    mv a0, s0
    la a1, text_wait
    call string_equal
    bnez a0, 3f
    mv a0, s0
    la a1, text_exit
    call string_equal
    bnez a0, 4f
    leave

    # cd: without a directory to the root.
1:  mv a0, s1
    bnez a0, 2f
    la a0, text_root
2:  mv s0, a0
    system_call SYS_CHDIR
    bgez a0, 6f
    la a0, text_no_directory
    mv a1, s0
    call complain
    j 6f

    # wait: for all that runs in the background.
3:  li a0, -1
    li a1, 0
    system_call SYS_WAIT
    bgtz a0, 3b
    j 6f

    # exit: with a status, or that of what ended last.
4:  la t0, status
    ld a0, 0(t0)
    beqz s1, 5f
    mv a0, s1
    call read_number
5:  j leave_program
6:  li a0, 1
    leave

    .section .rodata
operators:         .asciz " \t|<>;&"
text_prompt:       .asciz "$ "
text_background:   .asciz "]\n"
text_signal:       .asciz "ended by signal "
text_what:         .asciz "sh: what is that?"
text_nothing:      .asciz ""
text_not_found:    .asciz "sh: not found: "
text_cannot_open:  .asciz "sh: cannot open "
text_no_directory: .asciz "cd: no directory "
text_bin:          .asciz "/bin/"
text_root:         .asciz "/"
text_cd:           .asciz "cd"
text_wait:         .asciz "wait"
text_exit:         .asciz "exit"
