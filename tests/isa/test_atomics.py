"""Atomics: every operation at both sizes, reservations, and what may not be atomic."""

import pytest

from difftest.program import ISA
from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.isa_string import parse_isa
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_V
from isa.spec import TABLE
from tests.isa.bench import (
    CODE,
    DATA,
    NOWHERE,
    asm,
    bench,
    entry,
    get_word,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

ONES = (1 << 64) - 1
MIN, MAX = 1 << 63, (1 << 63) - 1
AROUND = 0xA5A5_A5A5_A5A5_A5A5  # what stands next to the word that is changed

# In memory, rs2, in memory afterwards; rd takes the old value, sign-extended
DOUBLE = {
    "amoswap": [(1, 2, 2), (MIN, ONES, ONES)],
    "amoadd": [(MAX, 1, MIN), (ONES, 1, 0), (1 << 32, 1 << 33, 3 << 32)],
    "amoxor": [(ONES, MIN, MAX), (5, 5, 0)],
    "amoand": [(ONES, MIN, MIN), (12, 10, 8)],
    "amoor": [(MAX, MIN, ONES), (12, 10, 14)],
    "amomin": [(MIN, 0, MIN), (0, ONES, ONES), (MAX, MIN, MIN), (7, 7, 7)],
    "amomax": [(MIN, 0, 0), (0, ONES, 0), (MAX, MIN, MAX), (7, 7, 7)],
    "amominu": [(MIN, 0, 0), (0, ONES, 0), (MAX, MIN, MAX), (7, 7, 7)],
    "amomaxu": [(MIN, 0, MIN), (0, ONES, ONES), (MAX, MIN, MIN), (7, 7, 7)],
}
LOW = 1 << 31
SINGLE = {
    "amoswap": [(1, 2, 2), (LOW, ONES, 0xFFFF_FFFF), (1, 1 << 32 | 9, 9)],
    "amoadd": [(LOW - 1, 1, LOW), (0xFFFF_FFFF, 1, 0), (1, 1 << 32 | 1, 2)],
    "amoxor": [(0xFFFF_FFFF, LOW, LOW - 1), (5, 1 << 40 | 5, 0)],
    "amoand": [(0xFFFF_FFFF, LOW, LOW), (12, 10, 8)],
    "amoor": [(LOW - 1, LOW, 0xFFFF_FFFF), (12, 10, 14)],
    "amomin": [(LOW, 0, LOW), (0, ONES, 0xFFFF_FFFF), (5, LOW, LOW), (5, 1 << 32, 0)],
    "amomax": [(LOW, 0, 0), (0, ONES, 0), (5, LOW, 5), (5, 1 << 32 | 6, 6)],
    "amominu": [(LOW, 0, 0), (0, ONES, 0), (5, LOW, 5), (5, 1 << 32 | 4, 4)],
    "amomaxu": [(LOW, 0, LOW), (0, ONES, 0xFFFF_FFFF), (5, LOW, LOW), (5, 1 << 32 | 4, 5)],
}
HALF = {
    "amoswap": [(1, 2, 2), (0x8000, ONES, 0xFFFF)],
    "amoadd": [(0x7FFF, 1, 0x8000), (0xFFFF, 1, 0), (1, 0x1_0001, 2)],
    "amoxor": [(0xFFFF, 0x8000, 0x7FFF), (5, 1 << 40 | 5, 0)],
    "amoand": [(0xFFFF, 0x8000, 0x8000), (12, 10, 8)],
    "amoor": [(0x7FFF, 0x8000, 0xFFFF), (12, 10, 14)],
    "amomin": [(0x8000, 0, 0x8000), (0, ONES, 0xFFFF), (5, 0x8000, 0x8000), (5, 0x1_0000, 0)],
    "amomax": [(0x8000, 0, 0), (0, ONES, 0), (5, 0x8000, 5), (5, 0x1_0006, 6)],
    "amominu": [(0x8000, 0, 0), (0, ONES, 0), (5, 0x8000, 5), (5, 0x1_0004, 4)],
    "amomaxu": [(0x8000, 0, 0x8000), (0, ONES, 0xFFFF), (5, 0x8000, 0x8000), (5, 0x1_0004, 5)],
}
BYTE = {
    "amoswap": [(1, 2, 2), (0x80, ONES, 0xFF), (1, 0x109, 9)],
    "amoadd": [(0x7F, 1, 0x80), (0xFF, 1, 0), (1, 0x101, 2)],
    "amoxor": [(0xFF, 0x80, 0x7F), (5, 1 << 40 | 5, 0)],
    "amoand": [(0xFF, 0x80, 0x80), (12, 10, 8)],
    "amoor": [(0x7F, 0x80, 0xFF), (12, 10, 14)],
    "amomin": [(0x80, 0, 0x80), (0, ONES, 0xFF), (5, 0x80, 0x80), (5, 0x100, 0)],
    "amomax": [(0x80, 0, 0), (0, ONES, 0), (5, 0x80, 5), (5, 0x106, 6)],
    "amominu": [(0x80, 0, 0), (0, ONES, 0), (5, 0x80, 5), (5, 0x104, 4)],
    "amomaxu": [(0x80, 0, 0x80), (0, ONES, 0xFF), (5, 0x80, 0x80), (5, 0x104, 5)],
}
CASES = [(f"{name}.d", *row) for name, rows in DOUBLE.items() for row in rows]
CASES += [(f"{name}.w", *row) for name, rows in SINGLE.items() for row in rows]
CASES += [(f"{name}.h", *row) for name, rows in HALF.items() for row in rows]
CASES += [(f"{name}.b", *row) for name, rows in BYTE.items() for row in rows]
# In memory, rd, rs2, in memory afterwards; rd takes the old value, sign-extended
SWAPS = {
    "amocas.b": [(5, 0xF05, 7, 7), (0x80, ONES ^ 0x7F, 0x1FF, 0xFF), (5, 6, 7, 5)],
    "amocas.h": [(5, 0xF0005, 7, 7), (0x8000, 0x8000, ONES, 0xFFFF), (0x105, 5, 7, 0x105)],
    "amocas.w": [(5, 1 << 32 | 5, 7, 7), (LOW, LOW, ONES, 0xFFFF_FFFF), (LOW | 5, 5, 7, LOW | 5)],
    "amocas.d": [(MIN, MIN, ONES, ONES), (1 << 32 | 5, 5, 7, 1 << 32 | 5), (0, 0, 9, 9)],
}
RESERVING = {"lr.w", "lr.d", "sc.w", "sc.d"}
ATOMICS = [insn for insn in TABLE if "aqrl" in insn.pattern.operands]
WHOLE = parse_isa(ISA)


def atomic(name: str, **values: int) -> int:
    """Encode an atomic; without ordering unless told."""
    return asm(name, **({"aqrl": 0} | values))


def test_every_atomic_has_a_case():
    assert {insn.name for insn in ATOMICS} == {
        *(case[0] for case in CASES), *SWAPS, *RESERVING, "amocas.q",
    }  # fmt: skip


@pytest.mark.parametrize("aqrl", range(4))
@pytest.mark.parametrize(("name", "old", "rs2", "new"), CASES)
def test_an_operation_changes_its_bytes_and_gives_the_old_value(engine, name, old, rs2, new, aqrl):
    size = TABLE.by_name[name].size
    hart = bench(Priv.M, atomic(name, rd=10, rs1=11, rs2=12, aqrl=aqrl), isa=WHOLE)
    put_word(hart, DATA, AROUND)
    put_word(hart, DATA + 8, AROUND)
    put_word(hart, DATA + 8 - size, old, size)
    hart.x[11], hart.x[12] = DATA + 8 - size, rs2
    run(engine, hart)
    sign = old >> 8 * size - 1 & 1
    assert hart.x[10] == (old - (sign << 8 * size)) & ONES
    assert get_word(hart, DATA + 8 - size, size) == new
    assert get_word(hart, DATA + 8) == AROUND
    assert size == 8 or get_word(hart, DATA, 4) == AROUND & 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("name", "old", "expected", "rs2", "new"),
    [(name, *row) for name, rows in SWAPS.items() for row in rows],
)
def test_a_swap_takes_place_when_memory_holds_what_was_expected(
    engine, name, old, expected, rs2, new
):
    size = TABLE.by_name[name].size
    hart = bench(Priv.M, atomic(name, rd=10, rs1=11, rs2=12), isa=WHOLE)
    put_word(hart, DATA, AROUND)
    put_word(hart, DATA + 8, AROUND)
    put_word(hart, DATA + 8 - size, old, size)
    hart.x[10], hart.x[11], hart.x[12] = expected, DATA + 8 - size, rs2
    run(engine, hart)
    sign = old >> 8 * size - 1 & 1
    assert hart.x[10] == (old - (sign << 8 * size)) & ONES
    assert get_word(hart, DATA + 8 - size, size) == new
    assert get_word(hart, DATA + 8) == AROUND


