# tick, free pages: the pool of them. Pages never used are handed out in order, pages returned
# are kept on a list through their first doubleword.

    .include "tick.inc"
    .include "macros.inc"

    .bss
    .balign PAGE_SIZE
pages_pool:
    .zero POOL_PAGES * PAGE_SIZE
pages_pool_end:
pages_next:                             # first page never used
    .zero 8
pages_list:                             # first returned page, or 0
    .zero 8
pages_used:                             # pages in somebody's hands
    .zero 8
pages_kept:                             # pages that the kernel itself keeps
    .zero 8

    .text

# pages_init(): all pages of the pool are free.
    .globl pages_init
pages_init:
    la a0, pages_pool
    la a1, pages_next
    sd a0, 0(a1)
    ret

# page_alloc() -> a0 = a page of zeros; panics when there is none.
    .globl page_alloc
page_alloc:
    enter
    la a3, pages_used
    ld a4, 0(a3)
    addi a4, a4, 1
    sd a4, 0(a3)

    # A returned page if there is one.
    la a3, pages_list
    ld s0, 0(a3)
    beqz s0, 1f
    ld a4, 0(s0)
    sd a4, 0(a3)
    j 2f

    # Else the next new one.
1:  la a0, pages_pool_end
    la a3, pages_next
    ld s0, 0(a3)
    bgeu s0, a0, 3f
    li a4, PAGE_SIZE
    add a4, s0, a4
    sd a4, 0(a3)

2:  mv a0, s0
    li a1, 0
    li a2, PAGE_SIZE
    call memset
    leave
3:  la a0, text_no_pages
    j panic

# page_free(a0 = page): give it back. Clobbers a1 and a2.
    .globl page_free
page_free:
    la a1, pages_list
    ld a2, 0(a1)
    sd a2, 0(a0)
    sd a0, 0(a1)
    la a1, pages_used
    ld a2, 0(a1)
    addi a2, a2, -1
    sd a2, 0(a1)
    ret

# pages_keep(): what is in use now is the kernel's and stays so.
    .globl pages_keep
pages_keep:
    la a0, pages_used
    ld a0, 0(a0)
    la a1, pages_kept
    sd a0, 0(a1)
    ret

# pages_all_free() -> a0 = 1 if nothing but the kernel's pages is in use, else 0.
    .globl pages_all_free
pages_all_free:
    la a0, pages_used
    ld a0, 0(a0)
    la a1, pages_kept
    ld a1, 0(a1)
    sub a0, a0, a1
    seqz a0, a0
    ret

    .section .rodata
text_no_pages:
    .asciz "out of pages"
