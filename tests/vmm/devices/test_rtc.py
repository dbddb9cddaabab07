"""The real-time clock: halves, setting the time, the alarm and its interrupt."""

import pytest

from vmm.devices.rtc import EPOCH_NS, Rtc

LOW, HIGH, ALARM_LOW, ALARM_HIGH, ENABLED, CLEAR_ALARM, STATUS, CLEAR = range(0, 0x20, 4)
WORD = (1 << 32) - 1


class Clocked:
    """A clock with its time and the levels of its line."""

    def __init__(self):
        self.ticks = 0
        self.levels: list[bool] = []
        self.changes = 0
        self.rtc = Rtc(lambda: self.ticks, self.levels.append, self.changed)

    def changed(self):
        self.changes += 1

    def time(self):
        return self.rtc.read(LOW, 4) | self.rtc.read(HIGH, 4) << 32

    def set_alarm(self, at):
        self.rtc.write(ALARM_HIGH, 4, at >> 32)
        self.rtc.write(ALARM_LOW, 4, at & WORD)

    @property
    def line(self):
        return bool(self.levels and self.levels[-1])


@pytest.fixture
def clock():
    return Clocked()


def test_time_begins_at_a_fixed_date_and_has_a_tenth_of_a_microsecond(clock):
    assert clock.time() == EPOCH_NS
    clock.ticks = 12_345_678_901
    assert clock.time() == EPOCH_NS + 1_234_567_890_100


def test_the_high_half_is_that_of_the_last_low_half(clock):
    low = clock.rtc.read(LOW, 4)
    clock.ticks = 1 << 40
    assert clock.rtc.read(HIGH, 4) << 32 | low == EPOCH_NS


def test_time_can_be_set_and_goes_on(clock):
    clock.rtc.write(HIGH, 4, 5)
    clock.rtc.write(LOW, 4, 7)
    clock.ticks = 3
    assert clock.time() == (5 << 32) + 307


def test_the_alarm_goes_off_at_its_time(clock):
    clock.rtc.write(ENABLED, 4, 1)
    clock.set_alarm(EPOCH_NS + 1001)
    assert clock.rtc.read(STATUS, 4) == 1
    assert clock.rtc.next_event() == 11  # the first tick that is not before it
    clock.ticks = 10
    clock.rtc.expire()
    assert not clock.line
    clock.ticks = 11
    clock.rtc.expire()
    assert clock.line
    assert (clock.rtc.read(STATUS, 4), clock.rtc.next_event()) == (0, None)


def test_an_alarm_in_the_past_goes_off_at_once(clock):
    clock.rtc.write(ENABLED, 4, 1)
    clock.set_alarm(EPOCH_NS)
    assert clock.line


def test_the_interrupt_stays_until_it_is_cleared(clock):
    clock.set_alarm(EPOCH_NS)
    assert not clock.line
    clock.rtc.write(ENABLED, 4, 1)
    assert clock.line
    clock.rtc.write(CLEAR, 4, 1)
    assert not clock.line


def test_a_cleared_alarm_does_not_go_off(clock):
    clock.rtc.write(ENABLED, 4, 1)
    clock.set_alarm(EPOCH_NS + 1000)
    clock.rtc.write(CLEAR_ALARM, 4, 1)
    clock.ticks = 100
    clock.rtc.expire()
    assert not clock.line


def test_the_board_is_told_of_every_change(clock):
    clock.set_alarm(EPOCH_NS + 1000)
    assert clock.changes == 2