@pytest.mark.parametrize("apart", [(0, 0), (1, 0), (0, 1 << 63)])
def test_a_swap_of_two_registers_compares_both(engine, apart):
    hart = bench(Priv.M, atomic("amocas.q", rd=10, rs1=14, rs2=12), isa=WHOLE)
    put_word(hart, DATA, 0x1111)
    put_word(hart, DATA + 8, MIN | 0x2222)
    hart.x[10], hart.x[11] = 0x1111 ^ apart[0], (MIN | 0x2222) ^ apart[1]
    hart.x[12], hart.x[13], hart.x[14] = 0x3333, 0x4444, DATA
    run(engine, hart)
    assert (hart.x[10], hart.x[11]) == (0x1111, MIN | 0x2222)
    stored = (get_word(hart, DATA), get_word(hart, DATA + 8))
    assert stored == ((0x3333, 0x4444) if apart == (0, 0) else (0x1111, MIN | 0x2222))


def test_a_pair_from_x0_is_zeros_and_takes_nothing(engine):
    hart = bench(Priv.M, atomic("amocas.q", rd=0, rs1=14, rs2=0), isa=WHOLE)
    hart.x[1], hart.x[14] = 77, DATA
    run(engine, hart)
    assert (hart.x[0], hart.x[1], hart.pc) == (0, 77, CODE + 4)
    put_word(hart, DATA + 8, 5)
    hart.pc = CODE
    run(engine, hart)
    assert (hart.x[0], hart.x[1], get_word(hart, DATA + 8)) == (0, 77, 5)


