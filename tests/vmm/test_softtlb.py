"""Memory virtualization by `softtlb`: what a guest sees, and what its misses are counted as."""

import pytest

from isa.pte import ASID_MASK
from isa.state import Slot
from tests.conftest import engine_names
from tests.vmm.machines import MAKERS, POWER_OFF, load, make, registers, run_everywhere
from vmm.config import TlbShape
from vmm.memory.contexts import LAST_GIVEN
from vmm.stop import StopReason

PAGING = """
    .equ ROOT, 0x80300000
    .equ GIB, 0xcf                      # V R W X A D
    # Maps RAM onto itself by one leaf entry, in the root at ROOT and its copy behind it.
    li s0, ROOT
    li t0, 0x80000000 >> 2 | GIB
    sd t0, 16(s0)
    li t1, 0x1000
    add t1, t1, s0
    sd t0, 16(t1)
    li s1, 8 << 60 | ROOT >> 12
    csrw satp, s1
    sfence.vma
"""


def asids_given(machine):
    hart = machine.cpu.hosts[0]
    return hart.tlb[hart.slots[Slot.MONITOR_AT] + LAST_GIVEN]


def give_asids(machine, number):
    hart = machine.cpu.hosts[0]
    hart.tlb[hart.slots[Slot.MONITOR_AT] + LAST_GIVEN] = number


MANY_SPACES = (
    PAGING
    + """
    # Two roots that differ at virtual 0x40000000: data pages with 1 and with 2 in them.
    .equ PAGE_1, 0x80310000
    li t0, (0x80000000 >> 2) | GIB      # the gigabyte that holds both pages
    li t2, 0x80304000 >> 2 | 1          # tables below the two roots
    sd t2, 8(s0)
    li t2, 0x80305000 >> 2 | 1
    sd t2, 8(t1)
    li t2, 0x80306000 >> 2 | 1
    li t3, 0x80304000
    sd t2, 0(t3)
    li t2, 0x80307000 >> 2 | 1
    li t3, 0x80305000
    sd t2, 0(t3)
    li t2, PAGE_1 >> 2 | GIB
    li t3, 0x80306000
    sd t2, 0(t3)
    li t2, (PAGE_1 + 0x1000) >> 2 | GIB
    li t3, 0x80307000
    sd t2, 0(t3)
    li t3, PAGE_1
    li t2, 1
    sd t2, 0(t3)
    li t4, 0x1000
    add t3, t3, t4
    li t2, 2
    sd t2, 0(t3)
    # Read the page under the first root, then under the second with 40 ASIDs, then the first again.
    li s2, 0x40000000
    csrw satp, s1
    ld s3, 0(s2)
    addi s4, s1, 1
    li s5, 40
1:  li t0, 1 << 44
    add s4, s4, t0
    csrw satp, s4
    ld s6, 0(s2)
    addi s5, s5, -1
    bnez s5, 1b
    csrw satp, s1
    ld s7, 0(s2)
"""
    + POWER_OFF
)


def test_contexts_do_not_share_an_asid_after_all_have_been_used(engine):
    machine = make("softtlb", engine, MANY_SPACES)
    while machine.harts[0].slots[Slot.X19] == 0:
        machine.run(1)
    give_asids(machine, ASID_MASK - 7)
    machine.run(10_000)
    (hart,) = registers(machine)
    assert (hart["X19"], hart["X22"], hart["X23"]) == (1, 2, 1)
    assert asids_given(machine) > ASID_MASK + 1


SHAPES = [TlbShape(1, 1), TlbShape(1, 2), TlbShape(2, 1), TlbShape(4, 2), TlbShape(64, 4)]
SECONDS = [TlbShape(1, 0), TlbShape(1, 1), TlbShape(1024, 4)]
WALKS_PAGES = (
    PAGING
    + """
    # Read and write 24 pages, with a split access now and then, three times over.
    li s3, 3
1:  li s2, 0x80310000
    li s4, 24
2:  ld t0, 0(s2)
    sd s4, 8(s2)
    ld t1, -4(s2)
    sd t0, -4(s2)
    add s5, s5, t1
    li t0, 0x1000
    add s2, s2, t0
    addi s4, s4, -1
    bnez s4, 2b
    addi s3, s3, -1
    bnez s3, 1b
    csrw satp, zero
"""
    + POWER_OFF
)


