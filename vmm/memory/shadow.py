"""`shadow`: the hart walks tables that the monitor derives from the guest's.

After the shadow page tables of VMware and of Xen before nested paging. Each of the guest's tables
has a shadow for each view of it (`shadow_pages.py`), which address spaces share as they share the
table, and which outlive switches of satp. The hart's walker and TLB do the rest; accessed and dirty
bits are set when a page is first used and first stored to. Written in the words that every engine
executes.
"""

from isa.hart import Hart
from isa.machine import MachinePage, ram_load, ram_store, tlb_get, tlb_put
from isa.mmu import NOT_RAM, Access, is_protected, ram_offset, translate
from isa.pmp import is_guarded, is_split, page_rights
from isa.pte import (
    ASID_MASK,
    ASID_SHIFT,
    LEVEL_BITS,
    LEVELS_LESS,
    MODE_SHIFT,
    MODE_SV39,
    MODE_SV57,
    PAGE_SHIFT,
    PAGE_SIZE,
    PPN_BITS,
    PTE_A,
    PTE_D,
    PTE_PPN,
    PTE_PPN_SHIFT,
    PTE_R,
    PTE_U,
    PTE_V,
    PTE_W,
    PTE_X,
)
from isa.state import Slot
from isa.tlb import flush
from isa.words import zext
from vmm.config import MachineConfig
from vmm.costs import Refill
from vmm.counts import Count, count
from vmm.memory import shadow_pages as sp
from vmm.memory.contexts import (
    ASID_AT,
    NESTED,
    ROOT_AT,
    UNTRANSLATED,
    VIEW_AT,
    fence_contexts,
    find_context,
    is_looked_at,
    rights,
    tables_of,
    view_of,
)
from vmm.memory.contract import CpuKind, MemorySite, MemoryWords
from vmm.memory.shadow_pages import (
    control,
    drop_all_shadows,
    drop_roots,
    info_of,
    is_traced,
    let_out_of_sync,
    make_room,
    meta_of,
    note_writable,
    page_at,
    put_pointer,
    set_control,
    shadow_page,
    synchronize,
    trace,
)
from vmm.memory.stepping import deliver_fault, interpret_one, reach_device

SEEN_EPOCH, IS_FENCED = 2, 3  # the hart's monitor words behind those of contexts and shadow_pages
HART_WORDS = 4
LEAF_FLAGS = PTE_R | PTE_W | PTE_X | PTE_U | PTE_D
TAG_SHIFT = 32
PAGES_FOR_FRAMES = 64  # one shadow page for so many frames of the guest, by default
FEWEST_PAGES, MOST_PAGES = 64, 4096
LEAST_POOL = 16
WIDEST_VA = 57
OWNER_SHIFT = 46  # above the number of any page


def select_shadow(hart: MachinePage, vcpu: MachinePage) -> None:
    """Point the hart's satp to the shadow of the current context: an empty one at first."""
    words = hart[Slot.MONITOR_AT]
    if tlb_get(hart, words + IS_FENCED):
        tlb_put(hart, words + IS_FENCED, 0)
        synchronize(hart)
    epoch = control(hart, sp.EPOCH)
    if tlb_get(hart, words + SEEN_EPOCH) != epoch:
        tlb_put(hart, words + SEEN_EPOCH, epoch)
        flush(hart, False, epoch, False, epoch)
    context = find_context(hart, vcpu)
    root = tlb_get(vcpu, context + ROOT_AT)
    page: int = sp.NULL_PAGE
    if root >> TAG_SHIFT == root_tag(hart):
        page = zext(root, TAG_SHIFT)
    number = (hart[Slot.RAM_BASE] + page_at(hart, page)) >> PAGE_SHIFT
    asid = tlb_get(vcpu, context + ASID_AT) & ASID_MASK
    mode = mode_of(vcpu, tlb_get(vcpu, context + VIEW_AT))
    hart[Slot.SATP] = mode << MODE_SHIFT | asid << ASID_SHIFT | number


