# monolith, address spaces: Sv39 tables. The kernel is mapped where it lies, globally, and shared
# by all spaces: devices in one page of 1 GiB, memory in pages of 2 MiB, its own image in pages of
# 4 KiB. The user's part is one entry of the root, filled page by page, on demand.
# Follows "Supervisor-Level ISA", sections on satp, Sv39 and sfence.vma.

    .include "monolith.inc"

.equ PTES,          512
.equ LEVELS,        3
.equ USER_ENTRY,    (USER_BASE >> 30) * 8       # in a root table, in bytes
.equ KERNEL_ENTRY,  (KERNEL_BASE >> 30) * 8
.equ GIGAPAGE,      1 << 30
.equ MEGAPAGE,      1 << 21
.equ ASID_MASK,     (1 << SATP_ASID_BITS) - 1

.equ KERNEL_TEXT,   PTE_V | PTE_R | PTE_X | PTE_G | PTE_A
.equ KERNEL_CONST,  PTE_V | PTE_R | PTE_G | PTE_A
.equ KERNEL_DATA,   PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D
.equ USER_DATA,     PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D

    .bss
    .balign 8
    .globl kernel_satp
kernel_satp: .zero 8                    # the kernel's own tables, no process
asid_mask:   .zero 8                    # the ASID bits this hart has; 0 without ASIDs

    .text

# Map [start, end) of the image onto itself in the root at s0.
.macro map_image start, end, flags
    la s1, \start
    la s2, \end
    li s3, \flags
    call map_own
.endm

# paging_init(): build the kernel's tables, turn translation on, find the ASID bits.
    .globl paging_init
paging_init:
    enter_wide
    call page_zeros
    mv s0, a0

    # 1. Devices, all below 1 GiB.
    li t0, KERNEL_DATA
    sd t0, 0(s0)

    # 2. Memory by 2 MiB, from the one that the kernel is in: what is below is the firmware's.
    call page_zeros
    mv s4, a0
    srli t0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori t0, t0, PTE_V
    sd t0, KERNEL_ENTRY(s0)
    load t1, memory_base
    load t2, memory_size
    add t2, t2, t1                      # end
    li t1, KERNEL_BASE + MEGAPAGE
    li t3, MEGAPAGE
1:  bgeu t1, t2, 2f
    srli t4, t1, 21
    andi t4, t4, PTES - 1
    beqz t4, 2f                         # a GiB is all that is mapped
    slli t4, t4, 3
    add t4, t4, s4
    srli t5, t1, PAGE_SHIFT - PTE_PPN_SHIFT
    ori t5, t5, KERNEL_DATA
    sd t5, 0(t4)
    add t1, t1, t3
    j 1b

    # 3. The image by its kinds of page; what is free in its 2 MiB is data.
2:  map_image __text_start, __text_end, KERNEL_TEXT
    map_image __rodata_start, __rodata_end, KERNEL_CONST
    la s1, __data_start
    li s2, KERNEL_BASE + MEGAPAGE
    li s3, KERNEL_DATA
    call map_own

    # 4. Translation on, with all ASID bits set; those that stick exist (WARL).
    li a0, ASID_MASK
    mv a1, s0
    call make_satp
    csrw satp, a0
    sfence.vma
    csrr a0, satp
    srli a0, a0, SATP_ASID_SHIFT
    li a1, ASID_MASK
    and a0, a0, a1
    store a0, asid_mask, t0

    # 5. The kernel itself goes by ASID 0.
    li a0, 0
    mv a1, s0
    call make_satp
    csrw satp, a0
    sfence.vma
    store a0, kernel_satp, t0
    leave_wide

# Map [s1, s2) onto itself with flags s3 in the root s0.
map_own:
    enter
1:  bgeu s1, s2, 2f
    mv a0, s0
    mv a1, s1
    li a2, 1
    call find_pte
    srli t0, s1, PAGE_SHIFT - PTE_PPN_SHIFT
    or t0, t0, s3
    sd t0, 0(a0)
    li t0, PAGE_SIZE
    add s1, s1, t0
    j 1b
2:  leave

# make_satp(a0 = ASID, a1 = root table) -> a0 = the value of satp. Clobbers a1 and a2.
make_satp:
    slli a0, a0, SATP_ASID_SHIFT
    srli a1, a1, PAGE_SHIFT
    or a0, a0, a1
    li a2, SATP_MODE_SV39
    slli a2, a2, SATP_MODE_SHIFT
    or a0, a0, a2
    ret

