"""Frames between machines: over streams, over datagrams, and through a switch."""

import socket
import time

import pytest

from isa.errors import TraplineError
from vmm.net import NetSpec, open_network
from vmm.net.socket_peer import StreamPeer
from vmm.net.switch import Switch

FRAMES = [b"\xff" * 60, b"\x52" * 1514, b"\0" * 14]


def spec(**options):
    return NetSpec("socket", tuple(options.items()))


def wait_for(network, count):
    """Give the next frames of a network."""
    found: list[bytes] = []
    end = time.monotonic() + 5
    while len(found) < count and time.monotonic() < end:
        network.poll()
        frame = network.receive()
        if frame is not None:
            found.append(frame)
    return found


@pytest.fixture
def stream():
    door = StreamPeer(("127.0.0.1", 0), listens=True)
    other = open_network(spec(connect=f"127.0.0.1:{door.port}"))
    yield door, other
    door.close()
    other.close()


@pytest.mark.parametrize("direction", [1, -1])
def test_frames_cross_a_stream_in_order(stream, direction):
    sender, taker = stream[::direction]
    stream[0].poll()
    for frame in FRAMES:
        sender.send(frame)
    assert wait_for(taker, len(FRAMES)) == FRAMES


def test_a_peer_that_closes_may_come_back(stream):
    door, other = stream
    other.send(FRAMES[0])
    assert wait_for(door, 1) == FRAMES[:1]
    other.close()
    door.send(FRAMES[1])
    door.poll()
    again = StreamPeer(("127.0.0.1", door.port), listens=False)
    again.send(FRAMES[2])
    assert wait_for(door, 1) == FRAMES[2:]
    again.close()


def test_a_length_beyond_any_frame_ends_the_stream():
    door = StreamPeer(("127.0.0.1", 0), listens=True)
    with socket.create_connection(("127.0.0.1", door.port)) as peer:
        peer.sendall(b"\x7f\xff\xff\xff" + b"x" * 100)
        end = time.monotonic() + 5
        closed = False
        while not closed and time.monotonic() < end:
            door.poll()
            try:
                peer.setblocking(False)
                closed = peer.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionResetError:
                closed = True
    assert closed
    door.close()


def test_frames_cross_as_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            second.bind(("127.0.0.1", 0))
            ports = [sock.getsockname()[1] for sock in (probe, second)]
    ends = [
        open_network(spec(udp=f"127.0.0.1:{ports[1 - n]}", localaddr=f"127.0.0.1:{ports[n]}"))
        for n in range(2)
    ]
    for frame in FRAMES:
        ends[0].send(frame)
    assert wait_for(ends[1], len(FRAMES)) == FRAMES
    for end in ends:
        end.close()


@pytest.mark.parametrize(
    "options",
    [{}, {"listen": ":1", "connect": ":2"}, {"listen": "nothing"}, {"udp": ":1"}],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(TraplineError, match="--netdev"):
        open_network(spec(**options))


def test_a_port_that_is_taken_is_an_error_with_its_reason(stream):
    with pytest.raises(TraplineError, match="in use"):
        open_network(spec(listen=f"127.0.0.1:{stream[0].port}"))


def frame(target, source):
    return bytes([target] * 6) + bytes([source] * 6) + b"\x08\0data"


def test_a_switch_sends_to_all_until_it_knows_where_an_address_is():
    switch = Switch()
    a, b, c = (switch.port() for _ in range(3))
    a.send(frame(4, 2))
    assert (a.receive(), b.receive(), c.receive()) == (None, frame(4, 2), frame(4, 2))
    b.send(frame(2, 4))
    assert (a.receive(), c.receive()) == (frame(2, 4), None)
    a.send(frame(4, 2))
    assert (b.receive(), c.receive()) == (frame(4, 2), None)
    c.send(frame(0xFF, 6))
    assert (a.receive(), b.receive()) == (frame(0xFF, 6), frame(0xFF, 6))
    b.close()
    a.send(frame(4, 2))
    assert c.receive() == frame(4, 2)
