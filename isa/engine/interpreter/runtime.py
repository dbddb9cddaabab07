"""The interpreter's machine words and its caches: lowered and compiled, never run as Python.

Addresses are host addresses from the hart page. A RAM offset has been bounded by `isa.mmu`; nothing
a guest controls reaches an address unchecked.
"""

from isa import mstatus as ms
from isa.engine.interpreter.layout import (
    CHAIN_REACH,
    CODE_STRIDE,
    CONTEXT_ENTRY,
    CONTEXT_MASK,
    CONTEXT_SHIFT,
    CONTEXTS,
    CONTEXTS_AT,
    EPOCH_BEFORE,
    EXECUTE,
    FIRST_CHAIN,
    HAS_CODE,
    HAS_STORES,
    INLINE_ENTRY,
    INLINE_MASK,
    INLINE_SIZE,
    INLINE_TABLE,
    INSN_SLOT,
    LOADS_AT,
    MOST_STRIKES,
    OP_AT,
    OP_MASK,
    OP_PAGE_END,
    STORES_AT,
    STRIKE,
    UOP,
    UOPS_PER_PAGE,
)
from isa.engine.lowering.words import (
    call2,
    load8,
    load16,
    load32,
    load64,
    store8,
    store16,
    store32,
    store64,
)
from isa.mmu import Access
from isa.pte import PAGE_SHIFT, PAGE_SIZE
from isa.state import Slot
from isa.tlb import NO_PAGE, note_span
from isa.words import Page

# ruff: noqa: D103

IN_GUEST = 1 << 40  # in a context's key: V=1


def frame_of(hart: Page, number: int) -> int:
    frames = hart[Slot.HOST_FRAMES]
    if frames == 0:
        return number
    return load64(frames + number * 8)


def ram_load(hart: Page, offset: int, size: int) -> int:
    at = hart[Slot.HOST_RAM] + offset
    if size == 8:
        return load64(at)
    if size == 4:
        return load32(at)
    if size == 2:
        return load16(at)
    if size == 1:
        return load8(at)
    value = 0
    while size > 0:
        size = size - 1
        value = value << 8 | load8(at + size)
    return value


def ram_store(hart: Page, offset: int, size: int, value: int) -> None:
    at = hart[Slot.HOST_RAM] + offset
    flags = hart[Slot.HOST_CODE_PAGES] + (offset >> PAGE_SHIFT)
    if load8(flags) & HAS_CODE:
        if load8(flags) < MOST_STRIKES:
            store8(flags, load8(flags) + STRIKE)
            forget_code(hart, offset, size)
        else:
            release_code(hart, offset >> PAGE_SHIFT)
    if size == 8:
        store64(at, value)
    elif size == 4:
        store32(at, value)
    elif size == 2:
        store16(at, value)
    elif size == 1:
        store8(at, value)
    else:
        while size > 0:
            store8(at, value)
            value = value >> 8
            at = at + 1
            size = size - 1


def tlb_get(hart: Page, index: int) -> int:
    return load64(hart[Slot.HOST_TLB] + index * 8)


def tlb_put(hart: Page, index: int, value: int) -> None:
    store64(hart[Slot.HOST_TLB] + index * 8, value)


def window_get(hart: Page, index: int) -> int:
    return load64(hart[Slot.HOST_WINDOW] + index * 8)


def window_put(hart: Page, index: int, value: int) -> None:
    store64(hart[Slot.HOST_WINDOW] + index * 8, value)


def engine_run(hart: Page, fuel: int) -> int:
    return call2(hart[Slot.HOST_RUN], hart, fuel)


def engine_execute(hart: Page, insn: int) -> int:
    return call2(hart[Slot.HOST_RUN], hart, insn | EXECUTE)