# root_of(a0 = a value of satp) -> a0 = its root table. The page number has 44 bits.
    .globl root_of
root_of:
    slli a0, a0, 64 - SATP_ASID_SHIFT
    srli a0, a0, 64 - SATP_ASID_SHIFT - PAGE_SHIFT
    ret

# find_pte(a0 = root, a1 = va, a2 = 1 to make tables on the way) -> a0 = address of the leaf
# entry, or 0.
find_pte:
    enter
    mv s0, a0                           # table
    mv s1, a1
    mv s3, a2
    li s2, 30                           # lowest bit of this level's index
1:  srl a1, s1, s2
    andi a1, a1, PTES - 1
    slli a1, a1, 3
    add s0, s0, a1                      # entry
    li a2, PAGE_SHIFT
    beq s2, a2, 3f
    addi s2, s2, -9
    ld a0, 0(s0)
    andi a2, a0, PTE_V
    bnez a2, 2f

    # No table yet: a pointer is an entry with V alone.
    beqz s3, 4f
    call page_zeros
    beqz a0, 5f
    srli a0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori a0, a0, PTE_V
    sd a0, 0(s0)
2:  srli a0, a0, PTE_PPN_SHIFT
    slli s0, a0, PAGE_SHIFT
    j 1b
3:  mv a0, s0
    leave
4:  li a0, 0
5:  leave

# space_create() -> a0 = root of a space with the kernel's part alone, or 0.
    .globl space_create
space_create:
    enter
    call page_zeros
    beqz a0, 1f
    mv s0, a0
    load a0, kernel_satp
    call root_of
    ld t0, 0(a0)
    sd t0, 0(s0)
    ld t0, KERNEL_ENTRY(a0)
    sd t0, KERNEL_ENTRY(s0)
    mv a0, s0
1:  leave

# space_map(a0 = root, a1 = va, a2 = page, a3 = R, W and X) -> a0 = 0, or -1 without memory or
# when something is there already.
    .globl space_map
space_map:
    enter
    mv s0, a2
    ori s1, a3, PTE_V | PTE_U | PTE_A | PTE_D
    li a2, 1
    call find_pte
    beqz a0, 1f
    ld t0, 0(a0)
    bnez t0, 1f
    srli s0, s0, PAGE_SHIFT - PTE_PPN_SHIFT
    or s0, s0, s1
    sd s0, 0(a0)
    li a0, 0
    leave
1:  li a0, -1
    leave

# space_destroy(a0 = root, not in use): release its pages and tables.
    .globl space_destroy
space_destroy:
    enter
    mv s0, a0
    addi a0, s0, USER_ENTRY
    mv a1, a0
    addi a1, a1, 8
    li a2, LEVELS - 1
    call release_entries
    mv a0, s0
    call page_release
    leave

# release_entries(a0 = first entry, a1 = end, a2 = levels below): what they map, and the tables.
release_entries:
    enter
    mv s0, a0
    mv s1, a1
    mv s2, a2
1:  bgeu s0, s1, 3f
    ld s3, 0(s0)
    addi s0, s0, 8
    andi t0, s3, PTE_V
    beqz t0, 1b
    srli s3, s3, PTE_PPN_SHIFT
    slli s3, s3, PAGE_SHIFT
    beqz s2, 2f
    mv a0, s3
    li a1, PTES * 8
    add a1, a1, s3
    addi a2, s2, -1
    call release_entries
2:  mv a0, s3
    call page_release
    j 1b
3:  leave

# space_copy(a0 = root to copy) -> a0 = root of a copy that shares all pages, or 0. What may be
# written becomes copy-on-write in both; the caller makes the hart forget that it was writable.
    .globl space_copy
space_copy:
    enter
    mv s0, a0
    call space_create
    beqz a0, 2f
    mv s1, a0
    addi a0, s0, USER_ENTRY
    addi a1, s1, USER_ENTRY
    li a2, 1
    li a3, LEVELS - 1
    call copy_entries
    bltz a0, 1f
    mv a0, s1
    leave
1:  mv a0, s1
    call space_destroy
    li a0, 0
2:  leave

# copy_entries(a0 = from, a1 = to, a2 = how many, a3 = levels below) -> a0 = 0, or -1.
copy_entries:
    enter_wide
    mv s0, a0
    mv s1, a1
    slli s2, a2, 3
    add s2, s2, s0                      # end
    mv s3, a3
