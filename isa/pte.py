"""Bits of a page-table entry, and the shape of Sv39.

Follows the chapter "Supervisor-Level ISA", section "Sv39: Page-Based 39-bit Virtual-Memory System",
of the RISC-V Privileged Architecture.
"""

PTE_V = 1 << 0
PTE_R = 1 << 1
PTE_W = 1 << 2
PTE_X = 1 << 3
PTE_U = 1 << 4
PTE_G = 1 << 5
PTE_A = 1 << 6
PTE_D = 1 << 7
PTE_FLAGS = 0x3FF
PTE_PPN_SHIFT = 10
PTE_PPN = ((1 << 44) - 1) << PTE_PPN_SHIFT
PTE_RESERVED = 0x3FF << 54

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
LEVEL_BITS = 9
SV39_LEVELS = 3
SV39_VA_BITS = 39