def uop_at(hart: Page, offset: int) -> int:
    page = hart[Slot.HOST_CODE] + (offset >> PAGE_SHIFT) * CODE_STRIDE
    return page + (offset & PAGE_SIZE - 1) * (UOP // INSN_SLOT)


def forget_code(hart: Page, offset: int, size: int) -> None:
    """Forget the micro-ops of some bytes of code, and break the chains that go on into them."""
    page = uop_at(hart, offset & ~(PAGE_SIZE - 1))
    at = uop_at(hart, offset & ~(INSN_SLOT - 1))
    last = uop_at(hart, offset + size - 1 & ~(INSN_SLOT - 1))
    if at != page:
        at = at - UOP  # an instruction of two slots may begin before
    before = at
    while before > page and at - before < CHAIN_REACH * UOP:
        before = before - UOP
        unchain(hart, before)
    while at <= last:
        store64(at, 0)
        at = at + UOP


def unchain(hart: Page, at: int) -> None:
    uop = load64(at)
    op = uop >> OP_AT & OP_MASK
    store64(at, uop ^ (op ^ single_op(hart, op)) << OP_AT)


def single_op(hart: Page, op: int) -> int:
    """Give a micro-op's operation, a chain's first one."""
    if op < FIRST_CHAIN:
        return op
    return load64(hart[Slot.HOST_SINGLES] + (op - FIRST_CHAIN) * 8)


def release_code(hart: Page, frame: int) -> None:
    """Take a page that is stored to often, and no longer decoded, for data again."""
    clear(hart[Slot.HOST_CODE] + frame * CODE_STRIDE, UOPS_PER_PAGE * UOP)
    store8(hart[Slot.HOST_CODE_PAGES] + frame, 0)


def mark_code(hart: Page, frame: int) -> None:
    """Note that a page holds micro-ops: stores to it must be seen from now on."""
    flags = hart[Slot.HOST_CODE_PAGES] + frame
    old = load8(flags)
    store8(flags, HAS_CODE)
    if old & HAS_CODE:
        return
    store64(hart[Slot.HOST_CODE] + frame * CODE_STRIDE + UOPS_PER_PAGE * UOP, OP_PAGE_END << OP_AT)
    if old & HAS_STORES:
        epoch = hart[Slot.HOST_CODE_PAGES] - EPOCH_BEFORE
        store64(epoch, load64(epoch) + 1)
        check_epoch(hart)


def check_epoch(hart: Page) -> None:
    """Drop the inline TLB's store entries when some page has become code since the last time."""
    epoch = load64(hart[Slot.HOST_CODE_PAGES] - EPOCH_BEFORE)
    if hart[Slot.CODE_EPOCH] != epoch:
        hart[Slot.CODE_EPOCH] = epoch
        clear(hart[Slot.HOST_INLINE] + STORES_AT, INLINE_TABLE)


def clear(at: int, size: int) -> None:
    end = at + size
    while at < end:
        store64(at, 0)
        at = at + 8


def inline_entry(hart: Page, va: int) -> int:
    return hart[Slot.HOST_INLINE] + (va >> PAGE_SHIFT & INLINE_MASK) * INLINE_ENTRY


def inline_tag(hart: Page, va: int) -> int:
    return va & ~(PAGE_SIZE - 1) | hart[Slot.CONTEXT] << CONTEXT_SHIFT


def note_page(hart: Page, va: int, offset: int, access: int) -> None:
    """Remember the host address of a page that a load or store has reached."""
    entry = inline_entry(hart, va) + LOADS_AT
    if access == Access.STORE:
        flags = hart[Slot.HOST_CODE_PAGES] + (offset >> PAGE_SHIFT)
        if load8(flags) & HAS_CODE:
            return
        store8(flags, HAS_STORES)
        entry = entry + (STORES_AT - LOADS_AT)
    note_span(hart, va >> PAGE_SHIFT, hart[Slot.WALK_SPAN])
    store64(entry, inline_tag(hart, va))
    store64(entry + 8, hart[Slot.HOST_RAM] + offset - va)


def note_code(hart: Page, va: int, offset: int) -> None:
    """Remember where the micro-ops of a page of code are."""
    entry = inline_entry(hart, va)
    note_span(hart, va >> PAGE_SHIFT, hart[Slot.WALK_SPAN])
    store64(entry, inline_tag(hart, va))
    store64(entry + 8, hart[Slot.HOST_CODE] + (offset >> PAGE_SHIFT) * CODE_STRIDE)


def drop_inline(hart: Page, vpn: int) -> None:
    entry = hart[Slot.HOST_INLINE] + (vpn & INLINE_MASK) * INLINE_ENTRY
    store64(entry, 0)
    store64(entry + LOADS_AT, 0)
    store64(entry + STORES_AT, 0)


def drop_all_inline(hart: Page) -> None:
    hart[Slot.INLINE_STALE] = 1


def select_context(hart: Page) -> None:
    """Choose the inline TLB's context for all that now decides a translation."""
    status = hart[Slot.MSTATUS]
    key = hart[Slot.PRIV] << 32 | status & (ms.SUM | ms.MXR)
    if status & ms.MPRV:
        key = key | status & (ms.MPRV | ms.MPP | ms.MPV)
    satp = hart[Slot.SATP]
    hgatp = 0
    if hart[Slot.V]:
        key = key & ~ms.SUM | IN_GUEST | (hart[Slot.VSSTATUS] & (ms.SUM | ms.MXR)) << 16
        satp = hart[Slot.VSATP]
        hgatp = hart[Slot.HGATP]
    is_same = key == hart[Slot.CONTEXT_KEY] and satp == hart[Slot.CONTEXT_SATP]
    if hart[Slot.INLINE_STALE] != 0 or not is_same or hgatp != hart[Slot.CONTEXT_HGATP]:
        change_context(hart, key, satp, hgatp)


def change_context(hart: Page, key: int, satp: int, hgatp: int) -> None:
    table = hart[Slot.HOST_INLINE] + CONTEXTS_AT
    if hart[Slot.INLINE_STALE]:
        clear(table, (CONTEXT_MASK + 1) * CONTEXT_ENTRY)
        hart[Slot.INLINE_STALE] = 0
        if hart[Slot.TLB_WAYS] == 0:
            hart[Slot.SUPER_FIRST] = NO_PAGE
            hart[Slot.SUPER_LAST] = 0
    mixed = satp ^ satp >> 44 ^ key >> 17 ^ key >> 29 ^ hgatp ^ hgatp >> 41
    entry = table + (mixed & CONTEXT_MASK) * CONTEXT_ENTRY
    number = load64(entry + 16)
    is_kept = load64(entry) == satp and load64(entry + 8) == key
    if number == 0 or not is_kept or load64(entry + 24) != hgatp:
        number = hart[Slot.CONTEXT_NEXT]
        if number == 0 or number >= CONTEXTS:
            clear(hart[Slot.HOST_INLINE], INLINE_SIZE)
            number = 1
        hart[Slot.CONTEXT_NEXT] = number + 1
        store64(entry, satp)
        store64(entry + 8, key)
        store64(entry + 16, number)
        store64(entry + 24, hgatp)
    hart[Slot.CONTEXT] = number
    hart[Slot.CONTEXT_KEY] = key
    hart[Slot.CONTEXT_SATP] = satp
    hart[Slot.CONTEXT_HGATP] = hgatp
