"""Translation and physical memory: Sv39 walks, permissions, what lies across pages or nowhere.

Code runs in M-mode with MPRV lending S or U where only data accesses matter, so that the tables
need no page for code; fetches are tested from the privilege itself.
"""

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.exits import ExitReason
from isa.pte import PTE_A, PTE_D, PTE_G, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa.bench import (
    CODE,
    DATA,
    LEAVES,
    M_VECTOR,
    MIDDLE,
    NOWHERE,
    RAM,
    ROOT,
    SIZE,
    asm,
    bench,
    entry,
    get_word,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

VA = 0x12_3456_7000
RWX = PTE_R | PTE_W | PTE_X
USED = PTE_A | PTE_D
FULL = PTE_V | RWX | USED
LOAD = asm("ld", rd=10, rs1=11, imm=0)
STORE = asm("sd", rs1=11, rs2=12, imm=0)
ACCESSES = {
    "load": (LOAD, Cause.LOAD_PAGE, Cause.LOAD_ACCESS),
    "store": (STORE, Cause.STORE_PAGE, Cause.STORE_ACCESS),
    "fetch": (None, Cause.FETCH_PAGE, Cause.FETCH_ACCESS),
}


def try_access(engine, access, va, priv, pte=None, *, bits=0, prepare=None):
    """Make one access at `va` as `priv`; gives the hart after it. A fetch executes a nop there."""
    word = ACCESSES[access][0]
    is_fetch = word is None
    hart = bench(priv if is_fetch else Priv.M, word or 0)
    put_word(hart, DATA, 0x13 if is_fetch else 77)
    if pte is not None:
        map_page(hart, va, pte)
    turn_on_sv39(hart)
    hart.csr["mstatus"] = bits | (0 if is_fetch else ms.MPRV | priv << ms.MPP_SHIFT)
    hart.x[11], hart.x[12] = va, 99
    if is_fetch:
        hart.pc = va
    if prepare:
        prepare(hart)
    run(engine, hart)
    return hart


def assert_done(hart, access, va):
    """Check that the access reached the page of data."""
    if access == "fetch":
        assert hart.pc == va + 4
    elif access == "load":
        assert (hart.x[10], hart.pc) == (77, CODE + 4)
    else:
        assert (get_word(hart, DATA), hart.pc) == (99, CODE + 4)


def assert_fault(hart, access, va, *, is_access_fault=False):
    """Check the fault's cause, address and place, and that nothing was done."""
    cause = ACCESSES[access][2 if is_access_fault else 1]
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (cause, va)
    assert hart.csr["mepc"] == (va if access == "fetch" else CODE)
    assert hart.pc == M_VECTOR
    assert hart.x[10] == 0
    assert get_word(hart, DATA) in (77, 0x13)


def is_allowed(access, priv, flags, bits):
    """Say what the manual says of R, W, X and U under SUM and MXR."""
    if bool(flags & PTE_U) != (priv == Priv.U) and not (
        priv == Priv.S and access != "fetch" and bits & ms.SUM
    ):
        return False
    if access == "fetch":
        return bool(flags & PTE_X)
    if access == "store":
        return bool(flags & PTE_W)
    return bool(flags & PTE_R or (flags & PTE_X and bits & ms.MXR))


@pytest.mark.parametrize("bits", [0, ms.SUM, ms.MXR, ms.SUM | ms.MXR])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S])
@pytest.mark.parametrize("access", ACCESSES)
def test_r_w_x_and_u_permit_what_the_manual_says(engine, access, priv, bits):
    for flags in range(0, 0x20, 2):
        pte = entry(DATA, PTE_V | flags | USED)
        hart = try_access(engine, access, VA, priv, pte, bits=bits)
        is_reserved = flags & (PTE_R | PTE_W) == PTE_W or not flags & RWX
        if not is_reserved and is_allowed(access, priv, flags, bits):
            assert_done(hart, access, VA)
        else:
            assert_fault(hart, access, VA)


@pytest.mark.parametrize("access", ACCESSES)
def test_an_invalid_entry_faults_at_every_level(engine, access):
    for table in (ROOT, MIDDLE, LEAVES):

        def break_it(hart, table=table):
            for i in range(512):
                put_word(hart, table + 8 * i, get_word(hart, table + 8 * i) & ~PTE_V)

        pte = entry(DATA, FULL)
        assert_fault(try_access(engine, access, VA, Priv.S, pte, prepare=break_it), access, VA)