@pytest.mark.parametrize("second", SECONDS, ids=str)
@pytest.mark.parametrize("tlb", SHAPES, ids=str)
def test_misses_depend_on_the_geometry_alone(tlb, second):
    counts = []
    for name in engine_names():
        modes = ("bare", "softtlb")
        machine = run_everywhere(
            WALKS_PAGES, engines=[load(name)], modes=modes, tlb=tlb, second=second
        )
        counts.append(dict(machine.cpu.counters()))
    assert all(count == counts[0] for count in counts)
    misses = counts[0]["miss.hart.kernel"]
    if tlb.entries == 256:
        assert misses == 2 + 24 + 1, "the code before and after the fence, the pages, one before"
    assert misses >= 27


@pytest.mark.parametrize("tlb", SHAPES, ids=str)
def test_the_bare_board_counts_the_same_in_every_engine(tlb):
    counts = []
    for name in engine_names():
        machine = make("bare", load(name), WALKS_PAGES, tlb=tlb)
        assert machine.run(100_000).reason is StopReason.EXIT
        counts.append(dict(machine.cpu.counters()))
    assert all(count == counts[0] for count in counts)


# Small pages under virtual 0x40000000: page n of the table at TABLE is at DATA + n pages.
SMALL = (
    PAGING
    + """
    .equ MIDDLE, 0x80304000
    .equ TABLE, 0x80305000
    .equ DATA, 0x80310000
    .macro map page target bits
    li t0, \\target >> 2 | \\bits
    li t1, TABLE + 8 * \\page
    sd t0, 0(t1)
    .endm
    li t0, MIDDLE >> 2 | 1
    sd t0, 8(s0)
    li t0, TABLE >> 2 | 1
    li t1, MIDDLE
    sd t0, 0(t1)
    la t0, vector
    csrw stvec, t0
    j body
    .balign 4
vector:
    csrr s10, scause
    csrr s11, stval
    csrr t6, sepc
    addi t6, t6, 4
    csrw sepc, t6
    addi s9, s9, 1
    sret
body:
    li s2, 0x40000000
    li s4, TABLE
"""
)
V, R, W, X, U, G, A, D = (1 << n for n in range(8))


def small(text, engine, **settings):
    """Run a body in the small-pages frame everywhere; give the registers."""
    machine = run_everywhere(SMALL + text + POWER_OFF, engines=[engine], **settings)
    assert machine.stop is not None
    assert machine.stop.reason is StopReason.EXIT
    return registers(machine)[0]


def test_the_first_store_to_a_page_sets_its_dirty_bit_and_the_first_access_the_other(engine):
    hart = small(
        f"""
    map 0 DATA {V | R | W}
    ld s3, 0(s2)
    ld s5, 0(s4)
    sd s4, 0(s2)
    ld s6, 0(s4)
""",
        engine,
    )
    assert hart["X21"] & 0xFF == V | R | W | A
    assert hart["X22"] & 0xFF == V | R | W | A | D


def test_a_cleared_dirty_bit_is_set_again_after_a_fence(engine):
    hart = small(
        f"""
    map 0 DATA {V | R | W | A | D}
    sd s4, 0(s2)
    map 0 DATA {V | R | W}
    sfence.vma s2, zero
    sd s4, 0(s2)
    ld s5, 0(s4)
""",
        engine,
    )
    assert hart["X21"] & 0xFF == V | R | W | A | D


@pytest.mark.parametrize("fence", ["sfence.vma", "sfence.vma s2", "sfence.vma zero, s7"])
def test_a_fence_makes_a_changed_mapping_seen(engine, fence):
    hart = small(
        f"""
    map 0 DATA {V | R | W | A | D}
    map 1 DATA+0x1000 {V | R | W | A | D}
    sd s4, 0(s2)
    map 0 DATA+0x1000 {V | R | W | A | D}
    {fence}
    ld s3, 0(s2)
    map 0 0 0
    {fence}
    ld s5, 0(s2)
""",
        engine,
    )
    assert hart["X19"] == 0
    assert (hart["X26"], hart["X27"]) == (13, 0x4000_0000)


@pytest.mark.parametrize("offset", [0, 0x1000, 0x1F_F000])
def test_a_fence_of_any_address_in_a_superpage_drops_all_of_it(engine, offset):
    hart = small(
        f"""
    li s5, MIDDLE
    li t0, 0x80200000 >> 2 | {V | R | W | A | D}
    sd t0, 8(s5)                        # virtual 0x40200000: two mebibytes
    li s6, 0x40200000
    ld s7, 0x100(s6)                    # some pieces of it are cached
    li s8, 0x40312000
    ld t2, 0(s8)
    li t0, 0x80000000 >> 2 | {V | R | W | A | D}
    sd t0, 8(s5)
    li t2, 0x40200000 + {offset}
    sfence.vma t2, zero
    li t3, 0x12345
    sd t3, 0(s8)                        # now at 0x80112000
    li t4, 0x80112000
    ld s3, 0(t4)
""",
        engine,
    )
    assert hart["X19"] == 0x12345


