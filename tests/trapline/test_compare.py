"""`trapline compare`: the bare board and every mode side by side, and whether they agree."""

import json

import pytest

import trapline
from guests import Kind, find
from tests.trapline.guests import by_kind, write
from trapline.cli import main
from trapline.overhead import overheads
from trapline.settings import MODES

# Prints the lowest bit of the time: it would differ if the work of the monitor took guest time.
CLOCK = """
    .globl _start
_start:
    rdtime a0
    andi a0, a0, 1
    addi a0, a0, '0'
    li a7, 1
    ecall
    li a7, 8
    ecall
"""


def test_both_accounts_stand_side_by_side(capsys):
    assert main(["compare", "tick"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith(find("tick").console + "tick, costs of 1997\n")
    heading = next(line for line in captured.out.splitlines() if "softtlb" in line)
    assert heading.index("bare") < heading.index("softtlb")
    assert "overhead" in captured.out
    assert captured.out.endswith("\nconsole: the same in all\nstate: the same in all\n")


def test_the_account_is_exact_and_knows_the_bare_boards_misses():
    comparison = trapline.compare("tick")
    bare, domain, *_others = comparison.accounts
    assert (bare.facts.mode, domain.facts.mode) == ("bare", "softtlb")
    assert bare.facts.is_exact
    assert bare.tlb_misses["hart"] < domain.tlb_misses["hart"]
    assert bare.cycles < domain.cycles
    alone = trapline.boot("tick").account
    kernel = next(bucket for bucket in alone.buckets if bucket.value == "kernel_tlb_faults")
    assert domain.buckets[kernel] > alone.buckets[kernel]
    assert domain.cycles == alone.cycles


def test_json_has_both_runs_and_says_whether_they_agree(capsys):
    assert main(["compare", "--json", "-", "hello"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["guest"] == "hello"
    assert result["console_agrees"] is result["state_agrees"] is True
    assert list(result["runs"]) == ["bare", *MODES]
    assert result["overhead"]["softtlb"].keys() == {"hardware", "software"}


def test_overhead_is_given_against_both_kinds_of_bare_board():
    comparison = trapline.compare("tick", costs="1997")
    bare, domain, *_others = comparison.accounts
    assert bare.bare_refill == "software"  # the machine of the preset had no walker
    against = overheads(comparison)["softtlb"]
    assert against["software"] == (domain.cycles - bare.cycles) / bare.cycles
    # 55 misses at 14 cycles in software; in hardware at 10 cycles for each entry read.
    assert bare.cycles == bare.instructions + 55 * 14
    assert against["hardware"] != against["software"]


def test_sensitivity_shows_what_the_overhead_rests_on(capsys):
    assert main(["compare", "--sensitivity", "tick"]) == 0
    table = capsys.readouterr().out.partition("overhead if a cost of 1997 were another")[2]
    rows = {
        row.split("│")[1].strip(): [cell.strip() for cell in row.split("│")[4:7]]
        for row in table.splitlines()
        if "│" in row and "softtlb" in row
    }
    halved, same, doubled = (float(cell.removesuffix(" %")) for cell in rows["exits.csr"])
    assert halved < same < doubled
    assert "exits.hypercall" not in rows  # tick makes none


@pytest.mark.parametrize("guest", by_kind(Kind.HOSTILE), ids=lambda guest: guest.name)
def test_hostile_guests_agree_too(guest):
    comparison = trapline.compare(guest.name, max_instructions=300_000)
    assert comparison.console_agrees
    assert comparison.state_agrees


def test_a_guest_that_only_the_monitor_stops_does_not_spin_for_ever():
    comparison = trapline.compare("spin")
    statuses = [result.exit_status for result in comparison.runs.values()]
    assert statuses == [124] + [125] * len(MODES)
    assert comparison.state_agrees


def test_time_passes_alike_on_both(tmp_path):
    comparison = trapline.compare(write(tmp_path, "clock.s", CLOCK))
    assert comparison.console_agrees


def test_fast_accounting_cannot_be_compared(capsys):
    assert main(["compare", "--tlb", "fast", "hello"]) == 2
    assert "consists of a modelled TLB" in capsys.readouterr().err
