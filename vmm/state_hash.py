"""The hash of a machine's architectural state: the same for one guest in every mode.

SHA-256 over, in this order: for every hart its architectural slots as 64-bit little-endian words
(all of `isa.state.Slot` before ARCH_END but SINK and WAITING); then every page of guest RAM that is
not all zero, as its number (64-bit) and its 4 KiB. Accessed and dirty bits in the tables that the
harts' satp point to are masked: they depend on when a TLB entry dies.
"""

import hashlib
import struct

from isa.pte import PAGE_SIZE, PTE_A, PTE_D, PTE_PPN, PTE_R, PTE_V, PTE_X, SV39_LEVELS
from isa.state import Slot
from vmm.guest_memory import GuestMemory
from vmm.machine import Machine

ENTRIES = PAGE_SIZE // 8
PPN_MASK = (1 << 44) - 1
LEFT_OUT = (Slot.SINK, Slot.WAITING, Slot.RESERVED)
HASHED = tuple(slot for slot in range(Slot.ARCH_END) if slot not in LEFT_OUT)


def state_sha256(machine: Machine) -> str:
    """Give the hash of harts and RAM, as hexadecimal digits."""
    digest = hashlib.sha256()
    tables: set[int] = set()
    for hart in machine.harts:
        digest.update(struct.pack(f"<{len(HASHED)}Q", *(hart.slots[slot] for slot in HASHED)))
        if hart.slots[Slot.SATP] >> 60:
            root = (hart.slots[Slot.SATP] & PPN_MASK) * PAGE_SIZE
            _find_tables(machine.memory, root, SV39_LEVELS, tables)
    for number, page in machine.memory.filled_pages():
        if machine.memory.base + number * PAGE_SIZE in tables:
            page = _mask(page)
        digest.update(struct.pack("<Q", number) + page)
    return digest.hexdigest()


def _find_tables(memory: GuestMemory, table: int, levels: int, found: set[int]) -> None:
    """Collect the addresses of a page table and of those it points to."""
    if table in found or not memory.contains(table, PAGE_SIZE):
        return
    found.add(table)
    for entry in struct.unpack(f"<{ENTRIES}Q", memory.read(table, PAGE_SIZE)):
        if levels > 1 and entry & (PTE_V | PTE_R | PTE_X) == PTE_V:
            _find_tables(memory, (entry & PTE_PPN) << 2, levels - 1, found)


def _mask(page: bytes) -> bytes:
    entries = struct.unpack(f"<{ENTRIES}Q", page)
    return struct.pack(f"<{ENTRIES}Q", *(_mask_entry(entry) for entry in entries))


def _mask_entry(entry: int) -> int:
    is_leaf = entry & PTE_V and entry & (PTE_R | PTE_X)
    return entry & ~(PTE_A | PTE_D) if is_leaf else entry
