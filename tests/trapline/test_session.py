"""The Python interface: a guest runs alike on the bare board, as a domain and on each engine.

What each guest prints and how it ends is in the manifest.
"""

import pytest

import trapline
from guests import Kind, find
from isa.errors import TraplineError
from tests.trapline.guests import (
    BOUND,
    FAILING,
    JSON_KEYS,
    READER,
    by_kind,
    reason_of,
    skip_long_on_reference,
    status_of,
    write,
)

KERNELS = by_kind(Kind.KERNEL)
HOSTILE = by_kind(Kind.HOSTILE)
SHORT_BOUND = 30_000  # for the reference engine, on guests that do not end


def names(guests):
    """Give what pytest needs to name cases."""
    return {"argvalues": guests, "ids": [guest.name for guest in guests]}


@pytest.mark.parametrize("guest", **names(KERNELS))
def test_a_kernel_runs_alike_bare_and_as_a_domain(guest, engine):
    skip_long_on_reference(guest, engine.name)
    bare = trapline.run(guest.name, engine=engine.name)
    domain = trapline.boot(guest.name, engine=engine.name)
    assert bare.text == domain.text == guest.console
    assert bare.exit_status == domain.exit_status == guest.exit_status
    assert bare.account.facts.state_sha256 == domain.account.facts.state_sha256
    assert bare.account.instructions == domain.account.instructions


def test_tick_ends_alike_on_both_engines():
    results = [trapline.boot("tick", engine=name) for name in ("interpreter", "reference")]
    first, second = ({**result.to_json()} for result in results)
    for differing in ("engine", "cpu_s", "wall_s", "mips"):
        del first[differing], second[differing]
    assert first == second
    assert results[0].text == find("tick").console


@pytest.mark.parametrize("guest", **names(HOSTILE))
def test_a_hostile_guest_as_a_domain_ends_as_the_manifest_says(guest):
    result = trapline.boot(guest.name, max_instructions=BOUND)
    assert result.text == guest.console
    assert result.exit_status == status_of(guest, is_domain=True)
    assert result.stop.reason.value in reason_of(guest, is_domain=True)


@pytest.mark.parametrize("guest", **names(HOSTILE))
def test_a_hostile_guest_on_the_bare_board_ends_as_the_manifest_says(guest, engine):
    bound = SHORT_BOUND if engine.name == "reference" else BOUND
    result = trapline.run(guest.name, max_instructions=bound, engine=engine.name)
    assert result.text == guest.console
    assert result.exit_status == status_of(guest, is_domain=False)
    assert result.stop.reason.value in reason_of(guest, is_domain=False)


def test_a_result_has_everything():
    result = trapline.boot("hello")
    assert result.console == b"hello from supervisor mode\n"
    assert result.account.exits["sbi"] > 0
    assert result.machine.harts[0].pc in range(0x8020_0000, 0x8030_0000)
    assert result.to_json().keys() == JSON_KEYS
    assert result.diagnosis == []


def test_two_runs_give_the_same_account_but_for_the_hosts_time():
    first, second = (trapline.boot("hello").to_json() for _ in range(2))
    for hosts in ("cpu_s", "wall_s", "mips"):
        del first[hosts], second[hosts]
    assert first == second


def test_console_output_is_passed_on_as_it_comes():
    pieces: list[bytes] = []
    trapline.run("tick", echo=pieces.append)
    assert b"".join(pieces) == find("tick").console.encode()
    assert len(pieces) > 1


def test_input_waits_at_the_console(tmp_path):
    path = write(tmp_path, "reader.s", READER)
    assert trapline.run(path, input=b"xyz").text == "x"
    assert trapline.boot(path, input=b"y").text == "y"


def test_input_that_cannot_wait_is_refused():
    with pytest.raises(TraplineError, match="at most 65536 can wait"):
        trapline.run("hello", input=bytes(1 << 20))


def test_the_guests_own_status_is_kept(tmp_path):
    path = write(tmp_path, "failing.s", FAILING)
    for result in (trapline.run(path), trapline.boot(path)):
        assert (result.exit_status, result.stop.reason.value) == (42, "exit")


def test_a_bound_ends_a_run_exactly_there():
    for result in (
        trapline.run("endless", max_instructions=12_345),
        trapline.boot("endless", max_instructions=12_345),
    ):
        assert (result.exit_status, result.stop.reason.value) == (124, "bound")
        assert result.account.instructions == 12_345


def test_the_account_says_how_misses_were_counted():
    assert trapline.run("hello").account.facts.tlb == "fast: not modelled"
    assert trapline.run("hello", tlb="16x4").account.facts.tlb == "exact: 16x4"
    assert trapline.boot("hello").account.facts.tlb == "exact: 1x64, second 1024x4"


def test_a_smaller_tlb_misses_more():
    misses = [
        trapline.boot("tick", tlb=tlb).account.tlb_misses["hart"] for tlb in ("1x4", "1x16", "1x64")
    ]
    assert misses[0] > misses[1] > misses[2]


def test_the_geometry_changes_no_result():
    states = {
        trapline.boot("tick", tlb=tlb, second_tlb=second).account.facts.state_sha256
        for tlb in ("1x2", "16x4")
        for second in ("1x0", "4x2")
    }
    assert len(states) == 1


def test_a_preset_changes_cycles_only():
    old, new = (trapline.boot("tick", costs=name).account for name in ("1997", "today"))
    assert old.cycles != new.cycles
    assert (old.instructions, old.exits, old.tlb_misses) == (
        new.instructions,
        new.exits,
        new.tlb_misses,
    )


def test_memory_may_be_large_without_cost():
    result = trapline.boot("hello", mem="2G")
    assert result.exit_status == 0


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError):
        trapline.boot("hello", memory="1G")


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError):
        _ = trapline.nonsense
