# Bench: what a person writes by hand, heavy on macros: the entry of an interrupt system, with
# tables, conditionals and expressions. Copies are made of it, each with its number for COPY.

# each_saved_COPY: one load or store for each register that the vector saves.
.macro each_saved_COPY op, base
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    \op x\n, (\n * 8)(\base)
    .endr
.endm

# handler_COPY: what is done for one cause.
.macro handler_COPY cause
    .globl handle_\cause\()_COPY
handle_\cause\()_COPY:
    .if \cause == 8
    csrr a0, sepc
    addi a0, a0, 4
    csrw sepc, a0
    .elseif \cause > 11
    csrr a1, stval
    srli a1, a1, 12
    .else
    li a1, (1 << \cause) | 0x80
    .endif
    la t0, counts_COPY
    ld t1, (\cause * 8)(t0)
    addi t1, t1, 1
    sd t1, (\cause * 8)(t0)
    j leave_COPY
.endm

    .text
    .balign 4
    .globl vector_COPY
vector_COPY:
    csrrw sp, sscratch, sp
    each_saved_COPY sd, sp
    csrr a0, scause
    li a1, 16
    bgeu a0, a1, leave_COPY             # an interrupt
    slli a0, a0, 3
    la a1, handlers_COPY
    add a0, a0, a1
    ld a0, 0(a0)
    jr a0
leave_COPY:
    each_saved_COPY ld, sp
    csrrw sp, sscratch, sp
    sret

    .irp cause, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    handler_COPY \cause
    .endr

    .section .rodata
    .balign 8
handlers_COPY:
    .irp cause, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .dword handle_\cause\()_COPY
    .endr
name_COPY:
    .asciz "vector COPY"
    .balign 8

    .bss
counts_COPY:
    .zero 16 * 8
