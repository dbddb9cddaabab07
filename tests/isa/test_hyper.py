"""The hypervisor extension: two stages, traps and their registers, virtual instructions.

Expected values are read from the chapter "Hypervisor Extension" of the privileged manual.
"""

import pytest

from isa import hstatus as hs
from isa import mstatus as ms
from isa.causes import INTERRUPT, Cause, Priv
from isa.isa_string import parse_isa
from isa.pte import PTE_A, PTE_D, PTE_R, PTE_U, PTE_V, PTE_W, PTE_X
from isa.state import Slot
from isa.trap import Detail
from tests.isa import bench as benches
from tests.isa.bench import (
    CODE,
    DATA,
    M_VECTOR,
    RAM,
    S_VECTOR,
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
RWX = PTE_R | PTE_W | PTE_X
FULL = PTE_V | RWX | USED
VS_VECTOR = RAM + 0x3800
GUEST_ROOT = RAM + 0xC000  # 16 KiB: its entries for 2 GiB on lie in the first page
GUEST_MIDDLE, GUEST_LEAVES = RAM + 0xB000, RAM + 0x7000
GPA = 0x8765_4000
LOAD, STORE = asm("lw", rd=10, rs1=11, imm=4), asm("sw", rs1=11, rs2=12, imm=4)


def bench(priv, *code, in_guest=True, **options):
    """Give a hart at a privilege level of a guest, with all three vectors set."""
    hart = benches.bench(priv, *code, isa=parse_isa(WHOLE_ISA), **options)
    hart.csr["vstvec"] = VS_VECTOR
    hart[Slot.V] = int(in_guest)
    return hart


def map_guest(hart, gpa, pte, *, identity=True):
    """Map a guest-physical page in the second stage, and the gibibyte of RAM onto itself."""
    put_word(hart, GUEST_ROOT + 8 * (gpa >> 30), entry(GUEST_MIDDLE, PTE_V))
    put_word(hart, GUEST_MIDDLE + 8 * (gpa >> 21 & 511), entry(GUEST_LEAVES, PTE_V))
    put_word(hart, GUEST_LEAVES + 8 * (gpa >> 12 & 511), pte)
    if identity:
        put_word(hart, GUEST_MIDDLE, entry(RAM, FULL | PTE_U))
    hart.csr["hgatp"] = 8 << 60 | 5 << 44 | GUEST_ROOT >> 12


# Where traps go


@pytest.mark.parametrize(("medeleg", "hedeleg", "target"), [(0, 1, "m"), (1, 0, "s"), (1, 1, "vs")])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S])
def test_a_guests_exception_goes_as_far_as_it_is_delegated(engine, priv, medeleg, hedeleg, target):
    hart = bench(priv, asm("ebreak"))
    hart.csr["medeleg"], hart.csr["hedeleg"] = medeleg << 3, hedeleg << 3
    hart.csr["vsstatus"] = ms.SIE
    run(engine, hart)
    assert hart.pc == {"m": M_VECTOR, "s": S_VECTOR, "vs": VS_VECTOR}[target]
    assert hart[Slot.V] == (target == "vs")
    assert hart.priv == (Priv.M if target == "m" else Priv.S)
    if target == "m":
        assert hart.csr["mstatus"] & (ms.MPV | ms.MPP) == ms.MPV | priv << ms.MPP_SHIFT
        assert hart.csr["mstatus"] & ms.GVA  # mtval has the address of the ebreak
    elif target == "s":
        status = hart.csr["hstatus"]
        assert status & (hs.SPV | hs.GVA) == hs.SPV | hs.GVA
        assert bool(status & hs.SPVP) == bool(hart.csr["sstatus"] & ms.SPP) == (priv == Priv.S)
    else:
        assert hart.csr["vsstatus"] & (ms.SIE | ms.SPIE | ms.SPP) == ms.SPIE | ms.SPP * priv
        assert (hart.csr["vscause"], hart.csr["vsepc"], hart.csr["vstval"]) == (3, CODE, CODE)


