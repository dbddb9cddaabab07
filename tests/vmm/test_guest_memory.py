"""Guest-physical memory: frames, ranges, and the machine memory behind them."""

import pytest

from isa.errors import TraplineError
from isa.memory import Memory
from isa.state import NO_FRAME
from vmm.guest_memory import FrameAllocator, GuestMemory

BASE, PAGE = 0x8000_0000, 4096


def scattered():
    """Make guest memory of four pages whose frames are in no order, the third without one."""
    machine = Memory(BASE, 8 * PAGE)
    memory = GuestMemory.mapped(machine, BASE, 4 * PAGE, FrameAllocator(machine, 2))
    assert memory.frames is not None
    for number, frame in enumerate((5, 2, NO_FRAME, 7)):
        memory.frames[number] = frame
    return memory


def test_a_range_over_frames_in_no_order_is_read_as_written():
    memory = scattered()
    data = bytes(range(1, 201)) * 10
    memory.write(BASE + PAGE - 1000, data)
    assert memory.read(BASE + PAGE - 1000, 2000) == data
    assert memory.machine.read(BASE + 5 * PAGE + PAGE - 1000, 1000) == data[:1000]
    assert memory.machine.read(BASE + 2 * PAGE, 1000) == data[1000:]


@pytest.mark.parametrize(
    ("at", "size", "is_inside"),
    [
        (BASE, 2 * PAGE, True),
        (BASE, 2 * PAGE + 1, False),  # into the page without a frame
        (BASE + 3 * PAGE, PAGE, True),
        (BASE + 3 * PAGE, PAGE + 1, False),
        (BASE - 1, 1, False),
        (BASE, -1, False),
        (BASE + 2 * PAGE, 1, False),
        (1 << 64, 1, False),
    ],
)
def test_only_ram_with_frames_is_contained(at, size, is_inside):
    assert scattered().contains(at, size) is is_inside


def test_only_pages_that_are_not_zero_are_given():
    memory = scattered()
    memory.frames[2] = 3
    memory.write(BASE + 3 * PAGE + 7, b"x")
    assert [number for number, _ in memory.filled_pages()] == [3]


def test_frames_are_given_to_one_owner_and_can_come_back():
    machine = Memory(BASE, 8 * PAGE)
    allocator = FrameAllocator(machine, 2)
    frames = list(allocator.take(4))
    assert len(set(frames)) == 4
    assert min(frames) >= 2
    assert allocator.available == 2
    with pytest.raises(TraplineError, match="3 frames does not fit: 2 machine frames are free"):
        allocator.take(3)
    allocator.give_back(frames[:2])
    again = list(allocator.take(4))
    assert not set(again) & set(frames[2:])
