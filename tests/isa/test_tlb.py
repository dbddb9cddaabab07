"""The modelled TLB: which accesses miss, by sets, ways and age, and what fences drop.

Counts are reasoned from the geometry; every engine must give the same ones.
"""

import pytest

from isa.causes import Priv
from isa.engine import load as load_engine
from isa.exits import ExitReason
from isa.pte import PTE_A, PTE_D, PTE_G, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa.bench import (
    CODE,
    DATA,
    MIDDLE,
    RAM,
    asm,
    bench,
    entry,
    get_word,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

FULL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
BASE = 0x4000_0000  # page number 0x40000: set 0 of any small TLB
CODE_VA = BASE + 0x1F_F000  # an odd page


def load(page: int) -> int:
    """Give a load from the page that x(20 + page) points to."""
    return asm("ld", rd=10, rs1=20 + page, imm=0)


def tlb_bench(tlb, *code, flags=FULL, **options):
    """Give a hart in S-mode with code at CODE_VA, and x20... pointing to the pages from BASE."""
    hart = bench(Priv.S, *code, tlb=tlb, **options)
    map_page(hart, CODE_VA, entry(CODE, FULL))
    for page in range(8):
        map_page(hart, BASE + 0x1000 * page, entry(DATA, flags))
        hart.x[20 + page] = BASE + 0x1000 * page
    turn_on_sv39(hart)
    hart.pc = CODE_VA
    return hart


def misses(engine, hart, fuel):
    """Give the misses of the next `fuel` instructions."""
    before = hart.slots[Slot.TLB_MISSES]
    run(engine, hart, fuel)
    assert hart.slots[Slot.TRAPS] == 0
    return hart.slots[Slot.TLB_MISSES] - before


def test_a_tlb_of_one_entry_misses_twice_for_each_load(engine):
    hart = tlb_bench((1, 1), *[load(0)] * 10)
    assert misses(engine, hart, 10) == 20
    assert hart.slots[Slot.TLB_KERNEL_MISSES] == 20


def test_a_tlb_of_two_entries_holds_code_and_one_page(engine):
    hart = tlb_bench((1, 2), *[load(0)] * 10, load(1), load(1))
    assert misses(engine, hart, 10) == 2
    assert misses(engine, hart, 2) == 2  # page 1 evicts code, the older; code evicts page 0


def test_the_oldest_entry_goes_even_when_it_is_used_most(engine):
    # three ways: code, 0, 1; then 2 takes the place of code, code that of 0
    hart = tlb_bench((1, 3), load(0), load(1), load(0), load(2), load(1), load(2), load(0))
    assert misses(engine, hart, 4) == 4
    assert misses(engine, hart, 1) == 1  # the fetch, in place of 0
    assert misses(engine, hart, 1) == 0
    assert misses(engine, hart, 1) == 1  # 0, in place of 1


def test_pages_of_different_sets_do_not_meet(engine):
    # two sets of one way: code is odd, so even pages leave it alone
    hart = tlb_bench((2, 1), *[load(0)] * 5, load(2), load(0), load(1), load(1))
    assert misses(engine, hart, 5) == 2
    assert misses(engine, hart, 2) == 2
    assert misses(engine, hart, 1) == 1  # page 1 evicts code
    assert misses(engine, hart, 1) == 2


def test_misses_of_user_mode_are_not_the_kernels(engine):
    hart = tlb_bench((4, 2), load(0), flags=FULL | PTE_U)
    map_page(hart, CODE_VA, entry(CODE, FULL | PTE_U))
    hart[Slot.PRIV] = Priv.U
    assert misses(engine, hart, 1) == 2
    assert hart.slots[Slot.TLB_KERNEL_MISSES] == 0


def test_walks_count_the_entries_they_read_and_write(engine):
    hart = tlb_bench((4, 2), load(0))
    map_page(hart, BASE, entry(DATA, FULL & ~PTE_A))
    run(engine, hart)
    assert hart.slots[Slot.WALK_REFS] == 3 + 3 + 1


def test_the_first_store_to_a_page_walks_again_to_set_dirty(engine):
    store = asm("sd", rs1=20, rs2=0, imm=0)
    hart = tlb_bench((4, 2), load(0), store, store)
    at = map_page(hart, BASE, entry(DATA, FULL & ~PTE_D))
    assert misses(engine, hart, 1) == 2
    assert not get_word(hart, at) & PTE_D
    assert misses(engine, hart, 1) == 1
    assert get_word(hart, at) & PTE_D
    assert misses(engine, hart, 1) == 0


def test_a_stale_entry_is_used_until_a_fence(engine):
    fence = asm("sfence.vma", rs1=0, rs2=0)
    hart = tlb_bench((4, 2), load(0), load(0), fence, load(0))
    put_word(hart, DATA, 1)
    put_word(hart, DATA + 0x1000, 2)
    run(engine, hart)
    map_page(hart, BASE, entry(DATA + 0x1000, FULL))
    run(engine, hart)
    assert hart.x[10] == 1
    run(engine, hart, 2)
    assert hart.x[10] == 2


# rs1 and rs2 of the fence (28 holds page 1's address, 29 its ASID, 30 another ASID), whether the
# entries of page 0, of page 1 and of global page 2 are dropped
FENCES = [
    (0, 0, True, True, True),
    (28, 0, False, True, False),
    (22, 0, False, False, True),
    (0, 29, True, True, False),
    (0, 30, False, False, False),
    (28, 29, False, True, False),
    (28, 30, False, False, False),
    (22, 29, False, False, False),
]


@pytest.mark.parametrize(("rs1", "rs2", "zero", "one", "two"), FENCES)
def test_what_a_fence_drops(engine, rs1, rs2, zero, one, two):
    code = [*map(load, (0, 1, 2)), asm("sfence.vma", rs1=rs1, rs2=rs2), *map(load, (0, 1, 2))]
    hart = tlb_bench((16, 4), *code)
    map_page(hart, CODE_VA, entry(CODE, FULL | PTE_G))
    map_page(hart, BASE + 0x2000, entry(DATA, FULL | PTE_G))
    turn_on_sv39(hart, asid=5)
    hart.x[28], hart.x[29], hart.x[30] = BASE + 0x1008, 5, 6
    assert misses(engine, hart, 4) == 4
    is_code_dropped = rs1 == rs2 == 0
    assert misses(engine, hart, 1) == zero + is_code_dropped
    assert misses(engine, hart, 1) == one
    assert misses(engine, hart, 1) == two


def test_entries_of_another_asid_wait_for_it(engine):
    hart = tlb_bench((16, 4), *[load(0)] * 5)
    map_page(hart, CODE_VA, entry(CODE, FULL | PTE_G))
    for asid, expected in ((1, 2), (2, 1), (1, 0), (2, 0)):
        turn_on_sv39(hart, asid)
        assert misses(engine, hart, 1) == expected


def test_a_superpage_is_cached_in_pieces_that_a_fence_of_any_finds(engine):
    code = [load(0), load(1), asm("sfence.vma", rs1=21, rs2=0), load(0), load(1)]
    hart = tlb_bench((16, 4), *code)
    for page in range(2):
        hart.x[20 + page] = BASE + 0x80_0000 + 0x1000 * page
    put_word(hart, MIDDLE + 8 * 4, entry(RAM, FULL))
    assert misses(engine, hart, 2) == 3
    assert misses(engine, hart, 3) == 2


@pytest.mark.parametrize("tlb", [None, (16, 4), (1, 2)])
def test_a_fence_of_a_piece_drops_the_others_too(engine, tlb):
    fence = asm("sfence.vma", rs1=21, rs2=0)
    hart = tlb_bench(tlb, load(0), load(1), load(2), fence, load(2), load(0))
    for page in range(2):
        hart.x[20 + page] = BASE + 0x80_0000 + 0x1000 * page
    put_word(hart, MIDDLE + 8 * 4, entry(RAM, FULL))
    run(engine, hart, 3)
    put_word(hart, MIDDLE + 8 * 4, 0)
    run(engine, hart, 3)
    assert hart.csr["stval" if hart.csr["scause"] else "mtval"] == BASE + 0x80_0000


def test_a_fence_of_a_small_page_keeps_the_others():
    """Even where larger pages are known, as a kernel's are, if they are elsewhere."""
    fence = asm("sfence.vma", rs1=21, rs2=0)
    hart = tlb_bench((16, 4), load(0), load(1), load(2), load(3), fence, load(0), load(2))
    hart.x[23] = BASE + 0x80_0000
    put_word(hart, MIDDLE + 8 * 4, entry(RAM, FULL))
    run(load_engine("interpreter"), hart, 5)
    tags = [hart.tlb[at] for at in range(0, 16 * 4 * 4, 4) if hart.tlb[at]]
    assert (BASE + 0x1000) >> 12 << 1 | 1 not in tags
    assert len(tags) == 4
    assert not hart.slots[Slot.INLINE_STALE]


@pytest.mark.parametrize("tlb", [(1, 1), (1, 2), (64, 4)])
def test_a_hart_without_walker_exits_on_every_miss(engine, tlb):
    hart = tlb_bench(tlb, load(0), is_soft=True)
    found = run(engine, hart)
    assert (found.reason, found.tval, found.pc) == (ExitReason.TLB_MISS, CODE_VA, CODE_VA)
    assert hart.slots[Slot.WALK_REFS] == hart.slots[Slot.INSTRET] == 0


def test_the_inline_translations_never_outlive_the_modelled_entry(engine):
    """Touch many pages round and round: each round misses as often as the geometry says."""
    body = [load(page) for page in range(8)]
    hart = tlb_bench((4, 1), *body, asm("jal", rd=0, offset=-4 * len(body)))
    first = misses(engine, hart, 9)
    assert misses(engine, hart, 9) == misses(engine, hart, 9)
    # code is in set 3, and loses it to pages 3 and 7; the others have set 0, 1 and 2 to themselves
    assert misses(engine, hart, 9) == 8 + 2
    assert first == 8 + 3
