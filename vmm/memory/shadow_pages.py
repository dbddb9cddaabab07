"""The shadow pages of a domain: where they are, which table each mirrors, which frames are traced.

A shadow page is a page table for the hart, and beside it a snapshot of the guest's entries that its
own were made from. All vCPUs share them, in the monitor's part of machine memory. A guest's table
that is mirrored is mapped read-only: its first store makes it out of sync and writable, until a
fence compares it with the snapshots and traces it again. When the pool is used up, all is dropped.
Written in the words that every engine executes.
"""

from isa.machine import MachinePage, ram_load, ram_store, tlb_get
from isa.pte import (
    PAGE_SHIFT,
    PAGE_SIZE,
    PTE_A,
    PTE_D,
    PTE_PPN,
    PTE_PPN_SHIFT,
    PTE_V,
    PTE_W,
)
from isa.state import Slot

SHADOW_AT = 1  # the hart's monitor word, behind that of its contexts: where all this begins

# The control page's words
EPOCH = 0  # a hart that has seen an older one drops its TLB
NEXT_PAGE = 1  # the first page of the pool that has not been given out
LIMIT = 2  # pages in the pool
OUT_OF_SYNC = 3  # 1 + the first frame of the list, or 0
IS_UNKNOWN = 4  # 1: memory was stored to past the traces
GENERATION = 5  # one more each time that all is dropped
ROOT_TAG = 6  # a context's root is worth nothing with an older one
BUCKETS = 7  # of the hash table: a power of two
INFO_AT, META_AT, HASH_AT, PAGES_AT = 8, 9, 10, 11  # offsets in machine memory
NESTED_ROOTS = 12  # how many roots there have been for a guest's guests

# What is known of a machine frame
INFO_WORDS = 8
STATE, NEXT_FRAME, MAPPED_AT = 0, 1, 2
PLACES = 4  # where it is mapped writable, as long as there are no more
TRACED, UNSYNCED, MANY = 1, 2, 4
COUNT_SHIFT, COUNT_MASK = 4, 7  # writable places in use
FIRST_SHIFT, FIRST_MASK = 8, (1 << 32) - 1  # 1 + the first page that mirrors it
GENERATION_SHIFT = 48

# What is known of a shadow page
META_WORDS = 4
SOURCE, ROLE, NEXT_IN_BUCKET, NEXT_OF_FRAME = range(META_WORDS)

# Roles: the level, what kind of page it is, and all that decides rights
LEVEL_MASK = 7
MIRROR, DIRECT, NESTED_PAGE = 8, 16, 24  # of a table; within one leaf; of both stages' result
KIND_MASK = 24
RIGHTS_AT = 8  # a leaf's flags
VIEW_AT = 16
HART_AT = 48

NULL_PAGE = 0  # maps nothing, and never will
MOST_LEVELS = 5


def control(hart: MachinePage, index: int) -> int:
    """Read a word of the control page."""
    return ram_load(hart, tlb_get(hart, hart[Slot.MONITOR_AT] + SHADOW_AT) + index * 8, 8)


def set_control(hart: MachinePage, index: int, value: int) -> None:
    """Write a word of the control page."""
    ram_store(hart, tlb_get(hart, hart[Slot.MONITOR_AT] + SHADOW_AT) + index * 8, 8, value)


def drop_harts_tlbs(hart: MachinePage) -> None:
    """Let every hart drop its TLB before it goes on: a mapping has lost a right."""
    set_control(hart, EPOCH, control(hart, EPOCH) + 1)


# Frames


def info_of(hart: MachinePage, frame: int) -> int:
    """Give where what is known of a frame is; what is from before everything was dropped goes."""
    at = control(hart, INFO_AT) + frame * INFO_WORDS * 8
    generation = control(hart, GENERATION)
    if ram_load(hart, at, 8) >> GENERATION_SHIFT != generation:
        ram_store(hart, at, 8, generation << GENERATION_SHIFT)
    return at


def is_traced(hart: MachinePage, frame: int) -> bool:
    """Say whether a frame must not be mapped writable."""
    return ram_load(hart, info_of(hart, frame), 8) & (TRACED | UNSYNCED) == TRACED


def note_writable(hart: MachinePage, frame: int, entry: int) -> None:
    """Remember the shadow entry that maps a frame writable."""
    at = info_of(hart, frame)
    state = ram_load(hart, at, 8)
    count = state >> COUNT_SHIFT & COUNT_MASK
    index = 0
    while index < count:
        if ram_load(hart, at + (MAPPED_AT + index) * 8, 8) == entry:
            return
        index = index + 1
    if count == PLACES:
        ram_store(hart, at, 8, state | MANY)
        return
    ram_store(hart, at + (MAPPED_AT + count) * 8, 8, entry)
    ram_store(hart, at, 8, state + (1 << COUNT_SHIFT))


