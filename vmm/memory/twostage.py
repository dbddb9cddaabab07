"""`twostage`: the hart walks the guest's own tables, and a second stage of the monitor's behind.

Follows the chapter "Hypervisor Extension", section "Two-Stage Address Translation", of the RISC-V
Privileged Architecture. Each vCPU has second-stage tables of its own in the monitor's part of
machine memory, filled page by page, or 2 MiB or 1 GiB at a time where the guest's frames lie in a
row and PMP does not divide them. There is a place for every table, so none is ever reclaimed.
Written in the words that every engine executes.
"""

from isa.causes import Priv
from isa.hart import Hart
from isa.machine import NO_FRAME, MachinePage, frame_of, ram_load, ram_store, tlb_get
from isa.mmu import NOT_RAM, Access, ram_offset
from isa.pmp import (
    IN_PART,
    PMP_R,
    PMP_W,
    PMP_X,
    find_entry,
    is_guarded,
    is_split,
    page_rights,
)
from isa.pte import (
    LEVEL_BITS,
    PAGE_SHIFT,
    PAGE_SIZE,
    PTE_A,
    PTE_D,
    PTE_PPN_SHIFT,
    PTE_U,
    PTE_V,
)
from isa.state import Slot
from isa.tlb import flush_guests
from vmm.config import MachineConfig
from vmm.costs import Refill
from vmm.counts import Count, count
from vmm.memory.contract import CpuKind, MemorySite, MemoryWords
from vmm.memory.stepping import interpret_one, reach_device

ROOT_SIZE = PAGE_SIZE << 2
BELOW, MACHINE = 0, 1
"""Whose rights the tables give: the guest's S and U's, or its M-mode's, where PMP differs."""
WORLDS = 2
TABLES_AT = 0  # the hart's monitor word: where its tables begin, an offset in machine memory
HART_WORDS = 1
SV39X4 = 8 << 60
GIGA_SPAN, MEGA_SPAN = 2 * LEVEL_BITS, LEVEL_BITS
LEAF = PTE_V | PTE_U | PTE_A | PTE_D
MOST_SPAN = GIGA_SPAN


def select_stage(hart: MachinePage, vcpu: MachinePage) -> None:
    """Give the hart the second stage that the vCPU's privilege asks for."""
    world = world_of(vcpu)
    root = hart[Slot.RAM_BASE] + tlb_get(hart, hart[Slot.MONITOR_AT] + TABLES_AT)
    root = root + world * ROOT_SIZE
    hart[Slot.HGATP] = SV39X4 | (world + 1) << 44 | root >> PAGE_SHIFT


def world_of(vcpu: MachinePage) -> int:
    """Say whose rights count now; without PMP they are the same."""
    if vcpu[Slot.PRIV] == Priv.M and is_guarded(vcpu):
        return MACHINE
    return BELOW


def serve_stage(hart: MachinePage, vcpu: MachinePage, gpa: int, access: int) -> int:
    """Handle a guest-page fault; gives 1 when the guest's instruction is done with."""
    offset = ram_offset(vcpu, gpa)
    if offset == NOT_RAM:
        return reach_device(hart, vcpu, hart[Slot.TVAL], access)
    if is_split(vcpu, gpa):
        return interpret_one(hart, vcpu)
    allowed = page_rights(vcpu, gpa, vcpu[Slot.PRIV])
    if allowed & needed_right(access) == 0:
        return interpret_one(hart, vcpu)
    count(vcpu, Count.STAGE_FILL, 1)
    fill_stage(hart, vcpu, gpa, allowed)
    return 0


def needed_right(access: int) -> int:
    """Give the PMP right that an access needs."""
    if access == Access.FETCH:
        return PMP_X
    if access == Access.STORE:
        return PMP_W
    return PMP_R


def fill_stage(hart: MachinePage, vcpu: MachinePage, gpa: int, allowed: int) -> None:
    """Map the largest piece of guest memory around an address that one entry can map."""
    span = widest_span(vcpu, gpa)
    number = gpa >> PAGE_SHIFT >> span << span
    offset = ram_offset(vcpu, number << PAGE_SHIFT)
    frame = (hart[Slot.RAM_BASE] + offset) >> PAGE_SHIFT
    pte = frame << PTE_PPN_SHIFT | LEAF | allowed << 1
    ram_store(hart, entry_at(hart, vcpu, gpa, span), 8, pte)


def widest_span(vcpu: MachinePage, gpa: int) -> int:
    """Give how many bits of the page number a single entry for an address can leave open."""
    span = MOST_SPAN
    while span != 0:
        if is_in_a_row(vcpu, gpa, span):
            return span
        span = span - LEVEL_BITS
    return 0


