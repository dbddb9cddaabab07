"""What is told of a run that its guest did not end."""

import pytest

import trapline
from guests import Ending, catalog
from vmm.diagnosis import diagnose
from vmm.elf import Symbols
from vmm.exit_log import LOG_EXITS, TLB_MISS, LoggedExit
from vmm.stop import Stop, StopReason

STUCK = [guest.name for guest in catalog() if guest.ends is Ending.STUCK]


def diagnosed(name):
    """Boot a guest and give the diagnosis."""
    return trapline.boot(name, max_instructions=2_000_000).diagnosis


@pytest.mark.parametrize("name", STUCK)
def test_a_stopped_domain_is_explained_with_place_registers_and_exits(name):
    lines = diagnosed(name)
    assert lines[0].startswith("domain stopped: ")
    assert ", at 0x" in lines[0]
    text = "\n".join(lines)
    for word in ("ra ", "t6 ", "sepc ", "scause ", "stval ", "stvec ", "satp ", "sstatus "):
        assert word in text
    assert lines[-1].startswith("    hart 0 at 0x")


@pytest.mark.parametrize(
    ("name", "trap"),
    [
        ("relapse", "illegal instruction"),
        ("void", "instruction access fault"),
        ("collapse", "instruction access fault"),
    ],
)
def test_the_trap_that_recurs_is_named(name, trap):
    lines = diagnosed(name)
    assert f"trapping each time ({trap})" in lines[0]
    assert any("scause" in line and trap in line for line in lines)


def test_a_loop_without_traps_is_not_called_one():
    lines = diagnosed("spin")
    assert lines[0] == (
        "domain stopped: its state recurs every instruction and no interrupt can come,"
        " at 0x80200000 <_start>"
    )
    assert "   scause 0000000000000000" in lines  # no trap was taken, so no words for cause 0


def test_a_bound_is_explained_too():
    lines = diagnosed("endless")
    assert lines[0].startswith("run ended: the bound on instructions was reached, at 0x80200")


@pytest.mark.parametrize("reason", [StopReason.EXIT, StopReason.RESET])
def test_what_the_guest_did_itself_needs_no_explanation(reason):
    machine = trapline.boot("hello").machine
    assert diagnose(machine, Stop(reason, 0, "shutdown"), Symbols()) == []


def test_every_hart_is_shown():
    result = trapline.boot("spin", harts=2, max_instructions=2_000_000)
    harts = [line for line in result.diagnosis if line.startswith("  hart ")]
    assert [line[:8] for line in harts] == ["  hart 0", "  hart 1"]


def test_the_last_exits_are_those_that_counters_counted():
    result = trapline.boot("tick")
    log = result.machine.cpu.last_exits(0)
    assert len(log) == LOG_EXITS
    assert str(log[-1]) == "ecall"  # system reset


def test_the_bare_board_shows_what_went_to_the_environment():
    result = trapline.run("endless", max_instructions=1000)
    assert result.machine.cpu.last_exits(0) == ()
    assert result.diagnosis[-1] == "    none"


@pytest.mark.parametrize(
    ("logged", "text"),
    [
        (LoggedExit(TLB_MISS, 0x1000, 0x2000), "TLB miss for 0x2000"),
        (LoggedExit(2, 0x1000, 0x1050_0073), "to emulate wfi"),
        (LoggedExit(2, 0x1000, 0), "illegal instruction 0x0"),
        (LoggedExit(8, 0x1000, 0), "ecall"),
        (LoggedExit(5, 0x1000, 0x30), "load access fault 0x30"),
    ],
)
def test_an_exit_is_told_in_words(logged, text):
    assert str(logged) == text
