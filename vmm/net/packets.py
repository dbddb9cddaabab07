"""Ethernet, ARP, IPv4, ICMP, UDP and TCP as bytes: what a network of our own reads and writes.

Layouts are those of RFC 826, 791, 792, 768 and 9293. Reading gives None for what is cut off or
says of itself what cannot be; options are skipped.
"""

import struct
from dataclasses import dataclass

IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ETHERNET = struct.Struct("!6s6sH")
ARP_BODY = struct.Struct("!HHBBH6s4s6s4s")
IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
UDP_HEADER = struct.Struct("!HHHH")
TCP_HEADER = struct.Struct("!HHIIBBHHH")
LIFETIME = 64
MORE_FRAGMENTS = 0x3FFF  # and the offset


@dataclass(frozen=True)
class Ip:
    """An IPv4 packet: addresses are 4 bytes."""

    source: bytes
    target: bytes
    protocol: int
    body: bytes


@dataclass(frozen=True)
class Segment:
    """A TCP segment; `most` is the greatest segment its sender takes, 0 when it does not say."""

    source: int
    target: int
    sequence: int
    acknowledged: int
    flags: int
    window: int
    data: bytes = b""
    most: int = 0


def checksum(data: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def read_ip(packet: bytes) -> Ip | None:
    """Read a whole IPv4 packet; fragments are not put together."""
    if len(packet) < IP_HEADER.size:
        return None
    first, _tos, length, _id, fragment, _ttl, protocol, _sum, source, target = (
        IP_HEADER.unpack_from(packet)
    )
    size = (first & 15) * 4
    is_sound = first >> 4 == 4 and IP_HEADER.size <= size <= length <= len(packet)
    if not is_sound or fragment & MORE_FRAGMENTS or checksum(packet[:size]):
        return None
    return Ip(source, target, protocol, packet[size:length])


def ip_packet(ip: Ip) -> bytes:
    """Give a packet's bytes."""
    length = IP_HEADER.size + len(ip.body)
    fields = (0x45, 0, length, 0, 0x4000, LIFETIME, ip.protocol, 0, ip.source, ip.target)
    header = bytearray(IP_HEADER.pack(*fields))
    header[10:12] = checksum(bytes(header)).to_bytes(2, "big")
    return bytes(header) + ip.body


def _pseudo(ip: Ip) -> bytes:
    return ip.source + ip.target + struct.pack("!BBH", 0, ip.protocol, len(ip.body))


def read_udp(ip: Ip) -> tuple[int, int, bytes] | None:
    """Give source port, target port and data."""
    if len(ip.body) < UDP_HEADER.size:
        return None
    source, target, length, check = UDP_HEADER.unpack_from(ip.body)
    if not UDP_HEADER.size <= length <= len(ip.body):
        return None
    if check and checksum(_pseudo(ip) + ip.body):
        return None
    return source, target, ip.body[UDP_HEADER.size : length]


def udp_packet(source: tuple[bytes, int], target: tuple[bytes, int], data: bytes) -> Ip:
    """Give a datagram between two addresses and ports."""
    length = UDP_HEADER.size + len(data)
    body = UDP_HEADER.pack(source[1], target[1], length, 0) + data
    check = checksum(_pseudo(Ip(source[0], target[0], UDP, body)) + body) or 0xFFFF
    return Ip(source[0], target[0], UDP, body[:6] + check.to_bytes(2, "big") + body[8:])


def read_segment(ip: Ip) -> Segment | None:
    """Read a TCP segment."""
    if len(ip.body) < TCP_HEADER.size:
        return None
    source, target, sequence, acknowledged, offset, flags, window, _sum, _urgent = (
        TCP_HEADER.unpack_from(ip.body)
    )
    size = (offset >> 4) * 4
    if not TCP_HEADER.size <= size <= len(ip.body) or checksum(_pseudo(ip) + ip.body):
        return None
    most = _most(ip.body[TCP_HEADER.size : size])
    data = ip.body[size:]
    return Segment(source, target, sequence, acknowledged, flags & 0x3F, window, data, most)


def _most(options: bytes) -> int:
    """Find the option that gives the greatest segment."""
    at = 0
    while at < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        if at + 1 >= len(options) or options[at + 1] < 2:
            break
        if options[at] == 2 and options[at + 1] == 4:
            return int.from_bytes(options[at + 2 : at + 4], "big")
        at += options[at + 1]
    return 0


def tcp_packet(source: bytes, target: bytes, segment: Segment) -> Ip:
    """Give a segment's packet."""
    options = struct.pack("!BBH", 2, 4, segment.most) if segment.most else b""
    header = TCP_HEADER.pack(
        segment.source,
        segment.target,
        segment.sequence,
        segment.acknowledged,
        (TCP_HEADER.size + len(options)) // 4 << 4,
        segment.flags,
        segment.window,
        0,
        0,
    )
    body = header + options + segment.data
    check = checksum(_pseudo(Ip(source, target, TCP, body)) + body)
    return Ip(source, target, TCP, body[:16] + check.to_bytes(2, "big") + body[18:])
