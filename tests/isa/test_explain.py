"""What an explanation names has decided: with it the other way, the same thing ends otherwise."""

import pytest

from isa.causes import Cause, Priv
from isa.explain import explain_access, explain_step, levels
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from tests.isa.bench import (
    CODE,
    DATA,
    LEAVES,
    RAM,
    asm,
    bench,
    entry,
    map_page,
    put_word,
    turn_on_sv39,
)

FULL = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D
PAGE = DATA + 0x1000
LEAF = LEAVES + 8 * (PAGE >> 12 & 511)


def paged(flags, code, priv=Priv.S):
    """Give a hart with translation on, about to execute `code` with x11 at a page with `flags`."""
    hart = bench(priv, code)
    map_page(hart, CODE, entry(CODE, FULL | (PTE_U if priv == Priv.U else 0)))
    map_page(hart, PAGE, entry(PAGE, flags))
    turn_on_sv39(hart)
    hart[Slot.PRIV] = priv
    hart.csr["medeleg"] = 0xFFFF
    hart.x[11] = PAGE
    return hart


def named(reasons):
    """Give reasons as text, without what happens otherwise."""
    return {", ".join(map(str, reason.bits)) for reason in reasons}


LOAD = asm("ld", rd=10, rs1=11, imm=0)
STORE = asm("sd", rs1=11, rs2=10, imm=0)
AT = f"entry at {LEAF:#x}"
CASES = [
    (FULL & ~PTE_W, STORE, Priv.S, Cause.STORE_PAGE, f"{AT} W=0"),
    (FULL & ~PTE_R & ~PTE_W, LOAD, Priv.S, Cause.LOAD_PAGE, "mstatus MXR=0"),
    (FULL & ~PTE_R & ~PTE_W, LOAD, Priv.S, Cause.LOAD_PAGE, f"{AT} R=0"),
    (FULL | PTE_U, LOAD, Priv.S, Cause.LOAD_PAGE, "mstatus SUM=0"),
    (FULL | PTE_U, LOAD, Priv.S, Cause.LOAD_PAGE, f"{AT} U=1"),
    (FULL, LOAD, Priv.U, Cause.LOAD_PAGE, f"{AT} U=0"),
    (FULL & ~PTE_V, LOAD, Priv.S, Cause.LOAD_PAGE, f"{AT} V=0"),
    (0, STORE, Priv.S, Cause.STORE_PAGE, f"{AT} V=0, {AT} R=0, {AT} W=0"),
    (FULL | 1 << 60, LOAD, Priv.S, Cause.LOAD_PAGE, f"{AT} bit 60=1"),
]


@pytest.mark.parametrize(("flags", "code", "priv", "cause", "reason"), CASES)
def test_the_bit_that_decides_is_named(flags, code, priv, cause, reason):
    found = explain_step(paged(flags, code, priv))
    assert found.outcome.cause == cause
    assert (found.outcome.tval, found.outcome.taken_by) == (PAGE, "S-mode")
    assert reason in named(found.deciding)
    assert named(found.delegating) == {f"medeleg bit {int(cause)}=1"}


@pytest.mark.parametrize(("flags", "code", "priv", "cause", "reason"), CASES)
def test_with_the_named_bits_flipped_in_the_machine_itself_there_is_no_trap(
    engine, flags, code, priv, cause, reason
):
    for decided in explain_step(paged(flags, code, priv)).deciding:
        hart = paged(flags, code, priv)
        for bit in decided.bits:
            if bit.holder == "privilege":
                hart[Slot.PRIV] = bit.number
            elif bit.address is None:
                hart.slots[Slot[bit.holder.upper()]] ^= 1 << bit.number
            else:
                old = int.from_bytes(hart.memory.read(bit.address, 8), "little")
                put_word(hart, bit.address, old ^ 1 << bit.number)
        engine.run(hart, 1)
        assert hart[Slot.TRAPS] == 0, str(decided)


def test_the_entries_of_both_walks_are_told_with_their_levels():
    hart = paged(0, LOAD)
    found = explain_step(hart)
    assert levels(hart, found.entries) == [2, 1, 0, 2, 1, 0]
    assert found.entries[-1] == (LEAF, entry(PAGE, 0))


def test_a_privileged_instruction_is_explained_by_the_privilege():
    hart = bench(Priv.U, asm("csrrs", rd=10, csr=0x180, rs1=0))
    found = explain_step(hart)
    assert found.outcome.cause == Cause.ILLEGAL
    assert named(found.deciding) == {"privilege U, not S", "privilege U, not M"}


def test_a_trapped_virtual_memory_instruction_is_explained_by_tvm():
    hart = bench(Priv.S, asm("csrrs", rd=10, csr=0x180, rs1=0))
    hart.csr["mstatus"] |= 1 << 20
    assert "mstatus TVM=1" in named(explain_step(hart).deciding)


def test_an_interrupt_is_explained_by_its_enable_and_its_delegation():
    hart = bench(Priv.S, asm("addi", rd=0, rs1=0, imm=0))
    hart.csr["mideleg"], hart.csr["mie"], hart.csr["mip"] = 2, 2, 2
    hart.csr["mstatus"] |= 2
    found = explain_step(hart)
    assert found.outcome.cause == 1 << 63 | 1
    assert {"mie bit 1=1", "mip bit 1=1", "mstatus SIE=1"} <= named(found.deciding)


def test_an_access_is_tried_without_changing_anything():
    hart = paged(FULL & ~PTE_D, LOAD)
    before = bytes(hart.slots), hart.memory.read(RAM, 0x10_000)
    found = explain_access(hart, PAGE, "w", Priv.U)
    assert found.outcome.cause == Cause.STORE_PAGE
    assert explain_access(hart, PAGE, "w", Priv.S).outcome.cause is None
    assert explain_access(hart, CODE, "x", Priv.S).outcome.cause is None
    assert (bytes(hart.slots), hart.memory.read(RAM, 0x10_000)) == before


def test_what_does_not_trap_needs_no_reason():
    found = explain_step(paged(FULL, LOAD))
    assert (found.outcome.cause, found.reasons) == (None, ())


def test_a_trigger_is_named_with_the_bits_that_decide():
    hart = bench(Priv.M, LOAD)
    hart.x[11] = DATA
    hart.csr["mstatus"] = 1 << 3
    hart.csr["tselect"] = 2
    hart.csr["tdata2"] = DATA
    hart.csr["tdata1"] = 6 << 60 | 1 << 6 | 1  # loads in M-mode
    found = explain_step(hart)
    assert found.outcome.cause == Cause.BREAKPOINT
    assert named(found.reasons) >= {"mstatus MIE=1", "tdata1_2 bit 0=1", "tdata1_2 bit 6=1"}