def is_in_a_row(vcpu: MachinePage, gpa: int, span: int) -> bool:
    """Say whether a piece is all RAM, in frames in a row and aligned, with the same rights."""
    size = PAGE_SIZE << span
    first = gpa & ~(size - 1)
    start = first - vcpu[Slot.RAM_BASE]
    if start >= vcpu[Slot.RAM_SIZE] or vcpu[Slot.RAM_SIZE] - start < size:
        return False
    if is_guarded(vcpu) and find_entry(vcpu, first, size) >= IN_PART:
        return False
    number = start >> PAGE_SHIFT
    frame = frame_of(vcpu, number)
    if frame == NO_FRAME or frame & (1 << span) - 1 != 0:
        return False
    left = 1 << span
    while left > 1:
        left = left - 1
        if frame_of(vcpu, number + left) != frame + left:
            return False
    return True


def entry_at(hart: MachinePage, vcpu: MachinePage, gpa: int, span: int) -> int:
    """Give where in machine memory the entry of a span for an address is, linking its tables."""
    tables = tlb_get(hart, hart[Slot.MONITOR_AT] + TABLES_AT)
    world = world_of(vcpu)
    at = tables + world * ROOT_SIZE + (gpa >> PAGE_SHIFT + GIGA_SPAN) * 8
    if span == GIGA_SPAN:
        return at
    base = vcpu[Slot.RAM_BASE]
    last = base + vcpu[Slot.RAM_SIZE] - 1
    gigas = (last >> 30) - (base >> 30) + 1
    table = tables + WORLDS * ROOT_SIZE
    table = table + (world * gigas + (gpa >> 30) - (base >> 30)) * PAGE_SIZE
    link(hart, at, table)
    at = table + (gpa >> PAGE_SHIFT + MEGA_SPAN & (1 << LEVEL_BITS) - 1) * 8
    if span == MEGA_SPAN:
        return at
    megas = (last >> 21) - (base >> 21) + 1
    table = tables + WORLDS * (ROOT_SIZE + gigas * PAGE_SIZE)
    table = table + (world * megas + (gpa >> 21) - (base >> 21)) * PAGE_SIZE
    link(hart, at, table)
    return table + (gpa >> PAGE_SHIFT & (1 << LEVEL_BITS) - 1) * 8


def link(hart: MachinePage, at: int, table: int) -> None:
    """Let an entry point to its table, an empty one, unless it does."""
    pte = (hart[Slot.RAM_BASE] + table) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V
    if ram_load(hart, at, 8) == pte:
        return
    left = PAGE_SIZE
    while left != 0:
        left = left - 8
        ram_store(hart, table + left, 8, 0)
    ram_store(hart, at, 8, pte)


def fence_stage(
    hart: MachinePage, vcpu: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int
) -> None:
    """Drop the guest's translations: the hart executes most fences itself, this is for the rest."""
    flush_guests(hart, False, va)


def forget_stage(hart: MachinePage, vcpu: MachinePage) -> None:
    """Empty the second stage's roots, and drop what has been translated by them."""
    at = tlb_get(hart, hart[Slot.MONITOR_AT] + TABLES_AT)
    end = at + WORLDS * ROOT_SIZE
    while at != end:
        if ram_load(hart, at, 8) != 0:  # host memory that was never touched stays so
            ram_store(hart, at, 8, 0)
        at = at + 8
    flush_guests(hart, False, at)


def stepped_stage(hart: MachinePage, vcpu: MachinePage) -> None:
    """Do nothing: the second stage does not depend on what memory holds."""


def tables_size(config: MachineConfig) -> int:
    """Give the size of one vCPU's tables."""
    gigas, megas = (config.ram >> 30) + 2, (config.ram >> 21) + 2
    return WORLDS * (ROOT_SIZE + (gigas + megas) * PAGE_SIZE)


class TwoStage:
    """Mode `twostage`."""

    name = "twostage"
    title = "the hart's own two stages of translation, by the H extension"
    cpu = CpuKind.ASSISTED
    refill = Refill.HARDWARE
    words = MemoryWords(select_stage, serve_stage, fence_stage, forget_stage, stepped_stage)
    hart_words = HART_WORDS
    has_second_level = False

    def reserve(self, config: MachineConfig) -> int:
        """Need a place for every table that there can be, for every vCPU."""
        size = tables_size(config) + ROOT_SIZE
        return config.harts * (size + -size % ROOT_SIZE)

    def prepare(self, site: MemorySite) -> None:
        """Give every hart its place, with nothing mapped."""
        each = self.reserve(site.config) // site.config.harts
        start = site.reserved + -site.reserved % ROOT_SIZE
        for host, vcpu in zip(site.hosts, site.vcpus, strict=True):
            host.tlb[host.slots[Slot.MONITOR_AT] + TABLES_AT] = start + host.id * each
            forget_stage(host, vcpu)

    def remote_fence(self, host: Hart, vcpu: Hart) -> None:
        """Drop the guest's translations."""
        flush_guests(host, False, host[Slot.X0])
        host.slots[Slot.INLINE_STALE] = 1

    def written(self, host: Hart, offset: int, size: int) -> None:
        """Do nothing: stores are seen by the guest's own fences."""