@pytest.mark.parametrize("bit", [54, 58, 60, 61, 62, 63])
def test_reserved_bits_fault_in_leaves_and_pointers(engine, bit):
    pte = entry(DATA, FULL)
    hart = try_access(engine, "load", VA, Priv.S, pte | 1 << bit)
    assert_fault(hart, "load", VA)

    def break_pointer(hart):
        at = ROOT + 8 * (VA >> 30 & 511)
        put_word(hart, at, get_word(hart, at) | 1 << bit)

    assert_fault(try_access(engine, "load", VA, Priv.S, pte, prepare=break_pointer), "load", VA)


@pytest.mark.parametrize("flag", [PTE_A, PTE_D, PTE_U])
def test_a_pointer_with_a_d_or_u_is_reserved(engine, flag):
    def break_pointer(hart):
        at = MIDDLE + 8 * (VA >> 21 & 511)
        put_word(hart, at, get_word(hart, at) | flag)

    hart = try_access(engine, "load", VA, Priv.S, entry(DATA, FULL), prepare=break_pointer)
    assert_fault(hart, "load", VA)


@pytest.mark.parametrize("flags", [PTE_G, 3 << 8])
def test_global_and_software_bits_change_nothing(engine, flags):
    hart = try_access(engine, "load", VA, Priv.S, entry(DATA, FULL | flags))
    assert_done(hart, "load", VA)


@pytest.mark.parametrize("flags", [0, PTE_A, PTE_D, USED])
@pytest.mark.parametrize("access", ACCESSES)
def test_accessed_and_dirty_are_set_by_the_access_that_needs_them(engine, access, flags):
    pte = entry(DATA, PTE_V | RWX | flags)
    hart = try_access(engine, access, VA, Priv.S, pte)
    assert_done(hart, access, VA)
    needed = USED if access == "store" else PTE_A
    assert get_word(hart, LEAVES + 8 * (VA >> 12 & 511)) == pte | needed


@pytest.mark.parametrize("access", ACCESSES)
def test_a_refused_access_sets_no_bits(engine, access):
    pte = entry(DATA, PTE_V | RWX | PTE_U)
    hart = try_access(engine, access, VA, Priv.S, pte)
    assert_fault(hart, access, VA)
    assert get_word(hart, LEAVES + 8 * (VA >> 12 & 511)) == pte


def test_a_first_store_after_a_load_sets_dirty(engine):
    hart = bench(Priv.M, LOAD, STORE, LOAD)
    at = map_page(hart, VA, entry(DATA, PTE_V | RWX))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    hart.x[11] = VA
    run(engine, hart)
    assert get_word(hart, at) & USED == PTE_A
    run(engine, hart)
    assert get_word(hart, at) & USED == USED


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("access", ACCESSES)
def test_superpages_take_the_rest_of_the_address_from_va(engine, access, level):
    va = VA & ~((1 << 12 + 9 * level) - 1) | DATA & ((1 << 12 + 9 * level) - 1)
    base = DATA & ~((1 << 12 + 9 * level) - 1)

    def map_it(hart):
        table = ROOT if level == 2 else MIDDLE
        put_word(hart, ROOT + 8 * (va >> 30 & 511), entry(MIDDLE, PTE_V))
        put_word(hart, table + 8 * (va >> 12 + 9 * level & 511), entry(base, FULL))

    assert_done(try_access(engine, access, va, Priv.S, prepare=map_it), access, va)


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("access", ACCESSES)
def test_a_misaligned_superpage_faults(engine, access, level):
    def map_it(hart):
        table = ROOT if level == 2 else MIDDLE
        put_word(hart, ROOT + 8 * (VA >> 30 & 511), entry(MIDDLE, PTE_V))
        put_word(hart, table + 8 * (VA >> 12 + 9 * level & 511), entry(RAM + 0x1000, FULL))

    assert_fault(try_access(engine, access, VA, Priv.S, prepare=map_it), access, VA)


@pytest.mark.parametrize("bit", [39, 40, 62, 63])
@pytest.mark.parametrize("access", ACCESSES)
def test_an_address_that_is_not_sign_extended_faults(engine, access, bit):
    pte = entry(DATA, FULL)
    for va in (VA & (1 << 38) - 1 | 1 << bit, (VA | -1 << 38) & (1 << 64) - 1 & ~(1 << bit)):
        assert_fault(try_access(engine, access, va, Priv.S, pte), access, va)