def root_tag(hart: MachinePage) -> int:
    """Give the tag of roots that are still there."""
    return zext(control(hart, sp.ROOT_TAG), 64 - TAG_SHIFT)


def mode_of(vcpu: MachinePage, view: int) -> int:
    """Give the mode of a context's shadow tables: the guest's, or one that takes all addresses."""
    mode = tables_of(vcpu, view) >> MODE_SHIFT
    if mode != 0:
        return mode
    if view & NESTED:
        return MODE_SV57
    return MODE_SV39


def serve_shadow(hart: MachinePage, vcpu: MachinePage, va: int, access: int) -> int:
    """Handle a page fault of the hart; gives 1 when the guest's instruction is done with."""
    view = view_of(vcpu)
    walked = vcpu[Slot.WALK_REFS]
    if is_looked_at(vcpu, va, access):
        return interpret_one(hart, vcpu)
    gpa = translate(vcpu, va, access)
    count(vcpu, Count.FILL_REFERENCES + view, vcpu[Slot.WALK_REFS] - walked)
    if vcpu[Slot.PENDING]:
        count(vcpu, Count.PAGE_FAULT, 1)
        return deliver_fault(hart, vcpu)
    if is_split(vcpu, gpa):
        return interpret_one(hart, vcpu)
    if is_protected(vcpu, va, gpa, 1, access):
        count(vcpu, Count.EXCEPTION, 1)
        return deliver_fault(hart, vcpu)
    offset = ram_offset(vcpu, gpa)
    if offset == NOT_RAM:
        return reach_device(hart, vcpu, va, access)
    allowed = rights(vcpu, va) & page_rights(vcpu, gpa, vcpu[Slot.PRIV]) << 1
    fill_shadow(hart, vcpu, va, gpa, offset >> PAGE_SHIFT, allowed, access)
    return 0


def fill_shadow(
    hart: MachinePage,
    vcpu: MachinePage,
    va: int,
    gpa: int,
    frame: int,
    allowed: int,
    access: int,
) -> None:
    """Enter a page into the shadow of the current context."""
    make_room(hart)
    entry = shadow_entry(hart, vcpu, va, gpa)
    if is_traced(hart, frame):
        if access == Access.STORE:
            count(vcpu, Count.TABLE_WRITE, 1)
            let_out_of_sync(hart, frame)
        else:
            count(vcpu, Count.SHADOW_FILL, 1)
            allowed = allowed & ~PTE_W
    else:
        count(vcpu, Count.SHADOW_FILL, 1)
    if allowed & PTE_W:
        note_writable(hart, frame, entry)
    number = (hart[Slot.RAM_BASE] >> PAGE_SHIFT) + frame
    flags = PTE_V | PTE_U | PTE_A | PTE_D | allowed
    ram_store(hart, entry, 8, number << PTE_PPN_SHIFT | flags)
    flush(hart, True, va, True, hart[Slot.SATP] >> ASID_SHIFT & ASID_MASK)


def shadow_entry(hart: MachinePage, vcpu: MachinePage, va: int, gpa: int) -> int:
    """Give where the shadow entry of a translated page is, with the pages above it linked."""
    context = find_context(hart, vcpu)
    view = tlb_get(vcpu, context + VIEW_AT)
    role = view << sp.VIEW_AT
    if is_guarded(vcpu):
        role = role | vcpu[Slot.MHARTID] + 1 << sp.HART_AT
    level = mode_of(vcpu, view) - LEVELS_LESS - 1
    if view & NESTED:
        return unmirrored_entry(hart, vcpu, context, va, role | sp.NESTED_PAGE, level)
    if view & UNTRANSLATED:
        return unmirrored_entry(hart, vcpu, context, va, role | sp.DIRECT, level)
    return mirrored_entry(hart, vcpu, context, va, gpa, role, level)