@pytest.mark.parametrize(("irq", "seen"), [(2, 1), (6, 5), (10, 9)])
def test_a_guests_interrupts_are_numbered_as_its_own(engine, irq, seen):
    hart = bench(Priv.U, asm("ecall"))
    hart.csr["hvip"] = hart.csr["hie"] = hart.csr["hideleg"] = 1 << irq
    assert hart.csr["vsip"] == hart.csr["vsie"] == 1 << seen
    run(engine, hart)
    assert (hart.pc, hart.csr["vscause"]) == (VS_VECTOR, INTERRUPT | seen)
    hart = bench(Priv.U, asm("ecall"))
    hart.csr["hvip"] = hart.csr["hie"] = 1 << irq
    run(engine, hart)
    assert (hart.pc, hart.csr["scause"]) == (S_VECTOR, INTERRUPT | irq)


def test_a_guests_interrupt_waits_while_the_hypervisor_runs(engine):
    hart = bench(Priv.S, asm("addi", rd=1, rs1=0, imm=5), in_guest=False)
    hart.csr["hvip"] = hart.csr["hie"] = hart.csr["hideleg"] = 4
    hart.csr["mstatus"] = ms.SIE
    run(engine, hart)
    assert hart.x[1] == 5


def test_vstimecmp_interrupts_by_the_guests_time(engine):
    hart = bench(Priv.S, *[asm("addi", rd=1, rs1=1, imm=1)] * 9, tick=1)
    hart.csr["menvcfg"] = hart.csr["henvcfg"] = 1 << 63
    hart.csr["htimedelta"], hart.csr["vstimecmp"] = 1000, 1006
    hart.csr["hie"] = hart.csr["hideleg"] = 1 << 6
    hart.csr["vsstatus"] = ms.SIE
    run(engine, hart, 9)
    assert hart.csr["vscause"] == INTERRUPT | 5
    assert (hart.csr["vsepc"], hart.x[1]) == (CODE + 6 * 4, 6)


# Coming back


@pytest.mark.parametrize("spv", [0, 1])
def test_sret_of_a_hypervisor_enters_the_guest_it_came_from(engine, spv):
    hart = bench(Priv.S, asm("sret"), in_guest=False)
    hart.csr["hstatus"] = hs.SPV * spv
    hart.csr["sepc"], hart.csr["sstatus"] = DATA, ms.SPP
    run(engine, hart)
    assert (hart.pc, hart.priv, hart[Slot.V]) == (DATA, Priv.S, spv)
    assert hart.csr["hstatus"] & hs.SPV == 0


def test_sret_of_a_guest_uses_its_own_registers(engine):
    hart = bench(Priv.S, asm("sret"))
    hart.csr["vsepc"], hart.csr["vsstatus"] = DATA, ms.SPIE
    hart.csr["sepc"], hart.csr["sstatus"] = RAM, ms.SPP
    run(engine, hart)
    assert (hart.pc, hart.priv, hart[Slot.V]) == (DATA, Priv.U, 1)
    assert hart.csr["vsstatus"] & (ms.SIE | ms.SPIE) == ms.SIE | ms.SPIE
    assert hart.csr["sstatus"] & ms.SPP


@pytest.mark.parametrize("mpv", [0, ms.MPV])
@pytest.mark.parametrize("mpp", [Priv.U, Priv.S, Priv.M])
def test_mret_enters_a_guest_unless_it_returns_to_m(engine, mpp, mpv):
    hart = bench(Priv.M, asm("mret"), in_guest=False)
    hart.csr["mepc"], hart.csr["mstatus"] = DATA, mpv | mpp << ms.MPP_SHIFT
    run(engine, hart)
    assert (hart.priv, hart[Slot.V]) == (mpp, int(bool(mpv) and mpp != Priv.M))
    assert hart.csr["mstatus"] & ms.MPV == 0


# What a guest may not do