1:  bgeu s0, s2, 5f
    ld s4, 0(s0)
    andi t0, s4, PTE_V
    beqz t0, 4f
    srli a0, s4, PTE_PPN_SHIFT
    slli a0, a0, PAGE_SHIFT
    beqz s3, 2f

    # A table: make one, and copy what it has.
    mv s5, a0
    call page_zeros
    beqz a0, 6f
    srli t0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori t0, t0, PTE_V
    sd t0, 0(s1)
    mv a1, a0
    mv a0, s5
    li a2, PTES
    addi a3, s3, -1
    call copy_entries
    bltz a0, 6f
    j 4f

    # A page: writable ones are marked on both sides.
2:  call page_share
    andi t0, s4, PTE_W
    beqz t0, 3f
    andi s4, s4, ~PTE_W
    ori s4, s4, PTE_COW
    sd s4, 0(s0)
3:  sd s4, 0(s1)
4:  addi s0, s0, 8
    addi s1, s1, 8
    j 1b
5:  li a0, 0
    leave_wide
6:  li a0, -1
    leave_wide

# space_forget(tp): the hart forgets all translations of this process.
    .globl space_forget
space_forget:
    load t0, asid_mask
    ld t1, PROC_ASID(tp)
    and t1, t1, t0
    sfence.vma zero, t1
    ret

# space_enter(tp): translate as this process does.
    .globl space_enter
space_enter:
    ld t0, PROC_SATP(tp)
    csrr t1, satp
    beq t0, t1, 1f
    csrw satp, t0
    load t0, asid_mask                  # without ASIDs old translations must go
    bnez t0, 1f
    sfence.vma
1:  ret

# space_satp(a0 = root, tp) -> a0 = the value of satp for it in this process.
    .globl space_satp
space_satp:
    mv a1, a0
    load t0, asid_mask
    ld a0, PROC_ASID(tp)
    and a0, a0, t0
    j make_satp

# page_fault(a0 = scause, a1 = faulting va, tp) -> a0 = 1 if repaired: the first touch of a page
# of heap or stack, or the first write to a page that is shared.
    .globl page_fault
page_fault:
    enter
    li t0, USER_BASE
    bltu a1, t0, 7f
    li t0, USER_TOP
    bgeu a1, t0, 7f
    li t0, CAUSE_STORE_PAGE
    sub t0, a0, t0
    seqz s2, t0                         # whether it was a store
    bnez s2, 1f
    li t0, CAUSE_LOAD_PAGE
    bne a0, t0, 7f
1:  li t0, -PAGE_SIZE
    and s0, a1, t0
    mv s3, a1

    # 1. Is there a page already?
    ld a0, PROC_SATP(tp)
    call root_of
    mv a1, s0
    li a2, 0
    call find_pte
    mv s1, a0
    beqz a0, 3f
    ld s4, 0(s1)
    andi t0, s4, PTE_V
    beqz t0, 3f

    # 2. Copy on write: the last user of a page need not copy it.
    andi t0, s4, PTE_COW
    beqz t0, 7f
    beqz s2, 7f
    srli a0, s4, PTE_PPN_SHIFT
    slli s5, a0, PAGE_SHIFT
    andi s4, s4, ~PTE_COW
    ori s4, s4, PTE_W
    mv a0, s5
    call page_users
    li t0, 1
    beq a0, t0, 2f
    call page_alloc
    beqz a0, 7f
    mv a1, s5
    call page_copy
    mv a1, a0
    mv a0, s5
    mv s5, a1
    call page_release
    slli s4, s4, 64 - PTE_PPN_SHIFT
    srli s4, s4, 64 - PTE_PPN_SHIFT
    srli t0, s5, PAGE_SHIFT - PTE_PPN_SHIFT
    or s4, s4, t0
2:  sd s4, 0(s1)
    j 6f

    # 3. Zeros on demand: below the break, or on the stack.
3:  ld t0, PROC_HEAP(tp)
    bltu s3, t0, 4f
    ld t0, PROC_BREAK(tp)
    bltu s3, t0, 5f
4:  li t0, USER_STACK
    bltu s3, t0, 7f
5:  call page_zeros
    beqz a0, 7f
    mv s4, a0
    ld a0, PROC_SATP(tp)
    call root_of
    mv a1, s0
    mv a2, s4
    li a3, PTE_R | PTE_W
    call space_map
    bltz a0, 8f

    # 4. The hart forgets what it knew of this page.
6:  load t0, asid_mask
    ld t1, PROC_ASID(tp)
    and t1, t1, t0
    sfence.vma s0, t1
    li a0, 1
    leave
8:  mv a0, s4
    call page_release
7:  li a0, 0
    leave
