"""The network without privileges: addresses, names, datagrams and streams, in and out."""

import socket
import struct
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa.errors import TraplineError
from tests.vmm.net.guest import MAC, OWN, ROUTER, Guest, segment_of
from vmm.net import NetSpec, packets
from vmm.net.dhcp import COOKIE, HEADER
from vmm.net.packets import ACK, FIN, RST, SYN, Ip, Segment
from vmm.net.user import UserNetwork

DATA = bytes(range(256)) * 300


@pytest.fixture
def network():
    made = UserNetwork(NetSpec("user"))
    yield made
    made.close()


@pytest.fixture
def guest(network):
    return Guest(network)


@pytest.fixture
def server():
    """Give a listening socket of the host."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def arp(target):
    return packets.ETHERNET.pack(b"\xff" * 6, MAC, packets.ARP) + packets.ARP_BODY.pack(
        1, packets.IPV4, 6, 4, 1, MAC, OWN, bytes(6), target
    )


def test_the_router_answers_for_its_address_and_for_no_other(network):
    network.send(arp(bytes([10, 0, 2, 99])))
    assert network.receive() is None
    network.send(arp(ROUTER))
    frame = network.receive()
    assert frame[:6] == MAC
    assert packets.ARP_BODY.unpack_from(frame, 14)[4:7] == (2, frame[6:12], ROUTER)


def dhcp(kind, *options):
    fields = (
        1,
        1,
        6,
        0,
        0x1234,
        0,
        0,
        bytes(4),
        bytes(4),
        bytes(4),
        bytes(4),
        MAC.ljust(16, b"\0"),
    )
    body = b"".join(bytes([name, len(value)]) + value for name, value in options)
    return HEADER.pack(*fields, COOKIE) + bytes([53, 1, kind]) + body + b"\xff"


@pytest.mark.parametrize(
    ("kind", "options", "reply", "address"),
    [
        (1, (), 2, OWN),
        (3, ((50, OWN), (54, ROUTER)), 5, OWN),
        (3, ((50, bytes([10, 0, 2, 77])),), 6, bytes(4)),
    ],
    ids=["discover", "request", "request of another's address"],
)
def test_a_lease_is_offered_given_or_refused(guest, kind, options, reply, address):
    message = dhcp(kind, *options)
    guest.send_ip(packets.udp_packet((bytes(4), 68), (b"\xff" * 4, 67), message))
    datagram = packets.read_udp(guest.next_ip())
    assert datagram is not None
    source, target, data = datagram
    assert (source, target) == (67, 68)
    assert (data[16:20], data[HEADER.size + 2]) == (address, reply)


def test_a_ping_of_the_router_is_answered(guest):
    body = struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"payload"
    body = body[:2] + packets.checksum(body).to_bytes(2, "big") + body[4:]
    guest.send_ip(Ip(OWN, ROUTER, packets.ICMP, body))
    ip = guest.next_ip()
    assert (ip.source, ip.body[0], ip.body[4:]) == (ROUTER, 0, body[4:])
    assert packets.checksum(ip.body) == 0


def test_datagrams_go_to_the_host_and_come_back(guest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        port = peer.getsockname()[1]
        guest.send_ip(packets.udp_packet((OWN, 999), (ROUTER, port), b"question"))
        data, address = peer.recvfrom(100)
        assert data == b"question"
        peer.sendto(b"answer", address)
        ip = guest.next_ip()
        assert (ip.source, packets.read_udp(ip)) == (ROUTER, (port, 999, b"answer"))


def test_a_stream_carries_both_ways_and_ends(guest, server):
    stream = guest.connect(ROUTER, server.getsockname()[1])
    peer, _ = server.accept()
    received = []

    def serve():
        while data := peer.recv(5000):
            received.append(data)
        peer.sendall(DATA)
        peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    stream.write(DATA)
    stream.emit(FIN | ACK)
    stream.sequence += 1
    assert stream.read(len(DATA)) == DATA
    thread.join()
    assert b"".join(received) == DATA
    while not (segment := stream.next_segment()).flags & FIN:
        pass
    stream.expected = segment.sequence + 1
    stream.emit(ACK)
    assert not guest.network.is_expecting


def test_what_was_lost_is_sent_again_after_three_equal_acknowledgements(guest, server):
    stream = guest.connect(ROUTER, server.getsockname()[1])
    peer, _ = server.accept()
    peer.sendall(b"one")
    assert stream.next_segment().data == b"one"
    for _ in range(3):
        stream.emit(ACK)
    assert stream.read(3) == b"one"
    peer.close()


def test_a_window_is_never_exceeded(guest, server):
    stream = guest.connect(ROUTER, server.getsockname()[1])
    stream.window = 1000
    stream.emit(ACK)
    peer, _ = server.accept()
    peer.sendall(DATA)
    got = 0
    while got < 1000:
        got += len(stream.next_segment().data)
    assert got == 1000
    assert list(guest.frames()) == []
    peer.close()


def test_data_once_more_or_too_early_changes_nothing(guest, server):
    stream = guest.connect(ROUTER, server.getsockname()[1])
    peer, _ = server.accept()
    stream.write(b"abc")
    stream.emit(ACK, b"abc", sequence=stream.sequence - 3)
    stream.emit(ACK, b"later", sequence=stream.sequence + 100)
    stream.write(b"def")
    stream.emit(FIN | ACK)
    peer.settimeout(5)
    data = b""
    while piece := peer.recv(100):
        data += piece
    assert data == b"abcdef"
    peer.close()


def test_a_port_where_nobody_listens_refuses(guest, server):
    port = server.getsockname()[1]
    server.close()
    segment = Segment(1000, port, 1, 0, SYN, 8000)
    guest.send_ip(packets.tcp_packet(OWN, ROUTER, segment))
    reply = segment_of(guest.next_ip())
    assert reply.flags & RST
    assert reply.acknowledged == 2


def test_a_restricted_guest_reaches_nobody(server):
    guest = Guest(UserNetwork(NetSpec("user", (("restrict", "on"),))))
    segment = Segment(1000, server.getsockname()[1], 1, 0, SYN, 8000)
    guest.send_ip(packets.tcp_packet(OWN, ROUTER, segment))
    assert segment_of(guest.next_ip()).flags & RST


def test_a_forwarded_port_leads_in():
    network = UserNetwork(NetSpec("user", (("hostfwd", "tcp:127.0.0.1:0-:22"),)))
    guest = Guest(network)
    client = socket.create_connection(("127.0.0.1", network.ports[0]))
    ip = guest.next_ip()
    syn = segment_of(ip)
    assert (syn.flags, syn.target, ip.source) == (SYN, 22, ROUTER)
    reply = Segment(22, syn.source, 900, syn.sequence + 1, SYN | ACK, 8000)
    guest.send_ip(packets.tcp_packet(OWN, ROUTER, reply))
    client.sendall(b"hello")
    while not (segment := segment_of(guest.next_ip())).data:
        pass
    assert (segment.data, segment.acknowledged) == (b"hello", 901)
    client.close()
    network.close()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("hostfwd", "tcp:22"), "expected tcp:"),
        (("hostfwd", "icmp::1-:2"), "expected tcp:"),
        (("hostfwd", "tcp::99999-:2"), "expected .host.:port"),
        (("net", "10.0.2.0/33"), "net=10.0.2.0/33"),
        (("net", "10.0.2.0/30"), "has no address"),
    ],
)
def test_options_that_make_no_sense_are_refused(option, message):
    with pytest.raises(TraplineError, match=message):
        UserNetwork(NetSpec("user", (option,)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=5), st.sampled_from([0x0800, 0x0806]))
def test_any_frame_is_taken_or_dropped(bodies, kind):
    network = UserNetwork(NetSpec("user", (("restrict", "on"),)))
    for body in bodies:
        network.send(body)
        network.send(packets.ETHERNET.pack(b"\xff" * 6, MAC, kind) + body)
        for protocol in (packets.UDP, packets.TCP, packets.ICMP):
            ip = packets.ip_packet(Ip(OWN, ROUTER, protocol, body))
            network.send(packets.ETHERNET.pack(b"\xff" * 6, MAC, packets.IPV4) + ip)
    network.poll()
    network.close()
