"""Sv48 and Sv57, who sets accessed and dirty bits, pieces of 64 KiB, memory types, event counters.

What Sv39 shares with them is in `test_mmu.py`.
"""

import pytest

from isa import mstatus as ms
from isa.causes import INTERRUPT, Cause, Priv
from isa.isa_string import parse_isa
from isa.pte import PTE_A, PTE_D, PTE_N, PTE_PPN_SHIFT, PTE_R, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa import bench as benches
from tests.isa.bench import (
    BASE_ISA,
    CODE,
    DATA,
    LEAVES,
    M_VECTOR,
    MIDDLE,
    RAM,
    ROOT,
    WHOLE_ISA,
    asm,
    entry,
    get_word,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

USED = PTE_A | PTE_D
FULL = PTE_V | PTE_R | PTE_W | PTE_X | USED
LOAD, STORE = asm("ld", rd=10, rs1=11, imm=0), asm("sd", rs1=11, rs2=12, imm=0)
UPPER, UPPERMOST = RAM + 0xC000, RAM + 0xD000
PBMT, NC = 3 << 61, 1 << 61


def bench(*code, isa=WHOLE_ISA):
    """Give a hart in M-mode that accesses data as S-mode does."""
    hart = benches.bench(Priv.M, *code, isa=parse_isa(isa))
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    put_word(hart, DATA, 77)
    return hart


@pytest.mark.parametrize(("mode", "bits"), [(8, 39), (9, 48), (10, 57)])
@pytest.mark.parametrize("is_high", [False, True])
def test_each_mode_has_its_levels_and_its_addresses(engine, mode, bits, is_high):
    low = 0x12_3456_7000
    va = low | (-1 << bits - 1 & (1 << 64) - 1 if is_high else 0)
    hart = bench(LOAD)
    map_page(hart, va, entry(DATA, FULL))
    put_word(hart, UPPER + 8 * (va >> 39 & 511), entry(ROOT, PTE_V))
    put_word(hart, UPPERMOST + 8 * (va >> 48 & 511), entry(UPPER, PTE_V))
    root = {8: ROOT, 9: UPPER, 10: UPPERMOST}[mode]
    hart.csr["satp"] = mode << 60 | root >> 12
    hart.x[11] = va
    run(engine, hart)
    assert (hart.x[10], hart[Slot.WALK_REFS]) == (77, mode - 5)
    hart.pc, hart.x[11] = CODE, va ^ 1 << bits
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.LOAD_PAGE, va ^ 1 << bits)


@pytest.mark.parametrize("level", [3, 4])
def test_leaves_of_the_upper_levels_cover_what_is_below(engine, level):
    hart = bench(LOAD)
    hart.csr["satp"] = 10 << 60 | UPPERMOST >> 12
    at = UPPERMOST if level == 4 else UPPER
    put_word(hart, UPPERMOST, entry(UPPER, PTE_V))
    put_word(hart, at, FULL)  # from physical address 0 on
    hart.x[11] = DATA
    run(engine, hart)
    assert hart.x[10] == 77
    put_word(hart, at, entry(1 << 12 + 9 * (level - 1), FULL))  # not aligned to its size
    hart.fence()
    hart.pc = CODE
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.LOAD_PAGE


# ISA, menvcfg.ADUE (None: as out of reset), whether the hart sets the bits itself
UPDATES = [
    ("", None, True), ("_svade", None, False), ("_svadu", None, True), ("_svadu", 0, False),
    ("_svade_svadu", None, False), ("_svade_svadu", 1, True),
]  # fmt: skip


@pytest.mark.parametrize("flags", [0, PTE_A])
@pytest.mark.parametrize("word", [LOAD, STORE])
@pytest.mark.parametrize(("extensions", "adue", "sets"), UPDATES)
def test_who_sets_accessed_and_dirty(engine, extensions, adue, sets, word, flags):
    hart = bench(word, isa=BASE_ISA + extensions)
    if adue is not None:
        hart.csr["menvcfg"] = adue << 61
    at = map_page(hart, 0x5000, entry(DATA, FULL & ~USED | flags))
    turn_on_sv39(hart)
    hart.x[11] = 0x5000
    run(engine, hart)
    needed = USED if word == STORE else PTE_A
    if sets or flags & needed == needed:
        assert hart.pc == CODE + 4
        assert get_word(hart, at) & USED == flags | needed
    else:
        assert hart.csr["mcause"] == (Cause.STORE_PAGE if word == STORE else Cause.LOAD_PAGE)
        assert get_word(hart, at) & USED == flags


