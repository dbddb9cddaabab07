# tick, paging: Sv39 tables of 4 KiB pages. The kernel is mapped where it lies, globally, and
# shared by all address spaces; the user half is filled in page by page.
# Follows "Supervisor-Level ISA", sections on satp, Sv39 and sfence.vma.

    .include "tick.inc"
    .include "macros.inc"

.equ PTES,           512
.equ KERNEL_INDEX,   (KERNEL_BASE >> 30) * 8    # its entry in a root table, in bytes
.equ ASID_MASK,      (1 << SATP_ASID_BITS) - 1

.equ KERNEL_TEXT,    PTE_V | PTE_R | PTE_X | PTE_G | PTE_A
.equ KERNEL_CONST,   PTE_V | PTE_R | PTE_G | PTE_A
.equ KERNEL_DATA,    PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D
.equ USER_CODE,      PTE_V | PTE_R | PTE_X | PTE_U | PTE_A | PTE_SHARED
.equ USER_DATA,      PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D

    .bss
    .balign 8
kernel_satp:                            # the kernel's own tables, no process
    .zero 8
asid_mask:                              # the ASID bits this hart has; 0 without ASIDs
    .zero 8
mailbox:                                # the page that all processes share
    .zero 8

    .text

# Map [start, end) onto itself in the root at s0.
.macro map_kernel start, end, flags
    mv a0, s0
    la a1, \start
    mv a2, a1
    la a3, \end
    li a4, \flags
    call map_range
.endm

# paging_init(): build the kernel's tables, turn translation on, find the ASID bits.
    .globl paging_init
paging_init:
    enter
    call page_alloc
    mv s0, a0

    # 1. The image by its kinds of page; the pool is part of its data.
    map_kernel __text_start, __text_end, KERNEL_TEXT
    map_kernel __user_start, __rodata_end, KERNEL_CONST
    map_kernel __data_start, __kernel_end, KERNEL_DATA

    # 2. Translation on, with all ASID bits set; those that stick exist (WARL).
    li a0, ASID_MASK
    mv a1, s0
    call make_satp
    csrw satp, a0
    sfence.vma
    csrr a0, satp
    srli a0, a0, SATP_ASID_SHIFT
    li a1, ASID_MASK
    and a0, a0, a1
    la a1, asid_mask
    sd a0, 0(a1)

    # 3. The kernel itself goes by ASID 0.
    li a0, 0
    mv a1, s0
    call make_satp
    csrw satp, a0
    sfence.vma
    la a1, kernel_satp
    sd a0, 0(a1)

    # 4. The mailbox.
    call page_alloc
    la a1, mailbox
    sd a0, 0(a1)
    leave

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
root_of:
    slli a0, a0, 64 - SATP_ASID_SHIFT
    srli a0, a0, 64 - SATP_ASID_SHIFT - PAGE_SHIFT
    ret

# asid_of(a0 = a value of satp) -> a0 = its ASID, as sfence.vma wants it.
asid_of:
    slli a0, a0, 64 - SATP_MODE_SHIFT
    srli a0, a0, 64 - SATP_MODE_SHIFT + SATP_ASID_SHIFT
    ret

# find_pte(a0 = root, a1 = va) -> a0 = address of the leaf entry; tables are made on the way.
find_pte:
    enter
    mv s0, a0                           # table
    mv s1, a1
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
    call page_alloc
    srli a0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori a0, a0, PTE_V
    sd a0, 0(s0)
2:  srli a0, a0, PTE_PPN_SHIFT
    slli s0, a0, PAGE_SHIFT
    j 1b
3:  mv a0, s0
    leave

# map_page(a0 = root, a1 = va, a2 = pa, a3 = flags)
map_page:
    enter
    srli s0, a2, PAGE_SHIFT
    slli s0, s0, PTE_PPN_SHIFT
    or s0, s0, a3
    call find_pte
    sd s0, 0(a0)
    leave

# map_range(a0 = root, a1 = va, a2 = pa, a3 = end of the pas, a4 = flags), all page-aligned
map_range:
    enter
    mv s0, a1
    mv s1, a2
    mv s2, a3
    mv s3, a4
    mv s4, a0
    li s5, PAGE_SIZE
1:  bgeu s1, s2, 2f
    mv a0, s4
    mv a1, s0
    mv a2, s1
    mv a3, s3
    call map_page
    add s0, s0, s5
    add s1, s1, s5
    j 1b
