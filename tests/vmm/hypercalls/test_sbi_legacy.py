"""The legacy calls (SBI v3.0, chapter "Legacy Extensions (EIDs #0x00 - #0x0F)")."""

import pytest

from tests.vmm.hypercalls.platform import LOAD_PAGE_FAULT, NO_PAGE_VA, RAM_BASE, FakePlatform
from vmm.contracts import (
    FenceKind,
    LegacyReturn,
    MachineStopped,
    RedirectedFault,
    RemoteFence,
    StopKind,
)
from vmm.hypercalls.sbi.errors import SbiError

SET_TIMER, PUTCHAR, GETCHAR, CLEAR_IPI, SEND_IPI = range(5)
FENCE_I, SFENCE, SFENCE_ASID, SHUTDOWN = range(5, 9)
TOP = (1 << 64) - 1
MASK_VA = RAM_BASE + 0x100


@pytest.fixture
def platform():
    platform = FakePlatform()
    platform.start_all()
    return platform


def put_mask(platform, mask):
    platform.write_memory(MASK_VA, mask.to_bytes(8, "little"))


def test_set_timer_arms_the_timer(platform):
    assert platform.call(SET_TIMER, 0, 77) == LegacyReturn(0)
    assert platform.timers == {0: 77}


def test_getchar_returns_a_byte_or_minus_one(platform):
    platform.typed += b"\xff"
    assert platform.call(GETCHAR, 0) == LegacyReturn(0xFF)
    assert platform.call(GETCHAR, 0) == LegacyReturn(-1)


def test_putchar_prints_the_low_byte(platform):
    assert platform.call(PUTCHAR, 0, 0xFF41) == LegacyReturn(0)
    assert platform.printed == b"A"


def test_clear_ipi_says_whether_one_was_pending(platform):
    platform.send_ipi(0)
    assert platform.call(CLEAR_IPI, 0) == LegacyReturn(1)
    assert platform.call(CLEAR_IPI, 0) == LegacyReturn(0)


def test_an_ipi_reaches_the_harts_of_the_mask_in_memory(platform):
    put_mask(platform, 0b101)
    assert platform.call(SEND_IPI, 0, MASK_VA) == LegacyReturn(0)
    assert platform.pending_ipis == {0, 2}


def test_a_null_mask_means_all_harts(platform):
    assert platform.call(SEND_IPI, 0, 0) == LegacyReturn(0)
    assert platform.pending_ipis == {0, 1, 2}


@pytest.mark.parametrize("eid", [SEND_IPI, FENCE_I, SFENCE, SFENCE_ASID])
def test_a_fault_on_the_mask_goes_back_to_the_supervisor(platform, eid):
    assert platform.call(eid, 0, NO_PAGE_VA) == RedirectedFault(LOAD_PAGE_FAULT, NO_PAGE_VA)
    assert not platform.pending_ipis
    assert not platform.fences


@pytest.mark.parametrize("eid", [SEND_IPI, FENCE_I, SFENCE, SFENCE_ASID])
def test_a_mask_with_a_hart_that_is_not_there_is_an_error(platform, eid):
    put_mask(platform, 0b1001)
    assert platform.call(eid, 0, MASK_VA) == LegacyReturn(SbiError.INVALID_PARAM)


def test_a_mask_is_as_long_as_the_harts_need():
    platform = FakePlatform((0, 64))
    platform.start_all()
    platform.write_memory(MASK_VA, bytes(8) + b"\1" + bytes(7))
    assert platform.call(SEND_IPI, 0, MASK_VA) == LegacyReturn(0)
    assert platform.pending_ipis == {64}


def test_fences_reach_the_harts_of_the_mask(platform):
    put_mask(platform, 0b10)
    assert platform.call(FENCE_I, 0, MASK_VA) == LegacyReturn(0)
    assert platform.call(SFENCE, 0, MASK_VA, 0x1000, 0x2000, 5) == LegacyReturn(0)
    assert platform.call(SFENCE_ASID, 0, MASK_VA, 0, TOP, 5) == LegacyReturn(0)
    assert platform.fences == [
        (1, RemoteFence(FenceKind.FENCE_I)),
        (1, RemoteFence(FenceKind.SFENCE_VMA, 0x1000, 0x2000, None)),
        (1, RemoteFence(FenceKind.SFENCE_VMA, 0, None, 5)),
    ]


def test_a_fence_beyond_the_last_address_is_an_error(platform):
    assert platform.call(SFENCE, 0, 0, TOP, 2) == LegacyReturn(SbiError.INVALID_ADDRESS)


def test_shutdown_ends_the_machine_with_success(platform):
    outcome = platform.call(SHUTDOWN, 0)
    assert isinstance(outcome, MachineStopped)
    assert (outcome.request.kind, outcome.request.status) == (StopKind.SHUTDOWN, 0)