NONE = {"rs1": 0, "rs2": 0}
NAMED = {
    **{name: asm(name, **NONE) for name in ("hfence.vvma", "hfence.gvma")},
    **{name: asm(name, **NONE) for name in ("hinval.vvma", "hinval.gvma")},
    "hlv.w": asm("hlv.w", rd=1, rs1=11),
    "hsv.w": asm("hsv.w", rs1=11, rs2=1),
    "csrr hstatus": asm("csrrs", rd=1, csr=0x600, rs1=0),
    "csrr vsatp": asm("csrrs", rd=1, csr=0x280, rs1=0),
}


@pytest.mark.parametrize("name", NAMED)
def test_hypervisor_instructions_are_virtual_in_a_guest_and_illegal_in_u(engine, name):
    for priv, in_guest, cause in (
        (Priv.S, True, Cause.VIRTUAL),
        (Priv.U, True, Cause.VIRTUAL),
        (Priv.U, False, Cause.ILLEGAL),
        (Priv.M, False, None),
    ):
        hart = bench(priv, NAMED[name], in_guest=in_guest)
        hart.x[11] = DATA
        run(engine, hart)
        if cause is None:
            assert hart.pc == CODE + 4
        else:
            assert (hart.csr["mcause"], hart.csr["mtval"]) == (cause, NAMED[name])


@pytest.mark.parametrize(
    ("word", "bit"),
    [
        (asm("sret"), hs.VTSR),
        (asm("wfi"), hs.VTW),
        (asm("sfence.vma", rs1=0, rs2=0), hs.VTVM),
        (asm("sinval.vma", rs1=0, rs2=0), hs.VTVM),
        (asm("csrrs", rd=1, csr=0x180, rs1=0), hs.VTVM),
    ],
)
def test_hstatus_takes_supervisor_instructions_from_a_guest(engine, word, bit):
    for priv, status, cause in (
        (Priv.S, 0, None),
        (Priv.S, bit, Cause.VIRTUAL),
        (Priv.U, 0, Cause.VIRTUAL),
    ):
        hart = bench(priv, word)
        hart.csr["hstatus"] = status
        hart.csr["vsepc"] = DATA
        hart[Slot.MIP] = hart[Slot.MIE] = 0
        run(engine, hart)
        assert hart.csr["mcause"] == (0 if cause is None else cause)


def test_mstatus_tw_is_illegal_even_in_a_guest_and_m_mode_things_too(engine):
    for word, status in (
        (asm("wfi"), ms.TW),
        (asm("mret"), 0),
        (asm("csrrs", rd=1, csr=0x300, rs1=0), 0),
    ):
        hart = bench(Priv.S, word)
        hart.csr["mstatus"] = status
        run(engine, hart)
        assert hart.csr["mcause"] == Cause.ILLEGAL


@pytest.mark.parametrize("hcounteren", [0, 4])
@pytest.mark.parametrize("mcounteren", [0, 4])
@pytest.mark.parametrize("scounteren", [0, 4])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S])
def test_counters_of_a_guest(engine, priv, scounteren, mcounteren, hcounteren):
    hart = bench(priv, asm("csrrs", rd=1, csr=0xC02, rs1=0))
    hart.csr["mcounteren"], hart.csr["hcounteren"] = mcounteren, hcounteren
    hart.csr["scounteren"] = scounteren
    run(engine, hart)
    expected = 0
    if not mcounteren:
        expected = Cause.ILLEGAL
    elif not hcounteren or (priv == Priv.U and not scounteren):
        expected = Cause.VIRTUAL
    assert hart.csr["mcause"] == expected


def test_a_guests_s_mode_registers_are_their_twins(engine):
    twins = {"sscratch": "vsscratch", "scause": "vscause", "stval": "vstval", "stvec": "vstvec"}
    for number, (own, twin) in zip((0x140, 0x142, 0x143, 0x105), twins.items(), strict=True):
        hart = bench(Priv.S, asm("csrrw", rd=10, csr=number, rs1=11))
        hart.csr[own], hart.csr[twin], hart.x[11] = 4, 8, 12
        run(engine, hart)
        assert (hart.x[10], hart.csr[own], hart.csr[twin]) == (8, 4, 12)


# Two stages


