"""The virtio network device: what a driver sends and receives."""

import pytest

from tests.vmm.devices.virtio.driver import DATA, WRITE, Driver
from vmm.devices.virtio.net import Net
from vmm.net.switch import Switch

MAC = bytes.fromhex("525400123456")
FRAME = b"\xff" * 6 + MAC + b"\x08\x06" + bytes(range(60))
RECEIVE, SEND = 0, 1
APART = 0x40000
HEADER = 12


@pytest.fixture
def wire():
    """Give a driver of a card on a switch, and the other port."""
    switch = Switch()
    driver = Driver(Net(switch.port(), MAC))
    driver.start(queues=2)
    return driver, switch.port()


def offer_room(driver, head, size=2000, at=DATA + 0x8000):
    driver.describe(head, at + 0x1000 * head, size, WRITE)
    driver.offer(head)


def test_the_configuration_has_the_address_and_the_link(wire):
    driver, _ = wire
    config = bytes(driver.slot.read(0x100 + n, 1) for n in range(12))
    assert config == MAC + b"\1\0" + b"\1\0" + (1500).to_bytes(2, "little")


def test_a_frame_is_sent_without_its_header(wire):
    driver, other = wire
    driver.put(DATA, bytes(HEADER) + FRAME)
    driver.describe(0, DATA, HEADER + len(FRAME), table=0x8000_0000 + APART)
    driver.offer(0, queue=SEND)
    driver[0x50] = SEND
    assert other.receive() == FRAME
    assert driver.line


def test_a_frame_that_came_is_put_behind_a_header_of_one_buffer(wire):
    driver, other = wire
    offer_room(driver, 0)
    driver[0x50] = RECEIVE
    assert not driver.line
    other.send(FRAME)
    driver.device.poll()
    assert driver.line
    assert driver.get(DATA + 0x8000, HEADER + len(FRAME)) == bytes(10) + b"\1\0" + FRAME


def test_frames_wait_for_buffers(wire):
    driver, other = wire
    for number in range(3):
        other.send(FRAME + bytes([number]))
    driver.device.poll()
    for head in range(3):
        offer_room(driver, head)
    driver[0x50] = RECEIVE
    last = [driver.get(DATA + 0x8000 + 0x1000 * n + HEADER + len(FRAME), 1)[0] for n in range(3)]
    assert last == [0, 1, 2]


def test_a_frame_that_does_not_fit_is_dropped(wire):
    driver, other = wire
    offer_room(driver, 0, size=20)
    other.send(FRAME)
    driver.device.poll()
    assert driver.device.save()["dropped"] == 1
    assert driver.get(DATA + 0x8000, 20) == bytes(20)


def test_a_reset_forgets_what_waits(wire):
    driver, other = wire
    other.send(FRAME)
    driver[0x70] = 0
    driver.start(queues=2)
    offer_room(driver, 0)
    driver[0x50] = RECEIVE
    assert not driver.line
