"""Hart states (SBI v3.0, chapter "Hart State Management Extension")."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vmm.hypercalls.platform import RAM_BASE, RAM_SIZE, FakePlatform
from vmm.contracts import HartEntry, HartStopped, HartSuspended, SbiReturn, StateError
from vmm.hypercalls.sbi.errors import SbiError
from vmm.hypercalls.sbi.hsm import HartState, HartStates

HSM = 0x48534D
START, STOP, STATUS, SUSPEND = range(4)
ENTRY = RAM_BASE + 0x1000
RETENTIVE, NON_RETENTIVE = 0, 0x8000_0000
SUCCESS = SbiReturn(SbiError.SUCCESS)


@pytest.fixture
def platform():
    return FakePlatform()


def status(platform, hart):
    return platform.call(HSM, STATUS, hart)


def test_only_the_boot_hart_is_started_at_first(platform):
    states = [status(platform, hart).value for hart in range(3)]
    assert states == [HartState.STARTED, HartState.STOPPED, HartState.STOPPED]


def test_a_started_hart_enters_with_its_id_and_the_opaque_value(platform):
    assert platform.call(HSM, START, 1, ENTRY, 0xABCD) == SUCCESS
    assert status(platform, 1).value == HartState.START_PENDING
    assert platform.harts.begin(1) == HartEntry(ENTRY, 1, 0xABCD)
    assert status(platform, 1).value == HartState.STARTED
    assert platform.harts.begin(1) is None


@pytest.mark.parametrize("pending", [True, False])
def test_a_hart_that_is_not_stopped_cannot_be_started(platform, pending):
    platform.call(HSM, START, 1, ENTRY)
    if not pending:
        platform.harts.begin(1)
    assert platform.call(HSM, START, 1, ENTRY) == SbiReturn(SbiError.ALREADY_AVAILABLE)
    assert platform.call(HSM, START, 0, ENTRY) == SbiReturn(SbiError.ALREADY_AVAILABLE)


@pytest.mark.parametrize("hart", [3, 1 << 32, (1 << 64) - 1])
def test_an_unknown_hart_is_invalid(platform, hart):
    assert platform.call(HSM, START, hart, ENTRY) == SbiReturn(SbiError.INVALID_PARAM)
    assert status(platform, hart) == SbiReturn(SbiError.INVALID_PARAM)


@pytest.mark.parametrize(
    "address", [0, RAM_BASE - 2, RAM_BASE + RAM_SIZE, RAM_BASE + 1, (1 << 64) - 2]
)
def test_an_address_that_cannot_be_entered_is_invalid(platform, address):
    assert platform.call(HSM, START, 1, address) == SbiReturn(SbiError.INVALID_ADDRESS)
    assert status(platform, 1).value == HartState.STOPPED
    outcome = platform.call(HSM, SUSPEND, NON_RETENTIVE, address)
    assert outcome == SbiReturn(SbiError.INVALID_ADDRESS)


def test_a_stopped_hart_can_be_started_again(platform):
    platform.start_all()
    assert platform.call(HSM, STOP, 0, hart=1) == HartStopped()
    assert status(platform, 1).value == HartState.STOPPED
    assert platform.call(HSM, START, 1, ENTRY, 5) == SUCCESS
    assert platform.harts.begin(1) == HartEntry(ENTRY, 1, 5)


def test_it_shows_when_no_hart_can_ever_run_again(platform):
    platform.start_all()
    for hart in range(3):
        assert not platform.harts.are_all_stopped()
        platform.call(HSM, STOP, hart=hart)
    assert platform.harts.are_all_stopped()


def test_a_retentive_suspension_ends_without_an_entry(platform):
    assert platform.call(HSM, SUSPEND, RETENTIVE, 1, 2) == HartSuspended()
    assert status(platform, 0).value == HartState.SUSPENDED
    assert platform.harts.resume(0) is None
    assert status(platform, 0).value == HartState.STARTED


def test_a_non_retentive_suspension_ends_at_its_entry(platform):
    assert platform.call(HSM, SUSPEND, NON_RETENTIVE, ENTRY, 9) == HartSuspended()
    assert platform.harts.resume(0) == HartEntry(ENTRY, 0, 9)
    assert status(platform, 0).value == HartState.STARTED


def test_a_suspended_hart_cannot_be_started_but_interrupted(platform):
    platform.start_all()
    platform.call(HSM, SUSPEND, RETENTIVE, hart=1)
    assert platform.call(HSM, START, 1, ENTRY) == SbiReturn(SbiError.ALREADY_AVAILABLE)
    platform.call(0x735049, 0, 0b10, 0)
    assert platform.pending_ipis == {1}


def test_only_32_bits_of_the_suspend_type_count(platform):
    assert platform.call(HSM, SUSPEND, 0xFFFF_FFFF_0000_0000) == HartSuspended()


@pytest.mark.parametrize(
    "kind", [1, 0x0FFF_FFFF, 0x1000_0000, 0x7FFF_FFFF, 0x8000_0001, 0x9000_0000, 0xFFFF_FFFF]
)
def test_reserved_and_platform_suspend_types_are_invalid(platform, kind):
    assert platform.call(HSM, SUSPEND, kind, ENTRY) == SbiReturn(SbiError.INVALID_PARAM)
    assert status(platform, 0).value == HartState.STARTED


steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "begin", "stop", "suspend", "sleep", "resume"]), st.integers(0, 2)
    ),
    max_size=30,
)


def drive(platform, todo):
    """Take the steps that a run loop could take: a hart calls only while it runs."""
    harts = platform.harts
    for step, hart in todo:
        runs = harts.status(hart) is HartState.STARTED
        if step == "start":
            platform.call(HSM, START, hart, ENTRY, hart + 100)
        elif step == "begin":
            harts.begin(hart)
        elif step == "resume":
            harts.resume(hart)
        elif runs:
            fid, kind = {"stop": (STOP, 0), "suspend": (SUSPEND, RETENTIVE)}.get(
                step, (SUSPEND, NON_RETENTIVE)
            )
            platform.call(HSM, fid, kind, ENTRY, 7, hart=hart)


@given(todo=steps)
def test_restored_states_are_the_saved_ones(todo):
    platform = FakePlatform()
    drive(platform, todo)
    saved = platform.harts.save()
    other = HartStates((0, 1, 2), 0)
    other.restore(saved)
    assert other.save() == saved
    for hart in range(3):
        assert other.status(hart) == platform.harts.status(hart)
        assert other.begin(hart) == platform.harts.begin(hart)
        assert other.resume(hart) == platform.harts.resume(hart)


GOOD = [0, HartState.STARTED, 0, 0, 0, 1, HartState.STOPPED, 0, 0, 0]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"harts": GOOD, "more": 1},
        {"harts": GOOD[:-1]},
        {"harts": b"x" * 10},
        {"harts": [0, 9, 0, 0, 0, 1, 1, 0, 0, 0]},
        {"harts": [0, HartState.STOP_PENDING, 0, 0, 0, 1, 1, 0, 0, 0]},
        {"harts": [0, HartState.START_PENDING, 0, 0, 0, 1, 1, 0, 0, 0]},
        {"harts": [0, 0, 5, 0, 0, 1, 1, 0, 0, 0]},
        {"harts": [0, 0, -1, 0, 0, 1, 1, 0, 0, 0]},
        {"harts": [0, 0, 0, 0, 0, 2, 1, 0, 0, 0]},
        {"harts": [0, "0", 0, 0, 0, 1, 1, 0, 0, 0]},
    ],
)
def test_a_state_that_is_not_one_is_refused_and_changes_nothing(state):
    states = HartStates((0, 1), 0)
    with pytest.raises(StateError):
        states.restore(state)
    assert states.save()["harts"] == GOOD
