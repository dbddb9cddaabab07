"""Every CSR: its reset value, what of a write it keeps, who may access it.

The table is written from the manual, not from `isa/csrs.py`; a CSR without a row fails the suite.
"""

from typing import NamedTuple

import pytest

from isa import mstatus as ms
from isa.causes import Cause, Priv
from isa.csrs import ALL, CSRS, Csr, CsrTable
from isa.errors import SpecError
from isa.hart import Hart
from isa.isa_string import parse_isa
from isa.state import Slot
from tests.isa import bench as benches
from tests.isa.bench import CODE, M_VECTOR, S_VECTOR, WHOLE_ISA, asm, run


def bench(priv, *code, isa=WHOLE_ISA, **options):
    """Give a hart with all of the privileged architecture."""
    return benches.bench(priv, *code, isa=parse_isa(isa), **options)


class Case(NamedTuple):
    """`reset` reads first; after ones are written `ones` reads, after zeros `zeros`."""

    number: int
    reset: int
    ones: int
    zeros: int = 0


XL64 = 2 << 34 | 2 << 32
STATUS_M = 0x7E_19AA  # TSR TW TVM MXR SUM MPRV MPP SPP MPIE SPIE MIE SIE
STATUS_S = 0xC_0122
MISA = 2 << 62 | sum(1 << ord(letter) - ord("a") for letter in "aihmsu")
PENDING = 0x3EEE  # lcofip sgeip meip vseip seip mtip vstip stip msip vssip ssip
CAUSES = 0xFC_B7FF  # 0 to 10, 12, 13, 15, 18 to 23
ALL_CONFIGS = 0x9F9F_9F9F_9F9F_9F9F
READ_ONLY = -1
STOPS = -2  # M-mode could not go on; tested elsewhere
FLOATS = ("fflags", "frm", "fcsr")
WITH_F = "rv64imaf_zicntr_zicsr_zifencei"

