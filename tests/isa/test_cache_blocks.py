"""Zicbom and Zicboz: who may operate on a block, what it needs of the page, and what it does."""

import pytest

from difftest.program import ISA
from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.isa_string import parse_isa
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_V, PTE_W, PTE_X
from tests.isa.bench import (
    CODE,
    DATA,
    NOWHERE,
    asm,
    bench,
    entry,
    map_page,
    put_word,
    run,
    turn_on_sv39,
)

WHOLE = parse_isa(ISA)
PAGE = 0x4000_0000
FIELDS = {"cbo.inval": 3 << 4, "cbo.clean": 1 << 6, "cbo.flush": 1 << 6, "cbo.zero": 1 << 7}
MANAGING = ("cbo.inval", "cbo.clean", "cbo.flush")


def at(hart, priv, flags, va):
    """Map the data page and let the next access be one of a privilege level."""
    map_page(hart, PAGE, entry(DATA, PTE_V | flags))
    turn_on_sv39(hart)
    hart.csr["mstatus"] = ms.MPRV | priv << ms.MPP_SHIFT
    hart.x[11] = va


@pytest.mark.parametrize("senvcfg", [0, 1])
@pytest.mark.parametrize("menvcfg", [0, 1])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("name", FIELDS)
def test_the_fields_of_menvcfg_and_senvcfg_decide(engine, name, priv, menvcfg, senvcfg):
    word = asm(name, rs1=11)
    hart = bench(priv, word, isa=WHOLE)
    field = FIELDS[name]
    hart.csr["menvcfg"] = field if menvcfg else ~field
    hart.csr["senvcfg"] = field if senvcfg else ~field
    hart.x[11] = DATA
    run(engine, hart)
    is_allowed = {Priv.M: True, Priv.S: menvcfg == 1, Priv.U: menvcfg == senvcfg == 1}[priv]
    assert (hart.pc == CODE + 4) == is_allowed
    assert is_allowed or (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.ILLEGAL, word)


def test_an_invalidation_may_be_made_a_flush(engine):
    hart = bench(Priv.S, asm("cbo.inval", rs1=11), isa=WHOLE)
    hart.csr["menvcfg"] = 1 << 4
    hart.x[11] = DATA
    run(engine, hart)
    assert hart.pc == CODE + 4


@pytest.mark.parametrize("offset", [0, 1, 63])
@pytest.mark.parametrize("name", FIELDS)
def test_any_address_names_its_block_of_64_bytes(engine, name, offset):
    hart = bench(Priv.M, asm(name, rs1=11), isa=WHOLE)
    hart.memory.write(DATA, b"\xaa" * 192)
    hart.x[11] = DATA + 64 + offset
    run(engine, hart)
    middle = bytes(64) if name == "cbo.zero" else b"\xaa" * 64
    assert hart.memory.read(DATA, 192) == b"\xaa" * 64 + middle + b"\xaa" * 64


@pytest.mark.parametrize("flags", [PTE_R, PTE_X, PTE_R | PTE_W])
@pytest.mark.parametrize("name", FIELDS)
def test_a_block_is_managed_by_who_may_load_and_zeroed_by_who_may_store(engine, name, flags):
    hart = bench(Priv.M, asm(name, rs1=11), isa=WHOLE)
    at(hart, Priv.S, flags | PTE_A | PTE_D, PAGE + 0x123)
    run(engine, hart)
    if flags & (PTE_R if name in MANAGING else PTE_W):
        assert hart.pc == CODE + 4
    else:
        tval = PAGE + (0x123 if name in MANAGING else 0x100)
        assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.STORE_PAGE, tval)


@pytest.mark.parametrize("name", FIELDS)
def test_only_ram_has_blocks(engine, name):
    hart = bench(Priv.M, asm(name, rs1=11), isa=WHOLE)
    hart.x[11] = NOWHERE
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.STORE_ACCESS, NOWHERE)


def test_zeroed_code_is_no_longer_executed(engine):
    hart = bench(Priv.M, isa=WHOLE)
    target = CODE + 64
    put_word(hart, CODE, asm("cbo.zero", rs1=11), 4)
    put_word(hart, CODE + 4, asm("jal", rd=0, offset=60), 4)
    put_word(hart, target, asm("jal", rd=0, offset=-64), 4)
    hart.pc, hart.x[11] = target, target
    run(engine, hart, 4)
    assert (hart.csr["mcause"], hart.csr["mepc"]) == (Cause.ILLEGAL, target)


@pytest.mark.parametrize("name", MANAGING)
def test_a_guest_page_fault_tells_the_same_byte_twice(engine, name):
    hart = bench(Priv.M, asm(name, rs1=11), isa=WHOLE)
    hart.csr["hgatp"] = 8 << 60 | (DATA & ~0x3FFF) >> 12  # zeros: nothing is mapped
    hart.csr["mstatus"] = ms.MPRV | ms.MPV | Priv.S << ms.MPP_SHIFT
    hart.x[11] = 0x162
    run(engine, hart)
    assert hart.csr["mcause"] == Cause.STORE_GUEST_PAGE
    assert (hart.csr["mtval"], hart.csr["mtval2"]) == (0x162, 0x162 >> 2)
