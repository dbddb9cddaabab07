"""The interrupt controller: priorities, thresholds, claims, and gateways passing on one request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.devices.plic import MEI, SEI, SOURCES, Plic

PENDING, ENABLE, THRESHOLD, CLAIM = 0x1000, 0x2000, 0x200000, 0x200004
HARTS = 2


class Board:
    """A controller with the levels of the harts' external interrupts."""

    def __init__(self):
        self.high = {(hart, code): False for hart in range(HARTS) for code in (MEI, SEI)}
        self.changes = 0
        self.plic = Plic(HARTS, self.external)

    def external(self, hart, code, is_high):
        assert self.high[hart, code] is not is_high
        self.high[hart, code] = is_high
        self.changes += 1

    def raise_(self, source, is_high=True):
        self.plic.line(source)(is_high)

    def lower(self, source):
        self.raise_(source, is_high=False)

    def allow(self, source, context=0, priority=1):
        self.plic.write(4 * source, 4, priority)
        at = ENABLE + 0x80 * context + source // 32 * 4
        self.plic.write(at, 4, self.plic.read(at, 4) | 1 << source % 32)

    def claim(self, context=0):
        return self.plic.read(CLAIM + 0x1000 * context, 4)

    def complete(self, source, context=0):
        self.plic.write(CLAIM + 0x1000 * context, 4, source)

    def is_pending(self, source):
        return bool(self.plic.read(PENDING + source // 32 * 4, 4) >> source % 32 & 1)


@pytest.fixture
def board():
    return Board()


@pytest.mark.parametrize(
    ("context", "hart", "code"), [(0, 0, MEI), (1, 0, SEI), (2, 1, MEI), (3, 1, SEI)]
)
@pytest.mark.parametrize("source", [1, 10, 31, 32, 95, SOURCES])
def test_an_enabled_source_interrupts_its_context_alone(board, context, hart, code, source):
    board.allow(source, context)
    board.raise_(source)
    assert [key for key, is_high in board.high.items() if is_high] == [(hart, code)]
    assert board.claim(context) == source
    assert not any(board.high.values())


def test_a_source_that_is_not_enabled_is_pending_and_no_more(board):
    board.plic.write(4 * 5, 4, 7)
    board.raise_(5)
    assert board.is_pending(5)
    assert not any(board.high.values())
    assert board.claim() == 0


def test_priority_zero_never_interrupts(board):
    board.allow(5, priority=0)
    board.raise_(5)
    assert not board.high[0, MEI]
    assert board.claim() == 0


def test_the_highest_priority_is_claimed_first_and_the_lowest_number_among_equals(board):
    for source, priority in ((40, 2), (7, 2), (9, 3), (3, 1)):
        board.allow(source, priority=priority)
        board.raise_(source)
    assert [board.claim() for _ in range(5)] == [9, 7, 40, 3, 0]


def test_only_what_is_above_the_threshold_interrupts_but_all_can_be_claimed(board):
    board.allow(5, priority=3)
    board.plic.write(THRESHOLD, 4, 3)
    board.raise_(5)
    assert not board.high[0, MEI]
    board.plic.write(THRESHOLD, 4, 2)
    assert board.high[0, MEI]
    board.plic.write(THRESHOLD, 4, 7)
    assert board.claim() == 5


def test_priorities_and_thresholds_have_three_bits(board):
    for offset in (4 * 5, THRESHOLD):
        board.plic.write(offset, 4, 0xFFFF_FFFF)
        assert board.plic.read(offset, 4) == 7


def test_a_line_that_stays_high_interrupts_again_after_completion(board):
    board.allow(5)
    board.raise_(5)
    assert board.claim() == 5
    assert not board.is_pending(5)
    board.complete(5)
    assert board.is_pending(5)
    assert board.high[0, MEI]


def test_a_request_that_is_served_is_not_repeated_before_completion(board):
    board.allow(5)
    board.raise_(5)
    board.claim()
    board.lower(5)
    board.raise_(5)
    assert not board.is_pending(5)
    board.complete(5)
    assert board.is_pending(5)


def test_a_request_stays_when_its_line_falls(board):
    board.allow(5)
    board.raise_(5)
    board.lower(5)
    assert board.claim() == 5
    board.complete(5)
    assert not board.is_pending(5)


def test_completion_by_a_context_that_has_not_enabled_the_source_is_ignored(board):
    board.allow(5, context=0)
    board.raise_(5)
    board.claim(0)
    board.complete(5, context=1)
    assert not board.is_pending(5)
    board.complete(5, context=0)
    assert board.is_pending(5)


def test_one_claim_takes_the_interrupt_from_all_contexts(board):
    board.allow(5, context=1)
    board.allow(5, context=3)
    board.raise_(5)
    assert board.high[0, SEI]
    assert board.high[1, SEI]
    assert (board.claim(3), board.claim(1)) == (5, 0)
    assert not any(board.high.values())


def test_source_zero_has_no_priority_and_cannot_be_enabled(board):
    board.plic.write(0, 4, 7)
    board.plic.write(ENABLE, 4, 1)
    assert (board.plic.read(0, 4), board.plic.read(ENABLE, 4)) == (0, 0)


def test_sources_beyond_the_last_do_not_exist(board):
    board.plic.write(4 * (SOURCES + 1), 4, 7)
    board.plic.write(ENABLE + 12, 4, 0xFFFF_FFFF)
    assert board.plic.read(4 * (SOURCES + 1), 4) == 0
    assert board.plic.read(ENABLE + 12, 4) == 1


@pytest.mark.parametrize("source", [0, 6, SOURCES + 1, 0xFFFF_FFFF])
def test_completing_what_is_not_served_is_ignored(board, source):
    board.allow(5)
    board.raise_(5)
    board.claim()
    before = board.plic.save()
    board.complete(source)
    assert board.plic.save() == before


def test_a_restored_controller_drives_its_outputs(board):
    board.allow(5)
    board.raise_(5)
    other = Board()
    other.plic.restore(board.plic.save())
    assert other.high == board.high
    assert other.claim() == 5


STEPS = st.one_of(
    st.tuples(st.just("line"), st.integers(1, 8), st.booleans()),
    st.tuples(st.just("claim"), st.integers(0, 3), st.none()),
    st.tuples(st.just("complete"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("priority"), st.integers(0, 9), st.integers(0, 7)),
    st.tuples(st.just("threshold"), st.integers(0, 3), st.integers(0, 7)),
    st.tuples(st.just("enable"), st.integers(0, 3), st.integers(0, 0x3FF)),
)


@given(st.lists(STEPS, max_size=60))
def test_outputs_are_high_exactly_while_a_request_is_above_the_threshold(steps):
    board = Board()
    plic = board.plic
    for kind, number, value in steps:
        if kind == "line":
            board.raise_(number, is_high=value)
        elif kind == "claim":
            board.claim(number)
        elif kind == "complete":
            board.complete(value, number)
        elif kind == "priority":
            plic.write(4 * number, 4, value)
        elif kind == "threshold":
            plic.write(THRESHOLD + 0x1000 * number, 4, value)
        else:
            plic.write(ENABLE + 0x80 * number, 4, value)
        for context in range(4):
            ready = plic.read(PENDING, 4) & plic.read(ENABLE + 0x80 * context, 4)
            limit = plic.read(THRESHOLD + 0x1000 * context, 4)
            above = any(ready >> s & 1 and plic.read(4 * s, 4) > limit for s in range(32))
            assert board.high[context // 2, (MEI, SEI)[context % 2]] is above