def test_a_piece_of_64_kib_takes_four_more_bits_from_the_address(engine):
    hart = bench(LOAD)
    va = 0x4_0000
    for i in range(16):
        map_page(hart, va + i * 0x1000, (RAM >> 12 | 8) << PTE_PPN_SHIFT | FULL | PTE_N)
    turn_on_sv39(hart)
    hart.x[11] = va + (DATA - RAM)
    run(engine, hart)
    assert hart.x[10] == 77


@pytest.mark.parametrize("low", [0, 1, 2, 4, 9, 12])
def test_other_sizes_of_pieces_are_reserved(engine, low):
    hart = bench(LOAD)
    map_page(hart, 0x4000, (RAM >> 12 | low) << PTE_PPN_SHIFT | FULL | PTE_N)
    turn_on_sv39(hart)
    hart.x[11] = 0x4000
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.LOAD_PAGE


@pytest.mark.parametrize("table", [ROOT, MIDDLE])
@pytest.mark.parametrize("bits", [PTE_N, NC])
def test_pointers_have_neither_n_nor_a_memory_type(engine, table, bits):
    hart = bench(LOAD)
    hart.csr["menvcfg"] = 3 << 61
    map_page(hart, 0x4000, entry(DATA, FULL))
    put_word(hart, table, get_word(hart, table) | bits)
    turn_on_sv39(hart)
    hart.x[11] = 0x4000
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.LOAD_PAGE


@pytest.mark.parametrize("kind", [0, NC, 2 << 61, PBMT])
@pytest.mark.parametrize("pbmte", [0, 1 << 62])
def test_memory_types_need_pbmte_and_the_last_is_reserved(engine, kind, pbmte):
    hart = bench(LOAD)
    hart.csr["menvcfg"] = 1 << 61 | pbmte
    map_page(hart, 0x4000, entry(DATA, FULL) | kind)
    turn_on_sv39(hart)
    hart.x[11] = 0x4000
    run(engine, hart)
    may = kind == 0 or (pbmte and kind != PBMT)
    assert (hart.pc == CODE + 4) == bool(may)


@pytest.mark.parametrize("extension", ["svnapot", "svpbmt"])
def test_without_the_extension_its_bits_are_reserved(engine, extension):
    hart = bench(LOAD, isa=BASE_ISA)
    bits = PTE_N if extension == "svnapot" else NC
    map_page(hart, 0x4000, (RAM >> 12 | 8) << PTE_PPN_SHIFT | FULL | bits)
    turn_on_sv39(hart)
    hart.x[11] = 0x4000
    run(engine, hart)
    assert (hart.csr["mcause"], hart.pc) == (Cause.LOAD_PAGE, M_VECTOR)
    assert LEAVES  # the walk got there: see `map_page`


# Smstateen


@pytest.mark.parametrize("number", [0x10A, 0x60A, 0x10C, 0x60D])
def test_state_enables_take_registers_from_s_mode(engine, number):
    bit, which = (62, 0) if number & 0xF == 0xA else (63, number & 3)
    for enables, cause in ((0, Cause.ILLEGAL), (1 << bit, 0)):
        hart = benches.bench(
            Priv.S, asm("csrrs", rd=1, csr=number, rs1=0), isa=parse_isa(WHOLE_ISA)
        )
        hart.csr[f"mstateen{which}"] = enables
        run(engine, hart)
        assert hart.csr["mcause"] == cause


# Event counters

NOP = asm("addi", rd=0, rs1=0, imm=0)


@pytest.mark.parametrize("event", [1, 2])
def test_an_event_counter_counts_in_the_modes_that_are_chosen(engine, event):
    for bits, counted in ((0, True), (1 << 62, False), (1 << 61, True)):
        hart = benches.bench(Priv.M, *[NOP] * 5, isa=parse_isa(WHOLE_ISA))
        hart.csr["mhpmevent7"] = event | bits
        before = hart.csr["mhpmcounter7"]
        run(engine, hart, 5)
        assert hart.csr["mhpmcounter7"] - before == 5 * counted


def test_an_overflow_interrupts_at_its_instruction_and_is_told_once(engine):
    hart = benches.bench(Priv.M, *[NOP] * 9, isa=parse_isa(WHOLE_ISA))
    hart.csr["mhpmevent3"] = 2
    hart.csr["mhpmcounter3"] = (1 << 64) - 4
    start = hart.csr["mhpmcounter3"]
    hart.csr["mie"], hart.csr["mstatus"] = 1 << 13, ms.MIE
    left = (1 << 64) - start
    run(engine, hart, left + 1)
    assert hart.csr["mcause"] == INTERRUPT | 13
    assert hart.csr["mepc"] == CODE + 4 * left
    assert hart.csr["mhpmevent3"] >> 63 == 1
    assert hart.csr["scountovf"] == 1 << 3
