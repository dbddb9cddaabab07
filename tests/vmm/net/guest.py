"""A guest's side of a network, for tests: it speaks ARP, DHCP, UDP and TCP by scripted packets."""

import struct
import time

from vmm.net import packets
from vmm.net.packets import ACK, FIN, SYN, Segment

MAC = bytes.fromhex("525400123456")
ROUTER = bytes([10, 0, 2, 2])
OWN = bytes([10, 0, 2, 15])
PATIENCE = 5.0


def segment_of(ip):
    """Give the segment that a packet carries."""
    segment = packets.read_segment(ip)
    assert segment is not None
    return segment


class Guest:
    """The guest."""

    def __init__(self, network):
        self.network = network

    def send_ip(self, ip):
        head = packets.ETHERNET.pack(b"\x52\x55\0\0\x02\x02", MAC, packets.IPV4)
        self.network.send(head + packets.ip_packet(ip))

    def frames(self):
        self.network.poll()
        while (frame := self.network.receive()) is not None:
            yield frame

    def next_ip(self, wanted=lambda ip: True):
        """Give the next IP packet that is wanted; wait for it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for frame in self.frames():
                kind = struct.unpack_from("!H", frame, 12)[0]
                ip = packets.read_ip(frame[14:]) if kind == packets.IPV4 else None
                if ip is not None and wanted(ip):
                    return ip
            time.sleep(0.001)
        raise AssertionError("no such packet came")

    def connect(self, address, port, own_port=1000):
        """Open a connection as a client."""
        stream = Stream(self, address, port, own_port)
        stream.emit(SYN, most=1460)
        reply = stream.next_segment()
        assert reply.flags & (SYN | ACK) == SYN | ACK
        stream.sequence += 1
        stream.expected = reply.sequence + 1
        stream.emit(ACK)
        return stream


class Stream:
    """A TCP connection, the guest's end."""

    def __init__(self, guest, address, port, own_port):
        self.guest, self.address, self.port, self.own_port = guest, address, port, own_port
        self.sequence, self.expected = 5_000, 0
        self.window = 8000

    def emit(self, flags, data=b"", most=0, sequence=None):
        at = self.sequence if sequence is None else sequence
        segment = Segment(
            self.own_port, self.port, at, self.expected, flags, self.window, data, most
        )
        self.guest.send_ip(packets.tcp_packet(OWN, self.address, segment))

    def next_segment(self):
        def is_ours(ip):
            segment = packets.read_segment(ip) if ip.protocol == packets.TCP else None
            return segment is not None and segment.target == self.own_port

        return segment_of(self.guest.next_ip(is_ours))

    def write(self, data):
        for at in range(0, len(data), 1000):
            piece = data[at : at + 1000]
            self.emit(ACK, piece)
            self.sequence += len(piece)
            self.acknowledge_until(self.sequence)

    def acknowledge_until(self, sequence):
        while self.next_segment().acknowledged != sequence:
            pass

    def read(self, size):
        """Take so many bytes, acknowledging each segment."""
        data = b""
        while len(data) < size:
            segment = self.next_segment()
            if segment.data and segment.sequence == self.expected:
                data += segment.data
                self.expected += len(segment.data)
                self.emit(ACK)
        return data

    def finish(self):
        """Say that there is no more, and wait for the same."""
        self.emit(FIN | ACK)
        self.sequence += 1
        while not (segment := self.next_segment()).flags & FIN:
            pass
        self.expected = segment.sequence + len(segment.data) + 1
        self.emit(ACK)
