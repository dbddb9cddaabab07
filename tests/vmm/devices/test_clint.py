"""The core-local interruptor: registers, halves, and when the timer is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.devices.clint import MIP_MSIP, MIP_MTIP, NEVER, Clint

MTIME, MTIMECMP = 0xBFF8, 0x4000
TOP = (1 << 64) - 1


class Time:
    """A clock that the test sets."""

    def __init__(self, ticks=0):
        self.ticks = ticks

    def __call__(self):
        return self.ticks


@pytest.fixture
def time():
    return Time(1000)


@pytest.fixture
def clint(time):
    return Clint(4, time)


def test_mtime_is_the_clock(clint, time):
    assert clint.read(MTIME, 8) == 1000
    time.ticks = (5 << 32) + 7
    assert (clint.read(MTIME, 4), clint.read(MTIME + 4, 4)) == (7, 5)


def test_msip_keeps_its_lowest_bit_by_hart(clint):
    clint.write(8, 4, 0xFFFF_FFFF)
    assert clint.read(8, 4) == 1
    assert [clint.pending(hart) for hart in range(4)] == [0, 0, MIP_MSIP, 0]
    clint.write(8, 4, 2)
    assert clint.pending(2) == 0


def test_a_64_bit_access_covers_two_msip_registers(clint):
    clint.write(0, 8, 1 << 32 | 0)
    assert clint.read(0, 8) == 1 << 32
    assert clint.pending(1) == MIP_MSIP


def test_no_timer_is_due_at_reset(clint):
    assert all(clint.pending(hart) == 0 for hart in range(4))
    assert clint.next_event(0) is None


def test_the_timer_is_due_when_mtime_reaches_mtimecmp(clint, time):
    clint.write(MTIMECMP + 8, 8, 1500)
    assert clint.next_event(1) == 1500
    time.ticks = 1499
    assert clint.pending(1) == 0
    time.ticks = 1500
    assert clint.pending(1) == MIP_MTIP
    assert clint.next_event(1) == 1500


def test_a_comparison_is_unsigned(clint, time):
    clint.write(MTIMECMP, 8, 1 << 63)
    assert clint.pending(0) == 0
    time.ticks = (1 << 63) + 1
    assert clint.pending(0) == MIP_MTIP


def test_writing_mtimecmp_later_takes_the_interrupt_back(clint):
    clint.write(MTIMECMP, 8, 10)
    assert clint.pending(0) == MIP_MTIP
    clint.write(MTIMECMP, 8, 2000)
    assert clint.pending(0) == 0


def test_halves_of_mtimecmp_are_written_apart(clint):
    clint.write(MTIMECMP, 8, 0x1111_2222_3333_4444)
    clint.write(MTIMECMP + 4, 4, 0xAAAA_BBBB)
    assert clint.read(MTIMECMP, 8) == 0xAAAA_BBBB_3333_4444
    clint.write(MTIMECMP, 4, 0xCCCC_DDDD)
    assert clint.read(MTIMECMP, 8) == 0xAAAA_BBBB_CCCC_DDDD


def test_writing_mtime_moves_time_but_not_the_clock(clint, time):
    clint.write(MTIMECMP, 8, 600)
    clint.write(MTIME, 8, 500)
    assert clint.mtime == 500
    assert clint.next_event(0) == 1100  # a hundred ticks on, by the clock
    time.ticks = 1100
    assert clint.pending(0) == MIP_MTIP


def test_writing_a_half_of_mtime_keeps_the_other(clint, time):
    time.ticks = 7 << 32 | 9
    clint.write(MTIME + 4, 4, 1)
    assert clint.mtime == 1 << 32 | 9


def test_mtime_wraps_at_64_bits(clint, time):
    clint.write(MTIME, 8, TOP)
    time.ticks += 1
    assert clint.mtime == 0


@pytest.mark.parametrize("offset", [16, 0x3FFC, MTIMECMP + 32, 0xBFF0, 0xC000, 0xFFF8])
def test_what_no_register_is_at_reads_zero_and_ignores_writes(clint, offset):
    before = clint.save()
    clint.write(offset, 4, 0xFFFF_FFFF)
    assert clint.read(offset, 4) == 0
    assert clint.save() == before


def test_a_write_tells_the_board(time):
    calls = []
    clint = Clint(1, time, lambda: calls.append(1))
    clint.write(0, 4, 1)
    assert calls == [1]


@given(now=st.integers(0, TOP), offset=st.integers(0, TOP), target=st.integers(0, TOP))
def test_the_timer_is_due_exactly_at_the_next_event(now, offset, target):
    time = Time(now)
    clint = Clint(1, time)
    clint.write(MTIME, 8, offset)
    clint.write(MTIMECMP, 8, target)
    event = clint.next_event(0)
    if event is None:
        assert target == NEVER
        return
    time.ticks = event
    assert clint.pending(0) == MIP_MTIP
    if event > now:
        time.ticks = event - 1
        assert clint.pending(0) == 0
