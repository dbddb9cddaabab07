"""The bus: overlaps are refused, bad accesses are answered with a fault value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.bus import Bus, BusConflictError, BusFault, FaultReason
from vmm.contracts import StateError
from vmm.devices.sifive_test import SifiveTest
from vmm.devices.uart import Uart

UART, TEST = 0x1000_0000, 0x10_0000


@pytest.fixture
def bus():
    bus = Bus()
    bus.attach("test", SifiveTest(lambda _request: None), TEST)
    bus.attach("uart0", Uart(lambda _data: None), UART)
    return bus


def test_an_access_reaches_the_device_at_its_offset(bus):
    assert bus.write(UART + 7, 1, 0x5A) is None
    assert bus.read(UART + 7, 1) == 0x5A


def test_a_value_wider_than_the_access_is_cut_to_it(bus):
    bus.write(UART + 7, 1, 0x1234_5678_9ABC_DEF0)
    assert bus.read(UART + 7, 1) == 0xF0


@pytest.mark.parametrize(
    ("pa", "size", "reason"),
    [
        (UART - 1, 1, FaultReason.UNMAPPED),
        (UART + 8, 1, FaultReason.UNMAPPED),
        (0, 8, FaultReason.UNMAPPED),
        ((1 << 64) - 1, 1, FaultReason.UNMAPPED),
        (UART + 4, 8, FaultReason.MISALIGNED),
        (TEST, 8, FaultReason.WIDTH),
        (TEST, 1, FaultReason.WIDTH),
        (TEST + 2, 4, FaultReason.MISALIGNED),
    ],
)
def test_a_bad_access_is_a_fault_that_says_why(bus, pa, size, reason):
    assert bus.read(pa, size) == BusFault(pa, size, is_write=False, reason=reason)
    assert bus.write(pa, size, 0) == BusFault(pa, size, is_write=True, reason=reason)


def test_an_overlap_is_refused_naming_both_devices(bus):
    with pytest.raises(BusConflictError, match=r"uart1 at 0x10000000.*overlaps uart0"):
        bus.attach("uart1", Uart(lambda _data: None), UART)


def test_a_second_device_of_one_name_is_refused(bus):
    with pytest.raises(BusConflictError, match="two devices are called uart0"):
        bus.attach("uart0", Uart(lambda _data: None), UART + 0x100)


@pytest.mark.parametrize("base", [-8, UART + 0x104, (1 << 64) - 0x800])
def test_an_impossible_base_is_refused(bus, base):
    with pytest.raises(BusConflictError):
        bus.attach("other", SifiveTest(lambda _request: None), base)
    assert len(bus.attachments) == 2


def test_a_device_may_end_at_the_last_address(bus):
    bus.attach("top", Uart(lambda _data: None), (1 << 64) - 8)
    assert bus.read((1 << 64) - 1, 1) == 0


@given(
    pa=st.one_of(st.integers(0, (1 << 64) - 1), st.integers(TEST - 8, TEST + 0x1008)),
    size=st.sampled_from([1, 2, 4, 8]),
    value=st.integers(0, (1 << 64) - 1),
)
def test_every_access_has_an_answer(pa, size, value):
    bus = Bus()
    bus.attach("test", SifiveTest(lambda _request: None), TEST)
    answer = bus.read(pa, size)
    assert isinstance(answer, BusFault) or 0 <= answer < 1 << 8 * size
    assert isinstance(bus.write(pa, size, value), BusFault | None)


def test_a_saved_bus_is_restored(bus):
    bus.write(UART + 7, 1, 0x5A)
    saved = bus.save()
    bus.write(UART + 7, 1, 0)
    bus.restore(saved)
    assert bus.read(UART + 7, 1) == 0x5A


def test_a_state_with_other_devices_is_refused(bus):
    saved = bus.save()
    del saved["test"]
    with pytest.raises(StateError, match="test"):
        bus.restore(saved)


def test_a_state_that_is_wrong_in_one_device_changes_none(bus):
    bus.attach("uart1", Uart(lambda _data: None), UART + 0x100)
    bus.write(UART + 7, 1, 0x5A)
    saved = bus.save()
    saved["uart0"] = {**saved["uart0"], "scr": 1}
    saved["uart1"] = {**saved["uart1"], "scr": 256}
    with pytest.raises(StateError, match="scr"):
        bus.restore(saved)
    assert bus.read(UART + 7, 1) == 0x5A
