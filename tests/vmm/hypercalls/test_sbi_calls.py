"""The SBI's simpler extensions and its dispatch (SBI v3.0, a chapter for each)."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vmm.hypercalls.platform import RAM_BASE, RAM_SIZE, FakePlatform
from vmm.contracts import (
    CallOutcome,
    FenceKind,
    LegacyReturn,
    MachineStopped,
    RemoteFence,
    SbiReturn,
    StopKind,
)
from vmm.hypercalls.sbi import EXTENSIONS, CallConflictError, SbiTable
from vmm.hypercalls.sbi.dbcn import MAX_BYTES
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.time import EXTENSION as TIME

BASE, IPI, RFENCE, SRST, DBCN = 0x10, 0x735049, 0x52464E43, 0x53525354, 0x4442434E
TOP = (1 << 64) - 1
SUCCESS = SbiReturn(SbiError.SUCCESS)


def failure(code):
    return SbiReturn(code)


@pytest.fixture
def platform():
    platform = FakePlatform()
    platform.start_all()
    return platform


# ------------------------------------------------------------------------- dispatch and BASE


@pytest.mark.parametrize(
    ("eid", "fid"),
    [(0x09, 0), (0x0F, 0), (0x11, 0), (BASE, 7), (0x54494D45, 1), (TOP, 0), (BASE | 1 << 32, 0)],
)
def test_an_unknown_extension_or_function_is_not_supported(platform, eid, fid):
    assert platform.call(eid, fid) == failure(SbiError.NOT_SUPPORTED)


def test_the_specification_version_is_three(platform):
    assert platform.call(BASE, 0) == SbiReturn(SbiError.SUCCESS, 3 << 24)


def test_the_implementation_id_is_none_of_those_given_out(platform):
    outcome = platform.call(BASE, 1)
    assert outcome.error == 0
    assert outcome.value > 0xFF


@pytest.mark.parametrize(("fid", "value"), [(4, 0x11), (5, 0x22), (6, 0x33)])
def test_machine_ids_are_the_platforms(platform, fid, value):
    assert platform.call(BASE, fid) == SbiReturn(SbiError.SUCCESS, value)


@pytest.mark.parametrize("eid", [BASE, *(extension.eid for extension in EXTENSIONS)])
def test_probe_finds_what_is_registered(platform, eid):
    assert platform.call(BASE, 3, eid) == SbiReturn(SbiError.SUCCESS, 1)


@pytest.mark.parametrize("eid", [0x09, 0x504D55, 0x4E41434C, TOP])
def test_probe_does_not_find_anything_else(platform, eid):
    assert platform.call(BASE, 3, eid) == SbiReturn(SbiError.SUCCESS, 0)


def test_a_smaller_table_offers_and_probes_less(platform):
    platform.table = SbiTable([TIME])
    assert platform.call(BASE, 3, DBCN) == SbiReturn(SbiError.SUCCESS, 0)
    assert platform.call(DBCN, 0) == failure(SbiError.NOT_SUPPORTED)
    assert platform.call(TIME.eid, 0, 5) == SUCCESS


def test_two_extensions_of_one_id_are_refused_naming_both():
    with pytest.raises(CallConflictError, match="TIME and TIME both have extension id 0x54494d45"):
        SbiTable([TIME, TIME])


register = st.one_of(
    st.integers(0, 8),
    st.integers(0, TOP),
    st.integers(RAM_BASE - 8, RAM_BASE + 8),
    st.integers(RAM_BASE + RAM_SIZE - 8, RAM_BASE + RAM_SIZE + 8),
    st.sampled_from([TOP, 1 << 63, 1 << 31, TOP - 7]),
)
eids = st.sampled_from([BASE, *(extension.eid for extension in EXTENSIONS)])


@given(
    calls=st.lists(
        st.tuples(eids, st.integers(0, 8), st.tuples(*[register] * 6), st.integers(0, 2)),
        max_size=20,
    )
)
def test_every_call_has_an_outcome(calls):
    platform = FakePlatform()
    platform.typed += bytes(range(256))
    for eid, fid, args, hart in calls:
        assert isinstance(platform.call(eid, fid, *args, hart=hart), get_args(CallOutcome))


# ---------------------------------------------------------------------------------- TIME, sPI


@pytest.mark.parametrize("ticks", [0, 1, 1 << 63, TOP])
def test_set_timer_arms_the_callers_timer(platform, ticks):
    assert platform.call(TIME.eid, 0, ticks, hart=1) == SUCCESS
    assert platform.timers == {1: ticks}


@pytest.mark.parametrize(
    ("mask", "base", "harts"),
    [
        (0b1, 0, {0}),
        (0b101, 0, {0, 2}),
        (0b11, 1, {1, 2}),
        (0b1, 2, {2}),
        (0, 0, set()),
        (0, TOP, {0, 1, 2}),
        (TOP, TOP, {0, 1, 2}),
    ],
)
def test_an_ipi_reaches_the_harts_of_the_mask(platform, mask, base, harts):
    assert platform.call(IPI, 0, mask, base) == SUCCESS
    assert platform.pending_ipis == harts


@pytest.mark.parametrize(
    ("mask", "base"), [(0b1000, 0), (TOP, 0), (0b10, 2), (1, 3), (0, 3), (1, TOP - 1)]
)
def test_an_ipi_to_a_hart_that_is_not_there_reaches_none(platform, mask, base):
    assert platform.call(IPI, 0, mask, base) == failure(SbiError.INVALID_PARAM)
    assert not platform.pending_ipis


def test_a_mask_may_start_at_a_number_between_the_harts():
    platform = FakePlatform((1, 4))
    assert platform.call(IPI, 0, 0b10, 0) == SUCCESS
    assert platform.call(IPI, 0, 0b1, 0) == failure(SbiError.INVALID_PARAM)


def test_a_stopped_hart_gets_no_ipi():
    platform = FakePlatform()
    assert platform.call(IPI, 0, 0, TOP) == SUCCESS
    assert platform.pending_ipis == {0}


# -------------------------------------------------------------------------------------- RFENCE


def test_remote_fence_i_has_no_range(platform):
    assert platform.call(RFENCE, 0, 0b10, 0, 99, 99) == SUCCESS
    assert platform.fences == [(1, RemoteFence(FenceKind.FENCE_I))]


def test_a_remote_sfence_covers_its_range(platform):
    assert platform.call(RFENCE, 1, 0b110, 0, 0x1000, 0x2000, 7) == SUCCESS
    fence = RemoteFence(FenceKind.SFENCE_VMA, 0x1000, 0x2000, None)
    assert platform.fences == [(1, fence), (2, fence)]


def test_a_remote_sfence_of_an_asid_passes_it_on(platform):
    platform.call(RFENCE, 2, 0b10, 0, 0x1000, 0x2000, 7)
    assert platform.fences == [(1, RemoteFence(FenceKind.SFENCE_VMA, 0x1000, 0x2000, 7))]


@pytest.mark.parametrize(("start", "size"), [(0, 0), (0, TOP), (0x5000, TOP)])
def test_the_special_ranges_mean_the_whole_address_space(platform, start, size):
    platform.call(RFENCE, 1, 0b10, 0, start, size)
    assert platform.fences == [(1, RemoteFence(FenceKind.SFENCE_VMA, 0, None, None))]


def test_a_range_may_end_at_the_last_address(platform):
    assert platform.call(RFENCE, 1, 0b10, 0, TOP - 0xFFF, 0x1000) == SUCCESS
    assert platform.fences[0][1].size == 0x1000


def test_a_range_beyond_the_last_address_is_invalid(platform):
    outcome = platform.call(RFENCE, 1, 0b10, 0, TOP - 0xFFF, 0x1001)
    assert outcome == failure(SbiError.INVALID_ADDRESS)
    assert not platform.fences


def test_a_range_of_no_bytes_fences_nothing(platform):
    assert platform.call(RFENCE, 1, 0b10, 0, 0x1000, 0) == SUCCESS
    assert not platform.fences


@pytest.mark.parametrize("fid", range(3))
def test_a_fence_on_a_hart_that_is_not_there_is_invalid(platform, fid):
    assert platform.call(RFENCE, fid, 0b1000, 0) == failure(SbiError.INVALID_PARAM)


@pytest.mark.parametrize("fid", range(3, 7))
def test_hypervisor_fences_need_the_h_extension(platform, fid):
    assert platform.call(RFENCE, fid, 1, 0) == failure(SbiError.NOT_SUPPORTED)


@pytest.mark.parametrize(
    ("fid", "kind", "tag"),
    [
        (3, FenceKind.HFENCE_GVMA, 9),
        (4, FenceKind.HFENCE_GVMA, None),
        (5, FenceKind.HFENCE_VVMA, 9),
        (6, FenceKind.HFENCE_VVMA, None),
    ],
)
def test_hypervisor_fences_are_passed_on_where_there_is_one(fid, kind, tag):
    platform = FakePlatform(has_hypervisor=True)
    assert platform.call(RFENCE, fid, 1, 0, 0x1000, 0x1000, 9) == SUCCESS
    assert platform.fences == [(0, RemoteFence(kind, 0x1000, 0x1000, tag))]


# ---------------------------------------------------------------------------------------- SRST


@pytest.mark.parametrize(
    ("number", "kind"),
    [(0, StopKind.SHUTDOWN), (1, StopKind.COLD_REBOOT), (2, StopKind.WARM_REBOOT)],
)
@pytest.mark.parametrize("reason", [0, 1])
def test_a_reset_stops_the_machine_with_a_status_by_reason(platform, number, kind, reason):
    outcome = platform.call(SRST, 0, number, reason)
    assert isinstance(outcome, MachineStopped)
    assert (outcome.request.kind, outcome.request.status) == (kind, reason)


def test_only_32_bits_of_type_and_reason_count(platform):
    outcome = platform.call(SRST, 0, 0xFFFF_FFFF_0000_0000, 1 << 32)
    assert isinstance(outcome, MachineStopped)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(3, 0), (0xF000_0000, 0), (0, 2), (0, 0xE000_0000), (0, 0xFFFF_FFFF)],
)
def test_reserved_and_unknown_resets_are_invalid(platform, number, reason):
    assert platform.call(SRST, 0, number, reason) == failure(SbiError.INVALID_PARAM)


# ---------------------------------------------------------------------------------------- DBCN


def test_console_write_prints_from_memory(platform):
    platform.write_memory(RAM_BASE + 16, b"hello\n")
    assert platform.call(DBCN, 0, 6, RAM_BASE + 16, 0) == SbiReturn(SbiError.SUCCESS, 6)
    assert platform.printed == b"hello\n"


def test_one_call_prints_a_bounded_part(platform):
    outcome = platform.call(DBCN, 0, RAM_SIZE, RAM_BASE, 0)
    assert outcome == SbiReturn(SbiError.SUCCESS, MAX_BYTES)
    assert len(platform.printed) == MAX_BYTES


def test_a_console_that_takes_less_says_so(platform):
    platform.console_room = 2
    assert platform.call(DBCN, 0, 6, RAM_BASE, 0) == SbiReturn(SbiError.SUCCESS, 2)


@pytest.mark.parametrize("fid", [0, 1])
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (1, RAM_BASE - 1, 0),
        (2, RAM_BASE + RAM_SIZE - 1, 0),
        (RAM_SIZE + 1, RAM_BASE, 0),
        (1, RAM_BASE, 1),
        (TOP, RAM_BASE, 0),
        (16, TOP - 7, 0),
        (1, 0, 0),
    ],
)
def test_a_console_range_that_is_not_all_memory_is_invalid(platform, fid, count, low, high):
    platform.typed += b"x"
    assert platform.call(DBCN, fid, count, low, high) == failure(SbiError.INVALID_PARAM)
    assert platform.printed == b""
    assert platform.typed == b"x"


@pytest.mark.parametrize("fid", [0, 1])
def test_no_bytes_need_no_address(platform, fid):
    assert platform.call(DBCN, fid, 0, TOP, TOP) == SbiReturn(SbiError.SUCCESS, 0)


def test_console_read_fills_memory_with_what_there_is(platform):
    platform.typed += b"abc"
    assert platform.call(DBCN, 1, 8, RAM_BASE, 0) == SbiReturn(SbiError.SUCCESS, 3)
    assert platform.read_memory(RAM_BASE, 4) == b"abc\0"
    assert platform.call(DBCN, 1, 8, RAM_BASE, 0) == SbiReturn(SbiError.SUCCESS, 0)


def test_console_write_byte_prints_the_low_byte(platform):
    assert platform.call(DBCN, 2, 0x1_41) == SUCCESS
    assert platform.printed == b"A"


def test_a_console_that_takes_nothing_fails_the_byte(platform):
    platform.console_room = 0
    assert platform.call(DBCN, 2, 0x41) == failure(SbiError.FAILED)


# -------------------------------------------------------------------------------------- legacy


@pytest.mark.parametrize("fid", [0, 1, TOP])
def test_legacy_calls_ignore_the_function_id(platform, fid):
    assert platform.call(1, fid, ord("A")) == LegacyReturn(0)
    assert platform.printed == b"A"
