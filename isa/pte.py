"""Bits of a page-table entry, and the shapes of Sv39, Sv48 and Sv57.

Follows the chapters "Supervisor-Level ISA" (sections on Sv39, Sv48 and Sv57), "Svnapot" and
"Svpbmt" of the RISC-V Privileged Architecture.
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
PTE_PBMT = 3 << 61
PTE_N = 1 << 63
PTE_RESERVED = 0x7F << 54

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
LEVEL_BITS = 9
NAPOT_BITS = 4  # a page of 64 KiB is 16 entries with N
NAPOT_PPN = 1 << 3  # how the low NAPOT_BITS of their page number begin

MODE_SHIFT = 60
MODE_BARE, MODE_SV39, MODE_SV48, MODE_SV57 = 0, 8, 9, 10
"""Fields of satp, vsatp and hgatp. Sv39 has 3 levels, each mode after it one more."""
LEVELS_LESS = 5  # levels = mode - LEVELS_LESS
PPN_BITS = 44
ASID_SHIFT, ASID_MASK = 44, 0xFFFF
VMID_MASK = 0x3FFF
SV39_LEVELS = 3
"""The levels of the smallest shape."""