@pytest.mark.parametrize("word", [LOAD, STORE])
def test_both_stages_translate(engine, word):
    hart = bench(Priv.S, word)
    map_guest(hart, GPA, entry(DATA, FULL | PTE_U))
    hart.x[11], hart.x[12] = GPA, 99
    put_word(hart, DATA + 4, 77, 4)
    run(engine, hart)
    assert hart.pc == CODE + 4
    assert get_word(hart, DATA + 4, 4) == (77 if word == LOAD else 99)


GUEST_FAULTS = [
    # access, what is wrong with the second stage's entry, cause
    (LOAD, PTE_R | PTE_W, Cause.LOAD_GUEST_PAGE), (LOAD, PTE_V, Cause.LOAD_GUEST_PAGE),
    (LOAD, PTE_U, Cause.LOAD_GUEST_PAGE), (STORE, PTE_W, Cause.STORE_GUEST_PAGE),
]  # fmt: skip


@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize(("word", "missing", "cause"), GUEST_FAULTS)
def test_a_guest_page_fault_tells_both_addresses(engine, word, missing, cause, detail):
    hart = bench(Priv.S, word)
    hart[Slot.TRAP_DETAIL] = detail
    map_guest(hart, GPA, entry(DATA, (FULL | PTE_U) & ~missing))
    hart.csr["medeleg"] = 0xF0 << 16
    hart.x[11] = GPA
    run(engine, hart)
    assert (hart.csr["scause"], hart.csr["stval"]) == (cause, GPA + 4)
    assert hart.csr["htval"] == (0 if detail == Detail.MINIMAL else (GPA + 4) >> 2)
    plain = word & 0x707F | (word & 0xF80 if word == LOAD else word & 0x1F << 20)
    assert hart.csr["htinst"] == (plain if detail == Detail.RICH else 0)
    assert hart.csr["hstatus"] & (hs.GVA | hs.SPV | hs.SPVP) == hs.GVA | hs.SPV | hs.SPVP


def two_stages(*code, va=0x12_3456_7000, leaf=FULL, tables=FULL | PTE_U):
    """Give a guest with tables of its own, in guest-physical pages that are where RAM is."""
    hart = bench(Priv.M, *code, in_guest=False)
    map_page(hart, va, entry(GPA, leaf))
    turn_on_sv39(hart)
    hart.csr["vsatp"], hart.csr["satp"] = hart.csr["satp"], 0
    map_guest(hart, GPA, entry(DATA, FULL | PTE_U), identity=False)
    put_word(hart, GUEST_MIDDLE, entry(RAM, tables))
    hart.csr["mstatus"] = ms.MPRV | ms.MPV | Priv.S << ms.MPP_SHIFT
    hart.x[11], hart.x[12] = va, 99
    return hart


def test_mprv_and_mpv_lend_m_mode_a_guests_view(engine):
    hart = two_stages(LOAD, LOAD)
    put_word(hart, DATA + 4, 77, 4)
    run(engine, hart)
    assert hart.x[10] == 77
    hart.csr["mstatus"] = 0
    hart.x[11] = DATA
    run(engine, hart)
    assert (hart.x[10], hart.pc) == (77, CODE + 8)


@pytest.mark.parametrize(
    ("leaf", "tables", "pseudo"),
    [
        (FULL, FULL, 0x3000),  # without U the tables cannot even be read
        (PTE_V | RWX, (FULL | PTE_U) & ~PTE_W, 0x3020),  # nor accessed bits written
    ],
)
def test_a_fault_of_an_implicit_access_tells_the_pseudo_instruction(engine, leaf, tables, pseudo):
    hart = two_stages(STORE, leaf=leaf, tables=tables)
    hart.csr["menvcfg"] = hart.csr["henvcfg"] = 1 << 61
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval"]) == (Cause.STORE_GUEST_PAGE, hart.x[11] + 4)
    assert hart.csr["mtinst"] == pseudo
    at = hart.csr["mtval2"] << 2
    assert RAM + 0x8000 <= at < RAM + 0xB000  # in the guest's own tables
    assert hart.csr["mstatus"] & ms.GVA