CASES = {
    "fflags": Case(0x001, 0, 0x1F),
    "frm": Case(0x002, 0, 7),
    "fcsr": Case(0x003, 0, 0xFF),
    "cycle": Case(0xC00, 0, READ_ONLY),
    "time": Case(0xC01, 0, READ_ONLY),
    "instret": Case(0xC02, 0, READ_ONLY),
    "sstatus": Case(0x100, 2 << 32, STATUS_S | 2 << 32, 2 << 32),
    "sie": Case(0x104, 0, 0),
    "stvec": Case(0x105, S_VECTOR, ALL & ~2),
    "scounteren": Case(0x106, 0, 0xFFFF_FFFF),
    "senvcfg": Case(0x10A, 0, 1),
    "sscratch": Case(0x140, 0, ALL),
    "sepc": Case(0x141, 0, ALL & ~3),
    "scause": Case(0x142, 0, ALL),
    "stval": Case(0x143, 0, ALL),
    "sip": Case(0x144, 0, 0),
    "satp": Case(0x180, 0, 0),
    "mvendorid": Case(0xF11, 0, READ_ONLY),
    "marchid": Case(0xF12, 0, READ_ONLY),
    "mimpid": Case(0xF13, 0, READ_ONLY),
    "mhartid": Case(0xF14, 3, READ_ONLY),
    "mconfigptr": Case(0xF15, 0, READ_ONLY),
    "mstatus": Case(0x300, XL64, XL64 | STATUS_M | 3 << 38, XL64),
    "misa": Case(0x301, MISA, MISA, MISA),
    "medeleg": Case(0x302, 0, CAUSES),
    "mideleg": Case(0x303, 0x1444, 0x3666, 0x1444),
    "mie": Case(0x304, 0, PENDING),
    "mtvec": Case(0x305, M_VECTOR, ALL & ~2),
    "mcounteren": Case(0x306, 0, 0xFFFF_FFFF),
    "menvcfg": Case(0x30A, 1 << 61, 7 << 61 | 1),
    "mcountinhibit": Case(0x320, 0, 0xFFFF_FFFD),
    "mscratch": Case(0x340, 0, ALL),
    "mepc": Case(0x341, 0, ALL & ~3),
    "mcause": Case(0x342, 0, ALL),
    "mtval": Case(0x343, 0, ALL),
    "mip": Case(0x344, 0, 0x2226),
    "mcycle": Case(0xB00, 0, ALL),
    "minstret": Case(0xB02, 0, ALL),
    "mseccfg": Case(0x747, 0, STOPS),
    **{f"pmpcfg{i}": Case(0x3A0 + i, 0, 0) for i in range(4, 16, 2)},
    "pmpcfg0": Case(0x3A0, 0x1F, ALL_CONFIGS, ALL_CONFIGS),  # all locked
    "pmpcfg2": Case(0x3A2, 0, ALL_CONFIGS, ALL_CONFIGS),
    "pmpaddr0": Case(0x3B0, (1 << 54) - 1, (1 << 54) - 1),
    **{f"pmpaddr{i}": Case(0x3B0 + i, 0, (1 << 54) - 1) for i in range(1, 16)},
    **{f"pmpaddr{i}": Case(0x3B0 + i, 0, 0) for i in range(16, 64)},
    **{f"mhpmcounter{i}": Case(0xB00 + i, 0, ALL) for i in range(3, 32)},
    **{f"mhpmevent{i}": Case(0x320 + i, 0, 0x3F << 58) for i in range(3, 32)},
    **{f"hpmcounter{i}": Case(0xC00 + i, 0, READ_ONLY) for i in range(3, 32)},
    "scountovf": Case(0xDA0, 0, READ_ONLY),
    "stimecmp": Case(0x14D, ALL, ALL),
    **{f"mstateen{i}": Case(0x30C + i, 0, (2 + (i == 0)) << 62 & ALL) for i in range(4)},
    **{f"hstateen{i}": Case(0x60C + i, 0, 0) for i in range(4)},  # mstateen has nothing either
    **{f"sstateen{i}": Case(0x10C + i, 0, 0) for i in range(4)},
    "tselect": Case(0x7A0, 0, 0),
    "tdata1": Case(0x7A1, 15 << 60, 15 << 60, 15 << 60),
    "tdata2": Case(0x7A2, 0, ALL),
    "tdata3": Case(0x7A3, 0, 0),
    "tinfo": Case(0x7A4, 0x100_8044, 0x100_8044, 0x100_8044),
    "hstatus": Case(0x600, 2 << 32, 2 << 32 | 0x70_03C0, 2 << 32),
    "hedeleg": Case(0x602, 0, 0xC_B1FF),
    "hideleg": Case(0x603, 0, 0x444),
    "hie": Case(0x604, 0, 0x1444),
    "htimedelta": Case(0x605, 0, ALL),
    "hcounteren": Case(0x606, 0, 0xFFFF_FFFF),
    "hgeie": Case(0x607, 0, 0),
    "henvcfg": Case(0x60A, 0, 1 << 61 | 1),  # as menvcfg has it out of reset
    "htval": Case(0x643, 0, ALL),
    "hip": Case(0x644, 0, 4),
    "hvip": Case(0x645, 0, 0x444),
    "htinst": Case(0x64A, 0, ALL),
    "hgatp": Case(0x680, 0, 0x3FFF << 44 | (1 << 44) - 4),
    "hgeip": Case(0xE12, 0, READ_ONLY),
    "mtinst": Case(0x34A, 0, ALL),
    "mtval2": Case(0x34B, 0, ALL),
    "vsstatus": Case(0x200, 2 << 32, STATUS_S | 2 << 32, 2 << 32),
    "vsie": Case(0x204, 0, 0),
    "vstvec": Case(0x205, 0, ALL & ~2),
    "vsscratch": Case(0x240, 0, ALL),
    "vsepc": Case(0x241, 0, ALL & ~3),
    "vscause": Case(0x242, 0, ALL),
    "vstval": Case(0x243, 0, ALL),
    "vsip": Case(0x244, 0, 0),
    "vstimecmp": Case(0x24D, 0, ALL),
    "vsatp": Case(0x280, 0, ALL >> 4),  # the mode is not there
}
NAMES = list(CASES)
COUNTERS = {"cycle": 1, "time": 2, "instret": 4, "hpmcounter3": 8, "hpmcounter31": 1 << 31}


def hart_with(name: str, *code: int, priv: Priv = Priv.M, **options: int) -> Hart:
    """Give a hart that has a CSR: with floating point, and that on, for those that need it."""
    isa = {"isa": WITH_F} if name in FLOATS else {}
    hart = bench(priv, *code, **isa, **options)
    if name in FLOATS:
        hart.csr["mstatus"] = ms.FS
    return hart


def test_every_csr_has_a_case_with_its_number():
    assert {name: csr.number for name, csr in CSRS.by_name.items()} == {
        name: case.number for name, case in CASES.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_reset_value(engine, name):
    hart = hart_with(name, asm("csrrs", rd=10, csr=CASES[name].number, rs1=0), hart_id=3)
    run(engine, hart)
    assert hart.x[10] == CASES[name].reset


@pytest.mark.parametrize("name", [name for name in NAMES if CASES[name].ones != STOPS])
def test_a_write_keeps_the_writable_bits_or_is_illegal(engine, name):
    number, _, ones, zeros = CASES[name]
    code = [
        asm("csrrw", rd=0, csr=number, rs1=11),
        asm("csrrw", rd=12, csr=number, rs1=0),
        asm("csrrs", rd=13, csr=number, rs1=0),
    ]
    hart = hart_with(name, *code)
    hart.x[11] = ALL
    if ones == READ_ONLY:
        run(engine, hart)
        assert hart.csr["mcause"] == Cause.ILLEGAL
        assert hart.csr["mtval"] == code[0]
        return
    run(engine, hart, 3)
    assert (hart.x[12], hart.x[13]) == (ones, zeros)


@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("name", NAMES)
def test_a_read_needs_the_privilege_in_the_number(engine, name, priv):
    number = CASES[name].number
    hart = hart_with(name, asm("csrrs", rd=10, csr=number, rs1=0), priv=priv)
    for enable in ("mcounteren", "scounteren", "menvcfg", *(f"mstateen{i}" for i in range(4))):
        hart.csr[enable] = ALL
    run(engine, hart)
    needed = {0: Priv.U, 1: Priv.S, 2: Priv.S, 3: Priv.M}[number >> 8 & 3]
    is_allowed = priv >= needed
    assert (hart.pc == CODE + 4) == is_allowed
    if not is_allowed:
        assert (hart.csr["mcause"], hart.pc) == (Cause.ILLEGAL, M_VECTOR)


@pytest.mark.parametrize("scounteren", [0, 1])
@pytest.mark.parametrize("mcounteren", [0, 1])
@pytest.mark.parametrize("priv", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("name", COUNTERS)
def test_counters_need_the_enables_of_all_levels_above(engine, name, priv, mcounteren, scounteren):
    hart = bench(priv, asm("csrrs", rd=10, csr=CASES[name].number, rs1=0))
    bit = COUNTERS[name]
    hart.csr["mcounteren"] = bit if mcounteren else ~bit
    hart.csr["scounteren"] = bit if scounteren else ~bit
    run(engine, hart)
    allowed = {Priv.M: True, Priv.S: mcounteren == 1, Priv.U: mcounteren == scounteren == 1}
    assert (hart.pc == CODE + 4) == allowed[priv]


@pytest.mark.parametrize("number", [0x000, 0x001, 0x5C0, 0x800, 0xC80, 0x7C0, 0xFFF])
@pytest.mark.parametrize("name", ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"])
def test_a_csr_that_does_not_exist_is_illegal_to_read_and_write(engine, name, number):
    source = {"uimm": 0} if name.endswith("i") else {"rs1": 0}
    hart = bench(Priv.M, asm(name, rd=10, csr=number, **source))
    hart.x[10] = 99
    run(engine, hart)
    assert (hart.csr["mcause"], hart.x[10]) == (Cause.ILLEGAL, 99)


OLD, SOURCE = 0xF0F0, 0x0000_0001_0000_00FF
FORMS = [
    ("csrrw", SOURCE, SOURCE), ("csrrs", SOURCE, OLD | SOURCE), ("csrrc", SOURCE, OLD & ~SOURCE),
    ("csrrwi", 31, 31), ("csrrsi", 31, OLD | 31), ("csrrci", 31, OLD & ~31),
    ("csrrwi", 0, 0), ("csrrsi", 0, OLD), ("csrrci", 0, OLD),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source", "new"), FORMS)
def test_the_six_forms_give_the_old_value_and_write_the_new(engine, name, source, new):
    field = {"uimm": source} if name.endswith("i") else {"rs1": 11}
    words = [asm(name, rd=rd, csr=0x340, **field) for rd in (10, 0)]
    hart = bench(Priv.M, *words)
    hart.x[11], hart.csr["mscratch"] = source, OLD
    run(engine, hart)
    assert (hart.x[10], hart.csr["mscratch"]) == (OLD, new)
    hart.csr["mscratch"] = OLD
    run(engine, hart)
    assert (hart.x[0], hart.csr["mscratch"]) == (0, new)


@pytest.mark.parametrize("name", ["csrrs", "csrrc"])
def test_x0_and_a_zero_immediate_read_a_read_only_csr(engine, name):
    words = [asm(name, rd=10, csr=0xF14, rs1=0), asm(name + "i", rd=11, csr=0xF14, uimm=0)]
    hart = bench(Priv.M, *words, asm(name, rd=12, csr=0xF14, rs1=13), hart_id=6)
    run(engine, hart, 3)
    assert (hart.x[10], hart.x[11]) == (6, 6)
    assert hart.csr["mcause"] == Cause.ILLEGAL  # a register that holds 0 is a write nevertheless


def test_a_register_that_is_source_and_destination_is_read_first(engine):
    hart = bench(Priv.M, asm("csrrw", rd=10, csr=0x340, rs1=10))
    hart.x[10], hart.csr["mscratch"] = 5, 6
    run(engine, hart)
    assert (hart.x[10], hart.csr["mscratch"]) == (6, 5)


@pytest.mark.parametrize("mode", range(16))
@pytest.mark.parametrize(
    ("name", "modes"), [("sv39", (0, 8)), ("sv48", (0, 8, 9)), ("sv57", (0, 8, 9, 10))]
)
def test_satp_takes_the_modes_there_are_and_ignores_others_whole(engine, name, modes, mode):
    old = 8 << 60 | 0x1234 << 44 | 0x5678
    hart = bench(Priv.M, asm("csrrw", rd=0, csr=0x180, rs1=11), isa=f"rv64i_zicsr_{name}")
    hart.csr["satp"] = old
    hart.x[11] = mode << 60 | 0xFFFF << 44 | 1
    run(engine, hart)
    assert hart.csr["satp"] == (hart.x[11] if mode in modes else old)


@pytest.mark.parametrize("old", [Priv.U, Priv.S, Priv.M])
@pytest.mark.parametrize("new", range(4))
def test_mpp_takes_the_privileges_there_are(engine, old, new):
    hart = bench(Priv.M, asm("csrrw", rd=0, csr=0x300, rs1=11))
    hart.csr["mstatus"] = old << ms.MPP_SHIFT
    hart.x[11] = new << ms.MPP_SHIFT | ms.SUM
    run(engine, hart)
    kept = old if new == 2 else new
    assert hart.csr["mstatus"] == XL64 | kept << ms.MPP_SHIFT | ms.SUM


@pytest.mark.parametrize("tvm", [0, ms.TVM])
@pytest.mark.parametrize("priv", [Priv.S, Priv.M])
def test_tvm_keeps_s_mode_from_satp(engine, priv, tvm):
    for word in (asm("csrrs", rd=10, csr=0x180, rs1=0), asm("csrrw", rd=10, csr=0x180, rs1=0)):
        hart = bench(priv, word)
        hart.csr["mstatus"] = tvm
        run(engine, hart)
        assert (hart.pc == CODE + 4) == (priv == Priv.M or not tvm)


def test_sie_and_sip_show_and_change_what_is_delegated_only(engine):
    code = [
        asm("csrrw", rd=10, csr=CASES[name].number, rs1=11) for name in ("sie", "sip", "sie", "sip")
    ]
    hart = bench(Priv.S, *code)
    hart.csr["mideleg"] = 1 << 1 | 1 << 9
    hart.csr["mie"] = 1 << 7
    hart[Slot.MIP] = 1 << 5
    hart.x[11] = ALL
    run(engine, hart, 2)
    assert hart.csr["mie"] == 1 << 7 | 1 << 1 | 1 << 9
    assert hart.csr["mip"] == 1 << 5 | 1 << 1  # of sip, software sets ssip only
    assert hart.csr["sie"] == 1 << 1 | 1 << 9
    assert hart.csr["sip"] == 1 << 1


def test_sstatus_writes_leave_the_rest_of_mstatus_alone(engine):
    hart = bench(Priv.S, asm("csrrw", rd=10, csr=0x100, rs1=0))
    hart.csr["mstatus"] = ALL
    run(engine, hart)
    assert hart.x[10] == STATUS_S | 2 << 32
    assert hart.csr["mstatus"] == XL64 | (STATUS_M & ~STATUS_S) | 3 << 38


def test_minstret_counts_and_takes_a_write_before_the_next_instruction(engine):
    read = asm("csrrs", rd=10, csr=0xB02, rs1=0)
    nop = asm("addi", rd=0, rs1=0, imm=0)
    hart = bench(Priv.M, nop, read, asm("csrrwi", rd=0, csr=0xB02, uimm=20), read, nop, read)
    run(engine, hart, 2)
    assert hart.x[10] == 1
    run(engine, hart, 2)
    assert hart.x[10] == 20
    run(engine, hart, 2)
    assert hart.x[10] == 22


@pytest.mark.parametrize(("bit", "name"), [(1, "mcycle"), (4, "minstret")])
def test_an_inhibited_counter_stands_still_and_goes_on_from_there(engine, bit, name):
    number = CASES[name].number
    read = asm("csrrs", rd=10, csr=number, rs1=0)
    inhibit = [asm("csrrwi", rd=0, csr=0x320, uimm=value) for value in (bit, 0)]
    hart = bench(Priv.M, asm("csrrwi", rd=0, csr=number, uimm=9), inhibit[0], read, read, *inhibit)
    run(engine, hart, 3)
    first = hart.x[10]
    assert first in (9, 10)  # whether it counts the instruction that inhibits it is free
    run(engine, hart, 1)
    assert hart.x[10] == first
    run(engine, hart, 2)
    assert hart.csr[name] in (first, first + 1)


def test_a_trapped_instruction_is_not_counted(engine):
    hart = bench(Priv.M, asm("ecall"))
    run(engine, hart)
    assert hart.csr["minstret"] == 0


def test_time_is_instructions_by_the_tick(engine):
    nops = [asm("addi", rd=0, rs1=0, imm=0)] * 7
    hart = bench(Priv.M, *nops, asm("csrrs", rd=10, csr=0xC01, rs1=0), tick=3)
    run(engine, hart, 8)
    assert hart.x[10] == 2


@pytest.mark.parametrize("name", ["menvcfg", "senvcfg"])
@pytest.mark.parametrize(
    ("extensions", "written", "bits"),
    [
        ("", ALL, 1), ("_zicbom", ALL, 0x71), ("_zicboz", ALL, 0x81), ("_zicbom_zicboz", ALL, 0xF1),
        ("_zicbom", 0x10, 0x10), ("_zicbom", 0x20, 0), ("_zicbom_zicboz", 0xE0, 0xC0),
    ],
)  # fmt: skip
def test_cache_block_controls_come_with_their_extensions(engine, name, extensions, written, bits):
    word = asm("csrrw", rd=0, csr=CASES[name].number, rs1=11)
    hart = bench(Priv.M, word, isa=f"rv64i_zicsr{extensions}")
    hart.x[11] = written
    run(engine, hart)
    assert hart.csr[name] == bits


@pytest.mark.parametrize(("isa", "has_b"), [("rv64i_b", 1), ("rv64i_zba_zbb", 0), ("rv64i", 0)])
def test_misa_says_b_when_all_of_it_is_there(engine, isa, has_b):
    hart = bench(Priv.M, asm("csrrs", rd=10, csr=0x301, rs1=0), isa=f"{isa}_zicsr")
    run(engine, hart)
    assert hart.x[10] >> 1 & 1 == has_b


def test_two_csrs_of_one_number_are_refused_naming_both():
    with pytest.raises(SpecError, match=r"two \(0x340\) conflicts with one"):
        CsrTable([Csr("one", 0x340, "One."), Csr("two", 0x340, "Two.")])
