"""ISA strings: what they select, what profiles lack here, and what is refused."""

import re

import pytest

from isa.errors import TraplineError
from isa.extensions import ALL, BITS, NAMES
from isa.isa_string import GROUPS, HELD, REQUIRED, format_isa, parse_isa, read_isa
from isa.profiles import PROFILES
from isa.spec import FORMS, TABLE

LONG = [name for name in NAMES if name not in ("I", "S", "U")]


@pytest.mark.parametrize("name", LONG)
def test_every_extension_can_be_selected_by_itself_with_what_it_requires(name):
    required, waiting = {"i", "s", "u"}, [name.lower()]
    while waiting:
        needed = waiting.pop()
        required.add(needed)
        waiting += REQUIRED.get(needed, ())
    found = parse_isa(f"rv64i{'' if len(name) == 1 else '_'}{name.lower()}")
    assert {other.lower() for other in NAMES if found & BITS[other]} == required


def test_everything_there_is_survives_being_written_and_read():
    assert parse_isa(format_isa(ALL)) == ALL


@pytest.mark.parametrize("insn", [*TABLE, *FORMS], ids=lambda insn: insn.name)
def test_every_instruction_belongs_to_an_extension_that_can_be_selected(insn):
    names = re.split("[|&]", insn.ext)
    assert all(name in BITS or name in ("M-mode", "S-mode") for name in names)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("rv64ib_zicsr", "rv64i_zba_zbb_zbs_zicsr"),
        ("rv64i_zkn", "rv64i_zbkb_zbkc_zbkx_zkne_zknd_zknh"),
        ("rv64i_zks", "rv64i_zbkb_zbkc_zbkx_zksed_zksh"),
        ("rv64i_zk", "rv64i_zkn_zkt"),
        ("RV64IMAC_ZICSR", "rv64imac_zicsr"),
        ("rv64i2p1_m2p0_a2p1_c2p0_zicsr2p0", "rv64imac_zicsr"),
        ("rv64imazicsr", "rv64ima_zicsr"),
        ("rv64ima_zmmul_zaamo_zca", "rv64imac"),
        ("rv64i_zcb", "rv64ic_zcb"),
        ("rv64i_zihpm", "rv64i_zicsr_zihpm"),
        ("rv64i__zba_", "rv64i_zba"),
        ("rv64i_zic64b_sv39_ss1p13_za64rs", "rv64i"),
    ],
)
def test_two_strings_that_select_the_same(text, same):
    assert parse_isa(text) == parse_isa(same)


def test_the_order_is_the_canonical_one():
    mixed = "rv64ic_zksh_zba_zicsr_zacas_m_a_zcb_zicond"
    assert format_isa(parse_isa(mixed)) == "rv64imac_zicond_zicsr_zacas_zcb_zba_zksh"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_taken_less_what_is_not_here_and_says_so(profile):
    found = read_isa(profile)
    known = {name.lower() for name in NAMES} | set(HELD)
    assert set(found.missing) == set(PROFILES[profile]) - known - GROUPS.keys()
    assert all(found.bits & BITS[name] for name in ("I", "M", "A", "C", "Zicsr", "Zicntr"))
    assert read_isa(f"{profile}_zbc").bits == found.bits | BITS["Zbc"]


def test_zk_is_taken_without_the_entropy_source():
    assert read_isa("rv64i_zk").missing == ("zkr",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begin with rv64, or with a profile"),
        ("rv32i", "begin with rv64"),
        ("rva99u64", "begin with rv64"),
        ("rv64", "expected i or g"),
        ("rv64m", "expected i or g"),
        ("rv64i_zfoo", "no extension 'zfoo' here"),
        ("rv64i_zkr", "no extension 'zkr' here"),
        ("rv64iz", "no extension 'z' here"),
        ("rv64i_zicsr2", "no extension 'zicsr2' here"),
        ("rva22u64_zfoo", "no extension 'zfoo' here"),
        ("rv64i_zabha&zacas", "no extension"),
    ],
)
def test_a_string_that_cannot_be_had_is_refused_with_the_reason(text, why):
    with pytest.raises(TraplineError, match=why):
        parse_isa(text)