def trace(hart: MachinePage, frame: int) -> None:
    """Make a frame read-only for the guest, so that its first store is seen."""
    at = info_of(hart, frame)
    state = ram_load(hart, at, 8)
    if state & MANY:
        protect_everywhere(hart, frame)
    count = state >> COUNT_SHIFT & COUNT_MASK
    index = 0
    while index < count:
        protect(hart, ram_load(hart, at + (MAPPED_AT + index) * 8, 8), frame)
        index = index + 1
    if count != 0:
        drop_harts_tlbs(hart)
    state = state & ~(MANY | UNSYNCED | COUNT_MASK << COUNT_SHIFT)
    ram_store(hart, at, 8, state | TRACED)


def protect(hart: MachinePage, entry: int, frame: int) -> None:
    """Take the right to store out of a shadow entry, if it still maps the frame."""
    pte = ram_load(hart, entry, 8)
    if pte & (PTE_V | PTE_W) == PTE_V | PTE_W and mapped_frame(hart, pte) == frame:
        ram_store(hart, entry, 8, pte & ~PTE_W)


def mapped_frame(hart: MachinePage, pte: int) -> int:
    """Give the machine frame that a shadow entry names."""
    return ((pte & PTE_PPN) >> PTE_PPN_SHIFT) - (hart[Slot.RAM_BASE] >> PAGE_SHIFT)


def protect_everywhere(hart: MachinePage, frame: int) -> None:
    """Take the right to store to a frame out of all shadow entries."""
    page = control(hart, NEXT_PAGE)
    while page > 1:
        page = page - 1
        if ram_load(hart, meta_of(hart, page) + ROLE * 8, 8) & LEVEL_MASK == 0:
            entry = page_at(hart, page)
            end = entry + PAGE_SIZE
            while entry != end:
                protect(hart, entry, frame)
                entry = entry + 8


def let_out_of_sync(hart: MachinePage, frame: int) -> None:
    """Let a traced table be stored to until the next fence."""
    at = info_of(hart, frame)
    ram_store(hart, at, 8, ram_load(hart, at, 8) | UNSYNCED)
    ram_store(hart, at + NEXT_FRAME * 8, 8, control(hart, OUT_OF_SYNC))
    set_control(hart, OUT_OF_SYNC, frame + 1)


# Synchronization


def synchronize(hart: MachinePage) -> None:
    """Bring every mirrored table that may have changed up to date, and trace it again."""
    following = control(hart, OUT_OF_SYNC)
    set_control(hart, OUT_OF_SYNC, 0)
    while following != 0:
        frame = following - 1
        at = info_of(hart, frame)
        following = ram_load(hart, at + NEXT_FRAME * 8, 8)
        if compare_frame(hart, frame):
            trace(hart, frame)
        else:  # it is no table any more: nothing is to be seen of its stores
            state = ram_load(hart, at, 8)
            ram_store(hart, at, 8, state & ~(TRACED | UNSYNCED))
    if control(hart, IS_UNKNOWN):
        set_control(hart, IS_UNKNOWN, 0)
        page = control(hart, NEXT_PAGE)
        while page > 1:
            page = page - 1
            compare_page(hart, page)


def compare_frame(hart: MachinePage, frame: int) -> bool:
    """Drop the shadow entries of a table that has changed; say whether any are left."""
    left = 0
    page = ram_load(hart, info_of(hart, frame), 8) >> FIRST_SHIFT & FIRST_MASK
    while page != 0:
        left = left + compare_page(hart, page - 1)
        page = ram_load(hart, meta_of(hart, page - 1) + NEXT_OF_FRAME * 8, 8)
    return left != 0


def compare_page(hart: MachinePage, page: int) -> int:
    """Drop a shadow page's entries whose guest entries have changed; gives how many are left."""
    meta = meta_of(hart, page)
    if ram_load(hart, meta + ROLE * 8, 8) & KIND_MASK != MIRROR:
        return 0
    table = ram_load(hart, meta + SOURCE * 8, 8) << PAGE_SHIFT
    at = page_at(hart, page)
    left = 0
    index = 0
    while index < PAGE_SIZE:
        old = ram_load(hart, at + PAGE_SIZE + index, 8)
        if old != 0:
            if has_changed(old, ram_load(hart, table + index, 8)):
                ram_store(hart, at + index, 8, 0)
                ram_store(hart, at + PAGE_SIZE + index, 8, 0)
            else:
                left = left + 1
        index = index + 8
    return left


