# tick, entry: from the loader to the first process, and from the last one to power off.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .include "tick.inc"

    .section .text.entry, "ax"
    .globl _start
_start:
    # 1. A stack and a console; from here on subroutines can be called.
    la sp, kernel_stack_top
    call console_init

    # 2. Translation: the kernel's own tables, identity-mapped.
    call pages_init
    call paging_init

    # 3. Traps, then processes, then the timer that takes the hart away from them.
    call trap_init
    call processes_init
    la a0, text_started
    call print_string
    call timer_init
    j schedule

# finish(): every process is dead. Say what came of them and power off. Does not return.
    .text
    .globl finish
finish:
    call timer_stop

    # Every page that a process had must be back.
    call pages_all_free
    bnez a0, 1f
    la a0, text_leak
    j panic
1:  la a0, text_pages
    call print_string

    # Fold what is known of each process, in order of pid: FNV-1a by doublewords.
    la s0, processes
    li s1, PROCESSES
    li s2, 0xcbf29ce484222325
    li s3, 0x100000001b3
2:  ld a0, PROC_STATUS(s0)
    xor s2, s2, a0
    mul s2, s2, s3
    ld a0, PROC_DEMANDED(s0)
    xor s2, s2, a0
    mul s2, s2, s3
    addi s0, s0, PROC_SIZE
    addi s1, s1, -1
    bnez s1, 2b

    la a0, text_checksum
    call print_string
    mv a0, s2
    li a1, 16
    call print_hex
    la a0, text_newline
    call print_string
    j power_off

    .section .rodata
text_started:
    .asciz "tick: Sv39 on, processes ready\n"
text_leak:
    .asciz "a process left pages behind"
text_pages:
    .asciz "tick: all processes done, every page returned\n"
text_checksum:
    .asciz "tick: checksum "
text_newline:
    .asciz "\n"

    # One stack is enough: the kernel never sleeps, it only returns to some process.
    .bss
    .balign 16
    .zero 4096
    .globl kernel_stack_top
kernel_stack_top:
