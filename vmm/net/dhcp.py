"""A DHCP server with one lease, which it gives to whoever asks.

Messages are those of RFC 2131, options those of RFC 2132.
"""

import struct
from dataclasses import dataclass

SERVER_PORT, CLIENT_PORT = 67, 68
HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s192x4s")
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACKNOWLEDGE, REFUSE = 1, 2, 3, 5, 6
MASK, ROUTER, NAME_SERVER, HOST_NAME, WANTED, LEASE, KIND, SERVER = 1, 3, 6, 12, 50, 51, 53, 54
END = 255
SECONDS = 86400


@dataclass(frozen=True)
class Lease:
    """What a client gets; addresses are 4 bytes."""

    address: bytes
    mask: bytes
    router: bytes
    name_server: bytes


def answer(message: bytes, lease: Lease) -> bytes | None:
    """Give the reply to a client's message, None when there is none."""
    if len(message) < HEADER.size:
        return None
    op, kind, size, _hops, number, _secs, flags, own, _yours, _next, relay, hardware, cookie = (
        HEADER.unpack_from(message)
    )
    options = _read_options(message[HEADER.size :])
    asked = options.get(KIND, b"")
    if op != 1 or cookie != COOKIE or asked not in (bytes([DISCOVER]), bytes([REQUEST])):
        return None
    reply = OFFER if asked[0] == DISCOVER else ACKNOWLEDGE
    wanted = options.get(WANTED, own)
    if options.get(SERVER, lease.router) != lease.router:
        return None
    if reply == ACKNOWLEDGE and wanted not in (lease.address, bytes(4)):
        reply = REFUSE
    given = bytes(4) if reply == REFUSE else lease.address
    fields = (2, kind, size, 0, number, 0, flags, bytes(4), given, lease.router, relay, hardware)
    head = HEADER.pack(*fields, COOKIE)
    return head + _options(reply, lease)


def _options(reply: int, lease: Lease) -> bytes:
    values = {KIND: bytes([reply]), SERVER: lease.router}
    if reply != REFUSE:
        values |= {LEASE: SECONDS.to_bytes(4, "big"), MASK: lease.mask}
        values |= {ROUTER: lease.router, NAME_SERVER: lease.name_server}
    body = b"".join(bytes([name, len(value)]) + value for name, value in values.items())
    return (body + bytes([END])).ljust(64, b"\0")


def _read_options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != END:
        if data[at] == 0:
            at += 1
            continue
        if at + 1 >= len(data):
            break
        size = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + size]
        at += 2 + size
    return found
