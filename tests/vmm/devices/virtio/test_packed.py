"""Packed rings: order, wrap counters, chains and indirect tables, events, hostile entries."""

import struct

import pytest

from tests.vmm.devices.virtio.driver import (
    AVAIL,
    DATA,
    DESC,
    INDIRECT_BIT,
    PACKED_BIT,
    USED,
    Driver,
)
from vmm.devices.virtio.entropy import Entropy

AVAILABLE, USED_FLAG, WRITE, NEXT, INDIRECT = 1 << 7, 1 << 15, 2, 1, 4


class Packed(Driver):
    """A driver of a packed ring."""

    def __init__(self, size=4, features=0):
        super().__init__(Entropy())
        self.start(1 << PACKED_BIT | features, size=size)
        self.at, self.wrap = 0, True

    def add(self, number, length=8, gpa=DATA, flags=WRITE):
        """Make a descriptor available."""
        flags |= AVAILABLE if self.wrap else USED_FLAG
        self.put(DESC + 16 * self.at, struct.pack("<QIHH", gpa, length, number, flags))
        self.at += 1
        if self.at == self.size:
            self.at, self.wrap = 0, not self.wrap

    def row(self, index):
        return struct.unpack("<QIHH", self.get(DESC + 16 * index, 16))


def test_a_buffer_comes_back_at_its_place():
    driver = Packed()
    driver.add(77)
    driver.notify()
    _gpa, length, number, flags = driver.row(0)
    assert (length, number) == (8, 77)
    assert flags & (AVAILABLE | USED_FLAG) == AVAILABLE | USED_FLAG
    assert driver.line


def test_wrap_counters_turn_at_the_end_of_the_ring():
    driver = Packed(size=3)
    for number in range(10):
        driver.add(number)
        driver.notify()
        _gpa, _length, given, flags = driver.row(number % 3)
        assert given == number
        wanted = 0 if number // 3 % 2 else AVAILABLE | USED_FLAG
        assert flags & (AVAILABLE | USED_FLAG) == wanted


def test_a_chain_takes_its_length_and_gives_the_last_ones_id():
    driver = Packed(size=4)
    driver.add(1, 4, DATA, WRITE | NEXT)
    driver.add(2, 4, DATA + 4, WRITE)
    driver.add(3, 8, DATA + 8)
    driver.notify()
    assert driver.row(0)[1:3] == (8, 2)
    assert driver.row(2)[1:3] == (8, 3)


def test_an_indirect_table_is_one_descriptor():
    driver = Packed(features=1 << INDIRECT_BIT)
    table = DATA + 0x100
    for index in range(3):
        driver.put(table + 16 * index, struct.pack("<QIHH", DATA + 8 * index, 8, 0, WRITE))
    driver.add(9, 48, table, INDIRECT)
    driver.notify()
    assert driver.row(0)[1:3] == (24, 9)


@pytest.mark.parametrize(("flags", "is_high"), [(0, True), (1, False)])
def test_the_driver_may_switch_interrupts_off(flags, is_high):
    driver = Packed()
    driver.put(AVAIL, struct.pack("<HH", 0, flags))
    driver.add(1)
    driver.notify()
    assert driver.line is is_high


@pytest.mark.parametrize("event", range(8))
def test_an_event_is_told_when_its_descriptor_is_used(event):
    """Positions 0 to 3 are the first turn of the ring, 4 to 7 the second one."""
    driver = Packed(size=4)
    driver.put(AVAIL, struct.pack("<HH", event % 4 | (event < 4) << 15, 2))
    first = None
    for position in range(8):
        driver.add(position)
        driver.notify()
        if driver.line and first is None:
            first = position
    assert first == event


def test_the_device_always_wants_to_be_told():
    driver = Packed()
    driver.put(USED, b"\xff" * 4)
    driver.add(1)
    driver.notify()
    assert driver.get(USED, 4) == bytes(4)


@pytest.mark.parametrize(
    ("length", "gpa", "flags"),
    [(8, 0, WRITE), (0, DATA, WRITE), (16, DATA, INDIRECT), (8, 2**64 - 4, WRITE)],
)
def test_a_bad_descriptor_breaks_the_device(length, gpa, flags):
    driver = Packed()
    driver.add(1, length, gpa, flags)
    driver.notify()
    assert driver.is_broken


def test_a_chain_longer_than_the_ring_breaks_the_device():
    driver = Packed(size=2)
    for _ in range(2):
        driver.add(1, 4, DATA, WRITE | NEXT)
    driver.at, driver.wrap = 0, False
    for _ in range(2):
        driver.add(1, 4, DATA, WRITE | NEXT)
    driver.notify()
    assert not driver.line or driver.is_broken


def test_an_empty_indirect_table_breaks_the_device():
    driver = Packed(features=1 << INDIRECT_BIT)
    driver.add(1, 0, DATA, INDIRECT)
    driver.notify()
    assert driver.is_broken