def test_a_fault_of_the_first_stage_is_an_ordinary_page_fault(engine):
    hart = two_stages(LOAD, leaf=PTE_V | PTE_X | USED)
    run(engine, hart)
    assert (hart.csr["mcause"], hart.csr["mtval2"]) == (Cause.LOAD_PAGE, 0)


def test_hlv_has_spvps_privilege_and_hlvx_needs_execution(engine):
    for name, spvp, leaf, cause in (
        ("hlv.w", hs.SPVP, FULL, 0),
        ("hlv.w", 0, FULL, Cause.LOAD_PAGE),
        ("hlv.w", 0, FULL | PTE_U, 0),
        ("hlv.w", hs.SPVP, PTE_V | PTE_X | USED, Cause.LOAD_PAGE),
        ("hlvx.wu", hs.SPVP, PTE_V | PTE_X | USED, 0),
        ("hlvx.wu", hs.SPVP, FULL & ~PTE_X, Cause.LOAD_PAGE),
    ):
        hart = two_stages(asm(name, rd=10, rs1=11), leaf=leaf)
        hart.csr["mstatus"], hart.csr["hstatus"] = 0, spvp
        put_word(hart, DATA, 0xFFFF_FFFE, 4)
        run(engine, hart)
        assert hart.csr["mcause"] == cause
        if not cause:
            assert hart.x[10] == (0xFFFF_FFFE if name == "hlvx.wu" else (1 << 64) - 2)
        else:
            assert hart.csr["mstatus"] & ms.GVA


def test_hu_lets_u_mode_act_for_a_guest(engine):
    hart = bench(Priv.U, asm("hlv.b", rd=10, rs1=11), in_guest=False)
    hart.csr["hstatus"] = hs.HU | hs.SPVP
    put_word(hart, DATA, 0x80)
    hart.x[11] = DATA
    run(engine, hart)
    assert hart.x[10] == (1 << 64) - 128


@pytest.mark.parametrize("tlb", [None, (4, 2)], ids=str)
def test_worlds_keep_their_translations_apart_and_fences_name_theirs(engine, tlb):
    word = asm("hlv.d", rd=10, rs1=11)
    hart = bench(Priv.M, *[word] * 4, in_guest=False, tlb=tlb)
    map_guest(hart, GPA, entry(DATA, FULL | PTE_U))
    hart.csr["hstatus"] = hs.SPVP
    put_word(hart, DATA, 1)
    put_word(hart, DATA + 0x1000, 2)
    hart.x[11] = GPA
    run(engine, hart)
    at = GUEST_LEAVES + 8 * (GPA >> 12 & 511)
    put_word(hart, at, entry(DATA + 0x1000, FULL | PTE_U))
    hart.csr["hgatp"] ^= 1 << 44  # another VMID: nothing of it is cached
    run(engine, hart)
    assert hart.x[10] == 2


@pytest.mark.parametrize("mode", [8, 9, 10])
def test_the_second_stage_takes_two_bits_more(engine, mode):
    top = 1 << 41 + 9 * (mode - 8)
    for gpa, is_wide in ((top - 0x1000, False), (top, True)):
        hart = bench(Priv.M, asm("hlv.d", rd=10, rs1=11), in_guest=False)
        hart.csr["hgatp"] = mode << 60 | GUEST_ROOT >> 12
        hart.csr["hstatus"] = hs.SPVP
        put_word(hart, GUEST_ROOT + 8 * 2047, 0)
        hart.x[11] = gpa
        run(engine, hart)
        assert hart.csr["mcause"] == Cause.LOAD_GUEST_PAGE
        assert hart.csr["mtval2"] == gpa >> 2
        assert (hart[Slot.WALK_REFS] == 0) == is_wide


def test_without_h_nothing_of_it_is_there(engine):
    for word in (*NAMED.values(), asm("csrrs", rd=1, csr=0x34A, rs1=0)):
        hart = benches.bench(Priv.M, word)
        run(engine, hart)
        assert hart.csr["mcause"] == Cause.ILLEGAL