def has_changed(old: int, new: int) -> bool:
    """Say whether a guest's entry asks for another shadow: not if A or D have only been set."""
    used = PTE_A | PTE_D
    return (old ^ new) & ~used != 0 or old & ~new & used != 0


# Pages


def page_at(hart: MachinePage, page: int) -> int:
    """Give where a shadow page is; its snapshot is behind it."""
    return control(hart, PAGES_AT) + page * 2 * PAGE_SIZE


def meta_of(hart: MachinePage, page: int) -> int:
    """Give where what is known of a shadow page is."""
    return control(hart, META_AT) + page * META_WORDS * 8


def make_room(hart: MachinePage) -> None:
    """Drop everything unless there are pages for a translation of all levels."""
    if control(hart, NEXT_PAGE) + MOST_LEVELS > control(hart, LIMIT):
        drop_all_shadows(hart)


def drop_all_shadows(hart: MachinePage) -> None:
    """Drop all shadow pages and traces, and let the harts drop their TLBs."""
    set_control(hart, NEXT_PAGE, NULL_PAGE + 1)
    set_control(hart, OUT_OF_SYNC, 0)
    set_control(hart, IS_UNKNOWN, 0)
    at = control(hart, HASH_AT)
    left = control(hart, BUCKETS)
    while left != 0:
        left = left - 1
        ram_store(hart, at + left * 8, 8, 0)
    set_control(hart, NESTED_ROOTS, 0)
    drop_roots(hart)
    generation = control(hart, GENERATION) + 1
    if generation >> 64 - GENERATION_SHIFT != 0:
        generation = 1
        forget_frames(hart)
    set_control(hart, GENERATION, generation)


def drop_roots(hart: MachinePage) -> None:
    """Let every context look for its root anew, and the harts drop their TLBs."""
    set_control(hart, ROOT_TAG, control(hart, ROOT_TAG) + 1)
    drop_harts_tlbs(hart)


def forget_frames(hart: MachinePage) -> None:
    """Clear what is known of all frames: generations begin anew."""
    at = control(hart, INFO_AT)
    end = control(hart, META_AT)
    while at != end:
        ram_store(hart, at, 8, 0)
        at = at + INFO_WORDS * 8


def shadow_page(hart: MachinePage, source: int, role: int) -> int:
    """Give the shadow page of a source and role, a new one if there is none."""
    mixed = source ^ source >> 9 ^ role ^ role >> 16 ^ role >> 31
    bucket = control(hart, HASH_AT) + (mixed & control(hart, BUCKETS) - 1) * 8
    page = ram_load(hart, bucket, 8)
    while page != 0:
        meta = meta_of(hart, page - 1)
        if ram_load(hart, meta, 8) == source and ram_load(hart, meta + ROLE * 8, 8) == role:
            return page - 1
        page = ram_load(hart, meta + NEXT_IN_BUCKET * 8, 8)
    return new_page(hart, source, role, bucket)


def new_page(hart: MachinePage, source: int, role: int, bucket: int) -> int:
    """Take an empty page out of the pool and enter it where it is looked for."""
    page = control(hart, NEXT_PAGE)
    set_control(hart, NEXT_PAGE, page + 1)
    at = page_at(hart, page)
    end = at + 2 * PAGE_SIZE
    while at != end:
        ram_store(hart, at, 8, 0)
        at = at + 8
    meta = meta_of(hart, page)
    ram_store(hart, meta, 8, source)
    ram_store(hart, meta + ROLE * 8, 8, role)
    ram_store(hart, meta + NEXT_IN_BUCKET * 8, 8, ram_load(hart, bucket, 8))
    ram_store(hart, meta + NEXT_OF_FRAME * 8, 8, 0)
    ram_store(hart, bucket, 8, page + 1)
    if role & KIND_MASK == MIRROR:
        chain(hart, source, page)
    return page


def chain(hart: MachinePage, frame: int, page: int) -> None:
    """Enter a page among those that mirror a frame."""
    at = info_of(hart, frame)
    state = ram_load(hart, at, 8)
    first = state >> FIRST_SHIFT & FIRST_MASK
    ram_store(hart, meta_of(hart, page) + NEXT_OF_FRAME * 8, 8, first)
    ram_store(hart, at, 8, state ^ (first ^ page + 1) << FIRST_SHIFT)


def put_pointer(hart: MachinePage, entry: int, page: int) -> None:
    """Let a shadow entry point to a shadow page."""
    frame = (hart[Slot.RAM_BASE] + page_at(hart, page)) >> PAGE_SHIFT
    ram_store(hart, entry, 8, frame << PTE_PPN_SHIFT | PTE_V)
