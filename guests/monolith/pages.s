# monolith, pages: the free memory, page by page, each with the number of its users, so that
# processes can share pages until one of them writes (copy on write).
#
# Pages are handed out from the bottom of free memory, returned ones first; a returned page
# holds the address of the next one. What has never been used has never been touched.

    .include "monolith.inc"

    .bss
    .balign 8
pool_start: .zero 8
pool_next:  .zero 8                     # the first page that has never been used
pool_end:   .zero 8
pool_free:  .zero 8                     # the last page returned, or 0
pool_used:  .zero 8                     # pages that somebody has
pool_kept:  .zero 8                     # of these, the kernel's own before there were processes
counters:   .zero 8                     # users of each page, 16 bits each

    .text

# pages_init(a0 = device tree): free memory ends where that begins, or where memory ends.
    .globl pages_init
pages_init:
    load a1, memory_base
    load a2, memory_size
    add a2, a2, a1
    la a3, __kernel_end
    bltu a0, a3, 1f
    bgeu a0, a2, 1f
    mv a2, a0
1:  li t0, 0xc0000000                  # the kernel maps one GiB of memory
    bleu a2, t0, 2f
    mv a2, t0
2:  li t0, -PAGE_SIZE
    and a2, a2, t0
    store a2, pool_end, t0

    # The counters come first, two bytes for each page: 1/2048 of it all. They begin as zeros.
    sub a4, a2, a3
    srli a4, a4, PAGE_SHIFT - 1
    store a3, counters, t0
    add a4, a4, a3
    li t0, PAGE_SIZE - 1
    add a4, a4, t0
    li t0, -PAGE_SIZE
    and a4, a4, t0
    store a4, pool_start, t0
    store a4, pool_next, t0
    mv a0, a3
    li a1, 0
    sub a2, a4, a3
    j memset

# counter_of(a0 = page) -> t0 = the address of its counter. Clobbers t1.
.macro counter_of page
    load t0, pool_start
    sub t0, \page, t0
    srli t0, t0, PAGE_SHIFT - 1
    load t1, counters
    add t0, t0, t1
.endm

# page_alloc() -> a0 = a page of unknown content with one user, or 0. Clobbers t0 to t2.
    .globl page_alloc
page_alloc:
    load a0, pool_free
    beqz a0, 1f
    ld t0, 0(a0)
    store t0, pool_free, t1
    j 2f
1:  load a0, pool_next
    load t0, pool_end
    bgeu a0, t0, 3f
    li t0, PAGE_SIZE
    add t0, t0, a0
    store t0, pool_next, t1
2:  counter_of a0
    li t1, 1
    sh t1, 0(t0)
    la t0, pool_used
    ld t1, 0(t0)
    addi t1, t1, 1
    sd t1, 0(t0)
    ret
3:  li a0, 0
    ret

# page_zeros() -> a0 = a page of zeros with one user, or 0.
    .globl page_zeros
page_zeros:
    addi sp, sp, -16
    sd ra, 0(sp)
    call page_alloc
    ld ra, 0(sp)
    addi sp, sp, 16
    beqz a0, 2f
    li t1, PAGE_SIZE
    add t1, t1, a0
    mv t0, a0
1:  sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    sd zero, 32(t0)
    sd zero, 40(t0)
    sd zero, 48(t0)
    sd zero, 56(t0)
    addi t0, t0, 64
    bltu t0, t1, 1b
2:  ret

# page_copy(a0 = to, a1 = from). Leaf; clobbers a1, t0 to t4.
    .globl page_copy
page_copy:
    mv t0, a0
    li t1, PAGE_SIZE
    add t1, t1, a1
1:  ld t2, 0(a1)
    ld t3, 8(a1)
    ld t4, 16(a1)
    sd t2, 0(t0)
    sd t3, 8(t0)
    sd t4, 16(t0)
    ld t2, 24(a1)
    ld t3, 32(a1)
    ld t4, 40(a1)
    sd t2, 24(t0)
    sd t3, 32(t0)
    sd t4, 40(t0)
    ld t2, 48(a1)
    ld t3, 56(a1)
    sd t2, 48(t0)
    sd t3, 56(t0)
    addi a1, a1, 64
    addi t0, t0, 64
    bltu a1, t1, 1b
    ret

# page_share(a0 = page): one user more. Leaf.
    .globl page_share
page_share:
    counter_of a0
    lhu t1, 0(t0)
    addi t1, t1, 1
    sh t1, 0(t0)
    ret

# page_users(a0 = page) -> a0 = how many it has. Leaf.
    .globl page_users
page_users:
    counter_of a0
    lhu a0, 0(t0)
    ret

# page_release(a0 = page): one user less; without any it is free. Leaf.
    .globl page_release
page_release:
    counter_of a0
    lhu t1, 0(t0)
    addi t1, t1, -1
    sh t1, 0(t0)
    bnez t1, 1f
    load t0, pool_free
    sd t0, 0(a0)
    store a0, pool_free, t0
    la t0, pool_used
    ld t1, 0(t0)
    addi t1, t1, -1
    sd t1, 0(t0)
1:  ret

# pages_keep(): all pages in use now stay in use for good.
    .globl pages_keep
pages_keep:
    load t0, pool_used
    store t0, pool_kept, t1
    ret

# pages_left() -> a0 = pages in use beyond those that stay.
    .globl pages_left
pages_left:
    load a0, pool_used
    load t0, pool_kept
    sub a0, a0, t0
    ret