@pytest.mark.parametrize("access", ACCESSES)
def test_the_upper_half_is_translated_like_the_lower(engine, access):
    va = (VA | -1 << 38) & (1 << 64) - 1
    assert_done(try_access(engine, access, va, Priv.S, entry(DATA, FULL)), access, va)


@pytest.mark.parametrize("place", ["root", "middle", "leaves"])
@pytest.mark.parametrize("access", ACCESSES)
def test_a_table_outside_ram_is_an_access_fault(engine, access, place):
    def move_it(hart):
        if place == "root":
            hart.csr["satp"] = 8 << 60 | NOWHERE >> 12
        elif place == "middle":
            put_word(hart, ROOT + 8 * (VA >> 30 & 511), entry(NOWHERE, PTE_V))
        else:
            put_word(hart, MIDDLE + 8 * (VA >> 21 & 511), entry(RAM + SIZE, PTE_V))

    hart = try_access(engine, access, VA, Priv.S, entry(DATA, FULL), prepare=move_it)
    assert_fault(hart, access, VA, is_access_fault=True)


def test_a_walk_that_finds_pointers_only_faults(engine):
    hart = try_access(engine, "load", VA, Priv.S, entry(DATA, PTE_V))
    assert_fault(hart, "load", VA)


@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
def test_bare_mode_and_m_mode_do_not_translate(engine, priv):
    hart = bench(priv, LOAD)
    put_word(hart, DATA, 77)
    hart.x[11] = DATA
    if priv == Priv.M:
        turn_on_sv39(hart)
    run(engine, hart)
    assert_done(hart, "load", DATA)


def test_mprv_lends_mpp_to_data_and_not_to_fetches(engine):
    hart = try_access(engine, "load", VA, Priv.U, entry(DATA, FULL | PTE_U))
    assert_done(hart, "load", VA)
    hart = bench(Priv.M, LOAD)
    put_word(hart, DATA, 77)
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | ms.MPP  # lends M: no translation
    hart.x[11] = DATA
    run(engine, hart)
    assert_done(hart, "load", DATA)


# Across pages

OTHER = DATA + 0x2000  # not next to DATA


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("into", [1, 3, 7])
def test_an_access_over_a_pages_end_uses_both_translations(engine, size, into):
    if into >= size:
        into = size - 1
    names = {2: ("lhu", "sh"), 4: ("lwu", "sw"), 8: ("ld", "sd")}[size]
    words = [asm(names[1], rs1=11, rs2=12, imm=0), asm(names[0], rd=10, rs1=11, imm=0)]
    hart = bench(Priv.M, *words)
    map_page(hart, VA, entry(OTHER, FULL))
    map_page(hart, VA + 0x1000, entry(DATA, FULL))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    value = 0x8182_8384_8586_8788 & (1 << 8 * size) - 1
    hart.x[11], hart.x[12] = VA + 0x1000 - size + into, value
    run(engine, hart, 2)
    assert hart.x[10] == value
    raw = value.to_bytes(size, "little")
    assert hart.memory.read(OTHER + 0x1000 - size + into, size - into) == raw[: size - into]
    assert hart.memory.read(DATA, into) == raw[size - into :]
    assert hart.memory.read(OTHER + 0x1000, 8) == bytes(8)


@pytest.mark.parametrize("bad", ["first", "second", "both"])
@pytest.mark.parametrize("access", ["load", "store"])
def test_a_fault_over_a_pages_end_names_the_part_and_does_nothing(engine, access, bad):
    hart = bench(Priv.M, LOAD if access == "load" else STORE)
    map_page(hart, VA, 0 if bad in ("first", "both") else entry(OTHER, FULL))
    map_page(hart, VA + 0x1000, 0 if bad in ("second", "both") else entry(DATA, FULL))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    hart.x[11], hart.x[12] = VA + 0xFFC, (1 << 64) - 1
    run(engine, hart)
    assert hart.csr["mcause"] == ACCESSES[access][1]
    assert hart.csr["mtval"] == (VA + 0x1000 if bad == "second" else VA + 0xFFC)
    assert hart.memory.read(OTHER + 0xFF8, 8) == hart.memory.read(DATA, 8) == bytes(8)
    assert hart.x[10] == 0