@pytest.mark.parametrize(("rd", "rs2"), [(11, 12), (10, 13), (31, 31)])
def test_a_pair_from_an_odd_register_is_illegal(engine, rd, rs2):
    word = atomic("amocas.q", rd=rd, rs1=14, rs2=rs2)
    hart = bench(Priv.M, word, isa=WHOLE)
    hart.x[14] = DATA + 1  # that would trap otherwise
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, word)


def test_a_swap_that_does_not_take_place_needs_permission_to_store(engine):
    hart = bench(Priv.M, atomic("amocas.d", rd=10, rs1=11, rs2=12), isa=WHOLE)
    map_page(hart, 0x4000_0000, entry(DATA, PTE_V | PTE_R | PTE_A | PTE_D))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    hart.x[10], hart.x[11] = 1, 0x4000_0000  # memory holds 0
    run(engine, hart)
    assert (hart.csr["mcause"], hart.x[10]) == (Cause.STORE_PAGE, 1)


@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("tw", [0, ms.TW])
@pytest.mark.parametrize("name", ["wrs.nto", "wrs.sto"])
def test_waiting_for_a_reservation_ends_at_once_or_is_illegal_under_tw(engine, name, tw, priv):
    hart = bench(priv, asm(name), isa=WHOLE)
    hart.csr["mstatus"] = tw
    run(engine, hart)
    is_illegal = name == "wrs.nto" and tw != 0 and priv != Priv.M
    assert hart.csr["mcause"] == (Cause.ILLEGAL if is_illegal else 0)
    assert hart.pc == CODE + 4 or is_illegal


def test_the_destination_may_be_the_source_or_nothing(engine):
    code = [atomic("amoadd.d", rd=12, rs1=11, rs2=12), atomic("amoadd.d", rd=0, rs1=11, rs2=12)]
    hart = bench(Priv.M, *code)
    put_word(hart, DATA, 5)
    hart.x[11], hart.x[12] = DATA, 3
    run(engine, hart, 2)
    assert (hart.x[12], hart.x[0], get_word(hart, DATA)) == (5, 0, 13)


