"""Atomics: every operation at both sizes, reservations, and what may not be atomic."""

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
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
CASES = [(f"{name}.d", *row) for name, rows in DOUBLE.items() for row in rows]
CASES += [(f"{name}.w", *row) for name, rows in SINGLE.items() for row in rows]
RESERVING = {"lr.w", "lr.d", "sc.w", "sc.d"}
ATOMICS = [insn for insn in TABLE if insn.ext == "A"]


def atomic(name: str, **values: int) -> int:
    """Encode an atomic; without ordering unless told."""
    return asm(name, **({"aqrl": 0} | values))


def test_every_atomic_has_a_case():
    assert {insn.name for insn in ATOMICS} == {case[0] for case in CASES} | RESERVING


@pytest.mark.parametrize("aqrl", range(4))
@pytest.mark.parametrize(("name", "old", "rs2", "new"), CASES)
def test_an_operation_changes_its_bytes_and_gives_the_old_value(engine, name, old, rs2, new, aqrl):
    size = TABLE.by_name[name].size
    hart = bench(Priv.M, atomic(name, rd=10, rs1=11, rs2=12, aqrl=aqrl))
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
        hart = bench(Priv.M, word)
        hart.x[11] = DATA + off
        run(engine, hart)
        is_load = insn.name.startswith("lr")
        assert hart.csr["mcause"] == (Cause.LOAD_MISALIGNED if is_load else Cause.STORE_MISALIGNED)
        assert (hart.csr["mtval"], hart.csr["mepc"], hart.x[10]) == (DATA + off, CODE, 0)


@pytest.mark.parametrize("insn", ATOMICS, ids=lambda insn: insn.name)
def test_nothing_is_atomic_outside_ram(engine, insn):
    values = {"rd": 10, "rs1": 11, "rs2": 12} | {"aqrl": 0}
    hart = bench(Priv.M, insn.encode(**{name: values[name] for name in insn.pattern.operands}))
    hart.x[11] = NOWHERE
    run(engine, hart)
    is_load = insn.name.startswith("lr")
    assert hart.csr["mcause"] == (Cause.LOAD_ACCESS if is_load else Cause.STORE_ACCESS)
    assert hart.csr["mtval"] == NOWHERE


@pytest.mark.parametrize("insn", ATOMICS, ids=lambda insn: insn.name)
def test_what_may_only_be_read_may_only_be_reserved(engine, insn):
    values = {"rd": 10, "rs1": 11, "rs2": 12} | {"aqrl": 0}
    hart = bench(Priv.M, insn.encode(**{name: values[name] for name in insn.pattern.operands}))
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