def test_a_fence_of_one_asid_leaves_the_others_valid_translations(engine):
    hart = small(
        f"""
    map 0 DATA {V | R | W | A | D}
    li t0, 3 << 44
    add s5, s1, t0
    csrw satp, s5
    sd s4, 0(s2)
    map 0 DATA+0x1000 {V | R | W | A | D}
    li t0, 3
    sfence.vma zero, t0
    ld s3, 0(s2)
""",
        engine,
    )
    assert hart["X19"] == 0


@pytest.mark.parametrize("mode", MAKERS)
def test_a_table_changed_without_a_fence_gives_the_old_or_the_new_page(engine, mode):
    guest = f"""
    map 0 DATA {V | R | W | A | D}
    li t2, 1
    sd t2, 0(s2)
    map 0 DATA+0x1000 {V | R | W | A | D}
    ld s3, 0(s2)
    map 0 0x123456789000 0
    ld s5, 0(s2)
"""
    machine = make(mode, engine, SMALL + guest + POWER_OFF)
    assert machine.run(10_000).reason is StopReason.EXIT
    assert registers(machine)[0]["X19"] in (0, 1)


# Physical addresses with no RAM behind: nothing, a device, beyond RAM, the largest page number.
@pytest.mark.parametrize("pa", [0x6000, 0x1000_0000, 0x8040_0000, ((1 << 44) - 1) << 12])
@pytest.mark.parametrize("table", ["s0 + 8", "MIDDLE"])
def test_tables_outside_ram_are_access_faults(engine, pa, table):
    hart = small(
        f"""
    map 0 DATA {V | R | W | A | D}
    li t0, {pa >> 2 | V:#x}
    li t1, {table.replace("s0", "ROOT")}
    sd t0, 0(t1)
    sfence.vma
    ld s3, 0(s2)
""",
        engine,
    )
    assert (hart["X26"], hart["X27"], hart["X25"]) == (5, 0x4000_0000, 1)


@pytest.mark.parametrize("pa", [0x6000, 0x1000_0000, 0x8040_0000, ((1 << 44) - 1) << 12])
def test_a_root_outside_ram_is_a_fetch_access_fault_for_ever(engine, pa):
    guest = f"""
    csrw stvec, zero
    li t0, {8 << 60 | pa >> 12:#x}
    csrw satp, t0
    sfence.vma
"""
    (hart,) = registers(run_everywhere(guest, engines=[engine], limit=300))
    assert hart["SCAUSE"] == 1


@pytest.mark.parametrize("insn", ["ld s3, {0}(s2)", "sd s4, {0}(s2)", "lw s3, {0}(s2)"])
@pytest.mark.parametrize("second", [0, 0x1000_0000, 0x8040_0000])
@pytest.mark.parametrize("offset", [-1, -3, -7])
def test_an_access_over_the_end_of_a_page_faults_where_the_second_page_does(
    engine, insn, second, offset
):
    bits = V | R | W | A | D if second else 0
    hart = small(
        f"""
    map 0 DATA {V | R | W | A | D}
    map 1 {second} {bits}
    li t0, 0x1000
    add s2, s2, t0
    li s7, -1
    sd s7, -8(s2)
    {insn.format(offset)}
    ld s8, -8(s2)
""",
        engine,
    )
    is_inside = insn.startswith("lw") and offset == -7
    cause = (15 if "sd" in insn else 13) if not second else (7 if "sd" in insn else 5)
    assert hart["X25"] == (0 if is_inside else 1)
    assert (hart["X26"], hart["X27"]) == ((0, 0) if is_inside else (cause, 0x4000_1000))
    assert hart["X24"] == (1 << 64) - 1, "nothing of a store that faults is written"


def test_code_that_is_stored_to_is_executed_as_stored(engine):
    for tlb in (TlbShape(1, 1), TlbShape(1, 64)):
        hart = small(
            """
    # A loop stores 'addi s3, s3, n' over its own next instruction, for n = 0..15.
    la s5, patched
    li s6, 0x00098993                   # addi s3, s3, 0
    li s7, 16
1:  sw s6, 0(s5)
    fence.i
patched:
    .word 0
    li t0, 1 << 20
    add s6, s6, t0
    addi s7, s7, -1
    bnez s7, 1b
""",
            engine,
            tlb=tlb,
        )
        assert hart["X19"] == sum(range(16))