@pytest.mark.parametrize("access", ["load", "store"])
def test_an_access_over_the_end_of_ram_is_an_access_fault(engine, access):
    hart = bench(Priv.M, LOAD if access == "load" else STORE)
    hart.x[11], hart.x[12] = RAM + SIZE - 4, (1 << 64) - 1
    run(engine, hart)
    assert hart.csr["mcause"] == ACCESSES[access][2]
    assert hart.csr["mtval"] == RAM + SIZE
    assert hart.memory.read(RAM + SIZE - 8, 8) == bytes(8)


def test_an_access_around_the_end_of_the_address_space_is_an_access_fault(engine):
    hart = bench(Priv.M, LOAD)
    hart.x[11] = (1 << 64) - 4
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.LOAD_ACCESS


# Devices


@pytest.mark.parametrize(("name", "size"), [("sb", 1), ("sh", 2), ("sw", 4), ("sd", 8)])
def test_a_store_outside_ram_exits_with_all_that_a_device_needs(engine, name, size):
    hart = bench(Priv.M, asm(name, rs1=11, rs2=12, imm=8))
    hart.x[11], hart.x[12] = NOWHERE, 0x1122_3344_5566_7788
    found = run(engine, hart)
    assert (found.reason, found.pc, found.pa) == (ExitReason.MMIO, CODE, NOWHERE + 8)
    assert (found.size, found.is_write) == (size, True)
    assert found.value & (1 << 8 * size) - 1 == hart.x[12] & (1 << 8 * size) - 1
    assert hart.pc == CODE


@pytest.mark.parametrize(("name", "size"), [("lb", 1), ("lhu", 2), ("lw", 4), ("ld", 8)])
def test_a_load_outside_ram_is_finished_by_the_environment(engine, name, size):
    from isa.engine.contract import complete_access

    hart = bench(Priv.M, asm(name, rd=10, rs1=11, imm=0))
    hart.x[11] = NOWHERE
    found = run(engine, hart)
    assert (found.reason, found.pa, found.size) == (ExitReason.MMIO, NOWHERE, size)
    assert not found.is_write
    complete_access(hart, 0x8182_8384_8586_8788)
    expected = {"lb": -0x78, "lhu": 0x8788, "lw": -0x7A79_7878, "ld": 0x8182_8384_8586_8788}
    assert hart.x[10] == expected[name] & (1 << 64) - 1
    assert (hart.pc, hart.csr["minstret"]) == (CODE + 4, 1)


def test_a_refused_device_access_is_an_access_fault(engine):
    from isa.engine.contract import refuse_access

    hart = bench(Priv.M, STORE)
    hart.x[11] = NOWHERE
    run(engine, hart)
    refuse_access(hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.STORE_ACCESS, NOWHERE)
    assert (hart.csr["mepc"], hart.pc, hart.csr["minstret"]) == (CODE, M_VECTOR, 0)


def test_a_translated_device_access_exits_with_its_physical_address(engine):
    hart = bench(Priv.M, STORE)
    map_page(hart, VA, entry(NOWHERE, FULL))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    hart.x[11] = VA + 8
    found = run(engine, hart)
    assert (found.pa, found.tval) == (NOWHERE + 8, VA + 8)


def test_a_fetch_from_a_device_is_an_access_fault(engine):
    hart = bench(Priv.M)
    hart.pc = NOWHERE
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.FETCH_ACCESS, NOWHERE)


def test_execution_runs_off_the_end_of_ram_into_an_access_fault(engine):
    hart = bench(Priv.M)
    put_word(hart, RAM + SIZE - 8, 0x13 << 32 | 0x13)
    hart.pc = RAM + SIZE - 8
    run(engine, hart, 3)
    assert hart.csr["mcause"] == Cause.FETCH_ACCESS
    assert hart.csr["mepc"] == hart.csr["mtval"] == RAM + SIZE


def test_code_goes_on_in_the_next_virtual_page_wherever_that_is(engine):
    hart = bench(Priv.S)
    add = asm("addi", rd=10, rs1=10, imm=1)
    put_word(hart, OTHER + 0xFFC, add, 4)
    put_word(hart, DATA, add, 4)
    map_page(hart, VA, entry(OTHER, FULL))
    map_page(hart, VA + 0x1000, entry(DATA, FULL))
    turn_on_sv39(hart)
    hart.pc = VA + 0xFFC
    run(engine, hart, 2)
    assert (hart.pc, hart.x[10]) == (VA + 0x1004, 2)
    assert hart.slots[Slot.TRAPS] == 0