@pytest.mark.parametrize("width", ["w", "d"])
def test_a_store_conditional_succeeds_once_after_its_load(engine, width):
    store = atomic(f"sc.{width}", rd=10, rs1=11, rs2=12)
    hart = bench(Priv.M, atomic(f"lr.{width}", rd=13, rs1=11), store, store)
    put_word(hart, DATA, 0xFFFF_FFFF)
    hart.x[10], hart.x[11], hart.x[12] = 9, DATA, 77
    run(engine, hart, 2)
    assert (hart.x[10], get_word(hart, DATA)) == (0, 77)
    assert hart.x[13] == (ONES if width == "w" else 0xFFFF_FFFF)
    hart.x[12] = 88
    run(engine, hart)
    assert (hart.x[10], get_word(hart, DATA)) == (1, 77)


def test_a_store_conditional_without_a_load_or_elsewhere_fails(engine):
    store = atomic("sc.d", rd=10, rs1=14, rs2=12)
    for first in (asm("addi", rd=0, rs1=0, imm=0), atomic("lr.d", rd=13, rs1=11)):
        hart = bench(Priv.M, first, store)
        hart.x[11], hart.x[12], hart.x[14] = DATA, 77, DATA + 0x100
        run(engine, hart, 2)
        assert (hart.x[10], get_word(hart, DATA + 0x100)) == (1, 0)


@pytest.mark.parametrize("insn", ATOMICS, ids=lambda insn: insn.name)
def test_a_misaligned_address_traps(engine, insn):
    values = {"rd": 10, "rs1": 11, "rs2": 12} | {"aqrl": 0}
    word = insn.encode(**{name: values[name] for name in insn.pattern.operands})
    for off in (1, insn.size // 2):
        if off == 0 or insn.size == 1:
            continue  # a byte is never misaligned
        hart = bench(Priv.M, word, isa=WHOLE)
        hart.x[11] = DATA + off
        run(engine, hart)
        is_load = insn.name.startswith("lr")
        assert hart.csr["mcause"] == (Cause.LOAD_MISALIGNED if is_load else Cause.STORE_MISALIGNED)
        assert (hart.csr["mtval"], hart.csr["mepc"], hart.x[10]) == (DATA + off, CODE, 0)


@pytest.mark.parametrize("insn", ATOMICS, ids=lambda insn: insn.name)
def test_nothing_is_atomic_outside_ram(engine, insn):
    values = {"rd": 10, "rs1": 11, "rs2": 12} | {"aqrl": 0}
    word = insn.encode(**{name: values[name] for name in insn.pattern.operands})
    hart = bench(Priv.M, word, isa=WHOLE)
    hart.x[11] = NOWHERE
    run(engine, hart)
    is_load = insn.name.startswith("lr")
    assert hart.csr["mcause"] == (Cause.LOAD_ACCESS if is_load else Cause.STORE_ACCESS)
    assert hart.csr["mtval"] == NOWHERE


@pytest.mark.parametrize("insn", ATOMICS, ids=lambda insn: insn.name)
def test_what_may_only_be_read_may_only_be_reserved(engine, insn):
    values = {"rd": 10, "rs1": 11, "rs2": 12} | {"aqrl": 0}
    word = insn.encode(**{name: values[name] for name in insn.pattern.operands})
    hart = bench(Priv.M, word, isa=WHOLE)
    map_page(hart, 0x4000_0000, entry(DATA, PTE_V | PTE_R | PTE_A | PTE_D))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | Priv.S << ms.MPP_SHIFT
    hart.x[11], hart.x[12] = 0x4000_0000, 77
    run(engine, hart)
    assert hart.csr["mcause"] == (0 if insn.name.startswith("lr") else Cause.STORE_PAGE)
    assert get_word(hart, DATA) == 0


def test_an_atomic_may_change_code(engine):
    target = CODE + 8
    hart = bench(Priv.M, atomic("amoswap.w", rd=0, rs1=11, rs2=12), asm("ecall"))
    put_word(hart, CODE + 4, asm("addi", rd=10, rs1=0, imm=1), 4)
    put_word(hart, target, asm("jal", rd=0, offset=-8), 4)
    hart.x[11], hart.x[12] = CODE + 4, asm("addi", rd=10, rs1=0, imm=2)
    hart.pc = CODE + 4
    run(engine, hart, 2)
    assert hart.x[10] == 1
    run(engine, hart, 2)
    assert hart.x[10] == 2
