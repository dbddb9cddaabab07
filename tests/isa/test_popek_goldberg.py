"""The judgement by execution: it finds what the manual says of known cases, and what is planted."""

import dataclasses

import pytest

from isa.extensions import ALL
from isa.insn import system
from isa.isa_string import parse_isa
from isa.popek_goldberg import _Lab, judge
from isa.spec import TABLE
from isa.state import Slot


@pytest.fixture(scope="module")
def verdicts():
    """Judge everything once."""
    return {verdict.name: verdict for verdict in judge(ALL)}


def test_every_sensitive_instruction_traps_in_deprivileged_mode(verdicts):
    assert [verdict.name for verdict in verdicts.values() if verdict.is_exception] == []


@pytest.mark.parametrize("name", ["mret", "sret", "wfi", "sfence.vma", "write satp", "write mie"])
def test_what_changes_resources_is_control_sensitive(verdicts, name):
    assert verdicts[name].is_control_sensitive
    assert verdicts[name].traps == "always"


@pytest.mark.parametrize("name", ["read mstatus", "read satp", "read time", "read mhartid"])
def test_what_tells_of_resources_is_behaviour_sensitive(verdicts, name):
    assert verdicts[name].is_behaviour_sensitive
    assert verdicts[name].traps == "always"


@pytest.mark.parametrize("name", ["add", "ld", "sd", "beq", "jalr", "mul", "lr.d", "fence.i"])
def test_what_user_code_may_do_for_itself_is_innocuous(verdicts, name):
    assert not verdicts[name].is_sensitive
    assert verdicts[name].traps == "never"


def test_an_ecall_traps_and_is_not_sensitive(verdicts):
    assert (verdicts["ecall"].is_sensitive, verdicts["ecall"].traps) == (False, "always")


def test_what_is_not_selected_is_not_judged():
    names = {verdict.name for verdict in judge(parse_isa("rv64i"))}
    assert "add" in names
    assert "mul" not in names


def _planted(meaning, monkeypatch):
    """Judge an instruction that is put in another one's place."""
    add = TABLE.by_name["sub"]
    insn = dataclasses.replace(
        add, meaning=meaning, kind=system("x rd", "0" * 20 + " rd 1111111", ext="I")(meaning).kind
    )
    table = {**TABLE.by_name, "sub": insn}
    lab = _Lab(ALL)
    monkeypatch.setattr(lab._engine._table, "decode", lambda word: insn)
    assert table["sub"] is insn
    return lab.judge("planted", lab.samples(insn))


def reads_the_mode(hart):
    """Tell the privilege level, as the PUSHF of another architecture tells its flags."""
    return hart[Slot.PRIV]


def drops_a_write(hart):
    """Change a control register, but only in M-mode, as POPF does."""
    if hart[Slot.PRIV] == 3:
        hart[Slot.MSCRATCH] = 1
    return 0


@pytest.mark.parametrize("meaning", [reads_the_mode, drops_a_write])
def test_an_instruction_like_the_x86s_is_found_to_be_an_exception(meaning, monkeypatch):
    assert _planted(meaning, monkeypatch).is_exception
