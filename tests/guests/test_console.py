"""What the manifest says a guest prints: computed again, and printed by QEMU."""

from collections.abc import Callable
from pathlib import Path

import pytest

import guests
from guests import Ending, Guest, Kind
from tests.guests import models
from tests.guests.toolchain import gnu_build, qemu_console

ENDING = [guest for guest in guests.catalog() if guest.ends is Ending.EXIT]
BENCHES = [guest for guest in guests.catalog() if guest.kind is Kind.BENCH]
WORKLOADS: dict[str, Callable[[int], int]] = {
    "intloop": models.intloop,
    "branchy": models.branchy,
    "stores": models.stores,
    "nullcall": models.nullcall,
}


def bench_line(guest: Guest, count: int) -> str:
    """Give the line that a benchmark has to print."""
    return f"{guest.name}: N = {count}, checksum {WORKLOADS[guest.name](count):#018x}\n"


@pytest.mark.parametrize("guest", ENDING, ids=lambda guest: guest.name)
def test_a_guest_prints_on_qemu_what_the_manifest_says(guest: Guest, tmp_path: Path):
    image = None
    if guest.has_disk:
        image = tmp_path / "disk.img"
        image.write_bytes(guests.build_disk(guest.name))
    assert qemu_console(gnu_build(guest, tmp_path), image, guest.input) == guest.console


@pytest.mark.parametrize("guest", BENCHES, ids=lambda guest: guest.name)
def test_a_benchmark_takes_its_count_from_the_command_line(guest: Guest, tmp_path: Path):
    assert qemu_console(gnu_build(guest, tmp_path, N=3)) == bench_line(guest, 3)


@pytest.mark.parametrize("guest", BENCHES, ids=lambda guest: guest.name)
def test_a_benchmark_s_checksum_is_what_its_algorithm_gives(guest: Guest):
    assert guest.console == bench_line(guest, guest.parameters["N"])


def test_every_benchmark_has_a_model():
    assert {guest.name for guest in BENCHES} == set(WORKLOADS)


def test_tick_prints_the_right_primes_crc_and_checksum():
    console = guests.find("tick").console
    primes = models.primes_below(16384)
    assert f"primes below 16384: {len(primes)}, their sum {sum(primes)}\n" in console
    assert f"CRC-32 of 4096 bytes: {models.tick_crc():#010x}, by process 2\n" in console
    assert console.endswith(f"tick: checksum {models.tick_checksum():#018x}\n")