def mirrored_entry(
    hart: MachinePage, vcpu: MachinePage, context: int, va: int, gpa: int, role: int, level: int
) -> int:
    """Give the entry below mirrors of the guest's tables, down to its leaf."""
    table = ram_offset(vcpu, zext(vcpu[Slot.SATP], PPN_BITS) << PAGE_SHIFT)
    page = mirror(hart, table, role | level)
    note_root(hart, vcpu, context, page)
    while True:
        at = index_of(va, level)
        pte = ram_load(hart, table + at, 8)
        entry = page_at(hart, page) + at
        ram_store(hart, entry + PAGE_SIZE, 8, pte)
        if level == 0:
            return entry
        level = level - 1
        if pte & (PTE_R | PTE_X) != 0:
            flags = (pte & LEAF_FLAGS) << sp.RIGHTS_AT
            return direct_entry(hart, entry, va, gpa, role | sp.DIRECT | flags, level)
        table = ram_offset(vcpu, (pte & PTE_PPN) << 2)
        page = mirror(hart, table, role | level)
        put_pointer(hart, entry, page)


def mirror(hart: MachinePage, table: int, role: int) -> int:
    """Give the shadow page of a guest's table, which is traced from now on, unless out of sync."""
    frame = table >> PAGE_SHIFT
    page = shadow_page(hart, frame, role | sp.MIRROR)
    if ram_load(hart, info_of(hart, frame), 8) & (sp.TRACED | sp.UNSYNCED) == 0:
        trace(hart, frame)
    return page


def direct_entry(hart: MachinePage, entry: int, va: int, gpa: int, role: int, level: int) -> int:
    """Give the entry of a piece of a large page: its pages are the same wherever it is mapped."""
    while True:
        source = gpa >> PAGE_SHIFT + LEVEL_BITS * (level + 1)
        page = shadow_page(hart, source, role | level)
        put_pointer(hart, entry, page)
        entry = page_at(hart, page) + index_of(va, level)
        if level == 0:
            return entry
        level = level - 1


def unmirrored_entry(
    hart: MachinePage, vcpu: MachinePage, context: int, va: int, role: int, level: int
) -> int:
    """Give the entry of a page that no table of one stage maps: translation is off, or nested.

    What both stages of a guest's guest give is not traced: any fence in there drops it.
    """
    owner = 0
    if role & sp.KIND_MASK == sp.NESTED_PAGE:
        owner = nested_owner(hart, vcpu, context)
    page = shadow_page(hart, owner, role | level)
    note_root(hart, vcpu, context, page)
    entry = page_at(hart, page) + index_of(va, level)
    while level != 0:
        level = level - 1
        source = zext(va, WIDEST_VA) >> PAGE_SHIFT + LEVEL_BITS * (level + 1)
        page = shadow_page(hart, owner + source, role | level)
        put_pointer(hart, entry, page)
        entry = page_at(hart, page) + index_of(va, level)
    return entry


def nested_owner(hart: MachinePage, vcpu: MachinePage, context: int) -> int:
    """Give what marks the pages of a nested context: its root's number, above any page's."""
    root = tlb_get(vcpu, context + ROOT_AT)
    if root >> TAG_SHIFT == root_tag(hart):
        return ram_load(hart, meta_of(hart, zext(root, TAG_SHIFT)) + sp.SOURCE * 8, 8)
    number = control(hart, sp.NESTED_ROOTS) + 1
    if number >> 64 - OWNER_SHIFT != 0:
        drop_all_shadows(hart)
        number = number - number + 1
    set_control(hart, sp.NESTED_ROOTS, number)
    return number << OWNER_SHIFT


def note_root(hart: MachinePage, vcpu: MachinePage, context: int, page: int) -> None:
    """Remember the root of a context's shadow."""
    tlb_put(vcpu, context + ROOT_AT, root_tag(hart) << TAG_SHIFT | page)


def index_of(va: int, level: int) -> int:
    """Give where the entry for an address is in a table of a level."""
    return (va >> PAGE_SHIFT + LEVEL_BITS * level & (1 << LEVEL_BITS) - 1) * 8


