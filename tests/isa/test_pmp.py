"""Physical memory protection: matching, rights, locks, and what an access over an edge does.

Expected values are read from the tables of the privileged manual (Smepmp's truth table among them).
"""

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.pmp import ALL_ADDRESSES, MML, MMWP, RLB, find_entry, page_rights
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa.bench import (
    CODE,
    DATA,
    LEAVES,
    MIDDLE,
    ROOT,
    asm,
    bench,
    entry,
    get_word,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

R, W, X, LOCK = 1, 2, 4, 0x80
TOR, NA4, NAPOT = 8, 16, 24
PMPCFG0, PMPADDR0, MSECCFG = 0x3A0, 0x3B0, 0x747
LOAD = asm("ld", rd=10, rs1=11, imm=0)
STORE = asm("sd", rs1=11, rs2=12, imm=0)
ACCESSES = {
    "load": (LOAD, R, Cause.LOAD_ACCESS),
    "store": (STORE, W, Cause.STORE_ACCESS),
    "fetch": (0, X, Cause.FETCH_ACCESS),
}
OTHERS = (ALL_ADDRESSES, R | W | X | NAPOT)


def napot(at, size):
    """Give the pmpaddr of an aligned range of `size` bytes, 8 or more."""
    return at >> 2 | (size >> 3) - 1


def program(hart, *entries):
    """Set PMP entries from 0 on, each (pmpaddr, pmpcfg); the others are off."""
    for number in (0, 8):
        part = entries[number : number + 8]
        for i, (address, _) in enumerate(part):
            hart[Slot.PMPADDR0 + number + i] = address
        configs = sum(config << 8 * i for i, (_, config) in enumerate(part))
        hart[Slot.PMPCFG0 + number // 8] = configs
    hart[Slot.INLINE_STALE] = 1


def access_data(engine, access, priv, *entries, security=0, at=DATA):
    """Access `at` as `priv` under PMP entries; gives the hart after it."""
    word = ACCESSES[access][0]
    is_fetch = access == "fetch"
    hart = bench(priv if is_fetch else Priv.M, word or asm("ecall"))
    hart.memory.write(DATA, (0x13).to_bytes(4, "little") * 4)
    hart.csr["mstatus"] = 0 if is_fetch else ms.MPRV | priv << ms.MPP_SHIFT
    program(hart, *entries)
    hart[Slot.MSECCFG] = security
    hart.x[11], hart.x[12] = at, (1 << 64) - 1
    if is_fetch:
        hart.pc = at
    run(engine, hart)
    return hart


def was_refused(hart, access, at=DATA):
    """Say whether the access trapped, as it then must; and that it did all or nothing."""
    if hart[Slot.TRAPS] == 0:
        return False
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (ACCESSES[access][2], at)
    assert hart.x[10] == 0
    assert get_word(hart, DATA) == 0x13_0000_0013
    return True


def code_entry(*rights):
    """Give an entry that lets M-mode fetch its code, whatever the others say."""
    return (napot(CODE, 0x1000), NAPOT | (rights[0] if rights else LOCK | R | X))


@pytest.mark.parametrize("lock", [0, LOCK])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("access", ACCESSES)
def test_rights_bind_s_and_u_and_locked_ones_bind_m_too(engine, access, priv, lock):
    for rights in (0, R, R | W, X, R | X, R | W | X):
        hart = access_data(engine, access, priv, (napot(DATA, 64), NAPOT | rights | lock), OTHERS)
        is_bound = priv < Priv.M or bool(lock)
        may = not is_bound or bool(rights & ACCESSES[access][1])
        assert was_refused(hart, access) != may


@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("access", ACCESSES)
def test_without_a_matching_entry_only_m_may(engine, access, priv):
    hart = access_data(engine, access, priv, (napot(DATA + 64, 64), NAPOT | 7))
    assert was_refused(hart, access) == (priv < Priv.M)


@pytest.mark.parametrize("access", ["load", "store"])
def test_the_lowest_matching_entry_decides(engine, access):
    yes, no = (napot(DATA, 64), NAPOT | R | W), (napot(DATA, 128), NAPOT)
    assert not was_refused(access_data(engine, access, Priv.S, yes, no), access)
    assert was_refused(access_data(engine, access, Priv.S, no, yes), access)


# pmpaddr and pmpcfg of two entries, first address and length of what the second matches
RANGES = [
    ((0, 0), (DATA >> 2, NA4), DATA, 4),
    ((0, 0), (napot(DATA, 8), NAPOT), DATA, 8),
    ((0, 0), (napot(DATA, 4096), NAPOT), DATA, 4096),
    ((0, 0), (ALL_ADDRESSES, NAPOT), 0, 1 << 57),
    ((0, 0), (ALL_ADDRESSES >> 1, NAPOT), 0, 1 << 56),
    ((DATA >> 2, 0), (DATA + 12 >> 2, TOR), DATA, 12),
    ((DATA + 8 >> 2, 0), (DATA >> 2, TOR), 0, 0),
    ((DATA >> 2, 0), (DATA >> 2, TOR), 0, 0),
    ((0, 0), (DATA >> 2, TOR), 0, DATA),
]


@pytest.mark.parametrize(("first", "second", "start", "length"), RANGES)
def test_what_an_entry_matches(first, second, start, length):
    hart = bench(Priv.M)
    program(hart, first, second)

    def found(at, size=1):
        return int(find_entry(hart, hart[Slot.X0] + at, size))

    if length:
        assert found(start) == found(start + length - 1) == 1
        assert found(start + length) == 16
        assert found(start + length - 1, 2) == 1 + 32
        assert start == 0 or (found(start - 1), found(start - 1, 2)) == (16, 1 + 32)
    else:
        assert found(DATA) == found(DATA + 4) == found(DATA - 1) == 16


def test_the_first_entry_of_a_range_begins_at_zero():
    hart = bench(Priv.M)
    program(hart, (DATA >> 2, TOR | R))
    assert find_entry(hart, hart[Slot.X0], 1) == 0
    assert find_entry(hart, hart[Slot.X0] + DATA, 1) == 16


@pytest.mark.parametrize("access", ["load", "store"])
def test_an_aligned_access_over_an_edge_fails_whatever_the_rights(engine, access):
    edge = (DATA + 4 >> 2, NA4 | R | W)
    hart = access_data(engine, access, Priv.S, edge, OTHERS)
    assert was_refused(hart, access)
    hart = access_data(engine, access, Priv.M, edge, OTHERS)
    assert was_refused(hart, access)  # M-mode too: partial matches fail before rights count


@pytest.mark.parametrize("access", ["load", "store"])
def test_a_misaligned_access_inside_a_page_is_one_access(engine, access):
    at = DATA + 2
    edge = ((DATA + 8 >> 2, TOR | R | W), OTHERS)
    assert was_refused(access_data(engine, access, Priv.S, *edge, at=at), access, at)
    inside = ((DATA + 12 >> 2, TOR | R | W), OTHERS)
    assert not was_refused(access_data(engine, access, Priv.S, *inside, at=at), access, at)


def test_a_fetch_over_an_edge_reports_the_second_half(engine):
    at = DATA + 2
    hart = bench(Priv.S, isa=(1 << 64) - 1)
    hart.memory.write(at, (0x13).to_bytes(4, "little"))
    program(hart, (DATA + 4 >> 2, TOR | X))
    hart.pc = at
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"], hart.csr["mepc"]) == (1, DATA + 4, at)


def test_instructions_of_a_page_with_an_edge_are_checked_each(engine):
    nop = asm("addi", rd=0, rs1=0, imm=0)
    hart = bench(Priv.S, nop, nop, nop, nop)
    program(hart, (CODE + 8 >> 2, TOR | X))
    run(engine, hart, 3)
    assert (hart.csr["mcause"], hart.csr["mepc"]) == (Cause.FETCH_ACCESS, CODE + 8)
    assert hart.csr["minstret"] == 2


def test_data_of_a_page_with_an_edge_is_checked_each_time(engine):
    words = [asm("lb", rd=10, rs1=11, imm=imm) for imm in (0, 63, 64)]
    hart = bench(Priv.S, *words)
    program(hart, (napot(DATA, 64), NAPOT | R), (napot(CODE, 4096), NAPOT | X))
    hart.x[11] = DATA
    run(engine, hart, 3)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.LOAD_ACCESS, DATA + 64)
    assert hart.csr["minstret"] == 2


def test_a_write_of_pmp_is_seen_by_the_next_access(engine):
    words = [LOAD, asm("csrrw", rd=0, csr=PMPCFG0, rs1=13), LOAD]
    hart = bench(Priv.M, *words)
    hart.csr["mstatus"] = ms.MPRV | Priv.U << ms.MPP_SHIFT
    put_word(hart, DATA, 77)
    hart.x[11], hart.x[13] = DATA, NAPOT | W | X
    run(engine, hart, 1)
    assert hart.x[10] == 77
    run(engine, hart, 2)
    assert hart.csr["mcause"] == Cause.LOAD_ACCESS


@pytest.mark.parametrize("table", [ROOT, MIDDLE, LEAVES])
@pytest.mark.parametrize("access", ["load", "store"])
def test_a_walk_needs_the_right_to_read_each_table(engine, access, table):
    va = 0x12_3456_7000
    hart = bench(Priv.M, ACCESSES[access][0])
    map_page(hart, va, entry(DATA, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    program(hart, (napot(table, 4096), NAPOT | W | X), OTHERS)
    hart.x[11] = va
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (ACCESSES[access][2], va)


def test_a_walk_needs_the_right_to_write_to_set_accessed(engine):
    va = 0x12_3456_7000
    for flags, may in ((0, False), (PTE_A, True)):
        hart = bench(Priv.M, LOAD)
        map_page(hart, va, entry(DATA, PTE_V | PTE_R | flags))
        turn_on_sv39(hart)
        hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
        program(hart, (napot(LEAVES, 4096), NAPOT | R), OTHERS)
        hart.x[11] = va
        run(engine, hart)
        assert (hart[Slot.TRAPS] == 0) == may


# Smepmp: what M-mode and what S and U may, by L and RWX with mseccfg.MML set
TRUTH = {
    (0, 0): ("", ""), (0, X): ("", "x"), (0, W): ("rw", "r"), (0, W | X): ("rw", "rw"),
    (0, R): ("", "r"), (0, R | X): ("", "rx"), (0, R | W): ("", "rw"), (0, 7): ("", "rwx"),
    (1, 0): ("", ""), (1, X): ("x", ""), (1, W): ("x", "x"), (1, W | X): ("rx", "x"),
    (1, R): ("r", ""), (1, R | X): ("rx", ""), (1, R | W): ("rw", ""), (1, 7): ("r", "r"),
}  # fmt: skip


@pytest.mark.parametrize("priv", [Priv.S, Priv.M])
@pytest.mark.parametrize(("locked", "rights"), TRUTH)
def test_machine_mode_lockdown_follows_the_truth_table(locked, rights, priv):
    hart = bench(Priv.M)
    program(hart, (napot(DATA, 4096), NAPOT | rights | LOCK * locked))
    hart[Slot.MSECCFG] = MML
    text = TRUTH[locked, rights][0 if priv == Priv.M else 1]
    expected = sum({"r": R, "w": W, "x": X}[letter] for letter in text)
    assert page_rights(hart, hart[Slot.X0] + DATA, priv) == expected


@pytest.mark.parametrize("access", ACCESSES)
def test_lockdown_and_whitelist_bind_m_where_nothing_matches(engine, access):
    far = (napot(DATA + 0x1000, 64), NAPOT)
    code = (napot(CODE, 4096), NAPOT | LOCK | X)
    for security, may in ((MML, access != "fetch"), (MMWP, False), (MML | MMWP, False)):
        hart = access_data(engine, access, Priv.M, far, code, security=security)
        assert was_refused(hart, access) != may


# Writing the CSRs


def written(engine, hart, number, value):
    """Write a CSR by an instruction and give what it holds then."""
    hart.memory.write(CODE, asm("csrrw", rd=0, csr=number, rs1=11).to_bytes(4, "little"))
    hart.memory.write(CODE + 4, asm("csrrs", rd=10, csr=number, rs1=0).to_bytes(4, "little"))
    hart.pc = CODE
    hart.x[11] = value
    run(engine, hart, 2)
    return hart.x[10]


def test_write_without_read_is_reserved_and_loses_write(engine):
    hart = bench(Priv.M)
    assert written(engine, hart, PMPCFG0, 0x7A1F_0E06_0402_0F1F) == 0x181F_0C04_0400_0F1F


def test_a_locked_entry_keeps_everything_and_the_base_of_a_locked_range(engine):
    hart = bench(Priv.M)
    program(hart, (1, 0), (2, TOR | LOCK | 7), (3, R), (4, NAPOT | LOCK | 7))
    old = hart.csr["pmpcfg0"]
    assert written(engine, hart, PMPCFG0, 0) == old & ~0xFF_0000
    for number, kept in ((0, 1), (1, 2), (3, 4)):
        assert written(engine, hart, PMPADDR0 + number, 99) == kept
    assert written(engine, hart, PMPADDR0 + 2, 99) == 99


def test_rule_locking_bypass_opens_locks_until_it_is_cleared(engine):
    hart = bench(Priv.M)
    program(hart, OTHERS)
    assert written(engine, hart, MSECCFG, RLB) == RLB
    assert written(engine, hart, PMPCFG0, 0x9F9F) == 0x9F9F
    assert written(engine, hart, PMPADDR0 + 1, 8) == 8
    assert written(engine, hart, PMPCFG0, 0x9F1F) == 0x9F1F
    assert written(engine, hart, MSECCFG, 0) == 0
    assert written(engine, hart, MSECCFG, RLB) == 0  # an entry is locked
    assert written(engine, hart, PMPADDR0 + 1, 9) == 8


def test_lockdown_and_whitelist_stay_once_set(engine):
    hart = bench(Priv.M)
    program(hart, (napot(CODE, 4096), NAPOT | LOCK | X), OTHERS)
    assert written(engine, hart, MSECCFG, MML | MMWP) == MML | MMWP
    assert written(engine, hart, MSECCFG, 0) == MML | MMWP


@pytest.mark.parametrize("rights", range(8))
def test_lockdown_refuses_new_code_for_m_mode_unless_bypassed(engine, rights):
    for bypass in (0, RLB):
        hart = bench(Priv.M)
        program(hart, (napot(CODE, 4096), NAPOT | LOCK | X))
        hart[Slot.MSECCFG] = MML | bypass
        old = hart.csr["pmpcfg0"]
        asked = old | (LOCK | NAPOT | rights) << 8
        is_code = rights in (X, R | X, W, W | X)
        kept = old if is_code and not bypass else asked
        assert written(engine, hart, PMPCFG0, asked) == kept


def test_out_of_reset_memory_is_open_and_the_rest_reads_zero():
    hart = bench(Priv.M)
    assert (hart.csr["pmpcfg0"], hart.csr["pmpaddr0"]) == (0x1F, ALL_ADDRESSES)
    assert {hart.csr[name] for name in ("pmpcfg2", "pmpaddr1", "pmpaddr63", "mseccfg")} == {0}
