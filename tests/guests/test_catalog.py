"""The catalog agrees with the files that it describes."""

from pathlib import Path

import pytest

import guests
from guests import Ending, Guest, GuestError
from guests.builder import check_parameters
from guests.catalog import ROOT
from tests.guests.toolchain import gnu_build, symbol

MEMORY_BASE = 0x80000000
KERNEL_BASE = 0x80200000
TREE_ROOM = 2 << 20
"""Where QEMU and the board put the device tree: at the end of memory, 2 MiB-aligned."""

EVERY_GUEST = pytest.mark.parametrize("guest", guests.catalog(), ids=lambda guest: guest.name)


def test_every_source_belongs_to_a_guest():
    listed = {source for guest in guests.catalog() for source in guest.all_sources}
    assert listed == set(ROOT.rglob("*.s"))


def test_names_are_unique():
    names = [guest.name for guest in guests.catalog()]
    assert len(names) == len(set(names))


@EVERY_GUEST
def test_a_guest_is_entered_where_it_is_loaded_and_fits_its_memory(guest: Guest, tmp_path: Path):
    program = gnu_build(guest, tmp_path)
    assert symbol(program, guest.entry) == KERNEL_BASE
    assert symbol(program, "__kernel_end") <= MEMORY_BASE + guest.memory - TREE_ROOM


@EVERY_GUEST
def test_a_parameter_s_default_is_the_one_in_the_source(guest: Guest):
    text = "".join(source.read_text() for source in guest.sources)
    for name, value in guest.parameters.items():
        assert name == "N"
        assert f"default_iterations {value}\n" in text


@EVERY_GUEST
def test_only_a_guest_that_exits_has_something_to_say(guest: Guest):
    assert (guest.ends is Ending.EXIT) == bool(guest.console)
    assert guest.console.endswith("\n") or not guest.console


@EVERY_GUEST
def test_a_guest_s_files_keep_the_limits_of_the_house(guest: Guest):
    for source in guest.all_sources:
        lines = source.read_text().splitlines()
        assert lines[0].startswith("# ")
        assert len(lines) <= 800
        assert max(map(len, lines)) <= 100


def test_an_unknown_guest_is_answered_with_the_nearest_name():
    with pytest.raises(GuestError, match=r"no bundled guest 'tock'; did you mean tick\?"):
        guests.find("tock")


def test_an_unknown_parameter_is_refused_by_name():
    with pytest.raises(GuestError, match=r"intloop has no parameter 'M' \(it has: N\)"):
        check_parameters(guests.find("intloop"), ["M"])