def fence_shadow(
    hart: MachinePage, vcpu: MachinePage, by_va: bool, va: int, by_asid: bool, asid: int
) -> None:
    """Synchronize, and drop from the hart's TLB what the guest's SFENCE.VMA names."""
    if vcpu[Slot.V]:
        drop_roots(hart)
        return
    synchronize(hart)
    fence_contexts(hart, vcpu, by_va, va, by_asid, asid)


def forget_shadow(hart: MachinePage, vcpu: MachinePage) -> None:
    """Drop all shadows."""
    drop_all_shadows(hart)


def stepped_shadow(hart: MachinePage, vcpu: MachinePage) -> None:
    """Take it that a traced table may have been stored to: the next fence looks at all."""
    set_control(hart, sp.IS_UNKNOWN, 1)


class Shadow:
    """Mode `shadow`, with a pool of so many pages, or one in proportion to the guest's memory."""

    name = "shadow"
    title = "shadow page tables, the guest's own tables write-traced"
    cpu = CpuKind.DEPRIVILEGED
    refill = Refill.HARDWARE
    words = MemoryWords(select_shadow, serve_shadow, fence_shadow, forget_shadow, stepped_shadow)
    hart_words = HART_WORDS
    has_second_level = False

    def __init__(self, pages: int | None = None) -> None:
        assert pages is None or pages >= LEAST_POOL, "a translation has a page for each level"
        self._pages = pages

    def _count(self, config: MachineConfig) -> int:
        fitting = config.ram // PAGE_SIZE // PAGES_FOR_FRAMES
        return self._pages or min(max(fitting, FEWEST_PAGES), MOST_PAGES)

    def _sizes(self, config: MachineConfig, frames: int) -> tuple[int, int, int]:
        """Give the bytes of what is known of frames and of pages, and of the hash table."""
        pages = self._count(config)
        return (
            frames * sp.INFO_WORDS * 8,
            pages * sp.META_WORDS * 8,
            (1 << pages.bit_length()) * 8,
        )

    def reserve(self, config: MachineConfig) -> int:
        """Need the pool, and something for each frame of machine memory."""
        pages = 2 * self._count(config) * PAGE_SIZE
        frames = (config.ram >> PAGE_SHIFT) + (pages >> PAGE_SHIFT)
        fixed = sum(self._sizes(config, frames + (frames >> 3) + 4096))
        return fixed + pages + 4 * PAGE_SIZE

    def prepare(self, site: MemorySite) -> None:
        """Lay out the monitor's part of machine memory; nothing is mirrored."""
        machine = site.memory.machine
        frames = machine.size >> PAGE_SHIFT
        at = site.reserved
        info = at + PAGE_SIZE
        sizes = self._sizes(site.config, frames)
        meta = info + sizes[0]
        buckets = meta + sizes[1]
        pages = buckets + sizes[2]
        pages += -pages % PAGE_SIZE
        settings = {
            sp.LIMIT: self._count(site.config),
            sp.BUCKETS: sizes[2] // 8,
            sp.INFO_AT: info,
            sp.META_AT: meta,
            sp.HASH_AT: buckets,
            sp.PAGES_AT: pages,
        }
        for host in site.hosts:
            host.tlb[host.slots[Slot.MONITOR_AT] + sp.SHADOW_AT] = at
        for index, word in settings.items():
            set_control(site.hosts[0], index, word)
        drop_all_shadows(site.hosts[0])

    def remote_fence(self, host: Hart, vcpu: Hart) -> None:
        """Drop the hart's TLB, and let it synchronize before it goes on."""
        host.fence()
        host.tlb[host.slots[Slot.MONITOR_AT] + IS_FENCED] = 1

    def written(self, host: Hart, offset: int, size: int) -> None:
        """Let the next fence look at all tables: a device, or a call, has stored to memory."""
        set_control(host, sp.IS_UNKNOWN, 1)
