# monolith, entry: from the loader to the first process, and from the last one to power off.
# Entry: S-mode, a0 = hart id, a1 = device tree, satp = 0, at KERNEL_BASE.

    .include "monolith.inc"

    .section .text.entry, "ax"
    .globl _start
_start:
    # 1. A stack and a console; from here on subroutines can be called.
    la sp, boot_stack_top
    mv s0, a0
    mv s1, a1
    call console_init
    la a0, text_started
    call print_string

    # 2. What the board has: memory, devices, the command line.
    mv a0, s1
    call tree_read

    # 3. Free memory lies between the kernel and the device tree; then translation.
    mv a0, s1
    call pages_init
    call paging_init

    # 4. Devices, traps, the timer.
    mv a0, s0
    call plic_init
    call uart_init
    call disk_init
    call trap_init
    call buffers_init

    # 5. The first process goes on at init_process.
    call pages_keep
    la a0, init_process
    call process_first
    # falls through: never back

# init_process(): run by process 1 in the kernel, on its own stack, so that it may sleep: mount
# the disk, then become /bin/init with the words of the command line as arguments.
    .text
init_process:
    call fs_mount
    call console_files
    la a0, text_init
    la a1, command_line
    call exec_words
    bltz a0, 1f
    j user_return
1:  la a0, text_no_init
    j panic

# finish(): process 1 asked for it, and nobody else is left. Say what came of it and power off:
# what is printed depends on what has run, not on when.
    .globl finish
finish:
    call fs_close
    mv s0, a0                           # sum over the files

    # 1. Every page must be back, but for process 1's own.
    call process_last
    call pages_left
    beqz a0, 1f
    la a0, text_leak
    j panic
1:  la a0, text_finish
    call print_string
    load a0, processes_made
    call print_dec
    la a0, text_returned
    call print_string

    # 2. Fold what there is to know, FNV-1a by doublewords.
    li s2, 0xcbf29ce484222325
    li s3, 0x100000001b3
    load a0, processes_made
    xor s2, s2, a0
    mul s2, s2, s3
    load a0, statuses
    xor s2, s2, a0
    mul s2, s2, s3
    xor s2, s2, s0
    mul s2, s2, s3
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
    .asciz "monolith: a kernel in assembly\n"
text_init:
    .asciz "/bin/init"
text_no_init:
    .asciz "no /bin/init on the disk"
text_leak:
    .asciz "pages were left behind"
text_finish:
    .asciz "monolith: "
text_returned:
    .asciz " processes, every page returned\n"
text_checksum:
    .asciz "monolith: checksum "
text_newline:
    .asciz "\n"

    .bss
    .balign 16
    .zero 4096
boot_stack_top:
