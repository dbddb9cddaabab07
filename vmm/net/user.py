"""A network without privileges, in the manner of QEMU's `-netdev user`: the host makes the calls.

| address | what |
|---|---|
| 10.0.2.2 | the router, and the host itself (its loopback) |
| 10.0.2.3 | the host's name server |
| 10.0.2.15 | the guest, by DHCP |

A connection of the guest ends here and is one of the host's own sockets; `hostfwd` is the way in.
All tables are bounded; a frame that makes no sense is dropped.
"""

import contextlib
import ipaddress
import socket
import struct
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from isa.errors import TraplineError
from vmm.net import MOST_FRAME, NetSpec, packets, read_address
from vmm.net.dhcp import CLIENT_PORT, SERVER_PORT, Lease, answer
from vmm.net.packets import ACK, RST, SYN, Ip, Segment
from vmm.net.tcp import Flow, State

ROUTER_MAC = bytes.fromhex("525500000202")
BROADCAST = b"\xff" * 6
ROUTER, NAME_SERVER, GUEST = 2, 3, 15
DNS = 53
MOST_FLOWS, MOST_FRAMES, MOST_DATAGRAM = 256, 1024, 65507
FIRST_PORT = 40_000
LOOPBACK = "127.0.0.1"
RESOLVER = Path("/etc/resolv.conf")
Key = tuple[int, bytes, int]
"""A flow: the guest's port, and the address and port it talks to."""


class UserNetwork:
    """The network of one guest."""

    def __init__(self, spec: NetSpec) -> None:
        """Raise TraplineError for options that make no sense, OSError when a port is taken."""
        self._net = _read_net(spec.value("net", "10.0.2.0/24"))
        self._router, self._dns, self._guest = (
            self._host(number) for number in (ROUTER, NAME_SERVER, GUEST)
        )
        self._is_shut = spec.value("restrict", "off") in ("on", "yes", "y", "true")
        self._frames: deque[bytes] = deque()
        self._mac = BROADCAST
        self._tcp: dict[Key, Flow] = {}
        self._udp: dict[Key, socket.socket] = {}
        self._doors: list[tuple[socket.socket, int, bool]] = []
        self._next_port = FIRST_PORT
        try:
            for text in spec.values("hostfwd"):
                self._open_door(text)
        except BaseException:
            self.close()
            raise

    def _host(self, number: int) -> bytes:
        return (self._net.network_address + number).packed

    # ------------------------------------------------------------------------------- frames

    def send(self, frame: bytes) -> None:
        """Take a frame from the guest's card."""
        if len(frame) < packets.ETHERNET.size:
            return
        _target, source, kind = packets.ETHERNET.unpack_from(frame)
        body = frame[packets.ETHERNET.size :]
        if kind == packets.ARP:
            self._answer_arp(source, body)
        elif kind == packets.IPV4:
            self._mac = source
            ip = packets.read_ip(body)
            if ip is not None:
                self._take(ip)

    def receive(self) -> bytes | None:
        """Give the next frame for the card."""
        return self._frames.popleft() if self._frames else None

    def _frame(self, target: bytes, kind: int, body: bytes) -> None:
        if len(self._frames) < MOST_FRAMES:
            frame = packets.ETHERNET.pack(target, ROUTER_MAC, kind) + body
            self._frames.append(frame.ljust(60, b"\0")[:MOST_FRAME])

    def _give(self, ip: Ip, target: bytes | None = None) -> None:
        self._frame(target or self._mac, packets.IPV4, packets.ip_packet(ip))

    def _answer_arp(self, source: bytes, body: bytes) -> None:
        if len(body) < packets.ARP_BODY.size:
            return
        hardware, protocol, *_sizes, op, mac, ip, _target_mac, wanted = (
            packets.ARP_BODY.unpack_from(body)
        )
        is_here = wanted in (self._router, self._dns)
        if (hardware, protocol, op) == (1, packets.IPV4, 1) and is_here:
            fields = (1, packets.IPV4, 6, 4, 2, ROUTER_MAC, wanted, mac, ip)
            self._frame(source, packets.ARP, packets.ARP_BODY.pack(*fields))

    # ------------------------------------------------------------------------------ protocols

    def _take(self, ip: Ip) -> None:
        if ip.protocol == packets.UDP:
            self._take_udp(ip)
        elif ip.protocol == packets.TCP:
            self._take_tcp(ip)
        elif ip.protocol == packets.ICMP and ip.target in (self._router, self._dns):
            self._answer_echo(ip)

    def _answer_echo(self, ip: Ip) -> None:
        if len(ip.body) < 8 or ip.body[0] != 8 or packets.checksum(ip.body):
            return
        body = b"\0\0\0\0" + ip.body[4:]
        check = packets.checksum(body).to_bytes(2, "big")
        self._give(Ip(ip.target, ip.source, packets.ICMP, b"\0\0" + check + body[4:]))

    def _outside(self, address: bytes, port: int) -> tuple[str, int] | None:
        """Give what the host calls an address that the guest sees."""
        if address == self._dns:
            server = _name_server() if port == DNS else None
            return (server, DNS) if server else None
        if self._is_shut:
            return None
        if address == self._router:
            return LOOPBACK, port
        ip = ipaddress.IPv4Address(address)
        if ip.is_multicast or ip in self._net or int(ip) in (0, 0xFFFFFFFF):
            return None
        return str(ip), port

    # ------------------------------------------------------------------------------------ UDP

    def _take_udp(self, ip: Ip) -> None:
        datagram = packets.read_udp(ip)
        if datagram is None:
            return
        port, target, data = datagram
        if target == SERVER_PORT:
            self._lease(data)
            return
        key = (port, ip.target, target)
        with contextlib.suppress(OSError):
            sock = self._udp.get(key) or self._connect_udp(key)
            if sock is not None:
                sock.send(data)

    def _lease(self, message: bytes) -> None:
        lease = Lease(self._guest, self._net.netmask.packed, self._router, self._dns)
        reply = answer(message, lease)
        if reply is not None:
            ends = (self._router, SERVER_PORT), (b"\xff" * 4, CLIENT_PORT)
            self._give(packets.udp_packet(*ends, reply), BROADCAST)

    def _connect_udp(self, key: Key) -> socket.socket | None:
        outside = self._outside(key[1], key[2])
        if outside is None:
            return None
        if len(self._udp) >= MOST_FLOWS:  # the oldest has waited long enough
            self._udp.pop(next(iter(self._udp))).close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        self._udp[key] = sock
        sock.connect(outside)
        return sock

    def _poll_udp(self) -> None:
        for (port, address, target), sock in list(self._udp.items()):
            for data in _datagrams(sock):
                self._give(packets.udp_packet((address, target), (self._guest, port), data))

    # ------------------------------------------------------------------------------------ TCP

    def _take_tcp(self, ip: Ip) -> None:
        segment = packets.read_segment(ip)
        if segment is None:
            return
        key = (segment.source, ip.target, segment.target)
        flow = self._tcp.get(key)
        if flow is not None:
            flow.take(segment)
        elif segment.flags & (SYN | ACK | RST) == SYN:
            flow = self._connect(key, segment)
        elif not segment.flags & RST:
            self._reset(key, segment)
        self._drop_if_over(key, flow)

    def _connect(self, key: Key, segment: Segment) -> Flow | None:
        outside = self._outside(key[1], key[2])
        if outside is None or len(self._tcp) >= MOST_FLOWS:
            self._reset(key, segment)
            return None
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        flow = self._add_flow(key, sock)
        flow.accept(segment, outside)
        return flow

    def _add_flow(self, key: Key, sock: socket.socket) -> Flow:
        def emit(segment: Segment) -> None:
            self._give(packets.tcp_packet(key[1], self._guest, segment))

        flow = self._tcp[key] = Flow(sock, key[2], key[0], emit)
        return flow

    def _reset(self, key: Key, segment: Segment) -> None:
        """Say that there is no such connection."""
        length = len(segment.data) + bool(segment.flags & SYN)
        end = segment.sequence + length & 0xFFFFFFFF
        reply = Segment(key[2], key[0], segment.acknowledged, end, RST | ACK, 0)
        self._give(packets.tcp_packet(key[1], self._guest, reply))

    def _drop_if_over(self, key: Key, flow: Flow | None) -> None:
        if flow is not None and flow.state is State.OVER:
            self._tcp.pop(key, None)

    # -------------------------------------------------------------------------- ways in

    def _open_door(self, text: str) -> None:
        """Listen for `tcp:[address]:port-[address]:port`."""
        kind, _, rest = text.partition(":")
        outer, found, inner = rest.partition("-")
        if kind not in ("tcp", "udp") or not found:
            raise TraplineError(
                f"--netdev user: hostfwd={text}: expected tcp:[address]:port-[address]:port"
            )
        address, port = read_address(outer, "hostfwd")
        _guest, guest_port = read_address(inner, "hostfwd")
        stream = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        sock = socket.socket(socket.AF_INET, stream)
        self._doors.append((sock, guest_port, kind == "tcp"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.setblocking(False)
        if kind == "tcp":
            sock.listen()

    def _poll_doors(self) -> None:
        for sock, guest_port, is_stream in self._doors:
            if is_stream:
                with contextlib.suppress(BlockingIOError):
                    self._invite(sock.accept()[0], guest_port)

    def _invite(self, sock: socket.socket, guest_port: int) -> None:
        if len(self._tcp) >= MOST_FLOWS:
            sock.close()
            return
        self._next_port = FIRST_PORT + (self._next_port + 1 - FIRST_PORT) % 20_000
        self._add_flow((guest_port, self._router, self._next_port), sock).invite()

    @property
    def ports(self) -> list[int]:
        """The host's ports that lead in, in the order given."""
        return [sock.getsockname()[1] for sock, _port, _stream in self._doors]

    # ---------------------------------------------------------------------------- from outside

    def poll(self) -> None:
        """Look at all sockets."""
        self._poll_doors()
        self._poll_udp()
        for key, flow in list(self._tcp.items()):
            if len(self._frames) < MOST_FRAMES // 2:
                flow.pump()
            self._drop_if_over(key, flow)

    def files(self) -> tuple[Sequence[int], Sequence[int]]:
        """Give what may have something, and what may take more."""
        flows = list(self._tcp.values())
        doors = [sock for sock, _port, _stream in self._doors]
        waiting: Iterable[socket.socket] = (
            *doors, *self._udp.values(), *(flow.sock for flow in flows if flow.wants_input)
        )  # fmt: skip
        return (
            [sock.fileno() for sock in waiting],
            [flow.sock.fileno() for flow in flows if flow.wants_room],
        )

    @property
    def is_expecting(self) -> bool:
        """Whether the guest has asked somebody outside."""
        return bool(self._tcp or self._udp or self._doors)

    def close(self) -> None:
        """Close all sockets."""
        for sock, _port, _stream in self._doors:
            sock.close()
        for sock in self._udp.values():
            sock.close()
        for flow in self._tcp.values():
            flow.end()


def _read_net(text: str) -> ipaddress.IPv4Network:
    try:
        net = ipaddress.IPv4Network(text, strict=False)
    except ValueError as error:
        raise TraplineError(f"--netdev user: net={text}: {error}") from error
    if net.num_addresses <= GUEST + 1:
        raise TraplineError(f"--netdev user: net={text}: has no address .{GUEST}")
    return net


def _name_server() -> str | None:
    """Give the host's own name server."""
    with contextlib.suppress(OSError):
        for line in RESOLVER.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                with contextlib.suppress(ValueError):
                    return str(ipaddress.IPv4Address(words[1]))
    return None


def _datagrams(sock: socket.socket) -> Iterable[bytes]:
    with contextlib.suppress(OSError, struct.error):
        while True:
            yield sock.recv(MOST_DATAGRAM)
