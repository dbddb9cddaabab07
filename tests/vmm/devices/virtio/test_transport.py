"""The transport: identification, agreement on features, queues, versions, save and restore."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vmm.devices.virtio.driver import (
    AVAIL,
    DATA,
    DESC,
    EVENT_BIT,
    INDIRECT_BIT,
    INTERRUPT,
    NEXT,
    PACKED_BIT,
    RAM,
    SIZE,
    STATUS,
    USED,
    VERSION_BIT,
    WRITE,
    Driver,
)
from vmm.contracts import StateError
from vmm.devices.virtio.entropy import Entropy
from vmm.devices.virtio.slot import EmptySlot


@pytest.fixture
def driver():
    return Driver(Entropy())


def fill(driver, index, gpa=DATA, length=8):
    """Ask for random bytes."""
    driver.describe(index, gpa, length, WRITE)
    driver.offer(index)


def test_it_identifies_itself(driver):
    assert [driver[at] for at in (0, 4, 8, 12)] == [0x74726976, 2, 4, 0x554D4551]


def test_an_empty_slot_is_no_device():
    slot = EmptySlot()
    assert [slot.read(at, 4) for at in (0, 4, 8)] == [0x74726976, 2, 0]


def test_ring_features_are_offered(driver):
    bits = (INDIRECT_BIT, EVENT_BIT, VERSION_BIT, PACKED_BIT)
    assert driver.offered() == sum(1 << bit for bit in bits)


def test_what_is_not_offered_cannot_be_agreed_on(driver):
    driver[STATUS] = 3
    driver[0x20] = 1 << 5
    driver[STATUS] = 11
    assert not driver[STATUS] & 8


def test_a_driver_that_does_not_know_version_1_may_go_on(driver):
    driver[STATUS] = 3
    driver[0x20] = 0
    driver[STATUS] = 11
    assert driver[STATUS] & 8


def test_buffers_come_back_filled(driver):
    driver.start()
    fill(driver, 3)
    driver.notify()
    assert driver.used() == [(3, 8)]
    assert driver.get(DATA, 8) != bytes(8)
    assert driver.line


def test_two_runs_see_the_same_random_bytes():
    seen = []
    for _ in range(2):
        driver = Driver(Entropy())
        driver.start()
        fill(driver, 0, length=32)
        driver.notify()
        seen.append(driver.get(DATA, 32))
    assert seen[0] == seen[1]


def test_nothing_is_served_before_the_driver_is_ready(driver):
    driver.start()
    driver[STATUS] = 11  # no DRIVER_OK
    fill(driver, 0)
    driver.notify()
    assert not driver.used()


def test_a_queue_that_is_not_ready_or_not_there_is_not_served(driver):
    driver.start()
    driver[0x44] = 0
    fill(driver, 0)
    for queue in (0, 1, 0xFFFF_FFFF):
        driver.notify(queue)
    assert not driver.used()
    assert not driver.is_broken


def test_a_reset_forgets_queues_interrupts_and_status(driver):
    driver.start()
    fill(driver, 0)
    driver.notify()
    driver[STATUS] = 0
    assert (driver[STATUS], driver[INTERRUPT], driver[0x44]) == (0, 0, 0)
    assert not driver.line


def test_the_driver_can_do_without_interrupts(driver):
    driver.start()
    driver.put(AVAIL, b"\1\0")
    fill(driver, 0)
    driver.notify()
    assert driver.used()
    assert not driver.line


def test_an_event_index_says_when_to_interrupt(driver):
    driver.start(1 << EVENT_BIT)
    driver.put(AVAIL + 4 + 2 * 8, b"\2\0")  # used_event: at the third buffer
    lines = []
    for index in range(4):
        fill(driver, index)
        driver.notify()
        lines.append(driver.line)
    assert lines == [False, False, True, True]
    assert driver.word(USED + 4 + 8 * 8) == 4  # avail_event: tell of the next one


def test_indexes_wrap_at_16_bits(driver):
    driver.start()
    for _ in range((1 << 16) // 8 + 1):
        for index in range(8):
            fill(driver, index)
        driver.notify()
    assert driver.word(USED + 2) == 8
    assert not driver.is_broken


def test_legacy_registers_set_a_queue_up():
    driver = Driver(Entropy(), is_legacy=True)
    assert driver[4] == 1
    driver[STATUS] = 3
    driver[0x28] = 4096
    driver[0x38] = 8
    driver[0x3C] = 4096
    driver[0x40] = (RAM + 0x20000) >> 12
    driver[STATUS] = 7
    table = RAM + 0x20000
    driver.describe(0, DATA, 16, WRITE, table=table)
    driver.put(table + 16 * 8, b"\0\0\1\0\0\0")
    driver.notify()
    assert driver.get(table + 0x1000, 12) == b"\0\0\1\0" + bytes(4) + b"\x10\0\0\0"
    assert driver[0x40] == (RAM + 0x20000) >> 12


def test_legacy_devices_offer_no_modern_features():
    assert not Driver(Entropy(), is_legacy=True).offered() >> 32


@pytest.mark.parametrize("features", [0, 1 << EVENT_BIT])
def test_a_restored_transport_goes_on(driver, features):
    driver.start(features)
    fill(driver, 0)
    driver.notify()
    other = Driver(Entropy(), memory=driver.memory)
    other.size = driver.size
    other.slot.restore(driver.slot.save())
    assert other.slot.save() == driver.slot.save()
    fill(other, 1)
    other.notify()
    assert [head for head, _length in other.used()] == [0, 1]


def test_a_saved_state_with_features_that_are_not_offered_is_refused(driver):
    driver.start()
    saved = dict(driver.slot.save()) | {"features": 1 << 60}
    with pytest.raises(StateError, match="not offer"):
        driver.slot.restore(saved)


# --------------------------------------------------------------------------------- hostility

BAD_CHAINS = {
    "beyond the table": [(0, DATA, 8, WRITE | NEXT, 8)],
    "a loop": [(0, DATA, 8, WRITE | NEXT, 1), (1, DATA, 8, WRITE | NEXT, 0)],
    "to itself": [(0, DATA, 8, WRITE | NEXT, 0)],
    "outside memory": [(0, 0x1000_0000, 8, WRITE, 0)],
    "over the end of memory": [(0, RAM + SIZE - 4, 8, WRITE, 0)],
    "wrapping around": [(0, 2**64 - 4, 8, WRITE, 0)],
    "nothing": [(0, DATA, 0, WRITE, 0)],
    "too long": [(0, DATA, 0xFFFF_FFFF, WRITE, 0)],
    "readable behind writable": [(0, DATA, 8, WRITE | NEXT, 1), (1, DATA, 8, 0, 0)],
    "an indirect table not agreed on": [(0, DATA, 16, 4, 0)],
}


@pytest.mark.parametrize("rows", BAD_CHAINS.values(), ids=BAD_CHAINS)
def test_a_bad_chain_breaks_the_device_until_it_is_reset(driver, rows):
    driver.start()
    for row in rows:
        driver.describe(*row)
    driver.offer(0)
    driver.notify()
    assert driver.is_broken
    assert driver[INTERRUPT] == 2
    assert driver.slot.problem
    fill(driver, 1)
    driver.notify()
    assert not driver.used()
    driver[STATUS] = 0
    driver.put(AVAIL, bytes(64))
    driver.start()
    fill(driver, 0)
    driver.notify()
    assert driver.used()


@pytest.mark.parametrize(
    ("length", "flags"), [(0, 0), (15, 0), (16 * 2000, 0), (16, NEXT)], ids=str
)
def test_a_bad_indirect_table_breaks_the_device(driver, length, flags):
    driver.start(1 << INDIRECT_BIT)
    driver.describe(0, DATA, length, 4 | flags)
    driver.offer(0)
    driver.notify()
    assert driver.is_broken


def test_a_nested_indirect_table_breaks_the_device(driver):
    driver.start(1 << INDIRECT_BIT)
    driver.describe(0, DATA, 16, 4)
    driver.describe(0, DATA + 64, 16, 4, table=DATA)
    driver.offer(0)
    driver.notify()
    assert driver.is_broken


def test_more_buffers_than_the_queue_has_break_the_device(driver):
    driver.start()
    driver.put(AVAIL + 2, (9).to_bytes(2, "little"))
    driver.notify()
    assert driver.is_broken


@pytest.mark.parametrize("size", [0, 3, 65, 128, 0xFFFF_FFFF])
def test_a_queue_of_an_impossible_size_breaks_the_device(driver, size):
    driver.start(size=size)
    driver.notify()
    assert driver.is_broken


@pytest.mark.parametrize("register", [0x80, 0x90, 0xA0])
@pytest.mark.parametrize("at", [0, RAM + SIZE - 8, 2**64 - 16, RAM + 1])
def test_rings_outside_memory_break_the_device(driver, register, at):
    driver.start()
    driver[0x44] = 0
    driver[register], driver[register + 4] = at & 0xFFFF_FFFF, at >> 32
    driver[0x44] = 1
    driver.notify()
    assert driver.is_broken


WORDS = st.one_of(
    st.integers(0, 0x120),
    st.sampled_from([DESC, AVAIL, USED, DATA, RAM + SIZE - 1]).map(lambda at: at & 0xFFFF_FFFF),
    st.integers(0, 2**32 - 1),
)
POKES = st.tuples(st.integers(0, 0x4A).map(lambda n: 4 * n), WORDS)
RING = st.binary(max_size=200)


@pytest.mark.parametrize("features", [0, 1 << INDIRECT_BIT | 1 << EVENT_BIT, 1 << PACKED_BIT])
@settings(max_examples=150)
@given(data=st.data())
def test_no_registers_and_no_rings_raise_anything(features, data):
    driver = Driver(Entropy(), is_legacy=data.draw(st.booleans()) and not features)
    if not driver.slot._is_legacy:
        driver.start(features)
    for at in (DESC, AVAIL, USED, DATA):
        driver.put(at, data.draw(RING))
    driver.notify()
    for offset, value in data.draw(st.lists(POKES, max_size=30)):
        driver[offset] = value
        driver[offset]
        driver.notify()
    state = driver.slot.save()
    other = Driver(Entropy(), memory=driver.memory, is_legacy=driver.slot._is_legacy)
    other.slot.restore(state)
    assert other.slot.save() == state