2:  leave

# space_create(a0 = pid) -> a0 = the satp of a new address space: kernel, user programs and
# mailbox mapped, heap and stack left to demand.
    .globl space_create
space_create:
    enter
    mv s1, a0
    call page_alloc
    mv s0, a0

    # The kernel's part is one entry of the root.
    la a1, kernel_satp
    ld a0, 0(a1)
    call root_of
    ld a1, KERNEL_INDEX(a0)
    sd a1, KERNEL_INDEX(s0)

    mv a0, s0
    li a1, USER_TEXT
    la a2, __user_start
    la a3, __user_end
    li a4, USER_CODE
    call map_range
    mv a0, s0
    li a1, USER_MAILBOX
    la a2, mailbox
    ld a2, 0(a2)
    li a3, USER_DATA | PTE_SHARED
    call map_page

    # Its pid is its ASID, as far as there are bits for it.
    la a1, asid_mask
    ld a0, 0(a1)
    and a0, a0, s1
    mv a1, s0
    call make_satp
    leave

# space_destroy(a0 = its satp): switch to the kernel's tables and free all that is not shared.
    .globl space_destroy
space_destroy:
    enter
    mv s0, a0
    la a1, kernel_satp
    ld a0, 0(a1)
    csrw satp, a0
    mv a0, s0
    call asid_of
    sfence.vma zero, a0

    # The kernel's tables are not its own: unhook them before the walk.
    mv a0, s0
    call root_of
    sd zero, KERNEL_INDEX(a0)
    li a1, 2
    call free_table
    leave

# free_table(a0 = table, a1 = level): free what it maps, the tables below it and itself.
free_table:
    enter
    mv s0, a0
    mv s1, a1
    li s2, PTES * 8
    add s2, s2, s0                      # end
    mv s3, s0
1:  ld a0, 0(s3)
    addi s3, s3, 8
    andi a1, a0, PTE_V
    beqz a1, 3f
    andi a1, a0, PTE_SHARED
    bnez a1, 3f
    srli a0, a0, PTE_PPN_SHIFT
    slli a0, a0, PAGE_SHIFT
    beqz s1, 2f
    addi a1, s1, -1
    call free_table
    j 3f
2:  call page_free
3:  bltu s3, s2, 1b
    mv a0, s0
    call page_free
    leave

# paging_switch(a0 = satp of the space to enter). Without ASIDs old translations must go.
    .globl paging_switch
paging_switch:
    csrw satp, a0
    la a1, asid_mask
    ld a1, 0(a1)
    bnez a1, 1f
    sfence.vma
1:  ret

# page_fault(a0 = scause, a1 = faulting va, tp = process) -> a0 = 1 if repaired: a load or
# store in the heap or on the stack, where pages are made of zeros on first touch.
    .globl page_fault
page_fault:
    enter
    li a2, CAUSE_LOAD_PAGE
    beq a0, a2, 1f
    li a2, CAUSE_STORE_PAGE
    bne a0, a2, 4f

    # 1. Is it below the break, or on the stack?
1:  li a2, USER_HEAP
    bltu a1, a2, 4f
    ld a2, PROC_BREAK(tp)
    bltu a1, a2, 2f
    li a2, USER_STACK
    bltu a1, a2, 4f
    li a2, USER_STACK_TOP
    bgeu a1, a2, 4f

    # 2. An entry that is valid already means a true violation.
2:  srli s0, a1, PAGE_SHIFT
    slli s0, s0, PAGE_SHIFT
    ld a0, PROC_SATP(tp)
    call root_of
    mv a1, s0
    call find_pte
    mv s1, a0
    ld a1, 0(s1)
    andi a1, a1, PTE_V
    bnez a1, 4f

    # 3. Fill the entry, then make the hart forget that it was empty: this page only.
    call page_alloc
    srli a0, a0, PAGE_SHIFT - PTE_PPN_SHIFT
    ori a0, a0, USER_DATA
    sd a0, 0(s1)
    ld a0, PROC_SATP(tp)
    call asid_of
    sfence.vma s0, a0

    ld a0, PROC_DEMANDED(tp)
    addi a0, a0, 1
    sd a0, PROC_DEMANDED(tp)
    li a0, 1
    leave
4:  li a0, 0
    leave
